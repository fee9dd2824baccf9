"""migration_checklist_info against real servers: every point open once, and none in the end."""

from __future__ import annotations

import pytest

from faults import wait_until
from migration import believable, contents, load, params, target

MODULE, SNAPSHOT = "migration_checklist_info", "/var/tmp/source.rdb"
READY = {"backup": SNAPSHOT, "window": "acknowledged", "window_s": 1}


@pytest.fixture(scope="module")
def ready(host):
    """A database with its schema, a source, and a backup of the source."""
    database = "test_checklist"
    host.execute(f"CREATE DATABASE {database};")
    target(host, database)
    load(host, believable(users=3, threads=3))
    host.run("redis-cli", "--rdb", SNAPSHOT)
    host.run("chmod", "a+r", SNAPSHOT)
    yield database
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


def verdicts(host, database: str, **changes) -> dict[str, str]:
    options = {name: value for name, value in {**READY, **changes}.items() if value is not None}
    answer = host.module(MODULE, params(database, **options))
    assert not answer.get("failed"), answer
    found = {point["name"]: point["verdict"] for point in answer["findings"]}
    assert answer["healthy"] is ("critical" not in found.values())
    return found


def test_four_runs_change_nothing_and_no_point_is_open(host, ready):
    before = contents(host, ready)
    runs = host.four_runs(MODULE, params(ready, **READY), lambda: contents(host, ready))
    assert [(result["changed"], result["problems"], state) for result, state in runs] == [(False, [], before)] * 4
    assert [point["verdict"] for point in runs[0][0]["findings"]] == ["ok"] * 5


@pytest.mark.parametrize(
    ("changes", "point"),
    [
        ({"schema_revision": "9999"}, "schema"),
        ({"redis": {"login_db": 9}}, "source"),
        ({"backup": None}, "backup of the source"),
        ({"backup": "/nowhere.rdb"}, "backup of the source"),
        ({"backup": "/etc/passwd"}, "backup of the source"),
        ({"window": None}, "maintenance window"),
    ],
)
def test_one_point_is_open(host, ready, changes, point):
    found = verdicts(host, ready, **changes)
    assert [name for name, verdict in found.items() if verdict == "critical"] == [point]


def test_a_privilege_is_missing(host, ready):
    host.execute(
        "REVOKE UPDATE ON users FROM threadr_migration; REVOKE CREATE ON SCHEMA migration FROM threadr_migration;",
        db=ready,
    )
    try:
        answer = host.module(MODULE, params(ready, **READY))
    finally:
        host.execute(
            "GRANT UPDATE ON users TO threadr_migration; GRANT CREATE ON SCHEMA migration TO threadr_migration;",
            db=ready,
        )
    expected = "SELECT, INSERT and UPDATE on every table"
    lacking = "threadr_migration lacks UPDATE on users; CREATE in schema migration"
    assert answer["problems"] == [f"privileges: {lacking}, {expected}"]


def test_a_snapshot_that_was_cut_off_is_none(host, ready):
    host.run("sh", "-c", f"head -c 500 {SNAPSHOT} > /var/tmp/cut.rdb")
    assert verdicts(host, ready, backup="/var/tmp/cut.rdb")["backup of the source"] == "critical"


def test_a_waiver_stands_for_a_backup(host, ready):
    found = verdicts(host, ready, backup=None, backup_waived_because="It is a copy.")
    assert found["backup of the source"] == "waived"


@pytest.mark.parametrize(("window", "verdict"), [("acknowledged", "critical"), ("live", "ok")])
def test_somebody_writes(host, ready, window, verdict):
    host.run("sh", "-c", "(while redis-cli SET ratelimit:x 1; do :; done >/dev/null 2>&1 & echo $! > /tmp/writing)")
    try:
        assert verdicts(host, ready, window=window)["maintenance window"] == verdict
    finally:
        host.run("sh", "-c", "kill $(cat /tmp/writing)")


def test_a_source_by_its_socket(host, ready):
    host.run(
        "redis-server",
        "--port",
        "0",
        "--unixsocket",
        "/tmp/redis.sock",
        "--unixsocketperm",
        "777",
        "--daemonize",
        "yes",
        "--save",
        "",
    )
    cli = ["redis-cli", "-s", "/tmp/redis.sock"]
    wait_until(lambda: host.run(*cli, "PING", check=False).stdout.strip() == "PONG")
    try:
        assert host.run(*cli, "SET", "threadr:user:x", "{}").stdout.strip() == "OK"
        answer = host.module("redis_keyspace_info", {"redis": {"login_unix_socket": "/tmp/redis.sock"}})
        assert answer["keys"] == 1, answer
        refused = host.module("redis_keyspace_info", {"redis": {"login_unix_socket": "/tmp/redis.sock", "tls": True}})
        assert refused["msg"].startswith("login_unix_socket and tls are both given.")
        nobody = host.module("redis_keyspace_info", {"redis": {"login_unix_socket": "/tmp/none.sock"}})
        assert "Redis /tmp/none.sock/0: " in nobody["msg"]
    finally:
        host.run(*cli, "SHUTDOWN", "NOSAVE", check=False)
