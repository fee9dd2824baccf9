"""Carrying out the verdicts: rows into their tables, refused values into the quarantine."""

from __future__ import annotations

from .connection import sql
from .distinct import value
from .errors import PgopsError
from .profile import Table, names
from .staging import Stage
from .written import Written

LOCK = "LOCK TABLE {target} IN SHARE ROW EXCLUSIVE MODE"
# Rows that swap unique values, or pass them on, step aside first: each row is checked as soon as it is written.
PARK = """
    UPDATE {target} t SET {column} = t.{key}::text || '@parked.invalid'
    FROM {rows} s JOIN {verdict} v ON v.entry_id = s.entry_id AND v.outcome = 'updated'
    WHERE s.{key} = t.{key} AND s.{column} <> t.{column}
"""
INSERT = """
    INSERT INTO {target} ({columns})
    SELECT {staged} FROM {rows} s JOIN {verdict} v ON v.entry_id = s.entry_id AND v.outcome = 'inserted'
"""
UPDATE = """
    UPDATE {target} t SET ({columns}) = ROW({staged})
    FROM {rows} s JOIN {verdict} v ON v.entry_id = s.entry_id AND v.outcome = 'updated'
    WHERE s.{key} = t.{key}
"""
STEP_ASIDE = """
    UPDATE {target} t SET {parked} FROM {rows} s JOIN {verdict} v ON v.entry_id = s.entry_id AND v.outcome = 'updated'
    WHERE s.{key} = t.{key} AND {present} IS NOT NULL AND {claimed} IS DISTINCT FROM {present}
"""
COUNTS = """
    SELECT count(*) FILTER (WHERE v.outcome = 'inserted'), count(*) FILTER (WHERE v.outcome = 'updated'),
           count(*) FILTER (WHERE v.outcome = 'unchanged')
    FROM {rows} s JOIN {verdict} v ON v.entry_id = s.entry_id
"""
REFUSED_NOW = """
    WITH refused AS (
        SELECT e.pattern, e.key, e.member, coalesce(e.redis_type, 'string') AS redis_type, e.ttl_ms, e.raw,
               coalesce(e.readable, '') AS readable, coalesce(v.code, e.code) AS code, coalesce(v.reason, e.reason) AS reason
        FROM {entry} e LEFT JOIN {verdict} v ON v.entry_id = e.entry_id
        WHERE coalesce(v.outcome, e.outcome) = 'quarantined'
    ), open AS (
        SELECT * FROM migration.migration_rejects WHERE profile = %(profile)s AND resolved_run_id IS NULL
    )
"""
NEW_REJECTS = REFUSED_NOW + """
    , fresh AS (
        SELECT r.* FROM refused r
        WHERE NOT EXISTS (SELECT FROM open o WHERE o.key = r.key AND o.member IS NOT DISTINCT FROM r.member
                          AND o.reason_code = r.code AND o.value IS NOT DISTINCT FROM r.raw)
    )
"""  # fmt: skip
COUNT_NEW_REJECTS = NEW_REJECTS + "SELECT count(*) FROM fresh"
# Closed: the key has become a row after all, or is refused for another reason or with another value by now. A key that
# is gone from the source stays open: the quarantine holds its only copy. So does an unknown one that is only reported now.
CLOSED = """
    FROM migration.migration_rejects o
    JOIN {entry} e ON e.key = o.key AND e.member IS NOT DISTINCT FROM o.member
    LEFT JOIN {verdict} v ON v.entry_id = e.entry_id
    WHERE o.profile = %(profile)s AND o.resolved_run_id IS NULL AND NOT (
        coalesce(v.outcome, e.outcome) IN ('vanished', 'unknown')
        OR coalesce(v.outcome, e.outcome) = 'quarantined'
           AND coalesce(v.code, e.code) = o.reason_code AND e.raw IS NOT DISTINCT FROM o.value
    )
"""
COUNT_CLOSED = "SELECT count(*) " + CLOSED
CLOSE = (
    "UPDATE migration.migration_rejects SET resolved_run_id = %(run_id)s WHERE reject_id IN (SELECT o.reject_id "
    + CLOSED
    + ")"
)
RECORD = NEW_REJECTS + """
    INSERT INTO migration.migration_rejects
           (profile, pattern, key, member, redis_type, ttl_ms, value, readable, reason_code, reason, run_id)
    SELECT %(profile)s, pattern, key, member, redis_type, ttl_ms, raw, readable, code, reason, %(run_id)s
    FROM fresh ORDER BY pattern, key, member
"""  # fmt: skip


class Merger:
    def __init__(self, stage: Stage, cursor) -> None:
        self.stage, self.cursor = stage, cursor

    def run(self, query: str, table: Table, **parts) -> int:
        columns = names(table.stored)
        staged = sql.SQL(", ").join(sql.Identifier("s", name) for name in columns)
        self.cursor.execute(
            self.stage.format(
                query,
                target=self.stage.target(table),
                rows=self.stage.name(table.name),
                key=sql.Identifier(table.key),
                columns=sql.SQL(", ").join(map(sql.Identifier, columns)),
                staged=staged,
                **parts,
            )
        )
        return self.cursor.rowcount

    def lock(self) -> None:
        """Nobody else writes between the plan and its execution; readers go on."""
        for table in self.stage.profile.tables:
            self.run(LOCK, table)

    def counts(self) -> dict[str, dict[str, int]]:
        """What the verdicts come to, per table."""
        counted = {}
        for table in self.stage.profile.tables:
            self.run(COUNTS, table)
            counted[table.name] = dict(zip(("inserted", "updated", "unchanged"), self.cursor.fetchone(), strict=True))
        return counted

    def write_rows(self, planned: dict[str, dict[str, int]], run_id: int | None) -> None:
        written = Written(self.stage, self.cursor)
        for table in self.stage.profile.tables:
            to_write = planned[table.name]["updated"] + planned[table.name]["inserted"]
            if to_write:
                written.record(table, run_id)
            written.remember(table)
            if not to_write:
                continue
            if table.rivalry:
                self.run(PARK, table, column=sql.Identifier(table.rivalry.column))
            for distinct in (one for one in table.distinct if one.parked):
                sides = {"claimed": value(distinct, "s"), "present": value(distinct, "t")}
                self.run(STEP_ASIDE, table, parked=sql.SQL(distinct.parked), **sides)
            done = {"updated": self.run(UPDATE, table), "inserted": self.run(INSERT, table)}
            for what, rows in done.items():
                if rows != planned[table.name][what]:
                    raise PgopsError(
                        f"{table.name}: {rows} rows {what} where {planned[table.name][what]} were planned; nothing was written."
                    )

    def rejects_to_change(self) -> dict[str, int]:
        """How many records of the quarantine this run opens and closes."""
        changes = {}
        for what, query in (("opened", COUNT_NEW_REJECTS), ("closed", COUNT_CLOSED)):
            self.cursor.execute(self.stage.format(query), {"profile": self.stage.profile.name})
            changes[what] = self.cursor.fetchone()[0]
        return changes

    def write_rejects(self, planned: dict[str, int], run_id: int | None) -> None:
        parameters = {"profile": self.stage.profile.name, "run_id": run_id}
        for what, query in (("closed", CLOSE), ("opened", RECORD)):
            if planned[what]:
                self.cursor.execute(self.stage.format(query), parameters)
