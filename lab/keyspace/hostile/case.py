"""A hostile key and what must become of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from uuid import UUID, uuid5

from lab.keyspace.entry import Entry

_NAMESPACE = UUID("7d1f0d5c-3c0e-5c5e-9a7d-1c3f5b7e9a11")


@dataclass(frozen=True)
class Expectation:
    """The truth about one key, or about one member of it.

    ``outcome``: written, merged, skipped, quarantined or unknown. ``reason``: the reject's code when quarantined.
    ``rows``: (table, cells) that stand in the database because of it; cells are text, whole numbers, booleans, None and
    lists (text[]), jsonb as Python values, uuid, inet, date as text, timestamptz as ISO 8601 in +00:00 with a fraction
    only if it is not zero. A cell that is absent is not decided by the reference. ``transient``: the key may be gone at
    any moment; then neither it nor its rows are there, or it is counted as vanished.
    """

    key: bytes
    pattern: str | None
    outcome: str
    reason: str | None = None
    rows: tuple[tuple[str, Mapping], ...] = ()
    member: bytes | None = None
    transient: bool = False


@dataclass(frozen=True)
class Case:
    """One entry, why it is there, and the expectations of the key (first) and of its members."""

    entry: Entry
    note: str
    expected: tuple[Expectation, ...] = field(default=())


def user_uuid(legacy_id: str) -> str:
    """The id of a user whose Redis id is no UUID."""
    return str(uuid5(_NAMESPACE, legacy_id))


def written(entry: Entry, note: str, pattern: str, table: str, cells: Mapping, transient: bool = False) -> Case:
    truth = Expectation(entry.key, pattern, "written", rows=((table, cells),), transient=transient)
    return Case(entry, note, (truth,))


def merged(entry: Entry, note: str, pattern: str) -> Case:
    return Case(entry, note, (Expectation(entry.key, pattern, "merged"),))


def refused(entry: Entry, note: str, pattern: str, reason: str) -> Case:
    return Case(entry, note, (Expectation(entry.key, pattern, "quarantined", reason),))


def skipped(entry: Entry, note: str, pattern: str) -> Case:
    return Case(entry, note, (Expectation(entry.key, pattern, "skipped"),))


def unknown(entry: Entry, note: str) -> Case:
    return Case(entry, note, (Expectation(entry.key, None, "unknown"),))
