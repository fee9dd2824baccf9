"""Clients that wait for a real PgBouncer whose only connection somebody holds."""

from __future__ import annotations

import subprocess
from contextlib import ExitStack, contextmanager

import pytest

from health_sessions import MAKE_ROLES, MONITOR, check, examine, wait_for

PORT = 6432
INI = f"""
[databases]
* = host=/var/run/postgresql
[pgbouncer]
listen_port = {PORT}
unix_socket_dir = /var/run/postgresql
auth_type = trust
auth_file = /var/tmp/pooler/users
pool_mode = session
default_pool_size = 1
pidfile = /var/tmp/pooler/pid
logfile = /var/tmp/pooler/log
"""


@pytest.fixture(scope="module", autouse=True)
def roles(host):
    host.execute(MAKE_ROLES)
    yield
    host.execute(f"DROP ROLE {MONITOR};")


@pytest.fixture(scope="module")
def pooler(host):
    host.run("install", "-d", "-o", "postgres", "/var/tmp/pooler")
    host.run("tee", "/var/tmp/pooler/ini", stdin=INI)
    host.run("tee", "/var/tmp/pooler/users", stdin='"postgres" ""\n')
    host.run("pgbouncer", "--daemon", "/var/tmp/pooler/ini", user="postgres")
    yield
    host.run("sh", "-c", "kill $(cat /var/tmp/pooler/pid)")
    wait_for(lambda: host.run("test", "-e", f"/var/run/postgresql/.s.PGSQL.{PORT}", check=False).returncode)
    host.run("rm", "-r", "/var/tmp/pooler")


@contextmanager
def client(host, database: str):
    """A session through the pooler that holds its connection."""
    command = [
        "podman",
        "exec",
        "--interactive",
        "--user=postgres",
        host.name,
        "psql",
        "-XAtq",
        "-p",
        str(PORT),
        "-d",
        database,
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as process:
        process.stdin.write(b"SELECT 1;\n")
        process.stdin.flush()
        yield
        process.stdin.close()


def test_a_client_that_waits_is_found(host, database, pooler):
    expected = {"pooler_port": PORT, "pooler_waiting_warning_count": 1, "pooler_wait_warning_s": 0.1}
    with ExitStack() as holding:
        holding.enter_context(client(host, database))
        wait_for(lambda: examine(host)["server"]["connections"].get("idle") == 1)
        alone = examine(host, **expected)
        with client(host, database):
            waits = ("pooler_waiting", "pooler_wait")
            found = wait_for(
                lambda: (r := examine(host, **expected)) and all(check(r, one)["value"] for one in waits) and r
            )
            holding.close()
    after = examine(host, **expected)
    for result, verdict in ((alone, "ok"), (found, "warning"), (after, "ok")):
        assert check(result, "pooler")["value"] == "yes"
        assert check(result, "pooler_waiting")["verdict"] == verdict
    assert (
        check(found, "pooler_waiting")["finding"]
        == f"Clients that wait for a connection: 1, 1 of them in postgres@{database}."
    )
    assert check(found, "pooler_wait")["value"] > 0


def test_a_pooler_that_is_not_there_is_critical(host):
    found = examine(host, pooler_port=6999)
    assert (check(found, "pooler")["verdict"], found["verdict"]) == ("critical", "critical")
    assert "PgBouncer at port 6999 does not answer" in found["problems"][0]
    assert ".." not in found["problems"][0]
    assert "?." not in found["problems"][0]
