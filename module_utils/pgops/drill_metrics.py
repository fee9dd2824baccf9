"""Drills as metrics of Prometheus."""

from __future__ import annotations

from .drill_plan import PHASES

# Name, what it says, and which column of drill_history.LATEST it is.
GAUGES = (
    ("last_run_timestamp_seconds", "When the last restore drill ended.", "finished_s"),
    ("last_run_passed", "Whether the last restore drill passed: 1 or 0.", "passed"),
    ("last_success_timestamp_seconds", "When the last restore drill that passed ended.", "passed_s"),
    ("rto_seconds", "How long the last restore drill that passed took, verification included.", "rto_s"),
    ("rpo_seconds", "Age of the newest commit that was saved, at the last restore drill that passed.", "rpo_s"),
)
PHASE = "phase_duration_seconds"


def exposition(latest: list[dict]) -> str:
    """Text of Prometheus, with one sample for each kind of which the value is known."""
    parts = [
        family(name, text, [(f'kind="{row["kind"]}"', row[column]) for row in latest]) for name, text, column in GAUGES
    ]
    phases = [(f'kind="{row["kind"]}",phase="{phase}"', row[f"{phase}_s"]) for row in latest for phase in PHASES]
    return "".join([*parts, family(PHASE, "How long each phase of the last restore drill that passed took.", phases)])


def family(name: str, text: str, samples: list[tuple[str, float | bool | None]]) -> str:
    known = [f"pgops_drill_{name}{{{labels}}} {number(value)}\n" for labels, value in samples if value is not None]
    if not known:
        return ""
    return "".join([f"# HELP pgops_drill_{name} {text}\n", f"# TYPE pgops_drill_{name} gauge\n", *known])


def number(value: float | bool) -> str:
    """With thousandths at most."""
    return f"{float(value):.3f}".rstrip("0").rstrip(".")
