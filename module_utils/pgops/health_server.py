"""What a health check asks the server: at most eleven questions over one connection, each of which may fail alone."""

from __future__ import annotations

from dataclasses import dataclass, field

from . import connection
from .backup_history import LATEST_VERIFICATIONS
from .connection import connect, extras, psycopg2, sentence, sql
from .drill_history import LATEST
from .errors import PgopsError
from .health import Limit

# A health check that waits for a lock, or for a slow disk, is itself a problem; what it could not ask is `unknown`.
PATIENCE = {"statement_timeout": "2s", "lock_timeout": "200ms"}
STATEMENT_BYTES = 16_384

SERVER = """
    SELECT current_setting('server_version') AS version,
           current_setting('server_version_num')::int AS version_number,
           pg_postmaster_start_time()::text AS started_at,
           extract(epoch FROM pg_postmaster_start_time())::float8 AS started_epoch_s,
           extract(epoch FROM clock_timestamp() - pg_postmaster_start_time())::float8 AS uptime_s,
           CASE WHEN pg_is_in_recovery() THEN 'standby' ELSE 'primary' END AS state,
           current_database() AS database,
           current_user::text AS role,
           pg_has_role('pg_read_all_stats', 'USAGE') AS sees_all_sessions,
           current_setting('port')::int AS port,
           current_setting('max_connections')::int AS max_connections,
           current_setting('superuser_reserved_connections')::int AS superuser_reserved_connections,
           current_setting('archive_mode') AS archive_mode,
           CASE WHEN current_setting('ssl')::bool THEN current_setting('ssl_cert_file') END AS certificate,
           extract(epoch FROM pg_conf_load_time())::float8 AS loaded_epoch_s,
           -- The view leaves out what the role may not read; current_setting() would refuse the whole query.
           (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory,
           CASE WHEN NOT pg_is_in_recovery() THEN NULL
                WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
                     AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') THEN 0
                ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
           END::float8 AS replay_delay_s
"""
# Durations are rounded here, so that what is judged, listed and printed is the same.
# textsend: the texts of other databases may be in other encodings, and would make the driver stumble as text.
SESSIONS = """
    SELECT pid, usename AS role, datname AS database, application_name AS application,
           client_addr::text AS client_address, coalesce(state, 'unknown') AS state,
           nullif(concat_ws(': ', wait_event_type, wait_event), '') AS waits_for,
           pid = pg_backend_pid() AS own,
           greatest(round(extract(epoch FROM now() - query_start), 1), 0)::float8 AS statement_s,
           greatest(round(extract(epoch FROM now() - xact_start), 1), 0)::float8 AS transaction_s,
           greatest(round(extract(epoch FROM now() - state_change), 1), 0)::float8 AS state_s,
           CASE WHEN state <> 'idle' AND round(extract(epoch FROM now() - query_start), 1) >= %(shortest_s)s
                THEN substring(textsend(query) FOR %(bytes)s) END AS statement
    FROM pg_stat_activity
    WHERE backend_type = 'client backend'
    ORDER BY pid
"""
DATABASES = """
    SELECT datname AS database, pg_database_size(oid) AS size_bytes
    FROM pg_database
    WHERE datallowconn
    ORDER BY size_bytes DESC, datname
"""
# The size of a table costs a look at each of its files (75 us): measured are the 500 with most pages by the last VACUUM.
# Asking about a table that VACUUM FULL or ALTER TABLE holds would wait for them.
TABLES = """
    WITH candidates AS MATERIALIZED (
        SELECT c.oid, n.nspname, c.relname, c.reltuples
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
        WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND NOT EXISTS (SELECT FROM pg_locks l
                          WHERE l.relation = c.oid AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
                            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        ORDER BY c.relpages + coalesce(toast.relpages, 0) DESC, c.oid DESC
        LIMIT 500
    )
    SELECT nspname AS schema, relname AS table, pg_total_relation_size(oid) AS size_bytes,
           pg_indexes_size(oid) AS index_bytes, greatest(reltuples, 0)::bigint AS estimated_rows
    FROM candidates
    ORDER BY size_bytes DESC, nspname, relname
    LIMIT %(largest)s
"""
TABLESPACES = """
    SELECT spcname AS name, pg_tablespace_location(oid) AS path
    FROM pg_tablespace
    WHERE pg_tablespace_location(oid) <> ''
    ORDER BY spcname
"""
# replay_lag is null once a standby has caught up; a base backup and pg_receivewal replay nothing at all.
STANDBYS = """
    SELECT application_name AS standby, client_addr::text AS client_address, state, sync_state,
           coalesce(extract(epoch FROM replay_lag), 0)::float8 AS lag_s,
           pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn() ELSE pg_current_wal_lsn() END,
                           replay_lsn)::bigint AS lag_bytes
    FROM pg_stat_replication
    WHERE replay_lsn IS NOT NULL
    ORDER BY application_name, pid
"""
ARCHIVER = """
    SELECT archived_count, failed_count, last_failed_wal, last_archived_wal,
           coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS failing,
           (SELECT count(*) FROM pg_ls_archive_statusdir() WHERE right(name, 6) = '.ready') AS waiting_segments
    FROM pg_stat_archiver
"""
HEARTBEAT = """
    SELECT extract(epoch FROM clock_timestamp() - began_at)::float8 AS since_s,
           extract(epoch FROM clock_timestamp() - beat_at)::float8 AS age_s
    FROM operations.heartbeat
"""
REVISION = "SELECT version_num AS revision FROM {} ORDER BY version_num"


@dataclass(frozen=True)
class Answer:
    """Rows by column name, or why there are none."""

    rows: list[dict] = field(default_factory=list)
    failure: str | None = None

    @property
    def row(self) -> dict:
        return self.rows[0] if self.rows else {}


@dataclass(frozen=True)
class Answers:
    """What the server said, or why it was not asked."""

    refusal: str | None = None
    server: Answer = Answer()
    sessions: Answer = Answer()
    databases: Answer = Answer()
    tables: Answer = Answer()
    tablespaces: Answer = Answer()
    standbys: Answer = Answer()
    archiver: Answer = Answer()
    revision: Answer = Answer()
    heartbeat: Answer = Answer()
    drills: Answer = Answer()
    verifications: Answer = Answer()


def ask_server(params: dict, limits: dict[str, Limit]) -> Answers:
    """Every answer; a server that does not answer is one too, but a host without the driver is not."""
    if connection.MISSING_DRIVER is not None:
        raise PgopsError(
            f"The Python driver psycopg2 is missing on this host: {connection.MISSING_DRIVER}. Install python3-psycopg2."
        )
    try:
        with connect(params, application_name="pg_health_info", settings=PATIENCE) as conn:
            return _ask_everything(conn, params, limits)
    except PgopsError as error:
        return Answers(refusal=str(error))


def _ask_everything(conn, params: dict, limits: dict[str, Limit]) -> Answers:
    shortest_s = min(limits["statement"].warning or 0, limits["idle_in_transaction"].warning or 0)
    expected, drilled = params["expected_schema_revision"] is not None, bool(params["drill_kinds"])
    verified = bool(params["verification_kinds"])
    return Answers(
        server=ask(conn, SERVER),
        sessions=ask(conn, SESSIONS, {"shortest_s": shortest_s, "bytes": STATEMENT_BYTES}),
        databases=ask(conn, DATABASES),
        tables=ask(conn, TABLES, {"largest": params["largest_tables"]}),
        tablespaces=ask(conn, TABLESPACES),
        standbys=ask(conn, STANDBYS),
        archiver=ask(conn, ARCHIVER),
        revision=ask(conn, revision_statement(params["schema_revision_table"])) if expected else Answer(),
        heartbeat=ask(conn, HEARTBEAT) if drilled or verified else Answer(),
        drills=ask(conn, LATEST) if drilled else Answer(),
        verifications=ask(conn, LATEST_VERIFICATIONS) if verified else Answer(),
    )


def revision_statement(table: str):
    return sql.SQL(REVISION).format(sql.Identifier(*table.split(".")))


def ask(conn, statement, values: dict | None = None) -> Answer:
    try:
        with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
            cursor.execute(statement, values)
            return Answer([dict(row) for row in cursor])
    except psycopg2.Error as error:
        if conn.closed:  # the server went away: no further question will be answered
            raise
        return Answer(failure=f"{sentence(error)}.")
