"""What drives a server over the lines that only the health check sees, and back."""

from __future__ import annotations

from collections.abc import Iterator

from alert_causes import RELOAD, alerts, cause
from alert_watch import Alert, Watch
from health_sessions import wait_for

DECLARED = "/var/tmp/90-managed.conf"
# Autovacuum would mend some of it before it is seen.
FILL = """
    CREATE TABLE filled (id int, t text) WITH (autovacuum_enabled = false);
    INSERT INTO filled SELECT g, repeat('x', 200) FROM generate_series(1, 80000) g;
    DELETE FROM filled WHERE id % 8 <> 0;
"""


def health(severity: str, *checks: str) -> set[Alert]:
    return set().union(*(alerts("PostgresqlHealth", severity, check=check) for check in checks))


def found_by(watch: Watch, **options) -> set[Alert]:
    """What the health check says now, as the alerts that come of it."""
    checks = watch.examine(**options)["checks"]
    return {alert for check in checks for alert in health(check["verdict"], check["name"])}


@cause
def disk_warning(watch):
    yield from filled_disk(watch, 7_200, "warning")


@cause
def disk_critical(watch):
    yield from filled_disk(watch, 7_900, "critical")


def filled_disk(watch: Watch, kilobytes: int, severity: str) -> Iterator[set[Alert]]:
    """A file system of 8 MB that holds the backups."""
    watch.host.run("dd", "if=/dev/zero", "of=/var/tmp/small/filler", "bs=1k", f"count={kilobytes}")
    watch.examine(backup_directory="/var/tmp/small")
    yield health(severity, "disk")
    watch.host.run("rm", "/var/tmp/small/filler")
    watch.examine(backup_directory="/var/tmp/small")


@cause
def some_dead_rows(watch):
    fill = FILL.replace("80000", "150000").replace("id % 8 <> 0", "id % 5 < 2")
    yield from rows_that_died(watch, fill, "warning")


@cause
def dead_rows(watch):
    yield from rows_that_died(watch, FILL, "critical")


def rows_that_died(watch: Watch, fill: str, severity: str) -> Iterator[set[Alert]]:
    watch.host.execute(fill, db="watched")
    watch.examine()
    yield health(severity, "dead_rows") | health("warning", "never_vacuumed", "never_analysed")
    watch.host.execute("VACUUM (FULL, ANALYZE) filled;\nVACUUM filled;", db="watched")
    watch.examine()
    watch.host.execute("DROP TABLE filled;", db="watched")


@cause
def bloat(watch):
    watch.host.execute(FILL, db="watched")
    watch.host.execute("VACUUM (ANALYZE) filled;", db="watched")
    watch.examine()
    yield health("warning", "bloat")
    watch.host.execute("VACUUM (FULL, ANALYZE) filled;", db="watched")
    watch.examine()
    watch.host.execute("DROP TABLE filled;", db="watched")


@cause
def indexes(watch):
    watch.host.execute(
        "CREATE TABLE t (x int); INSERT INTO t VALUES (1), (1); CREATE INDEX one ON t (x);", db="watched"
    )
    broken = "CREATE UNIQUE INDEX CONCURRENTLY broken ON t (x)"
    watch.host.run("psql", "-d", "watched", "-c", broken, user="postgres", check=False)
    watch.host.execute("CREATE INDEX two ON t (x);", db="watched")
    watch.examine()
    yield health("warning", "invalid_indexes", "duplicate_indexes")
    watch.host.execute("DROP TABLE t;", db="watched")
    watch.examine()


@cause
def sequence_near_its_end(watch):
    yield from used_up(watch, 1_700_000_000, "warning")


@cause
def sequence_at_its_end(watch):
    yield from used_up(watch, 2_147_483_647, "critical")


def used_up(watch: Watch, number: int, severity: str) -> Iterator[set[Alert]]:
    watch.host.execute("CREATE TABLE t (id serial); GRANT SELECT ON SEQUENCE t_id_seq TO health_monitor;", db="watched")
    watch.host.execute(f"SELECT setval('t_id_seq', {number});", db="watched")
    watch.examine()
    yield health(severity, "sequences")
    watch.host.execute("DROP TABLE t;", db="watched")
    watch.examine()


@cause
def settings(watch):
    watch.host.run("tee", DECLARED, stdin="work_mem = '4MB'\n")
    watch.host.execute(f"ALTER SYSTEM SET max_connections = 101;\nALTER SYSTEM SET work_mem = '5MB';\n{RELOAD}")
    expected = health("warning", "pending_restarts", "changed_settings")
    # A reload takes its moment.
    wait_for(lambda: expected <= found_by(watch, declared_settings_file=DECLARED))
    yield expected
    watch.host.execute(f"ALTER SYSTEM RESET max_connections;\nALTER SYSTEM RESET work_mem;\n{RELOAD}")
    wait_for(lambda: not expected & found_by(watch, declared_settings_file=DECLARED))
    watch.host.run("rm", DECLARED)


@cause
def temporary_files(watch):
    yield from sorted_on_disk(watch, "warning", 1 << 40)


@cause
def many_temporary_files(watch):
    yield from sorted_on_disk(watch, "critical", 1024)


def sorted_on_disk(watch: Watch, severity: str, critical_bytes: int) -> Iterator[set[Alert]]:
    sort = "SELECT count(*) FROM (SELECT g FROM generate_series(1, 200000) g ORDER BY -g) s;"
    watch.host.execute(f"SET work_mem = '64kB'; {sort}", db="watched")
    limits = {"temporary_files_warning_bytes": 1024, "temporary_files_critical_bytes": critical_bytes}
    watch.examine(**limits)
    yield health(severity, "temporary_files")
    watch.host.execute("SELECT pg_stat_reset();", db="watched")
    watch.examine(**limits)


@cause
def cold_cache(watch):
    """A table that is larger than a quarter of shared_buffers is read past them, a million blocks of it."""
    fill = "CREATE TABLE cold AS SELECT g, repeat('x', 500) FROM generate_series(1, 120000) g; VACUUM cold;"
    watch.host.execute(fill.replace("; ", ";\n"), db="watched")
    watch.host.execute("SELECT pg_stat_reset();", db="watched")
    watch.host.execute("SELECT count(*) FROM cold;\n" * 130, db="watched")
    expected = health("warning", "cache_hits")
    # Sessions tell of their reads when they end.
    wait_for(lambda: expected <= found_by(watch))
    yield expected
    # The share is of all since the counters began.
    watch.host.execute("DROP TABLE cold;\nSELECT pg_stat_reset();", db="watched")
    wait_for(lambda: not expected & found_by(watch))


def line_moved(severity: str, check: str, beyond: dict, within: dict) -> None:
    """Registers a cause where nobody can move what is measured: the limits come to it instead."""

    def made(watch: Watch) -> Iterator[set[Alert]]:
        watch.examine(**beyond)
        yield health(severity, check)
        watch.examine(**within)

    made.__name__ = f"{check}_{severity}"
    cause(made)


NEVER, ALWAYS = {"support_end_warning_days": 1, "support_end_critical_days": 0.5}, 100_000
line_moved("warning", "support_end", {"support_end_warning_days": ALWAYS, "support_end_critical_days": 0.5}, NEVER)
line_moved("critical", "support_end", {"support_end_warning_days": ALWAYS, "support_end_critical_days": ALWAYS}, NEVER)
line_moved("warning", "memory", {"memory_warning_ratio": 0.001, "memory_critical_ratio": 1}, {})
line_moved("critical", "memory", {"memory_warning_ratio": 0.001, "memory_critical_ratio": 0.001}, {})


@cause
def prepared_transaction(watch):
    yield from forgotten(watch, "warning", 3600)


@cause
def old_prepared_transaction(watch):
    yield from forgotten(watch, "critical", 0.01)


def forgotten(watch: Watch, severity: str, critical_s: float) -> Iterator[set[Alert]]:
    watch.host.execute(
        "BEGIN; CREATE TABLE promised (); PREPARE TRANSACTION 'forgotten';".replace("; ", ";\n"), db="watched"
    )
    limits = {"prepared_transactions_warning_s": 0.01, "prepared_transactions_critical_s": critical_s}
    expected = health(severity, "prepared_transactions")
    # It has to become as old as that.
    wait_for(lambda: expected <= found_by(watch, **limits))
    yield expected
    watch.host.execute("ROLLBACK PREPARED 'forgotten';", db="watched")
    watch.examine(**limits)


@cause
def damaged_page(watch):
    watch.host.execute("CREATE DATABASE damaged;")
    watch.host.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS x; CHECKPOINT;", db="damaged")
    [[file]] = watch.host.query("SELECT pg_relation_filepath('t') AS file", db="damaged")
    watch.host.run("systemctl", "restart", "postgresql@15-main")
    of = f"of=/var/lib/postgresql/15/main/{file}"
    watch.host.run("dd", "if=/dev/urandom", of, "bs=512", "seek=4", "count=1", "conv=notrunc", user="postgres")
    watch.host.run("psql", "-d", "damaged", "-c", "SELECT sum(x) FROM t", user="postgres", check=False)
    watch.examine()
    yield health("critical", "checksum_failures")
    watch.host.execute("DROP DATABASE damaged WITH (FORCE);")
    watch.examine()


@cause
def another_state_than_declared(watch):
    watch.examine(expected_state="standby")
    yield health("critical", "recovery_state")
    watch.examine(expected_state="primary")


@cause
def another_schema_than_declared(watch):
    watch.host.execute("CREATE TABLE alembic_version AS SELECT '0001' AS version_num;", db="watched")
    watch.host.execute("GRANT SELECT ON alembic_version TO health_monitor;", db="watched")
    watch.examine(expected_schema_revision="0002")
    yield health("critical", "schema_revision")
    watch.host.execute("UPDATE alembic_version SET version_num = '0002';", db="watched")
    watch.examine(expected_schema_revision="0002")
    watch.host.execute("DROP TABLE alembic_version;", db="watched")
