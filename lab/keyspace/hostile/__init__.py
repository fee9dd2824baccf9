"""The hostile set: keys that a migrator must survive, each with what must become of it."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace.hostile import (
    analytics,
    broken,
    passing,
    premium,
    subscribers_list,
    subscribers_records,
    subscriptions,
    teams,
    teams_lists,
    threads_accepted,
    threads_refused,
    times,
    unrecognised,
    usage,
    users_accepted,
    users_refused,
    users_ties,
)
from lab.keyspace.hostile.base import SUBSCRIBER, THREAD, USER
from lab.keyspace.hostile.case import Case


def cases() -> Iterator[Case]:
    """Every case; all of them can stand in one Redis at once."""
    for kind, fields in ((USER, ("created_at", "last_login_at")), (THREAD, ("created_at", "updated_at")),
                         (SUBSCRIBER, ("subscribed_at",))):  # fmt: skip
        yield from broken.cases(kind)
        yield from times.cases(kind, fields)
    for subject in (users_accepted, users_refused, users_ties, threads_accepted, threads_refused, subscribers_records,
                    subscribers_list, passing, premium, subscriptions, usage, analytics, teams, teams_lists, unrecognised):  # fmt: skip
        yield from subject.cases()


def standalone() -> Iterator[Case]:
    """Cases that exclude one another: load each of them into an empty Redis."""
    yield from subscribers_list.standalone()
