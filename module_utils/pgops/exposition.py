"""The text format of Prometheus, as a textfile collector reads it."""

from __future__ import annotations

from collections.abc import Iterable


def family(name: str, text: str, samples: Iterable[tuple[str, float | None]]) -> str:
    """One gauge with a sample for each pair of labels, as C(kind="logical"), and value. A value that is not known is left out."""
    known = [f"{name}{{{labels}}} {number(value)}\n" if labels else f"{name} {number(value)}\n"
             for labels, value in samples if value is not None]  # fmt: skip
    return "".join([f"# HELP {name} {text}\n", f"# TYPE {name} gauge\n", *known]) if known else ""


def labels(**values: str) -> str:
    return ",".join(f'{name}="{escaped(value)}"' for name, value in values.items())


def escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def number(value: float) -> str:
    """With millionths at most."""
    return f"{float(value):.6f}".rstrip("0").rstrip(".")
