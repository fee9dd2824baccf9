"""What keeps a server busy and what fills its disk: counts of sessions, slowest statements, sizes."""

from __future__ import annotations

from collections import Counter

from .connection import extras, psycopg2, sentence, sql
from .health_statements import presentable
from .sessions import Session, blocking_tree, read_sessions

# What one looks at in an emergency must not wait long for a lock or a disk; what could not be asked says so.
PATIENCE = {"statement_timeout": "5s", "lock_timeout": "200ms"}
AGES = ((60.0, "under 1 min"), (600.0, "under 10 min"), (3600.0, "under 1 h"), (86400.0, "under 1 d"))
OLDER = "1 d or more"
LIMITS = """
    SELECT current_setting('max_connections')::int AS max_connections,
           current_setting('superuser_reserved_connections')::int AS reserved_connections,
           CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END AS state
"""
WHERE_STATEMENTS = """
    SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
"""
# By the time that they have taken of the server in all, which is what others feel.
STATEMENTS = """
    SELECT pg_get_userbyid(userid)::text AS role, calls, round(total_exec_time)::bigint AS total_ms,
           round(mean_exec_time::numeric, 1)::float8 AS mean_ms, rows, substring(textsend(query) FOR 2000) AS statement
    FROM {}.pg_stat_statements
    WHERE dbid = (SELECT oid FROM pg_database WHERE datname = current_database())
    ORDER BY total_exec_time DESC, queryid LIMIT %(largest)s
"""
DATABASES = """
    SELECT datname AS name, pg_database_size(oid) AS size_bytes FROM pg_database ORDER BY size_bytes DESC, datname LIMIT %(largest)s
"""
# Asking for the size of one that somebody holds exclusively would wait for them. Each is a look at its files (75 us): looked at
# are the 500 with most pages by the last VACUUM.
RELATIONS = """
    WITH candidates AS MATERIALIZED (
    SELECT c.oid, n.nspname || '.' || c.relname AS name
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = ANY (%(kinds)s) AND n.nspname <> 'information_schema'
      AND NOT EXISTS (SELECT FROM pg_locks l WHERE l.relation = c.oid AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
                        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
    ORDER BY c.relpages DESC, c.oid DESC LIMIT 500
    )
    SELECT name, {size} AS size_bytes FROM candidates ORDER BY size_bytes DESC, name LIMIT %(largest)s
"""
TABLE_SIZE, INDEX_SIZE = "pg_table_size(oid)", "pg_relation_size(oid)"
# Of what lies in the data directory beside the databases. Each may be closed to the role that asks.
PLACES = {
    "WAL": "SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_waldir()",
    "WAL that waits for the archive": """
        SELECT (count(*) * (SELECT setting::bigint FROM pg_settings WHERE name = 'wal_segment_size'))::bigint
        FROM pg_ls_archive_statusdir() WHERE right(name, 6) = '.ready'
    """,
    "server logs": "SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_logdir()",
    "temporary files": "SELECT coalesce(sum(size), 0)::bigint FROM pg_ls_tmpdir()",
}
SLOTS = """
    SELECT slot_name AS name, active, coalesce(wal_status, 'unknown') AS wal_status,
           coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
                           restart_lsn), 0)::bigint AS held_bytes
    FROM pg_replication_slots ORDER BY held_bytes DESC, slot_name
"""


def ask(conn, unknown: list[str], what: str, query, values: dict | None = None) -> list[dict]:
    """Rows; none where the question fails, and why in UNKNOWN."""
    try:
        with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
            cursor.execute(query, values)
            return [dict(row) for row in cursor.fetchall()]
    except psycopg2.Error as error:
        if conn.closed:
            raise
        unknown.append(f"{what}: {sentence(error)}.")
        return []


def inspect(conn, largest: int) -> dict:
    """The result of pg_activity_info."""
    unknown: list[str] = []
    sessions = read_sessions(conn)
    limit = {"largest": largest}
    return {
        "changed": False,
        **ask(conn, unknown, "limits", LIMITS)[0],
        "sessions": [one.described() for one in sessions],
        "counts": counts(sessions),
        "blocking": blocking_tree(sessions),
        "statements": read_statements(conn, unknown, limit),
        "databases": ask(conn, unknown, "databases", DATABASES, limit),
        "tables": relations(conn, unknown, "tables", TABLE_SIZE, ["r", "m"], limit),
        "indexes": relations(conn, unknown, "indexes", INDEX_SIZE, ["i"], limit),
        "places": read_places(conn, unknown),
        "slots": ask(conn, unknown, "slots", SLOTS),
        "unknown": unknown,
    }


def relations(conn, unknown: list[str], what: str, size: str, kinds: list[str], limit: dict) -> list[dict]:
    return ask(conn, unknown, what, RELATIONS.format(size=size), {**limit, "kinds": kinds})


def read_statements(conn, unknown: list[str], limit: dict) -> list[dict]:
    found = ask(conn, unknown, "statements", WHERE_STATEMENTS)
    if not found:
        unknown.append("statements: the database has no extension pg_stat_statements.")
        return []
    rows = ask(conn, unknown, "statements", sql.SQL(STATEMENTS).format(sql.Identifier(found[0]["nspname"])), limit)
    return [{**row, "statement": presentable(row["statement"])} for row in rows]


def read_places(conn, unknown: list[str]) -> dict[str, int]:
    asked = {name: ask(conn, unknown, name, query) for name, query in PLACES.items()}
    return {name: next(iter(rows[0].values())) for name, rows in asked.items() if rows}


def counts(sessions: list[Session]) -> dict[str, dict[str, int]]:
    """Sessions by state, application, role and age, most first."""
    return {
        "state": by(one.state for one in sessions),
        "application": by(one.application or "no name" for one in sessions),
        "role": by(one.role or "nobody" for one in sessions),
        "age": by(age_of(one) for one in sessions),
    }


def by(values) -> dict[str, int]:
    return dict(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))


def age_of(one: Session) -> str:
    return next((name for limit, name in AGES if one.age_s < limit), OLDER)
