"""Drills as metrics of Prometheus."""

from __future__ import annotations

from .drill_plan import PHASES
from .exposition import family, labels

# Name, what it says, and which column of drill_history.LATEST it is.
GAUGES = (
    ("last_run_timestamp_seconds", "When the last restore drill ended.", "finished_s"),
    ("last_run_passed", "Whether the last restore drill passed: 1 or 0.", "passed"),
    ("last_success_timestamp_seconds", "When the last restore drill that passed ended.", "passed_s"),
    ("rto_seconds", "How long the last restore drill that passed took, verification included.", "rto_s"),
    ("rpo_seconds", "Age of the newest commit that was saved, at the last restore drill that passed.", "rpo_s"),
)
PREFIX = "pgops_drill"


def exposition(latest: list[dict]) -> str:
    """Text of Prometheus, with one sample for each kind of which the value is known."""
    parts = [
        family(f"{PREFIX}_{name}", text, [(labels(kind=row["kind"]), row[column]) for row in latest])
        for name, text, column in GAUGES
    ]
    phases = [(labels(kind=row["kind"], phase=phase), row[f"{phase}_s"]) for row in latest for phase in PHASES]
    told = "How long each phase of the last restore drill that passed took."
    return "".join([*parts, family(f"{PREFIX}_phase_duration_seconds", told, phases)])
