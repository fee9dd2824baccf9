"""Health of a real server that is driven over each line and back."""

from __future__ import annotations

import json
import os

import pytest

from health_sessions import MAKE_ROLES, MONITOR, check, examine, held_sessions, session, wait_for

SECRET = "hunter2"


@pytest.fixture(scope="module", autouse=True)
def roles(host):
    host.execute(MAKE_ROLES)
    yield
    host.execute(f"DROP ROLE {MONITOR};")


def test_four_runs_of_a_quiet_server_change_nothing_and_take_less_than_a_second(host, database):
    host.execute("CREATE TABLE notes AS SELECT generate_series(1, 1000) AS note; ANALYZE notes;", db=database)
    counters = "SELECT sum(n_tup_ins + n_tup_upd + n_tup_del) FROM pg_stat_user_tables"
    params = {"login_role": MONITOR, "login_db": database, "backup_directory": "/var/tmp/small"}
    runs = host.four_runs("pg_health_info", params, lambda: host.query(counters, db=database))
    assert [answer["changed"] for answer, _rows in runs] == [False] * 4
    assert [answer["problems"] + answer["unknown"] for answer, _rows in runs] == [[]] * 4
    assert len({json.dumps(rows) for _answer, rows in runs}) == 1
    assert len({json.dumps([each["name"] for each in answer["checks"]]) for answer, _rows in runs}) == 1
    assert min(answer["duration_s"] for answer, _rows in runs) < max(1, os.getloadavg()[0] / os.cpu_count())
    last = runs[-1][0]
    assert last["tables"][0] == {**last["tables"][0], "schema": "public", "table": "notes", "estimated_rows": 1000}
    assert [database] == [each["database"] for each in last["databases"] if each["database"] == database]
    assert last["server"]["version_number"] // 10000 == 15
    assert last["server"]["role"] == MONITOR


def test_one_session_asks_at_most_twenty_times(host, database):
    """The server itself counts what one examination sends, the set-up of the session included."""
    log = "/var/log/postgresql/postgresql-15-main.log"
    before = len(host.run("cat", log).stdout)
    host.execute(f"ALTER DATABASE {database} SET log_statement = 'all';")
    examine(host, login_db=database, expected_schema_revision="0001", drill_kinds=["logical"])
    asked = [line for line in host.run("cat", log).stdout[before:].splitlines() if "LOG:  statement: " in line]
    assert len({line.split("[")[1].split("]")[0] for line in asked}) == 1
    assert 15 <= len(asked) <= 20


def test_a_long_statement_is_found_and_keeps_its_secret(host, database):
    statement = f"SELECT pg_sleep(60), '{SECRET}' /* {SECRET} */, $q${SECRET}$q$;"
    with session(host, database, statement, "active") as pid:
        found = wait_for(lambda: (r := examine(host, statement_warning_s=0.3))["statements"] and r)
        assert examine(host)["healthy"] is True
        ignored = examine(host, statement_warning_s=0.3, ignored_applications=["api"])
    assert (found["healthy"], found["verdict"]) == (False, "warning")
    [shown] = found["statements"]
    assert (shown["pid"], shown["application"], shown["state"]) == (pid, "api", "active")
    assert shown["role"] == "postgres"
    assert shown["duration_s"] >= 0.3
    assert shown["waits_for"] == "Timeout: PgSleep"
    assert shown["statement"] == "SELECT pg_sleep(?), ? , ?;"
    assert f"pg_cancel_backend({pid})" in found["problems"][0]
    assert SECRET not in json.dumps(found)
    assert ignored["healthy"] is True


def test_a_statement_in_another_encoding_is_shown(host):
    host.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0;")
    try:
        with session(host, "latin", 'SELECT pg_sleep(60) AS "é";', "active", encoding="LATIN1"):
            found = wait_for(lambda: (r := examine(host, statement_warning_s=0.1))["statements"] and r)
        assert found["statements"][0]["statement"] == 'SELECT pg_sleep(?) AS "\N{REPLACEMENT CHARACTER}";'
    finally:
        host.execute("DROP DATABASE latin;")


def test_an_idle_transaction_is_found(host, database):
    with session(host, database, f"BEGIN; SELECT '{SECRET}';", "idle in transaction") as pid:
        limits = {"idle_in_transaction_warning_s": 0.2, "idle_in_transaction_critical_s": 0.3}
        found = wait_for(lambda: (r := examine(host, **limits))["verdict"] == "critical" and r)
    assert [(each["pid"], each["statement"]) for each in found["idle_in_transaction"]] == [(pid, "SELECT ?;")]
    assert check(found, "idle_in_transaction")["verdict"] == "critical"
    assert f"pg_terminate_backend({pid})" in check(found, "idle_in_transaction")["advice"]
    assert examine(host)["healthy"] is True


@pytest.mark.parametrize(("wanted", "verdict"), [(78, "warning"), (90, "critical")])
def test_real_sessions_over_the_line(host, database, wanted, verdict):
    """Of 100 connections 97 are for roles other than superusers; one is the check's own."""
    with held_sessions(host, f"dbname={database}", wanted - 1) as held:
        found = examine(host)
        used = check(found, "connections")
    assert held == wanted - 1
    assert (used["verdict"], used["value"]) == (verdict, round(wanted / 97, 4))
    assert found["problems"][0].startswith(f"connections: {wanted} of 97 connections are in use")
    assert found["server"]["connections"] == {"active": 1, "idle": wanted - 1}
    wait_for(lambda: examine(host)["healthy"])


def test_a_full_backup_directory_is_critical(host):
    host.run("sh", "-c", "dd if=/dev/zero of=/var/tmp/small/filler bs=64k 2>/dev/null", check=False)
    try:
        found = examine(host, backup_directory="/var/tmp/small")
    finally:
        host.run("rm", "/var/tmp/small/filler")
    disk = check(found, "disk_backup")
    assert (disk["value"], disk["verdict"]) == (1.0, "critical")
    assert "/var/tmp/small" in found["problems"][0]
    assert examine(host, backup_directory="/var/tmp/small")["healthy"] is True


def test_a_table_that_somebody_locks_does_not_hold_the_check_up(host, database):
    host.execute("CREATE TABLE held (x int); CREATE TABLE free (x int);", db=database)
    with session(host, database, "BEGIN; LOCK TABLE held;", "idle in transaction"):
        found = examine(host, login_db=database)
    assert [table["table"] for table in found["tables"]] == ["free"]
    assert found["duration_s"] < 10  # the session that holds the lock would never let it go


def test_an_index_that_somebody_locks_is_not_waited_for(host, database):
    host.execute("CREATE TABLE held (x int PRIMARY KEY);", db=database)
    with session(host, database, "BEGIN; REINDEX INDEX held_pkey;", "idle in transaction"):
        found = examine(host, login_db=database)
    sizes = check(found, "size_of_tables")
    assert (sizes["verdict"], found["tables"], found["healthy"]) == ("unknown", [], True)
    assert "lock timeout" in sizes["finding"]
    assert found["duration_s"] < 10  # the session that holds the lock would never let it go


@pytest.mark.parametrize(
    ("rows", "expected", "verdict"),
    [("'0007'", "0007", "ok"), ("'0006'", "0007", "critical"), (None, "0007", "unknown")],
)
def test_the_revision_of_the_schema_is_compared(host, database, rows, expected, verdict):
    if rows:
        host.execute(
            f"CREATE TABLE alembic_version AS SELECT {rows} AS version_num; GRANT SELECT ON alembic_version TO {MONITOR};",
            db=database,
        )
    found = examine(host, login_db=database, expected_schema_revision=expected)
    assert check(found, "schema_revision")["verdict"] == verdict


def test_a_certificate_near_its_end_is_found_and_so_is_its_forgotten_renewal(host):
    files = {"ssl_cert_file": "/var/tmp/short.crt", "ssl_key_file": "/var/tmp/short.key"}
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=pg1",
            "-out", files["ssl_cert_file"], "-keyout", files["ssl_key_file"]]  # fmt: skip
    host.run(*make, "-days", "20", user="postgres")
    try:
        host.execute("".join(f"ALTER SYSTEM SET {name} = '{path}';" for name, path in files.items()))
        host.execute("SELECT pg_reload_conf();")
        near = wait_for(lambda: (r := examine(host))["verdict"] == "warning" and r)
        host.run(*make, "-days", "90", user="postgres")
        forgotten = examine(host)
        host.execute("SELECT pg_reload_conf();")
        wait_for(lambda: examine(host)["healthy"])
        renewed = examine(host)
    finally:
        host.execute("".join(f"ALTER SYSTEM RESET {name};" for name in files) + "SELECT pg_reload_conf();")
        host.run("rm", "--force", *files.values())
    assert 19.9 <= check(near, "certificate")["value"] <= 20
    assert near["problems"][0].startswith("certificate: /var/tmp/short.crt is valid for 19 d 23 h more. Renew it")
    assert "is newer than what the server shows its clients" in check(forgotten, "certificate")["finding"]
    assert forgotten["healthy"] is False
    assert 89.9 <= check(renewed, "certificate")["value"] <= 90
