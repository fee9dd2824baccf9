"""A reading of all backups of a kind to their end, as the history keeps it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timezone


def described(began_s: float, finished_s: float, backups: int, problems: Sequence[str]) -> dict:
    return {
        "began_at": text(began_s),
        "finished_at": text(finished_s),
        "passed": not problems,
        "backups": backups,
        "problems": list(problems),
    }


def text(moment_s: float) -> str:
    return datetime.fromtimestamp(moment_s, timezone.utc).isoformat(timespec="milliseconds")
