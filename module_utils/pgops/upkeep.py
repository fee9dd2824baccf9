"""What an application declares of its rows that are over: which tasks there are, and what becomes of which rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from .errors import PgopsError

# What a condition says instead of the days after which rows go.
DAYS = "%(days)s"


@dataclass(frozen=True)
class Rows:
    """Rows of TABLE for which C(due) is true are changed as C(becomes) says; where that is empty they are deleted.

    Both are SQL of the profile, never of an option. C(key) is one column that names a row. Rows for which an earlier one of the
    same table and task is due are that one's. C(keep) is the name under which the operator says after how many days; C(days)
    holds where they say nothing, and None is for ever. Without C(keep) the rows are due by themselves.
    """

    task: str
    schema: str
    table: str
    key: str
    due: str
    reason: str
    becomes: str = ""
    keep: str = ""
    days: int | None = None

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"

    @property
    def what(self) -> str:
        return "update" if self.becomes else "delete"


@dataclass(frozen=True)
class Growing:
    """A table that is to be partitioned once it has so many rows."""

    schema: str
    table: str
    rows: int
    advice: str

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True)
class Upkeep:
    """Of one application; without one there are the general tasks alone."""

    rows: tuple[Rows, ...] = ()
    growing: tuple[Growing, ...] = ()

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(one.task for one in self.rows))

    def kept(self, keep_days: dict) -> tuple[Rows, ...]:
        """The rows of all tasks with the operator's days, without those that are kept for ever."""
        known = [one.keep for one in self.rows if one.keep]
        for name, days in keep_days.items():
            require_days(str(name), days, known)
        given = {name: None if days is None else int(days) for name, days in keep_days.items()}
        chosen = [replace(one, days=given.get(one.keep, one.days)) if one.keep else one for one in self.rows]
        return tuple(one for one in chosen if not one.keep or one.days is not None)


def require_days(name: str, days: object, known: Iterable[str]) -> None:
    if name not in known:
        raise PgopsError(
            f"keep_days has {name}, which nothing is kept by: it may have {', '.join(sorted(known)) or 'nothing'}. Nothing was done."
        )
    if days is not None and (not str(days).isdigit() or int(str(days)) < 1):
        raise PgopsError(
            f"keep_days of {name} is {days}: give whole days, 1 or more, or null for ever. Nothing was done."
        )
