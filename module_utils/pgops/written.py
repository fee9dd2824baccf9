"""What runs have written: one line per row, to know the rows that others changed since, and to be able to go back."""

from __future__ import annotations

from .connection import sql
from .profile import Table, names
from .staging import Stage

GONE_SAMPLES = 5

# Before anything is written. What a run overwrites although others left it so is kept as it was. Rows are wide: they are
# looked at once, lest what is joined with them has to be sorted into files; and an index takes what is in its order fastest.
RECORD = """
    WITH decided AS MATERIALIZED (
        SELECT s.entry_id, s.{key} AS key, s.{key}::text AS row_key, {hashed} AS written, s.preference,
               v.outcome = 'inserted' AS fresh
        FROM {rows} s JOIN {verdict} v ON v.entry_id = s.entry_id
        WHERE v.outcome = 'inserted'
           OR v.outcome = 'updated' AND s.entry_id IN (SELECT entry_id FROM {differing})
    )
    INSERT INTO migration.migration_rows
           (profile, table_name, row_key, written, previous, source_key, run_id, digest, preference, notes)
    SELECT %(profile)s, %(table)s, s.row_key, s.written,
           CASE WHEN s.fresh THEN NULL
                WHEN c.entry_id IS NOT NULL THEN (SELECT to_jsonb(t) FROM {target} t WHERE t.{key} = s.key)
                ELSE l.previous END,
           e.key, %(run_id)s, e.digest, CASE WHEN e.digest IS NOT NULL THEN s.preference END,
           CASE WHEN e.digest IS NOT NULL THEN e.notes END
    FROM decided s
    JOIN {entry} e ON e.entry_id = s.entry_id
    LEFT JOIN {conflict} c ON c.entry_id = s.entry_id
    LEFT JOIN migration.migration_rows l
      ON l.profile = %(profile)s AND l.table_name = %(table)s AND l.row_key = s.row_key
    ORDER BY s.row_key COLLATE "C"
    ON CONFLICT (profile, table_name, row_key) DO UPDATE
    SET written = excluded.written, previous = excluded.previous, source_key = excluded.source_key, run_id = excluded.run_id,
        digest = excluded.digest, preference = excluded.preference, notes = excluded.notes
"""
# Another value that comes to the same row, or the same one by other rules.
REMEMBER = """
    UPDATE migration.migration_rows l SET digest = e.digest, preference = s.preference, notes = e.notes
    FROM {rows} s JOIN {verdict} v ON v.entry_id = s.entry_id AND v.outcome IN ('unchanged', 'updated')
    JOIN {entry} e ON e.entry_id = s.entry_id
    WHERE l.profile = %(profile)s AND l.table_name = %(table)s AND l.row_key = s.{key}::text AND l.source_key = e.key
      AND e.digest IS NOT NULL AND l.digest IS DISTINCT FROM e.digest AND l.written = {hashed}
"""
# Refused by now: the next run would take the row, and have to ask for the value after all.
FORGET = """
    UPDATE migration.migration_rows l SET digest = NULL
    FROM {rows} s JOIN {verdict} v ON v.entry_id = s.entry_id AND v.outcome = 'quarantined'
    JOIN {entry} e ON e.entry_id = s.entry_id
    WHERE l.profile = %(profile)s AND l.table_name = %(table)s AND l.row_key = s.{key}::text AND l.source_key = e.key
      AND l.digest IS NOT NULL
"""
# Written by a run, still there, and the source says nothing of it any more. A broken value is not gone, nor is one of a
# pattern that this run does not move. Of a collection's members it is not known which one a row is of.
GONE = """
    SELECT count(*), (array_agg(encode(l.source_key, 'escape') ORDER BY l.source_key))[:%(samples)s]
    FROM migration.migration_rows l JOIN {target} t ON t.{key}::text = l.row_key
    WHERE l.profile = %(profile)s AND l.table_name = %(table)s
      AND NOT EXISTS (SELECT FROM {rows} s WHERE s.{key}::text = l.row_key)
      AND NOT EXISTS (
        SELECT FROM {entry} e WHERE e.key = l.source_key AND e.outcome IN ('quarantined', 'skipped', 'unknown')
      )
"""


def sourced(table: Table) -> list[str]:
    """The columns that come from the source: a looked-up one follows from other rows."""
    return [name for name in names(table.stored) if table.lookup is None or name != table.lookup.column]


def hashed(table: Table, side: str):
    """A number for what the row SIDE has from the source. As stable as a hash index: for as long as the database lives."""
    cells = sql.SQL(", ").join(sql.Identifier(side, name) for name in sourced(table))
    return sql.SQL("hash_record_extended(ROW({}), 0)").format(cells)


class Written:
    """The lines of one profile."""

    def __init__(self, stage: Stage, cursor) -> None:
        self.stage, self.cursor = stage, cursor

    def run(self, query: str, table: Table, parameters: dict, **parts) -> None:
        self.cursor.execute(
            self.stage.format(
                query,
                rows=self.stage.name(table.name),
                target=self.stage.target(table),
                key=sql.Identifier(table.key),
                **parts,
            ),
            {"profile": self.stage.profile.name, "table": table.name, **parameters},
        )

    def record(self, table: Table, run_id: int | None) -> None:
        """Rows that are about to be written."""
        self.run(RECORD, table, {"run_id": run_id}, hashed=hashed(table, "s"))

    def remember(self, table: Table) -> None:
        """Which values the lines of earlier runs stand for by now; none where the value is refused."""
        if table.self_contained:
            self.run(REMEMBER, table, {}, hashed=hashed(table, "s"))
            self.run(FORGET, table, {})

    def gone(self) -> dict[str, dict]:
        """Per table that has some: how many rows, and the first of their keys."""
        found = {}
        for table in self.stage.profile.tables:
            self.run(GONE, table, {"samples": GONE_SAMPLES})
            rows, keys = self.cursor.fetchone()
            if rows:
                found[table.name] = {"rows": rows, "keys": keys}
        return found
