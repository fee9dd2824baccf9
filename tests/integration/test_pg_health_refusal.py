"""What remains of a health check when somebody refuses it something, and what a second server says."""

from __future__ import annotations

import json

import pytest

from health_sessions import MAKE_ROLES, MONITOR, PASSWORD, check, examine, held_sessions, session, standby, wait_for


@pytest.fixture(scope="module", autouse=True)
def roles(host):
    host.execute(f"{MAKE_ROLES} CREATE ROLE health_nobody;")
    yield
    host.execute(f"DROP ROLE {MONITOR}; DROP ROLE health_nobody;")


def test_a_server_without_a_free_connection_is_a_finding(host, database):
    with held_sessions(host, f"dbname={database}", 1000):
        found = examine(host)
    assert "failed" not in found
    assert "too many clients already" in found["problems"][0]
    assert "End idle sessions" in found["problems"][0]
    wait_for(lambda: examine(host)["healthy"])


def test_a_stopped_server_is_a_finding_and_its_host_is_still_checked(host):
    host.run("systemctl", "stop", "postgresql@15-main")
    try:
        found = examine(host, backup_directory="/var/tmp/small")
    finally:
        host.run("systemctl", "start", "postgresql@15-main")
    assert "failed" not in found
    assert (found["healthy"], found["verdict"], found["server"]) == (False, "critical", {})
    assert len(found["problems"]) == 1
    assert found["problems"][0].startswith("reachable: PostgreSQL postgres@/var/run/postgresql:5432/postgres:")
    assert "pg_lsclusters" in found["problems"][0]
    assert [each["name"] for each in found["checks"]] == ["reachable", "disk_data", "disk_backup", "memory"]
    assert {each["verdict"] for each in found["checks"][1:]} == {"ok"}
    assert "/var/lib/postgresql/15/main (data, wal)" in check(found, "disk_data")["finding"]


def test_a_server_that_hangs_is_a_finding_after_the_time_it_was_given(host):
    postmaster = host.run("head", "-1", "/var/lib/postgresql/15/main/postmaster.pid").stdout.strip()
    host.run("kill", "-STOP", postmaster)
    try:
        found = examine(host, connect_timeout_s=2)
    finally:
        host.run("kill", "-CONT", postmaster)
    assert "timeout expired" in found["problems"][0]
    assert found["duration_s"] < 4


@pytest.mark.parametrize(
    ("params", "words", "advice"),
    [
        (
            {"login_host": "127.0.0.1", "login_user": MONITOR, "login_password": "wrong"},
            "password authentication failed",
            "login_password",
        ),
        ({"login_role": "nobody_knows"}, 'role "nobody_knows" does not exist', "login_role"),
        ({"login_db": "nowhere"}, 'database "nowhere" does not exist', "login_db"),
        ({"login_host": "127.0.0.1", "login_port": 5999}, "Connection refused", "pg_lsclusters"),
    ],
)
def test_a_refusal_is_a_finding(host, params, words, advice):
    found = examine(host, **params)
    assert "failed" not in found
    assert found["verdict"] == "critical"
    assert words in found["problems"][0]
    assert advice in found["problems"][0]
    assert "wrong" not in json.dumps(found["problems"])


def test_the_monitor_logs_in_by_itself_and_sees_everything(host, database):
    host.execute(f"CREATE TABLE notes (x int); REVOKE CONNECT ON DATABASE {database} FROM PUBLIC;", db=database)
    host.execute(f"GRANT CONNECT ON DATABASE {database} TO {MONITOR};")
    login = {"login_host": "127.0.0.1", "login_user": MONITOR, "login_password": PASSWORD, "login_role": None}
    with session(host, database, "SELECT pg_sleep(60);", "active", application="other"):
        found = wait_for(
            lambda: (r := examine(host, **login, login_db=database, statement_warning_s=0.1))["statements"] and r
        )
    assert found["unknown"] == []
    assert found["statements"][0]["statement"] == "SELECT pg_sleep(?);"
    assert {"disk_data", "memory"} <= {each["name"] for each in found["checks"]}
    assert PASSWORD not in json.dumps(found)


def test_a_role_without_pg_monitor_gets_unknown_with_the_reason(host):
    found = examine(host, login_role="health_nobody")
    names = {each["name"] for each in found["checks"] if each["verdict"] == "unknown"}
    assert names == {
        "connections", "long_statements", "idle_in_transaction", "oldest_transaction", "lock_waits", "disk_data",
    }  # fmt: skip
    assert (found["healthy"], found["verdict"]) == (True, "unknown")
    assert all("pg_monitor" in sentence for sentence in found["unknown"])


def test_another_os_user_gets_unknown_for_what_it_may_not_read(host):
    login = {"login_host": "127.0.0.1", "login_user": MONITOR, "login_password": PASSWORD}
    found = host.module("pg_health_info", login, user="nobody")
    assert (check(found, "disk_data")["verdict"], check(found, "memory")["verdict"]) == ("unknown", "unknown")
    assert check(found, "connections")["verdict"] == "ok"


def test_an_archiver_that_fails_is_critical(host):
    host.execute("ALTER SYSTEM SET archive_mode = on;")
    host.execute("ALTER SYSTEM SET archive_command = 'false';")
    host.run("systemctl", "restart", "postgresql@15-main")
    try:
        host.execute("SELECT pg_switch_wal();")
        found = wait_for(lambda: (r := examine(host))["verdict"] == "critical" and r)
        host.execute("ALTER SYSTEM SET archive_command = 'true'; SELECT pg_reload_conf();".replace("; ", ";\n"))
        wait_for(lambda: examine(host)["healthy"], limit_s=90)
    finally:
        host.execute("ALTER SYSTEM RESET archive_mode;\nALTER SYSTEM RESET archive_command;")
        host.run("systemctl", "restart", "postgresql@15-main")
    assert check(found, "archiving")["value"] >= 1
    assert check(found, "archive_lag")["value"] > 0
    assert "archive_command" in found["problems"][0]


def test_a_standby_and_its_primary_are_told_apart(host):
    with standby(host, port=5433):
        primary = wait_for(lambda: (r := examine(host, expected_state="primary"))["standbys"] and r)
        behind = wait_for(lambda: (r := examine(host, login_port=5433, expected_state="standby"))["healthy"] and r)
        host.run("psql", "-p", "5433", "-c", "SELECT pg_wal_replay_pause()", user="postgres")
        host.execute("SELECT pg_logical_emit_message(false, 'health', repeat('x', 100000));")
        limit = {"replication_distance_warning_bytes": 90_000}
        paused = wait_for(lambda: (r := examine(host, **limit))["problems"] and r)
        itself = examine(host, login_port=5433, **limit)
        host.run("psql", "-p", "5433", "-c", "SELECT pg_wal_replay_resume()", user="postgres")
        wait_for(lambda: examine(host, **limit)["healthy"])
        wrong = examine(host, login_port=5433, expected_state="primary")
    assert [(each["standby"], each["state"]) for each in primary["standbys"]] == [("second", "streaming")]
    assert check(primary, "replication_lag")["finding"].startswith("1 attached; second is furthest behind")
    assert (behind["server"]["state"], check(behind, "replication_lag")["value"]) == ("standby", 0.0)
    assert check(paused, "replication_distance")["finding"].startswith("1 attached; second has")
    assert check(itself, "replication_distance")["verdict"] == "warning"
    assert {"bloat", "sequences", "unused_indexes"}.isdisjoint(each["name"] for each in behind["checks"])
    assert "/var/tmp/standby" in check(behind, "disk_data")["finding"]
    assert "declared is a primary" in wrong["problems"][0]
