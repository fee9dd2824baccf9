"""What a health check found, as metrics of Prometheus: value, verdict and limits of every check, and what to do."""

from __future__ import annotations

from datetime import datetime

from .exposition import family, labels
from .health import PROBLEMS, VERDICTS, Check
from .health_catalog import declaration

PREFIX = "pgops_health"


def exposition(checks: list[Check], checked_at: str) -> str:
    """Text of Prometheus.

    A check of several things has their names as label C(subject): C(disk_data) is C(check="disk",subject="data"). A
    verdict is its place in health.VERDICTS, from 0 for C(ok) to 3 for C(critical).
    """
    labelled = [(names(check), check) for check in checks]
    values = [(labels(**of), check.value) for of, check in labelled if isinstance(check.value, int | float)]
    verdicts = [(labels(**of), VERDICTS.index(check.verdict)) for of, check in labelled]
    limits = [(labels(**of, level=level), getattr(check, level)) for of, check in labelled for level in PROBLEMS]
    advice = sorted({(declared.name, declared.advice) for declared in map(declared_of, checks) if declared.advice})
    advised = [(labels(check=name, advice=text.replace('"', "'")), 1) for name, text in advice]
    checked_s = datetime.fromisoformat(checked_at).timestamp()
    return "".join([
        family(f"{PREFIX}_value", "What the check measured, in the unit that docs/health.md names.", values),
        family(f"{PREFIX}_verdict", "0 ok, 1 unknown, 2 warning, 3 critical.", verdicts),
        family(f"{PREFIX}_limit", "At which value the verdict becomes warning or critical.", limits),
        family(f"{PREFIX}_advice_info", "What to do when the check finds a problem.", advised),
        family(f"{PREFIX}_checked_timestamp_seconds", "When the health was examined.", [("", checked_s)]),
    ])  # fmt: skip


def declared_of(check: Check):
    return declaration(check.name)


def names(check: Check) -> dict[str, str]:
    name = declaration(check.name).name
    return {"check": name, "subject": check.name.removeprefix(name).removeprefix("_")}
