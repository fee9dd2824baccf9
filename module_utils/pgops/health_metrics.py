"""What a health check found, as metrics of Prometheus: value, verdict and limits of every check, and what to do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .health import PROBLEMS, VERDICTS, Check
from .health_catalog import declaration

PREFIX = "pgops_health"


def exposition(checks: list[Check], checked_at: str) -> str:
    """Text of Prometheus.

    A check of several things has their names as label C(subject): C(disk_data) is C(check="disk",subject="data"). A
    verdict is its place in health.VERDICTS, from 0 for C(ok) to 3 for C(critical).
    """
    labelled = [(labels(check), check) for check in checks]
    values = [(name, check.value) for name, check in labelled if isinstance(check.value, int | float)]
    verdicts = [(name, VERDICTS.index(check.verdict)) for name, check in labelled]
    limits = [
        (f'{name},level="{level}"', limit)
        for name, check in labelled
        for level in PROBLEMS
        if (limit := getattr(check, level)) is not None
    ]
    advice = sorted({(check_label(check), declaration(check.name).advice) for check in checks})
    return "".join([
        family("value", "What the check measured, in the unit that docs/health.md names.", values),
        family("verdict", "0 ok, 1 unknown, 2 warning, 3 critical.", verdicts),
        family("limit", "At which value the verdict becomes warning or critical.", limits),
        family(
            "advice_info",
            "What to do when the check finds a problem.",
            [(f'{label},advice="{escape(text)}"', 1) for label, text in advice if text],
        ),
        family(
            "checked_timestamp_seconds",
            "When the health was examined.",
            [("", round(datetime.fromisoformat(checked_at).timestamp()))],
        ),
    ])  # fmt: skip


def check_label(check: Check) -> str:
    return f'check="{declaration(check.name).name}"'


def labels(check: Check) -> str:
    subject = check.name.removeprefix(declaration(check.name).name).removeprefix("_")
    return f'{check_label(check)},subject="{escape(subject)}"'


def escape(text: str) -> str:
    """A label's value; double quotes become single ones, so that no reader has to know of escapes."""
    return text.replace("\\", "/").replace('"', "'").replace("\n", " ")


def family(name: str, text: str, samples: Sequence[tuple[str, float]]) -> str:
    if not samples:
        return ""
    lines = [
        f"{PREFIX}_{name}{{{label}}} {value}\n" if label else f"{PREFIX}_{name} {value}\n" for label, value in samples
    ]
    return "".join([f"# HELP {PREFIX}_{name} {text}\n", f"# TYPE {PREFIX}_{name} gauge\n", *lines])
