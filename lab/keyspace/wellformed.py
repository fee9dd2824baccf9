"""The well-formed keyspace, part by part, as a stream."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace import analytics, premium, subscribers, subscriptions, threads, usage, users
from lab.keyspace.entry import Entry
from lab.keyspace.world import World


def entries(world: World) -> Iterator[Entry]:
    """Every key of WORLD. Everything in it is believable: all of it can be migrated."""
    for index in range(world.sizes.users):
        someone = users.user(world, index)
        yield from users.entries(world, someone)
        yield from threads.entries(world, someone)
        yield from analytics.entries(world, someone)
    for part in (subscribers, premium, subscriptions, usage):
        yield from part.entries(world)
