"""A kind of record, well-formed until told otherwise, and hostile cases made from it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from lab.keyspace.entry import Entry
from lab.keyspace.hostile import case
from lab.keyspace.hostile.case import Case


def compact(value: object) -> bytes:
    """JSON as pydantic writes it."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def spaced(value: object) -> bytes:
    """JSON as json.dumps writes it."""
    return json.dumps(value).encode()


@dataclass(frozen=True)
class Kind:
    """``value`` and ``row`` give a well-formed value and the row that it becomes, for a slug that names the case.

    In every method CHANGES are fields of the value, and HOW is of: ``drop``, fields to leave out; ``raw``, the bytes to
    write instead of the encoded value, or what makes them of it; ``key``, the remainder of the key where it is not the
    value's ``identity``; ``ttl_ms``.
    """

    pattern: str
    table: str
    prefix: str
    identity: str
    ttl_ms: int
    encode: Callable[[object], bytes]
    value: Callable[[str], dict]
    row: Callable[[str], dict]

    def accept(
        self, slug: str, note: str, changes: Mapping | None = None, cells: Mapping | None = None,
        transient: bool = False, **how,
    ) -> Case:  # fmt: skip
        """Becomes a row: the well-formed one, but for CELLS."""
        row = {**self.row(slug), **(cells or {})}
        return case.written(self.entry(slug, changes, **how), note, self.pattern, self.table, row, transient)

    def refuse(self, slug: str, reason: str, note: str, changes: Mapping | None = None, **how) -> Case:
        """Quarantined for REASON."""
        return case.refused(self.entry(slug, changes, **how), note, self.pattern, reason)

    def merge(self, slug: str, note: str, changes: Mapping | None = None, **how) -> Case:
        """Merged into another record's row."""
        return case.merged(self.entry(slug, changes, **how), note, self.pattern)

    def typed(self, slug: str, type_: str, value: tuple) -> Case:
        """A key of another Redis type."""
        key = self.prefix + self.value(slug)[self.identity]
        entry = Entry(key.encode(), type_, value, self.ttl_ms)
        return case.refused(entry, f"a {type_} where a string is expected", self.pattern, "wrong_type")

    def entry(
        self, slug: str, changes: Mapping | None = None, drop: tuple[str, ...] = (),
        raw: bytes | Callable[[bytes], bytes] | None = None, key: str | bytes | None = None, ttl_ms: int | None = 0,
    ) -> Entry:  # fmt: skip
        """The key itself; ``ttl_ms`` 0 is the usual one."""
        value = {**self.value(slug), **(changes or {})}
        rest = value[self.identity] if key is None else key
        encoded = self.encode({name: content for name, content in value.items() if name not in drop})
        if raw is not None:
            encoded = raw(encoded) if callable(raw) else raw
        rest = rest if isinstance(rest, bytes) else str(rest).encode()
        return Entry(self.prefix.encode() + rest, "string", encoded, self.ttl_ms if ttl_ms == 0 else ttl_ms)


def noise(length: int) -> str:
    """Text that no compression makes shorter than an index entry."""
    digits = "".join(sha256(str(block).encode()).hexdigest() for block in range(length // 64 + 1))
    return digits[:length]


def nested(levels: int, extra: bytes = b"") -> bytes:
    """A metadata field whose record nests LEVELS deep, and EXTRA fields in it."""
    return b'"metadata": {"deep": ' + b"[" * (levels - 2) + b"]" * (levels - 2) + extra + b"}"


def nest(levels: int) -> list:
    """LEVELS arrays, one in the other."""
    value: list = []
    for _level in range(levels - 1):
        value = [value]
    return value


def swap(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    """Replace OLD, which must be there once, with what no encoder would write."""

    def replace(encoded: bytes) -> bytes:
        if encoded.count(old) != 1:
            raise ValueError(f"{old!r} is not there exactly once: {encoded[:200]!r}")
        return encoded.replace(old, new)

    return replace


def insert(fields: bytes) -> Callable[[bytes], bytes]:
    """Append FIELDS, JSON text, to the object."""
    return lambda encoded: encoded[:-1] + b", " + fields + b"}"
