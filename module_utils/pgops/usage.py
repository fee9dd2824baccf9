"""How a database is used: what takes room, time and connections. A health check judges; this counts, for reports."""

from __future__ import annotations

from . import health_contents as contents
from .activity import WHERE_STATEMENTS
from .connection import extras, psycopg2, sentence, sql
from .health_server import DATABASES
from .health_statements import presentable
from .health_tables import bloat_ratio, dead_ratio

# A report can wait for a slow disk, and still must not stand in anybody's way.
PATIENCE = {"statement_timeout": "10s", "lock_timeout": "200ms", "jit": "off"}
# What was counted since when; the later of the moments at which counters of the server began.
COUNTERS = """
    SELECT CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END AS state, d.datname AS database,
           current_setting('max_connections')::int AS max_connections,
           d.xact_commit AS commits, d.xact_rollback AS rollbacks, d.deadlocks, d.blks_hit AS blocks_hit, d.blks_read AS blocks_read,
           d.temp_bytes AS temporary_bytes, w.wal_bytes::bigint AS wal_bytes,
           extract(epoch FROM greatest(d.stats_reset, w.stats_reset, pg_postmaster_start_time()))::bigint AS since_s
    FROM pg_stat_database d CROSS JOIN pg_stat_wal w
    WHERE d.datname = current_database()
"""
CONNECTIONS = """
    SELECT coalesce(state, 'unknown') AS state, count(*) AS connections
    FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
    GROUP BY state ORDER BY state
"""
# Asking for the size of a table that somebody holds exclusively would wait for them, and each costs a look at its files: measured
# are the 500 with most pages by the last VACUUM.
TABLES = """
    WITH candidates AS MATERIALIZED (
        SELECT c.oid, n.nspname, c.relname, greatest(c.reltuples, 0)::bigint AS estimated_rows
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
        WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND NOT EXISTS (SELECT FROM pg_locks l
                          WHERE l.relation = c.oid AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
                            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        ORDER BY c.relpages + coalesce(toast.relpages, 0) DESC, c.oid DESC
        LIMIT 500
    )
    SELECT c.nspname AS schema, c.relname AS table, pg_total_relation_size(c.oid) AS size_bytes, pg_indexes_size(c.oid) AS index_bytes,
           c.estimated_rows, coalesce(s.n_live_tup, 0) AS live_rows, coalesce(s.n_dead_tup, 0) AS dead_rows,
           coalesce(s.n_mod_since_analyze, 0) AS changed_rows, coalesce(s.seq_scan, 0) AS sequential_scans,
           coalesce(s.idx_scan, 0) AS index_scans,
           to_char(greatest(s.last_vacuum, s.last_autovacuum), 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') AS vacuumed_at,
           to_char(greatest(s.last_analyze, s.last_autoanalyze), 'YYYY-MM-DD"T"HH24:MI:SS"+00:00"') AS analysed_at
    FROM candidates c LEFT JOIN pg_stat_user_tables s ON s.relid = c.oid
    ORDER BY size_bytes DESC, c.nspname, c.relname
"""
# One line for each role and statement, whether it was the client's own or a function's. The slowest by mean have run more than once:
# a single run is a matter for the log.
STATEMENTS = """
    WITH summed AS (
        SELECT userid, queryid, sum(calls)::bigint AS calls, sum(total_exec_time) AS total_ms, max(max_exec_time) AS longest_ms,
               sum(rows)::bigint AS rows, sum(shared_blks_read)::bigint AS blocks_read, sum(temp_blks_written)::bigint AS temporary_blocks,
               min(query) AS query
        FROM {0}.pg_stat_statements
        WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database()) AND queryid IS NOT NULL
        GROUP BY userid, queryid
    ), placed AS (
        SELECT *, row_number() OVER (ORDER BY total_ms DESC, queryid) AS by_total,
               row_number() OVER (ORDER BY calls > 1 DESC, total_ms / greatest(calls, 1) DESC, queryid) AS by_mean
        FROM summed
    )
    SELECT queryid::text, pg_get_userbyid(userid)::text AS role, calls, round(total_ms::numeric, 3)::float8 AS total_ms,
           round((total_ms / greatest(calls, 1))::numeric, 3)::float8 AS mean_ms, round(longest_ms::numeric, 3)::float8 AS longest_ms,
           rows, blocks_read, temporary_blocks, substring(textsend(query) FOR 2000) AS statement
    FROM placed
    WHERE by_total <= %(largest)s OR by_mean <= %(largest)s
    ORDER BY total_ms DESC, queryid
"""
ALL_STATEMENTS = """
    SELECT coalesce(sum(calls), 0)::bigint AS calls, coalesce(round(sum(total_exec_time)::numeric), 0)::bigint AS total_ms,
           count(*) FILTER (WHERE queryid IS NULL) AS hidden,
           (SELECT extract(epoch FROM stats_reset)::bigint FROM {0}.pg_stat_statements_info) AS since_s
    FROM {0}.pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
NO_EXTENSION = "database {} has no extension pg_stat_statements, which site.yml makes"
# As the planner and autovacuum know it; a table of a few rows is never in need.
FEW_ROWS = 1000
DEFAULT_LARGEST = 20


class Questions:
    """Asks over one connection, and keeps in C(unknown) why something could not be asked."""

    def __init__(self, conn) -> None:
        self.conn = conn
        self.unknown: list[str] = []

    def ask(self, what: str, query, values: dict | None = None) -> list[dict]:
        try:
            with self.conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
                cursor.execute(query, values)
                return [dict(row) for row in cursor.fetchall()]
        except psycopg2.Error as error:
            if self.conn.closed:
                raise
            self.unknown.append(f"{what}: {sentence(error)}.")
            return []


def used(conn, largest: int, role: str | None) -> dict:
    """The result of pg_usage_info. ROLE is what was taken on after the login, and is given back for what a monitor may not read."""
    questions = Questions(conn)
    counters = questions.ask("counters", COUNTERS)
    first = counters[0] if counters else {}
    statements, summary = read_statements(questions, first.get("database", ""), largest)
    tables = questions.ask("tables", TABLES)
    found = {
        "changed": False,
        "state": first.pop("state", None),
        "database": first.pop("database", None),
        "max_connections": first.pop("max_connections", None),
        "counters": first,
        "connections": {row["state"]: row["connections"] for row in questions.ask("connections", CONNECTIONS)},
        "databases": sized(questions.ask("databases", DATABASES)),
        "indexes": chosen_indexes(questions.ask("indexes", contents.INDEXES), largest),
        "statements": statements,
        "statement_counters": summary,
    }
    bloat = read_bloat(questions, role)
    return {
        **found,
        "tables": chosen_tables(tables, bloat, largest),
        "rows": row_counts(tables),
        "unknown": questions.unknown,
    }


def read_statements(questions: Questions, database: str, largest: int) -> tuple[list[dict], dict]:
    """Those that took most time in all or on the average, and the sums of all."""
    found = questions.ask("statements", WHERE_STATEMENTS)
    if not found:
        questions.unknown.append(f"statements: {NO_EXTENSION.format(database)}.")
        return [], {}
    where = sql.Identifier(found[0]["nspname"])
    sums = questions.ask("statements", sql.SQL(ALL_STATEMENTS).format(where))
    if not sums:
        return [], {}
    if sums[0]["hidden"]:
        questions.unknown.append(
            f"statements: {sums[0]['hidden']} of other roles are hidden. Ask as a member of pg_read_all_stats."
        )
    rows = questions.ask("statements", sql.SQL(STATEMENTS).format(where), {"largest": largest})
    shown = [{**row, "statement": presentable(row["statement"])} for row in rows]
    return shown, {name: sums[0][name] for name in ("calls", "total_ms", "since_s")}


def read_bloat(questions: Questions, role: str | None) -> dict[tuple[str, str], float]:
    """Last, as who logged in: statistics show of columns what a role may read, and to watch is not to read."""
    if role is not None:
        questions.ask("bloat", "SELECT set_config('role', 'none', false)")
    widths = questions.ask("bloat", contents.WIDTHS)
    known = [row for row in widths if row["all_columns"]]
    if widths and not known:
        questions.unknown.append("bloat: this role may read no statistics of columns, or there are none.")
    return {(row["schema"], row["table"]): round(bloat_ratio(row), 4) for row in known}


def sized(databases: list[dict]) -> list[dict]:
    return [{"database": row["database"], "size_bytes": row["size_bytes"]} for row in databases if row["size_bytes"]]


def chosen_tables(tables: list[dict], bloat: dict[tuple[str, str], float], largest: int) -> list[dict]:
    """The largest, and those most in need of a VACUUM; the largest first."""
    told = [
        {**row, "dead_ratio": round(dead_ratio(row), 4), "bloat_ratio": bloat.get((row["schema"], row["table"]))}
        for row in tables
    ]
    in_need = [row for row in told if row["dead_rows"] >= FEW_ROWS or row["bloat_ratio"]]
    in_need.sort(key=lambda row: -max(row["dead_ratio"], row["bloat_ratio"] or 0))
    wanted = [id(row) for row in [*told[:largest], *in_need[:largest]]]
    return [row for row in told if id(row) in wanted]


def chosen_indexes(indexes: list[dict], largest: int) -> list[dict]:
    """Those that are read most, and the largest of those that are read least and keep nothing unique; the most read first."""
    told = [
        {
            "schema": row["schema"], "table": row["table"], "index": row["index"], "size_bytes": row["size_bytes"], "scans": row["scans"],
            "unique": row["unique"] or row["constrained"],
        }
        for row in indexes
        if row["valid"]
    ]  # fmt: skip
    told.sort(key=lambda row: (-row["scans"], row["schema"], row["index"]))
    spare = sorted((row for row in told if not row["unique"]), key=lambda row: (row["scans"], -row["size_bytes"]))
    wanted = [id(row) for row in [*told[:largest], *spare[:largest]]]
    return [row for row in told if id(row) in wanted]


def row_counts(tables: list[dict]) -> dict:
    return {name: sum(row[name] for row in tables) for name in ("live_rows", "dead_rows")}
