"""Rows that others have changed since a run wrote them, or made: which side stays, by the operator's policy.

A row that stays although the source says otherwise is a refusal like any other: the source's value goes to the
quarantine with its reason, so that nothing is lost and every key is accounted for.
"""

from __future__ import annotations

from .connection import sql
from .errors import PgopsError
from .profile import Table
from .staging import ALIVE, Stage
from .written import hashed, sourced

POLICIES = ("stop", "source_wins", "target_wins", "newer")
SAMPLES = 20
NAMED = 5

# Taken from the target before anything was locked, and changed since: compared like those that were converted.
LET_GO = """
    UPDATE {rows} s SET seen_at = NULL WHERE s.seen_at IS NOT NULL
      AND NOT EXISTS (SELECT FROM {target} t WHERE t.{key} = s.{key} AND t.ctid = s.seen_at AND t.xmin = s.seen_by)
"""
FIND_DIFFERING = """
    INSERT INTO {differing}
    SELECT s.entry_id FROM {rows} s JOIN {target} t ON t.{key} = s.{key}
    WHERE NOT s.insert_only AND s.seen_at IS NULL AND ROW({staged}) IS DISTINCT FROM ROW({present}) AND """ + ALIVE  # fmt: skip
# The source alone may have changed: then the row is as a run wrote it, and there is no conflict.
FIND_CHANGED = """
    INSERT INTO {conflict}
    SELECT s.entry_id, %(table)s, s.{key}::text, CASE WHEN l.row_key IS NULL THEN 'made' ELSE 'changed' END,
           l.written IS DISTINCT FROM {staged_hash}, array_remove(ARRAY[{named}]::text[], NULL),
           CASE WHEN {source_wins} THEN 'source' ELSE 'target' END
    FROM {differing} d JOIN {rows} s ON s.entry_id = d.entry_id JOIN {target} t ON t.{key} = s.{key}
    LEFT JOIN migration.migration_rows l
      ON l.profile = %(profile)s AND l.table_name = %(table)s AND l.row_key = s.{key}::text
    WHERE l.written IS DISTINCT FROM {present_hash}
"""
FIND_DELETED = """
    INSERT INTO {conflict}
    SELECT s.entry_id, %(table)s, s.{key}::text, 'deleted', l.written <> {staged_hash}, '{{}}',
           CASE WHEN %(source_wins)s THEN 'source' ELSE 'target' END
    FROM {rows} s JOIN migration.migration_rows l
      ON l.profile = %(profile)s AND l.table_name = %(table)s AND l.row_key = s.{key}::text
    WHERE NOT EXISTS (SELECT FROM {target} t WHERE t.{key} = s.{key}) AND """ + ALIVE  # fmt: skip
KEEP_TARGET = """
    INSERT INTO {verdict}
    SELECT entry_id, 'quarantined', kind || '_in_target', CASE kind
             WHEN 'deleted' THEN 'The row was deleted in PostgreSQL after it was migrated; it is not made again.'
             WHEN 'made' THEN 'PostgreSQL has a row of this key that no run wrote, with another '
                              || array_to_string(columns, ', ') || '; it is kept.'
             ELSE 'The row was changed in PostgreSQL after it was migrated, and now differs in '
                  || array_to_string(columns, ', ') || '; it is kept.' END
    FROM {conflict} WHERE table_name = %(table)s AND stays = 'target'
"""
# One whose row was refused for another reason afterwards is none any more.
COUNTS = """
    SELECT c.stays, c.table_name, c.kind, count(*) FROM {conflict} c JOIN {verdict} v ON v.entry_id = c.entry_id
    WHERE c.stays = 'target' OR v.outcome IN ('inserted', 'updated') GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
"""
FIRST = """
    SELECT c.table_name, c.key, c.kind, c.source_changed, c.columns, c.stays
    FROM {conflict} c JOIN {verdict} v ON v.entry_id = c.entry_id
    WHERE c.stays = 'target' OR v.outcome IN ('inserted', 'updated') ORDER BY 1, 2 LIMIT %s
"""


class ConflictsFound(PgopsError):
    """The policy is to stop; C(report) says of which rows."""

    def __init__(self, report: dict) -> None:
        super().__init__(message(report))
        self.report = report


def message(report: dict) -> str:
    shown = ", ".join(
        f"{sample['table']} {sample['key']} ({', '.join([sample['kind'], *sample['columns']])})"
        for sample in report["samples"][:NAMED]
    )
    found = total(report)
    more = f" and {found - NAMED} more" if found > NAMED else ""
    return (
        f"{found} rows are not as the migration left them in PostgreSQL, and the source says otherwise: {shown}{more}. "
        "Nothing was written. Decide who wins by the option conflicts: source_wins, target_wins or newer."
    )


def total(report: dict) -> int:
    return sum(sum(kinds.values()) for side in ("kept", "overwritten") for kinds in report[side].values())


class Conflicts:
    """Decides, per table, before rows contend for unique values: a row that stays gives nothing up."""

    def __init__(self, stage: Stage, cursor, policy: str) -> None:
        self.stage, self.cursor, self.policy = stage, cursor, policy

    def run(self, query: str, table: Table, **parts) -> None:
        self.cursor.execute(
            self.stage.format(
                query,
                rows=self.stage.name(table.name),
                target=self.stage.target(table),
                key=sql.Identifier(table.key),
                **parts,
            ),
            {"profile": self.stage.profile.name, "table": table.name, "source_wins": self.policy == "source_wins"},
        )

    def decide(self, table: Table) -> None:
        columns = sourced(table)
        cells = {side: sql.SQL(", ").join(sql.Identifier(side, name) for name in columns) for side in ("s", "t")}
        hashes = {"staged_hash": hashed(table, "s"), "present_hash": hashed(table, "t")}
        if table.self_contained:
            self.run(LET_GO, table)
        self.run(FIND_DIFFERING, table, staged=cells["s"], present=cells["t"])
        self.cursor.execute(self.stage.format("ANALYZE {differing}"))
        self.run(FIND_CHANGED, table, named=named(columns), source_wins=self.preferring_source(table), **hashes)
        self.run(FIND_DELETED, table, staged_hash=hashes["staged_hash"])
        self.run(KEEP_TARGET, table)

    def preferring_source(self, table: Table):
        """Newer is the source only where both sides say when: otherwise the live row stays."""
        if self.policy == "newer" and table.changed_at:
            staged, present = (sql.Identifier(side, table.changed_at) for side in ("s", "t"))
            return sql.SQL("{} > {}").format(staged, present)
        return sql.SQL("true" if self.policy == "source_wins" else "false")

    def report(self) -> dict:
        """C(kept) and C(overwritten): rows per table and kind; C(samples): the first of them, without values."""
        self.cursor.execute(self.stage.format(COUNTS))
        sides: dict[str, dict] = {"target": {}, "source": {}}
        for stays, table, kind, rows in self.cursor.fetchall():
            sides[stays].setdefault(table, {})[kind] = rows
        self.cursor.execute(self.stage.format(FIRST), (SAMPLES,))
        fields = ("table", "key", "kind", "source_changed", "columns", "stays")
        samples = [dict(zip(fields, line, strict=True)) for line in self.cursor.fetchall()]
        return {"policy": self.policy, "kept": sides["target"], "overwritten": sides["source"], "samples": samples}

    def require_none(self) -> None:
        if self.policy == "stop":
            report = self.report()
            if total(report):
                raise ConflictsFound(report)


def named(columns: list[str]):
    """An array's elements: the name of each column that differs, null for the others."""
    return sql.SQL(", ").join(
        sql.SQL("CASE WHEN {} IS DISTINCT FROM {} THEN {} END").format(
            sql.Identifier("s", name), sql.Identifier("t", name), sql.Literal(name)
        )
        for name in columns
    )
