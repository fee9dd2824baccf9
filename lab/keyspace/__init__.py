"""A synthetic Threadr keyspace for the lab and the tests: seeded, of any size, and a hostile set with its oracle.

Write one into a Redis::

    python -m lab.keyspace --seed 1 --users 300 --threads 1500 --hostile | redis-cli --pipe

or take it apart::

    from lab.keyspace import MAPPED, Sizes, World, accounting, cases, expected, generate, resp_stream, rows, standalone

    generate(World(seed=1, sizes=Sizes.of(users=300, threads=1500)))   # iterator of Entry: the well-formed keys
    cases()          # iterator of Case(entry, note, expected): the hostile keys, all fit into one Redis
    standalone()     # the same for keys that exclude one another: load each alone
    resp_stream(entries)                    # chunks of bytes for redis-cli --pipe
    truths = expected()                     # tuple of Expectation, one a key or member, for the patterns in MAPPED
    accounting(truths)                      # {pattern: {outcome: count}}
    rows(truths, "users")                   # list of {column: cell}

``Entry(key, type, value, ttl_ms)`` is described in entry.py, ``Expectation(key, pattern, outcome, reason, rows, member,
transient)`` and the form of cells in hostile/case.py. The well-formed keys are all written, merged or skipped: none of
them is refused. Only the standard library is used, Python 3.11 or later.
"""

from __future__ import annotations

from collections.abc import Collection

from lab.keyspace.entry import Entry
from lab.keyspace.hostile import cases, standalone
from lab.keyspace.hostile.case import Case, Expectation
from lab.keyspace.hostile.expected import MAPPED, accounting, expectations, rows
from lab.keyspace.resp import stream as resp_stream
from lab.keyspace.wellformed import entries as generate
from lab.keyspace.world import Sizes, World

__all__ = [
    "MAPPED", "Case", "Entry", "Expectation", "Sizes", "World",
    "accounting", "cases", "expected", "generate", "resp_stream", "rows", "standalone",
]  # fmt: skip


def expected(mapped: Collection[str] = MAPPED) -> tuple[Expectation, ...]:
    """The truth about every hostile key, while only the patterns in MAPPED are migrated."""
    return tuple(expectations(cases(), mapped))
