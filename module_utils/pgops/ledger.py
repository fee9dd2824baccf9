"""The record of runs: who migrates, since when, with what result; and the lock that lets only one at a time."""

from __future__ import annotations

import json

from .errors import PgopsError

# Any constant will do, as long as it stays: advisory locks belong to one database.
LOCK_KEY = 7_304_612_118
TABLES = ("migration_runs", "migration_rejects", "migration_rows")
TABLES_PRESENT = "SELECT " + ", ".join(f"to_regclass('migration.{name}')" for name in TABLES)
TAKE_LOCK = "SELECT pg_try_advisory_lock(%s)"
# The start comes from our own record: pg_stat_activity hides it from a role that is not the session's own.
HOLDER = """
    SELECT l.pid, r.run_id, r.operator, to_char(r.started_at, 'YYYY-MM-DD HH24:MI:SS TZ')
    FROM pg_locks l LEFT JOIN migration.migration_runs r ON r.state = 'running'
    WHERE l.locktype = 'advisory' AND l.granted
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
      AND (l.classid::bigint << 32) + l.objid::bigint = %s
    ORDER BY r.run_id DESC LIMIT 1
"""
MARK_INTERRUPTED = (
    "UPDATE migration.migration_runs SET state = 'interrupted', finished_at = now() WHERE state = 'running'"
)
START_RUN = """
    INSERT INTO migration.migration_runs (profile, source, operator, kind) VALUES (%s, %s, %s, %s) RETURNING run_id
"""
END_RUN = """
    UPDATE migration.migration_runs
    SET state = %(state)s, finished_at = clock_timestamp(), accounting = %(patterns)s, tables = %(tables)s,
        conflicts = %(conflicts)s, gone = %(gone)s, message = %(message)s
    WHERE run_id = %(run_id)s
"""
REVISION = "SELECT version_num FROM {}.alembic_version"


def require_record(conn, where: str) -> None:
    with conn.cursor() as cursor:
        cursor.execute(TABLES_PRESENT)
        if None in cursor.fetchone():
            raise PgopsError(
                f"Database {where} has no migration record (tables {', '.join(TABLES)} in the schema migration): "
                "its schema is missing or too old. Run site.yml or deploy_schema.yml first."
            )


def take_lock(conn) -> None:
    """Held until the connection ends, however it ends."""
    with conn.cursor() as cursor:
        cursor.execute(TAKE_LOCK, (LOCK_KEY,))
        if cursor.fetchone()[0]:
            return
        cursor.execute(HOLDER, (LOCK_KEY,))
        found = cursor.fetchone()
        pid, run_id, operator, since = found if found else ("unknown", None, None, None)
        holder = f"run {run_id} of {operator}, started {since}" if run_id else "a run that is just starting"
        raise PgopsError(
            f"Another migration is running: {holder} (backend {pid}). "
            "Wait for it to end, or end it before you start another."
        )


def start_run(conn, profile: str, source: str, operator: str, kind: str = "migration") -> int:
    """Under the lock no other run can be alive: those still marked as running were interrupted."""
    with conn.cursor() as cursor:
        cursor.execute(MARK_INTERRUPTED)
        cursor.execute(START_RUN, (profile, source, operator, kind))
        return cursor.fetchone()[0]


def end_run(cursor, run_id: int, state: str, result: dict, message: str | None = None) -> None:
    """RESULT may have C(patterns), C(tables), C(conflicts) and C(gone), each a dictionary."""
    kept = {name: json.dumps(result.get(name, {})) for name in ("patterns", "tables", "conflicts", "gone")}
    cursor.execute(END_RUN, {**kept, "run_id": run_id, "state": state, "message": message})
