"""What maintenance has found in one task: the steps that it takes, why, and what became of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from .maintenance_pace import Outcome, Pace


@dataclass(frozen=True)
class Step:
    """One thing that is done to C(subject).

    C(count) is how many rows it concerns, where it concerns rows; C(spare_bytes) is what the disk gets back, where that is known.
    """

    what: str
    subject: str
    reason: str
    apply: Callable[[Pace], Outcome] = field(compare=False, repr=False)
    relation: int | None = None
    count: int | None = None
    spare_bytes: int | None = None

    def __str__(self) -> str:
        counted = f"{self.count} rows of " if self.count is not None else ""
        return f"{self.what} {counted}{self.subject}: {self.reason}"

    def described(self) -> dict:
        told = {"what": self.what, "subject": self.subject, "reason": self.reason, "rows": self.count}
        return {**told, "spare_bytes": self.spare_bytes}


@dataclass(frozen=True)
class Planned:
    """C(examined) is how many objects were looked at; C(left) and C(problems) are known before anything is done."""

    task: str
    examined: int
    steps: tuple[Step, ...] = ()
    left: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()


def foretold(planned: Planned) -> dict:
    """A task in a dry run."""
    return result(
        planned, [{**one.described(), "outcome": "planned", "duration_s": None} for one in planned.steps], 0.0
    )


def carried_out(planned: Planned, pace: Pace) -> dict:
    """A task in a run: each step is attempted, and what keeps one from its end does not keep the others."""
    began, steps, left, problems, changed = pace.clock(), [], [], [], False
    for one in planned.steps:
        at = pace.clock()
        outcome = pace.attempt(partial(one.apply, pace), f"{one.what} {one.subject}", one.relation)
        changed = changed or outcome.changed
        left += [outcome.left] if outcome.left else []
        problems += [outcome.problem] if outcome.problem else []
        rows = one.count if outcome.count is None else outcome.count
        steps.append(
            {**one.described(), "rows": rows, "outcome": named(outcome), "duration_s": round(pace.clock() - at, 3)}
        )
    told = result(planned, steps, round(pace.clock() - began, 3))
    return {**told, "changed": changed, "left": [*told["left"], *left], "problems": [*told["problems"], *problems]}


def named(outcome: Outcome) -> str:
    if outcome.left or outcome.problem:
        return "in part" if outcome.changed else "left"
    return "done" if outcome.changed else "unchanged"


def result(planned: Planned, steps: list[dict], duration_s: float) -> dict:
    return {
        "task": planned.task,
        "examined": planned.examined,
        "steps": steps,
        "changed": bool(planned.steps),
        "left": list(planned.left),
        "problems": list(planned.problems),
        "duration_s": duration_s,
    }
