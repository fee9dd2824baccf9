"""Which backups have been kept for long enough: a pure function for those on this host and for those in an object store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from datetime import datetime
from typing import Protocol, TypeVar


class Dated(Protocol):
    """A backup of a series, within which a newer one replaces an older one."""

    @property
    def series(self) -> Hashable: ...

    @property
    def moment(self) -> datetime: ...


Kept = TypeVar("Kept", bound=Dated)


def expired(newest_first: Iterable[Kept], oldest: datetime | None, most: int | None = None) -> list[Kept]:
    """Those from before OLDEST and, of each series, those after the first MOST; None is no limit.

    The newest of each series stays, however old it is.
    """
    seen: Counter[Hashable] = Counter()
    found = []
    for one in newest_first:
        before = seen[one.series]
        seen[one.series] += 1
        too_old = oldest is not None and one.moment < oldest
        if before and (too_old or (most is not None and before >= most)):
            found.append(one)
    return found
