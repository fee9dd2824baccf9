"""What a health check asks of the server as a whole, and where it keeps the answers."""

from __future__ import annotations

from dataclasses import dataclass, field

# The counters of a database tell since when only if they were reset; those of the server began no later.
SERVER = """
    WITH activity AS (
        SELECT d.blks_hit AS blocks_hit, d.blks_read AS blocks_read, d.temp_files AS temporary_files,
               d.temp_bytes AS temporary_bytes, b.checkpoints_timed, b.checkpoints_req AS checkpoints_forced,
               (SELECT sum(checksum_failures) FROM pg_stat_database) AS checksum_failures,
               greatest(extract(epoch FROM now() - coalesce(d.stats_reset, b.stats_reset, pg_postmaster_start_time())), 0) AS counted_s,
               greatest(extract(epoch FROM now() - coalesce(b.stats_reset, pg_postmaster_start_time())), 0) AS server_counted_s
        FROM pg_stat_database d CROSS JOIN pg_stat_bgwriter b
        WHERE d.datname = current_database()
    ), tablespaces AS (
        SELECT spcname AS name, pg_tablespace_location(oid) AS path
        FROM pg_tablespace WHERE pg_tablespace_location(oid) <> '' ORDER BY spcname
    )
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
           (SELECT extract(epoch FROM now() - min(prepared))::float8 FROM pg_prepared_xacts) AS prepared_s,
           CASE WHEN pg_is_in_recovery()
                THEN greatest(pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), 0)::bigint
           END AS to_replay_bytes,
           (SELECT row_to_json(a) FROM activity a) AS activity,
           (SELECT coalesce(json_agg(t), '[]') FROM tablespaces t) AS tablespaces,
           CASE WHEN NOT pg_is_in_recovery() THEN NULL
                WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
                     AND EXISTS (SELECT FROM pg_stat_wal_receiver WHERE status = 'streaming') THEN 0
                ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp())
           END::float8 AS replay_delay_s
"""
# Durations are rounded here, so that what is judged, listed and printed is the same.
# textsend: the texts of other databases may be in other encodings, and would make the driver stumble as text.
# pg_blocking_pids() holds all the server's locks for a moment: it is asked about the 20 that have waited longest.
SESSIONS = """
    WITH waits AS MATERIALIZED (
        SELECT pid, min(waitstart) AS since, row_number() OVER (ORDER BY min(waitstart), pid) AS place
        FROM pg_locks WHERE NOT granted GROUP BY pid
    )
    SELECT pid, usename AS role, datname AS database, application_name AS application,
           client_addr::text AS client_address, coalesce(state, 'unknown') AS state,
           nullif(concat_ws(': ', wait_event_type, wait_event), '') AS waits_for,
           pid = pg_backend_pid() AS own,
           greatest(round(extract(epoch FROM now() - query_start), 1), 0)::float8 AS statement_s,
           greatest(round(extract(epoch FROM now() - xact_start), 1), 0)::float8 AS transaction_s,
           greatest(round(extract(epoch FROM now() - state_change), 1), 0)::float8 AS state_s,
           CASE WHEN waits.pid IS NOT NULL
                THEN greatest(round(extract(epoch FROM now() - coalesce(waits.since, now())), 1), 0) END::float8 AS wait_s,
           CASE WHEN waits.place <= 20 THEN pg_blocking_pids(pid) END AS blocked_by,
           CASE WHEN waits.pid IS NOT NULL
                  OR state <> 'idle' AND round(extract(epoch FROM now() - query_start), 1) >= %(shortest_s)s
                THEN substring(textsend(query) FOR %(bytes)s) END AS statement
    FROM pg_stat_activity LEFT JOIN waits USING (pid)
    WHERE backend_type = 'client backend'
    ORDER BY pid
"""
DATABASES = """
    SELECT datname AS database, CASE WHEN datallowconn THEN pg_database_size(oid) END AS size_bytes,
           age(datfrozenxid) AS xid_age, mxid_age(datminmxid) AS mxid_age
    FROM pg_database
    ORDER BY size_bytes DESC NULLS LAST, datname
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
SLOTS = """
    SELECT slot_name AS slot, slot_type AS type, active, wal_status,
           pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END,
                           restart_lsn)::bigint AS kept_bytes,
           safe_wal_size AS safe_bytes, age(xmin) AS xid_age
    FROM pg_replication_slots
    ORDER BY slot_name
"""
ARCHIVER = """
    SELECT archived_count, failed_count, last_failed_wal, last_archived_wal,
           coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS failing,
           ready.waiting_segments, ready.oldest_waits_s
    FROM pg_stat_archiver CROSS JOIN (
        SELECT count(*) AS waiting_segments, extract(epoch FROM now() - min(modification))::float8 AS oldest_waits_s
        FROM pg_ls_archive_statusdir() WHERE right(name, 6) = '.ready'
    ) ready
"""
# reset_val: what this session set for itself is not the server's; what roles and databases have of their own is meant to differ.
SETTINGS = """
    SELECT s.name, s.reset_val AS value, s.unit, s.vartype, s.sourcefile AS source_file, s.pending_restart,
           EXISTS (SELECT FROM pg_db_role_setting r, unnest(r.setconfig) o
                   WHERE lower(split_part(o, '=', 1)) = lower(s.name)) AS overridden
    FROM pg_settings s
    ORDER BY s.name
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
    standbys: Answer = Answer()
    slots: Answer = Answer()
    archiver: Answer = Answer()
    settings: Answer = Answer()
    statistics: Answer = Answer()
    indexes: Answer = Answer()
    sequences: Answer = Answer()
    widths: Answer = Answer()
    revision: Answer = Answer()
    heartbeat: Answer = Answer()
    drills: Answer = Answer()
    verifications: Answer = Answer()
