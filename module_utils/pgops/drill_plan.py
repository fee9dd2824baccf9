"""What a drill is: its phases, its checks, and what it says in the end."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone

from .errors import PgopsError

LOGICAL, PHYSICAL = "logical", "physical"
KINDS = (LOGICAL, PHYSICAL)
# In the order in which they follow one another. A dump replays nothing.
FETCH, RESTORE, REPLAY, VERIFY = "fetch", "restore", "replay", "verify"
PHASES = (FETCH, RESTORE, REPLAY, VERIFY)
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"


class DrillFailedError(PgopsError):
    """The backup does not serve: that is the result of a drill, and no mistake of whoever asked for one."""


@dataclass(frozen=True)
class Check:
    """One question to what was restored, and its answer in a sentence."""

    name: str
    verdict: str
    finding: str
    duration_s: float


@dataclass
class Course:
    """How a drill goes: what has been found out so far."""

    began_s: float
    backup: str | None = None
    repository: int | None = None
    durations_s: dict[str, float | None] = field(default_factory=lambda: dict.fromkeys(PHASES))
    checks: list[Check] = field(default_factory=list)
    failure: str | None = None
    # The moment as of which the copy has what was saved, and the time of the newest commit that it knows of.
    saved_s: float | None = None
    heartbeat_s: float | None = None

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Its duration counts where it fails, too, and adds up where there is more of it."""
        began, before = time.monotonic(), self.durations_s[name] or 0.0
        try:
            yield
        finally:
            self.durations_s[name] = round(before + time.monotonic() - began, 3)


def iso(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def problems(course: Course) -> list[str]:
    failed = [f"{check.name}: {check.finding}" for check in course.checks if check.verdict == FAILED]
    return [*([course.failure] if course.failure else []), *failed]


def recovery_point_s(course: Course) -> float | None:
    """What would have been lost. A server that was written to in the meantime may be ahead of the moment: nothing is lost then."""
    if course.saved_s is None or course.heartbeat_s is None:
        return None
    return round(max(0.0, course.saved_s - course.heartbeat_s), 1)


def report(course: Course, kind: str, host: str, finished_s: float) -> dict:
    """The drill, as it is kept."""
    found = problems(course)
    passed = not found
    return {
        "kind": kind,
        "host": host,
        "backup": course.backup,
        "repository": course.repository,
        "began_at": iso(course.began_s),
        "finished_at": iso(max(finished_s, course.began_s)),
        "passed": passed,
        "durations_s": course.durations_s,
        # The time until users have their data back counts only if they would.
        "rto_s": round(sum(duration or 0.0 for duration in course.durations_s.values()), 1) if passed else None,
        "rpo_s": recovery_point_s(course),
        "heartbeat_at": iso(course.heartbeat_s),
        "checks": [asdict(check) for check in course.checks],
        "problems": found,
    }
