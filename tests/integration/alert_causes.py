"""What drives a server over the line of each alert, and back: real sessions, files, services and a real standby."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager

from alert_watch import METRICS, Alert, Watch
from health_sessions import held_sessions, session, standby, wait_for

Cause = Callable[[Watch], AbstractContextManager[set[Alert]]]
CAUSES: dict[str, Cause] = {}
RELOAD = "SELECT pg_reload_conf();"
# A segment of WAL, and something in it.
WRITE_WAL = "SELECT pg_logical_emit_message(false, 'alerts', repeat('x', 1000000)) FROM generate_series(1, 18); SELECT pg_switch_wal();"
STANDBY_EXPORTER = "standby-exporter"


def cause(made: Callable[[Watch], Iterator[set[Alert]]]) -> Cause:
    """Registers what makes alerts fire while it lasts. It yields which ones, once they are bound to, and mends it then."""

    @contextmanager
    def entered(watch: Watch) -> Iterator[set[Alert]]:
        steps = made(watch)
        try:
            yield next(steps)
        finally:
            # Also if they did not fire: others come after it.
            for _ in steps:
                pass

    CAUSES[made.__name__] = entered
    return entered


def alerts(name: str, *severities: str, check: str = "") -> set[Alert]:
    return {(name, severity, check) for severity in severities or ("warning", "critical")}


@contextmanager
def stopped(watch: Watch, unit: str):
    watch.host.run("systemctl", "stop", unit)
    try:
        yield
    finally:
        watch.host.run("systemctl", "start", unit)


@cause
def host_down(watch):
    with stopped(watch, "prometheus-node-exporter"):
        yield alerts("HostDown", "critical")


@cause
def exporter_down(watch):
    with stopped(watch, "prometheus-postgres-exporter"):
        yield alerts("ExporterDown", "critical")


@cause
def postgresql_down(watch):
    with stopped(watch, "postgresql@15-main"):
        yield alerts("PostgresqlDown", "critical")


@cause
def query_refused(watch):
    watch.host.execute("REVOKE pg_monitor FROM prometheus;")
    yield alerts("PostgresqlQueryFailed", "warning")
    watch.host.execute("GRANT pg_monitor TO prometheus;")


@cause
def metrics_file_broken(watch):
    broken = f"{METRICS}/somebodys.prom"
    watch.host.run("tee", broken, stdin="this is no metric\n")
    yield alerts("MetricsFileBroken", "warning")
    watch.host.run("rm", broken)


@cause
def health_not_examined(watch):
    watch.host.run("rm", f"{METRICS}/pgops_health.prom")
    yield alerts("HealthNotExamined", "warning")
    watch.examine()


@cause
def connections_in_use(watch):
    with held_sessions(watch.host, "dbname=watched", 94):
        yield alerts("PostgresqlConnections")


@cause
def long_statement(watch):
    with session(watch.host, "watched", "SELECT pg_sleep(600);", "active"):
        yield alerts("PostgresqlLongStatement") | alerts("PostgresqlOldTransaction")


@cause
def idle_in_transaction(watch):
    with session(watch.host, "watched", "BEGIN; SELECT 1;", "idle in transaction"):
        yield alerts("PostgresqlIdleInTransaction") | alerts("PostgresqlOldTransaction")


@cause
def lock_wait(watch):
    watch.host.execute("CREATE TABLE held (x int);", db="watched")
    with (
        session(watch.host, "watched", "BEGIN; LOCK TABLE held;", "idle in transaction", application="holder"),
        session(watch.host, "watched", "SELECT FROM held;", "active", application="waiter"),
    ):
        yield alerts("PostgresqlLockWait")
    watch.host.execute("DROP TABLE held;", db="watched")


@cause
def standby_behind(watch):
    """Replay is paused and WAL goes on; the standby has an exporter of its own."""
    with ExitStack() as stack:
        stack.enter_context(standby(watch.host, 5433))
        stack.enter_context(standby_exporter(watch))
        ask_standby(watch, "SELECT pg_wal_replay_pause()")
        watch.host.execute(WRITE_WAL, db="watched")
        yield alerts("PostgresqlReplicationLag") | alerts("PostgresqlReplicationDistance")
        ask_standby(watch, "SELECT pg_wal_replay_resume()")
        wait_for(lambda: not set(watch.firing()) & alerts("PostgresqlReplicationLag"), 60)


def ask_standby(watch: Watch, query: str) -> None:
    watch.host.run("psql", "-XAtq", "-p", "5433", "-c", query, user="postgres")


@contextmanager
def standby_exporter(watch: Watch):
    source = "DATA_SOURCE_NAME=host=/var/run/postgresql port=5433 user=prometheus dbname=watched"
    asked = ["--web.listen-address=127.0.0.2:9187", "--extend.query-path=/etc/prometheus/postgresql-queries.yml"]
    unit = ["systemd-run", f"--unit={STANDBY_EXPORTER}", "--uid=prometheus", f"--setenv={source}"]
    watch.host.run(*unit, "/usr/bin/prometheus-postgres-exporter", *asked)
    try:
        yield
    finally:
        watch.host.run("systemctl", "stop", f"{STANDBY_EXPORTER}.service")


@cause
def slot_without_reader(watch):
    watch.host.execute(f"SELECT pg_create_physical_replication_slot('gone', true); {WRITE_WAL}")
    yield alerts("PostgresqlSlotInactive", "warning") | alerts("PostgresqlSlotKeepsWal")
    watch.host.execute("SELECT pg_drop_replication_slot('gone');")


@cause
def slot_that_lost_wal(watch):
    watch.host.execute("SELECT pg_create_physical_replication_slot('gone', true);")
    watch.host.execute(f"ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'; {RELOAD}".replace("; ", ";\n"))
    watch.host.execute(f"{WRITE_WAL} {WRITE_WAL} CHECKPOINT;")
    yield alerts("PostgresqlSlotLost", "critical")
    watch.host.execute("SELECT pg_drop_replication_slot('gone');")
    watch.host.execute(f"ALTER SYSTEM RESET max_slot_wal_keep_size;\n{RELOAD}")


@cause
def archiver_that_fails(watch):
    watch.host.execute(f"ALTER SYSTEM SET archive_command = '/bin/false';\n{RELOAD}")
    watch.host.execute(WRITE_WAL)
    yield alerts("PostgresqlArchiverFails", "critical") | alerts("PostgresqlArchiveLag")
    watch.host.execute(f"ALTER SYSTEM SET archive_command = '/bin/true';\n{RELOAD}")
    watch.host.execute(WRITE_WAL)


@cause
def transaction_numbers(watch):
    watch.host.execute("DO $$ BEGIN FOR i IN 1..8000 LOOP PERFORM pg_current_xact_id(); COMMIT; END LOOP; END $$;")
    yield alerts("PostgresqlWraparound")
    watch.host.execute("UPDATE pg_database SET datallowconn = true;")
    watch.host.run("vacuumdb", "--all", "--freeze", "--quiet", user="postgres")
    watch.host.execute("UPDATE pg_database SET datallowconn = datname <> 'template0';")


@cause
def job_that_failed(watch):
    yield from scheduled(
        watch, "pgops_schedule_exit_status", bad=2, good=0, fires=alerts("ScheduledJobFailed", "warning")
    )


@cause
def job_that_is_late(watch):
    late = alerts("ScheduledJobLate", "critical")
    yield from scheduled(watch, "pgops_schedule_late_after_timestamp_seconds", bad=1, good=2**33, fires=late)


def scheduled(watch: Watch, metric: str, bad: int, good: int, fires: set[Alert]) -> Iterator[set[Alert]]:
    """What run_job leaves of a job, which has tests of its own."""
    file, labels = f"{METRICS}/pgops_schedule_daily.prom", 'schedule="postgresql-schedule",entry="daily"'
    watch.host.run("tee", file, stdin=f"{metric}{{{labels}}} {bad}\n")
    yield fires
    watch.host.run("tee", file, stdin=f"{metric}{{{labels}}} {good}\n")
