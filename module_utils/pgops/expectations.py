"""What the source says today, record by record, as fingerprints that are compared with the target's rows."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from .canonical import CELL_BYTES, NO_CELL, fingerprints, texts_of
from .connection import copy_in, sql
from .copytext import encoder, taken
from .lossless import TooLarge, identity, kept
from .profile import Column, Entry, Pattern, Profile, Refusal, Settings, Table, names, sql_kind
from .redis_source import RedisSource, TypeChanged
from .team import Team

FLUSH_ROWS = 2000
# C(digest) is that of the value in the source: what a record in the quarantine has to hold to excuse it.
CREATE = """
    CREATE TEMPORARY TABLE {expected} (key text, preference text, insert_only boolean, source_key bytea, member bytea,
                                       digest bytea, print bytea {said}) ON COMMIT DROP;
    CREATE TEMPORARY TABLE {actual} (key text, print bytea {judged}) ON COMMIT DROP;
"""
CREATE_REFUSED = """
    CREATE TEMPORARY TABLE refused (pattern text, source_key bytea, member bytea, digest bytea) ON COMMIT DROP
"""
COUNT_REFUSED = "SELECT pattern, count(DISTINCT (source_key, member)) FROM refused GROUP BY 1"


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

    def printed(self, texts: Sequence[str]) -> bytes:
        """Fingerprints of a row, in the order of C(stored); those that other records decide as well are judged in SQL."""
        prints = fingerprints(texts)
        for place in self.derived_at:
            start = place * CELL_BYTES
            prints = prints[:start] + NO_CELL + prints[start + CELL_BYTES :]
        return prints

    @cached_property
    def texts(self) -> Callable[[Sequence], list[str]]:
        """Canonical texts of what a record says of the stored columns."""
        return texts_of([column.kind for column in self.table.stored])

    @cached_property
    def texts_sent(self) -> Callable[[Sequence], list[str]]:
        """The same of a row as the server sends it."""
        return texts_of([column.kind for column in self.table.stored], as_sent=True)

    @cached_property
    def stored_at(self) -> list[int]:
        return places(self.table.stored, self.table.columns)

    @cached_property
    def derived_at(self) -> list[int]:
        return [place for place, column in enumerate(self.table.stored) if column.name in self.table.derived]

    @cached_property
    def said(self) -> list[Column]:
        """What a record says that only SQL can judge."""
        table, wanted = self.table, set()
        if table.owner:
            wanted |= {way for way, _ in table.owner.ways} | set(table.owner.otherwise or ())
        if table.absorbing:
            wanted |= {table.absorbing.group, table.absorbing.lacking}
        if table.choice:
            wanted |= set(table.choice.columns)
        return [column for column in table.columns if column.name in wanted | {table.adds_up}]

    @cached_property
    def judged(self) -> list[Column]:
        """What a row has of the columns that SQL judges."""
        lookup = self.table.lookup
        return [
            c for c in self.table.stored if c.name in self.table.derived and not (lookup and c.name == lookup.column)
        ]

    @cached_property
    def said_at(self) -> list[int]:
        return places(self.said, self.table.columns)

    @cached_property
    def judged_at(self) -> list[int]:
        return places(self.judged, self.table.stored)

    @cached_property
    def key_at(self) -> int:
        return names(self.table.columns).index(self.table.key)

    def create(self, cursor) -> None:
        cursor.execute(self.format(CREATE, said=typed(self.said), judged=typed(self.judged)))


def places(columns: Iterable[Column], among: Iterable[Column]) -> list[int]:
    listed = names(among)
    return [listed.index(name) for name in names(columns)]


def typed(columns: list[Column]):
    """COLUMNS for the end of a table's declaration."""
    return sql.SQL("").join(sql.SQL(f", {{}} {sql_kind(c)}").format(sql.Identifier(c.name)) for c in columns)


# A part of what the source says: lines of the temporary tables, by the name of the table.
Said = dict[str, bytes]


class Expectations:
    """What the source says today, as fingerprints; memory does not grow with the keyspace."""

    def __init__(self, source: RedisSource, profile: Profile, settings: Settings, sheets: list[Sheet]) -> None:
        self.source, self.profile, self.settings = source, profile, settings
        self.emit: Callable[[Said], None] = lambda _said: None
        self.sheets = {sheet.table.name: sheet for sheet in sheets}
        self.lines: dict[str, list[bytes]] = {name: [] for name in [*self.sheets, "refused"]}
        self.encode = {
            name: encoder(["text", "text", "boolean", *["bytea"] * 4, *(column.kind for column in sheet.said)])
            for name, sheet in self.sheets.items()
        }
        self.encode_refused = encoder(["text", "bytea", "bytea", "bytea"])

    def expect_batch(self, keys: list[bytes], emit: Callable[[Said], None]) -> None:
        """EMIT gets what these keys say, in parts."""
        self.emit = emit
        wanted = [(p, key) for key in dict.fromkeys(keys) if (p := self.profile.classify(key)) and not p.skip]
        entries = self.source.first_members(self.source.read((key for _, key in wanted), with_life=False))
        for (pattern, _), (entry, first) in zip(wanted, entries, strict=True):
            self.expect(pattern, entry, first)
        self.flush()

    def expect(self, pattern: Pattern, entry: Entry, first: Any = None) -> None:
        if entry.redis_type == "none":
            return
        try:
            if entry.redis_type != pattern.redis_type:
                self.refuse_key(pattern.name, entry)
            elif pattern.member:
                self.expect_members(pattern, entry, first)
            else:
                self.record(
                    pattern, entry, None, lambda: pattern.convert(entry, pattern.suffix(entry.key), self.settings)
                )
        except TypeChanged:
            self.expect(pattern, self.source.read([entry.key], with_life=False)[0])

    def expect_members(self, pattern: Pattern, entry: Entry, first: Any) -> None:
        try:
            context = pattern.context(entry.key)
        except Refusal:
            self.refuse_key(pattern.name, entry)
            return
        for members in self.source.members(entry.key, entry.redis_type, first):
            for member in members:
                self.record(
                    pattern, entry, member, lambda member=member: pattern.member(context, member, self.settings)
                )
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

    def record(self, pattern: Pattern, entry: Entry, item: bytes | tuple | None, make) -> None:
        value, member = (entry.value, None) if item is None else (kept(item), identity(item))
        try:
            row = make()
        except Refusal:
            self.refuse(pattern.name, entry, member, value)
            return
        sheet = self.sheets[row.table]
        origin = (entry.key, member, hashlib.sha256(value).digest())
        said = [row.cells[place] for place in sheet.said_at]
        key = row.cells[sheet.key_at]
        prints = sheet.printed(sheet.texts([row.cells[place] for place in sheet.stored_at]))
        cells = (key, row.preference, row.insert_only, *origin, prints, *said)
        self.lines[row.table].append(self.encode[row.table](cells))

    def refuse(self, name: str, entry: Entry, member: bytes | None, value: bytes | None) -> None:
        digest = None if value is None else hashlib.sha256(value).digest()
        self.lines["refused"].append(self.encode_refused((name, entry.key, member, digest)))

    def flush(self) -> None:
        texts = taken(self.lines)
        if texts:
            self.emit(texts)


def scan(source: RedisSource, batch_keys: int) -> Iterator[list[bytes]]:
    """All keys, in batches; a key may come twice."""
    position = None
    while position != 0:
        position, keys = source.scan(position or 0, batch_keys)
        yield keys


def collect(cursor, team: Team, batches: Iterable[list[bytes]]) -> dict[str, int]:
    """Fill the temporary tables; how many records of which pattern are refused, however often they come."""

    def take(said: Said) -> None:
        for name, text in said.items():
            copy_text(cursor, name if name == "refused" else f"expected_{name}", text)

    for _, deliver in team.hand_out(batches):
        deliver(take)
    cursor.execute(COUNT_REFUSED)
    return dict(cursor.fetchall())


def copy_text(cursor, table: str, text: bytes) -> None:
    copy_in(cursor, sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table)), text)
