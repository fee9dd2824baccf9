"""What the source says today, record by record, as fingerprints that are compared with the target's rows."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import dataclass

from .canonical import NO_CELL, fingerprint
from .connection import copy_in, sql
from .copytext import encoder
from .lossless import TooLarge
from .profile import Column, Entry, Pattern, Profile, Refusal, Row, Settings, Table, names
from .redis_source import RedisSource, TypeChanged

FLUSH_ROWS = 2000
# C(digest) is that of the value in the source: what a record in the quarantine has to hold to excuse it.
CREATE = """
    CREATE TEMPORARY TABLE {expected} (key text, preference text, insert_only boolean, source_key bytea, member bytea,
                                       digest bytea, print bytea) ON COMMIT DROP;
    CREATE TEMPORARY TABLE {actual} (key text, print bytea) ON COMMIT DROP;
"""
CREATE_REFUSED = """
    CREATE TEMPORARY TABLE refused (pattern text, source_key bytea, member bytea, digest bytea) ON COMMIT DROP
"""


@dataclass(frozen=True)
class Sheet:
    """The comparison of one table."""

    table: Table
    schema: str

    def format(self, query: str, **parts):
        return sql.SQL(query).format(
            expected=sql.Identifier(f"expected_{self.table.name}"),
            actual=sql.Identifier(f"actual_{self.table.name}"),
            target=sql.Identifier(self.schema, self.table.name),
            **parts,
        )

    def fingerprints(self, columns: tuple[Column, ...], cells: tuple) -> bytes:
        """Concatenated, of the stored columns; a looked-up column is judged by a query of its own."""
        looked_up = self.table.lookup.column if self.table.lookup else None
        pairs = zip(columns, cells, strict=True)
        return b"".join([NO_CELL if c.name == looked_up else fingerprint(c.kind, v) for c, v in pairs if c.stored])

    def key_of(self, row: Row) -> str:
        return row.cells[names(self.table.columns).index(self.table.key)]


class Expectations:
    """What the source says today, as fingerprints in temporary tables; memory does not grow with the keyspace."""

    def __init__(self, source: RedisSource, profile: Profile, settings: Settings, sheets: list[Sheet], cursor) -> None:
        self.source, self.profile, self.settings, self.cursor = (source, profile, settings, cursor)
        self.sheets = {sheet.table.name: sheet for sheet in sheets}
        self.lines: dict[str, list[str]] = {name: [] for name in [*self.sheets, "refused"]}
        self.encode = encoder(["text", "text", "boolean", *["bytea"] * 4])
        self.encode_refused = encoder(["text", "bytea", "bytea", "bytea"])
        self.refused: Counter[str] = Counter()

    def collect(self, batch_keys: int) -> Counter:
        position = None
        while position != 0:
            position, keys = self.source.scan(position or 0, batch_keys)
            wanted = [(p, key) for key in dict.fromkeys(keys) if (p := self.profile.classify(key)) and not p.skip]
            entries = self.source.read(key for _, key in wanted) if wanted else []
            for (pattern, _), entry in zip(wanted, entries, strict=True):
                self.expect(pattern, entry)
            self.flush()
        return self.refused

    def expect(self, pattern: Pattern, entry: Entry) -> None:
        if entry.redis_type == "none":
            return
        try:
            if entry.redis_type != pattern.redis_type:
                self.refuse_key(pattern.name, entry)
            elif pattern.member:
                self.expect_members(pattern, entry)
            else:
                self.record(
                    pattern, entry, None, lambda: pattern.convert(entry, pattern.suffix(entry.key), self.settings)
                )
        except TypeChanged:
            self.expect(pattern, self.source.read([entry.key])[0])

    def expect_members(self, pattern: Pattern, entry: Entry) -> None:
        for members in self.source.members(entry.key, entry.redis_type):
            for member in members:
                self.record(pattern, entry, member, lambda member=member: pattern.member(member, self.settings))
            if sum(map(len, self.lines.values())) >= FLUSH_ROWS:
                self.flush()

    def refuse_key(self, name: str, entry: Entry) -> None:
        """With the value as the quarantine keeps it: none where it is too large."""
        value = entry.value
        try:
            value = self.source.raw(entry.key, entry.redis_type) if value is None else value
        except TooLarge:
            self.refuse(name, entry, None, None)
        else:
            if value is not None:
                self.refuse(name, entry, None, value)

    def record(self, pattern: Pattern, entry: Entry, member: bytes | None, make) -> None:
        value = entry.value if member is None else member
        try:
            row = make()
        except Refusal:
            self.refuse(pattern.name, entry, member, value)
            return
        sheet = self.sheets[row.table]
        prints = sheet.fingerprints(sheet.table.columns, row.cells)
        origin = (entry.key, member, hashlib.sha256(value).digest())
        self.lines[row.table].append(self.encode((sheet.key_of(row), row.preference, row.insert_only, *origin, prints)))

    def refuse(self, name: str, entry: Entry, member: bytes | None, value: bytes | None) -> None:
        self.refused[name] += 1
        digest = None if value is None else hashlib.sha256(value).digest()
        self.lines["refused"].append(self.encode_refused((name, entry.key, member, digest)))

    def flush(self) -> None:
        for name, lines in self.lines.items():
            if lines:
                copy_lines(self.cursor, name if name == "refused" else f"expected_{name}", lines)


def copy_lines(cursor, table: str, lines: list[str]) -> None:
    copy_in(cursor, sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table)), lines)
