"""The well-formed keyspace, part by part, as a stream."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace import subscribers, threads, users
from lab.keyspace.entry import Entry
from lab.keyspace.world import World


def entries(world: World) -> Iterator[Entry]:
    """Every key of WORLD. Everything in it is believable: all of it can be migrated."""
    for index in range(world.sizes.users):
        someone = users.user(world, index)
        yield from users.entries(world, someone)
        yield from threads.entries(world, someone)
    yield from subscribers.entries(world)
