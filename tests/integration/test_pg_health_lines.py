"""What lies in a database, and what it waits for: a real server is driven over each line and back."""

from __future__ import annotations

import pytest

from health_sessions import MAKE_ROLES, MONITOR, check, examine, session, wait_for

RELOAD = "SELECT pg_reload_conf();"
DECLARED = "max_connections = '100'\nunix_socket_permissions = '0777'\nwork_mem = '4MB'\n"
# Autovacuum would mend some of it before it is seen.
FILL = """
    CREATE TABLE filled (id int, t text) WITH (autovacuum_enabled = false);
    INSERT INTO filled SELECT g, repeat('x', 200) FROM generate_series(1, 80000) g;
    DELETE FROM filled WHERE id % 8 <> 0;
"""


@pytest.fixture(scope="module", autouse=True)
def roles(host):
    host.execute(MAKE_ROLES)
    yield
    host.execute(f"DROP ROLE {MONITOR};")


def verdicts(result: dict, *names: str) -> dict[str, str]:
    return {name: check(result, name)["verdict"] for name in names}


def test_who_waits_for_a_lock_and_who_holds_it(host, database):
    host.execute("CREATE TABLE held (x int);", db=database)
    with (
        session(host, database, "BEGIN; LOCK TABLE held;", "idle in transaction", application="holder") as holder,
        session(host, database, "SELECT 'hunter2' FROM held;", "active", application="waiter") as waiter,
    ):
        found = wait_for(lambda: (r := examine(host, login_db=database, lock_waits_warning_s=0.1))["problems"] and r)
    [waits] = found["lock_waits"]
    assert (waits["pid"], waits["blocked_by"], waits["first_blocker"]) == (waiter, [holder], holder)
    assert waits["statement"] == "SELECT ? FROM held;"
    assert f"(holder, pid {holder}, {database}), idle in transaction" in check(found, "lock_waits")["finding"]
    assert f"pg_cancel_backend({holder})" in check(found, "lock_waits")["advice"]
    after = examine(host, login_db=database, lock_waits_warning_s=0.1)
    assert (after["lock_waits"], check(after, "lock_waits")["verdict"]) == ([], "ok")


def test_an_old_transaction_is_found(host, database):
    limit = {"oldest_transaction_warning_s": 0.2}
    with session(host, database, "BEGIN; SELECT 1;", "idle in transaction") as pid:
        found = wait_for(lambda: (r := examine(host, **limit))["problems"] and r)
    assert f"pg_terminate_backend({pid})" in check(found, "oldest_transaction")["advice"]
    assert check(examine(host, **limit), "oldest_transaction")["verdict"] == "ok"


def test_dead_rows_become_bloat_and_bloat_goes(host, database):
    names = ("dead_rows", "bloat", "never_vacuumed", "never_analysed")
    host.execute(FILL, db=database)
    dead = examine(host, login_db=database)
    host.execute("VACUUM (ANALYZE) filled;", db=database)
    bloated = examine(host, login_db=database)
    host.execute("VACUUM (FULL, ANALYZE) filled;", db=database)
    lean = examine(host, login_db=database)
    assert verdicts(dead, *names) == {
        "dead_rows": "critical", "bloat": "ok", "never_vacuumed": "warning", "never_analysed": "warning",
    }  # fmt: skip
    assert check(dead, "dead_rows")["value"] == 0.875
    assert verdicts(bloated, *names) == {**dict.fromkeys(names, "ok"), "bloat": "warning"}
    # What pgstattuple would measure: seven of eight rows are gone.
    assert check(bloated, "bloat")["value"] == pytest.approx(0.875, abs=0.02)
    assert verdicts(lean, *names) == dict.fromkeys(names, "ok")


def test_bloat_is_unknown_to_who_may_read_no_statistics(host, database):
    host.execute(f"{FILL} VACUUM (ANALYZE) filled;".replace("; ", ";\n"), db=database)
    login = {"login_host": "127.0.0.1", "login_user": MONITOR, "login_password": "hunter2", "login_role": None}
    found = examine(host, login_db=database, **login)
    assert check(found, "bloat")["verdict"] == "unknown"
    assert len(found["unknown"]) == 1
    assert f"{MONITOR} may read no statistics of columns" in found["unknown"][0]


def test_indexes_that_are_invalid_or_alike_are_found(host, database):
    host.execute("CREATE TABLE t (x int); INSERT INTO t VALUES (1), (1); CREATE INDEX one ON t (x);", db=database)
    host.run(
        "psql", "-d", database, "-c", "CREATE UNIQUE INDEX CONCURRENTLY broken ON t (x)", user="postgres", check=False
    )
    host.execute("CREATE INDEX two ON t (x);", db=database)
    found = examine(host, login_db=database)
    host.execute("TRUNCATE t; REINDEX INDEX broken; DROP INDEX one; DROP INDEX two;", db=database)
    mended = examine(host, login_db=database)
    names = ("invalid_indexes", "duplicate_indexes")
    assert verdicts(found, *names) == dict.fromkeys(names, "warning")
    assert "REINDEX INDEX CONCURRENTLY public.broken;" in check(found, "invalid_indexes")["advice"]
    assert check(found, "duplicate_indexes")["finding"] == "public.two."
    assert verdicts(mended, *names) == dict.fromkeys(names, "ok")


def test_a_sequence_near_its_end_is_found_by_who_may_read_it(host, database):
    host.execute("CREATE TABLE t (id serial); SELECT setval('t_id_seq', 2000000000);", db=database)
    hidden = examine(host, login_db=database)
    host.execute(f"GRANT SELECT ON SEQUENCE t_id_seq TO {MONITOR};", db=database)
    near = examine(host, login_db=database)
    host.execute("ALTER TABLE t ALTER id TYPE bigint; ALTER SEQUENCE t_id_seq AS bigint;", db=database)
    far = examine(host, login_db=database)
    assert (check(hidden, "sequences")["verdict"], hidden["healthy"]) == ("unknown", True)
    assert f"GRANT SELECT ON SEQUENCE public.t_id_seq TO {MONITOR}" in hidden["unknown"][0]
    assert (check(near, "sequences")["verdict"], check(near, "sequences")["value"]) == ("critical", 0.9313)
    assert (check(far, "sequences")["verdict"], check(far, "sequences")["value"]) == ("ok", 0.0)


def test_settings_that_wait_or_differ_are_found(host):
    declared = {"declared_settings_file": "/var/tmp/90-managed.conf"}
    host.run("tee", "/var/tmp/90-managed.conf", stdin=DECLARED)
    names = ("pending_restarts", "changed_settings")
    try:
        before = examine(host, **declared)
        host.execute(f"ALTER SYSTEM SET max_connections = 101;\nALTER SYSTEM SET work_mem = '5MB';\n{RELOAD}")
        found = wait_for(lambda: (r := examine(host, **declared))["problems"] and r)
    finally:
        host.execute(f"ALTER SYSTEM RESET ALL;\n{RELOAD}")
    after = wait_for(lambda: (r := examine(host, **declared))["healthy"] and r)
    host.run("rm", "/var/tmp/90-managed.conf")
    assert verdicts(before, *names) == verdicts(after, *names) == dict.fromkeys(names, "ok")
    assert check(found, "pending_restarts")["finding"] == "max_connections waits for a restart."
    assert check(found, "changed_settings")["finding"] == (
        "work_mem is 5120kB by /var/lib/postgresql/15/main/postgresql.auto.conf, declared is 4MB."
    )


def test_a_slot_that_nobody_reads_is_found_and_so_is_what_it_keeps(host):
    limits = {"slots_warning_bytes": 1024, "slots_critical_bytes": 1 << 40}
    host.execute("SELECT pg_create_physical_replication_slot('gone', true); SELECT pg_switch_wal();")
    try:
        found = examine(host, **limits)
    finally:
        host.execute("SELECT pg_drop_replication_slot('gone');")
    after = examine(host, **limits)
    assert verdicts(found, "slots", "inactive_slots") == {"slots": "warning", "inactive_slots": "warning"}
    assert found["slots"][0]["kept_bytes"] == check(found, "slots")["value"]
    assert "pg_drop_replication_slot('gone')" in check(found, "inactive_slots")["advice"]
    assert verdicts(after, "slots", "inactive_slots") == {"slots": "ok", "inactive_slots": "ok"}


def test_temporary_files_are_counted(host, database):
    host.execute(
        "SET work_mem = '64kB'; SELECT count(*) FROM (SELECT g FROM generate_series(1, 200000) g ORDER BY -g) s;",
        db=database,
    )
    limits = {"temporary_files_warning_bytes": 1024, "temporary_files_critical_bytes": 1 << 40}
    found = examine(host, login_db=database, **limits)
    host.execute("SELECT pg_stat_reset();", db=database)
    after = examine(host, login_db=database, **limits)
    assert verdicts(found, "temporary_files") == {"temporary_files": "warning"}
    assert verdicts(after, "temporary_files") == {"temporary_files": "ok"}


def test_a_damaged_page_is_critical_as_soon_as_somebody_has_read_it(host):
    host.execute("CREATE DATABASE damaged;")
    try:
        host.execute("CREATE TABLE t AS SELECT generate_series(1, 1000) AS x; CHECKPOINT;", db="damaged")
        [[file]] = host.query("SELECT pg_relation_filepath('t') AS file", db="damaged")
        host.run("systemctl", "restart", "postgresql@15-main")
        page = [
            "dd",
            "if=/dev/urandom",
            f"of=/var/lib/postgresql/15/main/{file}",
            "bs=512",
            "seek=4",
            "count=1",
            "conv=notrunc",
        ]
        host.run(*page, user="postgres")
        read = host.run("psql", "-d", "damaged", "-c", "SELECT sum(x) FROM t", user="postgres", check=False)
        found = examine(host)
    finally:
        host.execute("DROP DATABASE damaged WITH (FORCE);")
    assert "invalid page" in read.stderr
    assert (check(found, "checksum_failures")["value"], found["verdict"]) == (1, "critical")
    assert check(examine(host), "checksum_failures")["verdict"] == "ok"
