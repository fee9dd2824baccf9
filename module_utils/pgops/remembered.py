"""Values that are as they were when a run made rows of them: their rows are taken from the target, not made again.

A line of what was written keeps a digest of the value that the row came from. Where the value still has it, and the row is
still as it was written, the row is what the value would become: it is staged from the target, and decided upon like any
other. What it does not say is asked of the source once more: a row that somebody has changed, or that is refused now, is
converted before anything is decided about it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator

from .connection import sql, transaction
from .profile import Profile, Table, sql_kind
from .reading import Converted, Pace, Reader
from .sameness import Known, Line
from .staging import Stage
from .written import hashed, sourced

PORTION = 500
# How many rows that were refused are converted before everything is decided again: they wait in memory.
MOST_REFUSED = 20_000

ANY_LINE = "SELECT EXISTS (SELECT FROM migration.migration_rows WHERE profile = %s AND digest IS NOT NULL)"
# Right after a run that wrote much there are no statistics yet: a planner that knows no better reads the whole table for
# every key, or all of one index. Hence the profile apart.
# For the same reason it takes this for so costly that it compiles each of hundreds of queries, for ten times what they take.
BY_INDEX = "SET LOCAL enable_seqscan = off; SET LOCAL jit = off"
KNOWN = """
    SELECT l.source_key, l.digest, l.table_name, l.row_key, l.written, l.preference, l.notes
    FROM unnest(%(keys)s) AS key CROSS JOIN LATERAL (
        SELECT * FROM migration.migration_rows WHERE source_key = key AND digest IS NOT NULL OFFSET 0
    ) l WHERE l.profile = %(profile)s
"""
COUNTS = "SELECT table_name, count(*) FROM {known} GROUP BY 1"
FILL = """
    INSERT INTO {rows} (entry_id, preference, insert_only, {columns}, seen_at, seen_by)
    SELECT k.entry_id, k.preference, false, {present}, t.ctid, t.xmin
    FROM {known} k JOIN {target} t ON t.{key} = k.row_key::{kind}
    WHERE k.table_name = %(table)s AND {hashed} = k.written
"""
# Not the driver's named cursor: it wants to manage the transaction itself.
NOT_FILLED = """
    DECLARE not_filled NO SCROLL CURSOR FOR
    SELECT k.entry_id, e.key FROM {known} k JOIN {entry} e ON e.entry_id = k.entry_id
    WHERE k.table_name = %(table)s AND NOT EXISTS (SELECT FROM {rows} s WHERE s.entry_id = k.entry_id)
"""
FETCH = "FETCH FORWARD %s FROM not_filled"
REFUSED = """
    SELECT k.entry_id, e.key FROM {known} k JOIN {entry} e ON e.entry_id = k.entry_id
    JOIN {verdict} v ON v.entry_id = k.entry_id
    WHERE v.outcome = 'quarantined' LIMIT %s
"""
FORGET = "DELETE FROM {name} WHERE entry_id = ANY (%s)"


class Memory:
    """What earlier runs wrote, by key and digest of the value."""

    def __init__(self, conn, profile: Profile) -> None:
        self.conn, self.profile = conn, profile
        with conn.cursor() as cursor:
            cursor.execute(ANY_LINE, (profile.name,))
            self.empty = not cursor.fetchone()[0]

    def of(self, keys: list[bytes]) -> Known:
        if self.empty or not keys:
            return {}
        with transaction(self.conn) as cursor:
            cursor.execute(BY_INDEX)
            cursor.execute(KNOWN, {"profile": self.profile.name, "keys": keys})
            return {(bytes(key), bytes(digest)): Line(*line) for key, digest, *line in cursor.fetchall()}


class Refill:
    """Stages the rows of remembered values; within the transaction that decides."""

    def __init__(self, stage: Stage, cursor, reader: Reader, pace: Pace, next_id: int) -> None:
        self.stage, self.cursor, self.reader, self.pace, self.next_id = stage, cursor, reader, pace, next_id

    def run(self, query: str, table: Table, **parts) -> int:
        fixed = {"rows": self.stage.name(table.name), "target": self.stage.target(table)}
        self.cursor.execute(self.stage.format(query, **fixed, **parts), {"table": table.name})
        return self.cursor.rowcount

    def fill(self) -> None:
        """Every remembered row; those that are not as they were written are converted."""
        self.cursor.execute(self.stage.format("ANALYZE {known}"))
        self.cursor.execute(self.stage.format(COUNTS))
        remembered_rows = dict(self.cursor.fetchall())
        # A table that nothing is taken from is not touched before it is locked.
        for table in (one for one in self.stage.profile.tables if one.name in remembered_rows):
            columns, key = sourced(table), sql.Identifier(table.key)
            kind = next(sql_kind(column) for column in table.columns if column.name == table.key)
            filled = self.run(
                FILL,
                table,
                key=key,
                kind=sql.SQL(kind),
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                present=sql.SQL(", ").join(sql.Identifier("t", name) for name in columns),
                hashed=hashed(table, "t"),
            )
            if filled == remembered_rows[table.name]:
                continue
            self.run(NOT_FILLED, table)
            for found in self.portions():
                self.convert(found)
            self.cursor.execute("CLOSE not_filled")

    def portions(self) -> Iterator[list[tuple[int, bytes]]]:
        while True:
            self.cursor.execute(FETCH, (PORTION,))
            found = self.cursor.fetchall()
            if not found:
                return
            yield found

    def refused(self) -> list[tuple[int, bytes]]:
        """Remembered rows that the verdicts refuse: numbers of entries, and keys."""
        self.cursor.execute(self.stage.format(REFUSED), (MOST_REFUSED,))
        return self.cursor.fetchall()

    def convert_all(self, entries: list[tuple[int, bytes]]) -> None:
        for start in range(0, len(entries), PORTION):
            self.convert(entries[start : start + PORTION])

    def convert(self, entries: list[tuple[int, bytes]]) -> None:
        """Put what the source says now in their place."""
        started = time.monotonic()
        tables = [table.name for table in self.stage.profile.tables if table.self_contained]
        for what in ("entry", "known", *tables):
            self.cursor.execute(
                self.stage.format(FORGET, name=self.stage.name(what)), ([entry_id for entry_id, _ in entries],)
            )
        self.next_id = self.reader.convert_again([bytes(key) for _, key in entries], self.next_id, self.take)
        self.pace.keep(len(entries), started)

    def take(self, converted: Converted) -> None:
        """Its keys are counted already."""
        self.stage.copy(self.cursor, converted.texts)
