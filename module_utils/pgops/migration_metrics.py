"""A run of the migration as metrics of Prometheus."""

from __future__ import annotations

from .accounting import OUTCOMES, Tallies
from .exposition import family, labels

PREFIX = "pgops_migration"


def exposition(patterns: Tallies, finished_s: float, duration_s: float) -> str:
    """Text of Prometheus: keys by pattern and outcome."""
    keys = [
        (labels(pattern=name, outcome=outcome), line[outcome])
        for name, line in patterns.items()
        for outcome in OUTCOMES
    ]
    return "".join([
        family(f"{PREFIX}_last_success_timestamp_seconds", "When a run of the migration last came to its end.", [("", finished_s)]),
        family(f"{PREFIX}_duration_seconds", "How long that run took.", [("", duration_s)]),
        family(f"{PREFIX}_keys", "Keys of that run, by pattern and what became of them.", keys),
    ])  # fmt: skip
