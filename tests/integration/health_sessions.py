"""Real sessions for the tests of health: what drives a server over its limits, and the questions to ask then."""

from __future__ import annotations

import subprocess
import time
from contextlib import contextmanager

MONITOR = "health_monitor"
PASSWORD = "hunter2"
MAKE_ROLES = f"CREATE ROLE {MONITOR} LOGIN PASSWORD '{PASSWORD}' IN ROLE pg_monitor;"
# Opens N sessions in one process and holds them until its standard input ends.
HOLD_SESSIONS = """
import sys, psycopg2
held = []
for _ in range(int(sys.argv[2])):
    try:
        held.append(psycopg2.connect(sys.argv[1]))
    except psycopg2.OperationalError:
        break
print(len(held), flush=True)
sys.stdin.read()
"""


def examine(host, **params) -> dict:
    """PARAMS are options of the module, or thresholds by their names."""
    limits = {name: params.pop(name) for name in list(params) if "_warning_" in name or "_critical_" in name}
    return host.module("pg_health_info", {"login_role": MONITOR, "thresholds": limits, **params})


def check(result: dict, name: str) -> dict:
    return next(each for each in result["checks"] if each["name"] == name)


def wait_for(condition, limit_s: float = 20):
    """What CONDITION returns once it is true; it asks the server, again and again, and fails after LIMIT_S."""
    deadline = time.monotonic() + limit_s
    while not (found := condition()):
        assert time.monotonic() < deadline, f"nothing came true within {limit_s} s"
        time.sleep(0.05)
    return found


@contextmanager
def session(host, database: str, statements: str, state: str, application: str = "api", encoding: str = "UTF8"):
    """A real client that has run STATEMENTS and is in STATE; its pid."""
    command = ["podman", "exec", "--interactive", "--user=postgres", f"--env=PGAPPNAME={application}",
               f"--env=PGCLIENTENCODING={encoding}", host.name, "psql", "-XAtq", "-d", database]  # fmt: skip
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    assert client.stdin
    found = f"SELECT pid FROM pg_stat_activity WHERE datname = '{database}' AND application_name = '{application}' AND state = '{state}'"
    try:
        client.stdin.write(f"{statements}\n".encode(encoding))
        client.stdin.flush()
        yield wait_for(lambda: host.query(found))[0][0]
    finally:
        host.execute(f"SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '{database}';")
        client.stdin.close()
        client.wait(timeout=20)


@contextmanager
def held_sessions(host, dsn: str, number: int):
    """NUMBER real sessions, or as many as the server grants; how many these are."""
    command = [
        "podman",
        "exec",
        "--interactive",
        "--user=postgres",
        host.name,
        "python3",
        "-c",
        HOLD_SESSIONS,
        dsn,
        str(number),
    ]
    # The exporter keeps the one that it has.
    alone = "SELECT count(*) = 1 FROM pg_stat_activity WHERE backend_type = 'client backend' AND application_name <> 'prometheus'"
    wait_for(lambda: host.query(alone)[0][0])
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as client:
        assert client.stdin
        assert client.stdout
        try:
            yield int(client.stdout.readline())
        finally:
            client.stdin.close()
            client.wait(timeout=20)


@contextmanager
def standby(host, port: int):
    """A real standby of 15/main in the same container."""
    folder, ctl = "/var/tmp/standby", "/usr/lib/postgresql/15/bin/pg_ctl"
    base_backup = ["pg_basebackup", "--pgdata", folder, "--checkpoint=fast", "--write-recovery-conf"]
    host.run(*base_backup, "--dbname=application_name=second", user="postgres")
    settings = f"-p {port} -c config_file=/etc/postgresql/15/main/postgresql.conf -c data_directory={folder}"
    control = [ctl, "--pgdata", folder, "--wait", "--silent"]
    try:
        host.run(*control, "--log=/var/tmp/standby.log", "--options", settings, "start", user="postgres")
        yield
    finally:
        host.run(*control, "--mode=immediate", "stop", user="postgres", check=False)
        host.run("rm", "-rf", folder)
