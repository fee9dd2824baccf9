"""Which tables VACUUM and ANALYZE are worth their while for, by what the server has counted, and what they did to them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from .connection import extras, sql
from .maintenance_pace import Outcome, Pace
from .maintenance_plan import Planned, Step
from .sizes import shown

VACUUM, ANALYZE = "vacuum", "analyze"
# As VACUUM or ANALYZE last saw their size: to measure one that is locked would wait for its holder. Of temporary tables only
# their sessions know.
TABLES = """
    SELECT c.oid::bigint AS number, n.nspname AS schema, c.relname AS table, s.n_live_tup AS live_rows,
           s.n_dead_tup AS dead_rows, s.n_ins_since_vacuum AS inserted_rows, s.n_mod_since_analyze AS changed_rows,
           c.reltuples::float8 AS estimated_rows, c.relpages * current_setting('block_size')::bigint AS size_bytes,
           greatest(age(c.relfrozenxid), coalesce(age(t.relfrozenxid), 0), mxid_age(c.relminmxid), coalesce(mxid_age(t.relminmxid), 0))
               AS age_xids
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_stat_user_tables s ON s.relid = c.oid
        LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
    WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND (%(number)s IS NULL OR c.oid = %(number)s)
    ORDER BY n.nspname, c.relname
"""
STATEMENTS = {VACUUM: "VACUUM {}", ANALYZE: "ANALYZE {}"}
FREEZE = "VACUUM (FREEZE) {}"
# Whose transaction, or which slot, the server keeps dead rows for.
HORIZON = """
    SELECT what FROM (
        SELECT 'session ' || pid || ' of ' || coalesce(usename, backend_type) AS what, age(backend_xmin) AS age
        FROM pg_stat_activity WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid()
        UNION ALL SELECT 'replication slot ' || slot_name, greatest(age(xmin), age(catalog_xmin)) FROM pg_replication_slots
        UNION ALL SELECT 'prepared transaction ' || gid, age(transaction) FROM pg_prepared_xacts
    ) held WHERE age IS NOT NULL ORDER BY age DESC, what LIMIT 1
"""


@dataclass(frozen=True)
class Table:
    """What the server has counted of one since VACUUM or ANALYZE was there last."""

    number: int
    schema: str
    table: str
    live_rows: int
    dead_rows: int
    inserted_rows: int
    changed_rows: int
    estimated_rows: float
    size_bytes: int
    age_xids: int

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"

    def after(self, touched: Mapping[tuple[int, str], int]) -> Table:
        """What it will be when rows were updated or deleted before."""
        updated, deleted = (touched.get((self.number, what), 0) for what in ("update", "delete"))
        rows = updated + deleted
        return replace(
            self,
            live_rows=max(self.live_rows - deleted, 0),
            dead_rows=self.dead_rows + rows,
            changed_rows=self.changed_rows + rows,
        )


def read_tables(conn, number: int | None = None) -> list[Table]:
    with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        cursor.execute(TABLES, {"number": number})
        return [Table(**row) for row in cursor.fetchall()]


def reason_to_vacuum(one: Table, limits: Mapping[str, float]) -> str:
    """Why; empty for not at all. Dead rows make room, rows that were only inserted become known as visible to all."""
    rows = one.live_rows + one.dead_rows
    if one.age_xids >= limits["vacuum_max_age_xids"]:
        return f"its oldest row is {one.age_xids} transactions old"
    if (
        one.dead_rows >= max(limits["vacuum_min_dead_rows"], 1)
        and one.dead_rows >= rows * limits["vacuum_min_dead_ratio"]
    ):
        return f"{one.dead_rows} of {rows} rows are dead"
    many = max(limits["vacuum_min_inserted_rows"], 1)
    if one.inserted_rows >= many and one.inserted_rows >= one.live_rows * limits["vacuum_min_inserted_ratio"]:
        return f"{one.inserted_rows} of {rows} rows were inserted since the last one"
    return ""


def reason_to_analyze(one: Table, limits: Mapping[str, float]) -> str:
    if one.estimated_rows < 0 and one.live_rows > 0:
        return "it never was, so that the planner guesses"
    many = max(limits["analyze_min_changed_rows"], 1)
    if one.changed_rows >= many and one.changed_rows >= one.live_rows * limits["analyze_min_changed_ratio"]:
        return f"{one.changed_rows} rows were changed since the last one, of {one.live_rows}"
    return ""


REASONS = {VACUUM: reason_to_vacuum, ANALYZE: reason_to_analyze}


def choose(task: str, tables: list[Table], limits: Mapping[str, float]) -> list[tuple[Table, str]]:
    """With the reasons. The oldest first, and else the smallest: one that takes all of the time keeps it from no other."""
    found = [(one, REASONS[task](one, limits)) for one in tables]
    return sorted(
        ((one, reason) for one, reason in found if reason),
        key=lambda pair: (not is_old(task, pair[0], limits), pair[0].size_bytes, pair[0].name),
    )


def is_old(task: str, one: Table, limits: Mapping[str, float]) -> bool:
    return task == VACUUM and one.age_xids >= limits["vacuum_max_age_xids"]


def plan(conn, task: str, limits: Mapping[str, float], touched: Mapping[tuple[int, str], int]) -> Planned:
    """TOUCHED is how many rows of which table the tasks before this one update and delete."""
    tables = [one.after(touched) for one in read_tables(conn)]
    steps = [step(task, one, reason, is_old(task, one, limits)) for one, reason in choose(task, tables, limits)]
    return Planned(task, len(tables), tuple(steps))


def live_ratios(conn, vacuumed: Planned | None, touched: Mapping[tuple[int, str], int]) -> dict[int, float]:
    """Of each table that is to be vacuumed, which share of what is in its indexes stays."""
    numbers = {one.relation for one in vacuumed.steps} if vacuumed else set()
    tables = [one.after(touched) for one in read_tables(conn) if one.number in numbers]
    return {one.number: one.live_rows / max(one.live_rows + one.dead_rows, 1) for one in tables}


def step(task: str, one: Table, reason: str, freeze: bool) -> Step:
    def apply(pace: Pace) -> Outcome:
        return vacuum(pace, one, freeze) if task == VACUUM else analyze(pace, one)

    size = f" ({shown(one.size_bytes)})" if one.size_bytes else ""
    return Step(task, one.name, f"{reason}{size}", apply, one.number)


def analyze(pace: Pace, one: Table) -> Outcome:
    pace.execute(sql.SQL(STATEMENTS[ANALYZE]).format(sql.Identifier(one.schema, one.table)))
    return Outcome(changed=True)


def vacuum(pace: Pace, one: Table, freeze: bool) -> Outcome:
    """Whether there is less to do afterwards: what an old transaction may still see stays, however often one asks."""
    before = read_tables(pace.conn, one.number)
    pace.execute(sql.SQL(FREEZE if freeze else STATEMENTS[VACUUM]).format(sql.Identifier(one.schema, one.table)))
    after = read_tables(pace.conn, one.number)
    if not before or not after or is_better(before[0], after[0]):
        return Outcome(changed=True)
    holder = "".join(what for (what,) in pace.execute(HORIZON)) or "a transaction that has ended meanwhile"
    return Outcome(left=f"vacuum {one.name}: its dead rows have to stay for {holder}, which may still see them.")


def is_better(before: Table, after: Table) -> bool:
    return (
        after.dead_rows < before.dead_rows
        or after.inserted_rows < before.inserted_rows
        or after.age_xids < before.age_xids
        or after.size_bytes < before.size_bytes
    )
