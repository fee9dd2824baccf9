"""What drives drills, verifications, certificates and poolers over the lines of the health check, and back."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from alert_causes import CAUSES, RELOAD, cause
from alert_health_causes import found_by, health
from alert_watch import Alert, Watch
from health_sessions import wait_for
from schema import deploy

# With these, all that there are.
__all__ = ["CAUSES"]

OPERATED = "operated"
ASKED = {"login_db": OPERATED, "drill_kinds": ["logical"], "verification_kinds": ["logical"]}
DRILL = """
    INSERT INTO operations.drills (kind, host, backup, began_at, finished_at, passed, rto_s, rpo_s)
    VALUES ('logical', 'pg1', 'threadr-1', now() - interval '{age}', now() - interval '{age}', {passed}, {rto_s}, {rpo_s});
"""
VERIFICATION = """
    INSERT INTO operations.verifications (kind, host, began_at, finished_at, passed, backups)
    VALUES ('logical', 'pg1', now() - interval '{age}', now() - interval '{age}', {passed}, 3);
"""
HEARTBEAT = """
    INSERT INTO operations.heartbeat (beat_at) VALUES (now() - interval '{age}')
    ON CONFLICT (only_row) DO UPDATE SET beat_at = excluded.beat_at;
"""
POOLER_PORT = 6432
POOLER = f"""
[databases]
* = host=/var/run/postgresql
[pgbouncer]
listen_port = {POOLER_PORT}
unix_socket_dir = /var/run/postgresql
auth_type = trust
auth_file = /var/tmp/pooler/users
pool_mode = session
default_pool_size = 1
pidfile = /var/tmp/pooler/pid
logfile = /var/tmp/pooler/log
"""


def operate(watch: Watch, drill: dict | None = None, verification: dict | None = None, beat: str = "0") -> None:
    """A database with what drills, verifications and the heartbeat have left there, examined."""
    if not watch.host.query(f"SELECT FROM pg_database WHERE datname = '{OPERATED}'"):
        watch.host.execute(f"CREATE DATABASE {OPERATED};")
        deploy(watch.host, OPERATED)
        watch.host.execute(
            "GRANT USAGE ON SCHEMA operations TO health_monitor;"
            "GRANT SELECT ON ALL TABLES IN SCHEMA operations TO health_monitor;",
            db=OPERATED,
        )
    drilled = {"age": "1 day", "passed": True, "rto_s": 10, "rpo_s": 10, **(drill or {})}
    verified = {"age": "1 day", "passed": True, **(verification or {})}
    watch.host.execute(
        "TRUNCATE operations.drills, operations.verifications;"
        + DRILL.format(**drilled) + VERIFICATION.format(**verified) + HEARTBEAT.format(age=beat),
        db=OPERATED,
    )  # fmt: skip
    watch.examine(**ASKED)


def left_behind(severity: str, check: str, **state) -> None:
    """Registers a cause: STATE is what operate() takes."""

    def made(watch: Watch) -> Iterator[set[Alert]]:
        operate(watch, **state)
        yield health(severity, check)
        operate(watch)

    made.__name__ = f"{check}_{severity}"
    cause(made)


left_behind("warning", "drill", drill={"age": "40 days"})
left_behind("critical", "drill", drill={"passed": False})
left_behind("warning", "drill_rto", drill={"rto_s": 15_000})
left_behind("critical", "drill_rto", drill={"rto_s": 30_000})
left_behind("warning", "drill_rpo", drill={"rpo_s": 4_000})
left_behind("critical", "drill_rpo", drill={"rpo_s": 90_000})
left_behind("warning", "verification", verification={"age": "20 days"})
left_behind("critical", "verification", verification={"passed": False})
left_behind("warning", "heartbeat", beat="5 minutes")
left_behind("critical", "heartbeat", beat="1 hour")


@cause
def certificate_warning(watch):
    yield from short_certificate(watch, 20, "warning")


@cause
def certificate_critical(watch):
    yield from short_certificate(watch, 5, "critical")


def short_certificate(watch: Watch, days: int, severity: str) -> Iterator[set[Alert]]:
    files = {"ssl_cert_file": "/var/tmp/short.crt", "ssl_key_file": "/var/tmp/short.key"}
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-noenc", "-subj", "/CN=pg1",
            "-out", files["ssl_cert_file"], "-keyout", files["ssl_key_file"]]  # fmt: skip
    watch.host.run(*make, "-days", str(days), user="postgres")
    watch.host.execute("\n".join(f"ALTER SYSTEM SET {name} = '{path}';" for name, path in files.items()) + RELOAD)
    expected = health(severity, "certificate")
    wait_for(lambda: expected <= found_by(watch))
    yield expected
    watch.host.run(*make, "-days", "90", user="postgres")
    watch.host.execute(RELOAD)
    wait_for(lambda: not expected & found_by(watch))
    watch.host.execute("\n".join(f"ALTER SYSTEM RESET {name};" for name in files) + RELOAD)
    watch.host.run("rm", *files.values())


@contextmanager
def pooler(watch: Watch) -> Iterator[None]:
    watch.host.run("install", "-d", "-o", "postgres", "/var/tmp/pooler")
    watch.host.run("tee", "/var/tmp/pooler/ini", stdin=POOLER)
    watch.host.run("tee", "/var/tmp/pooler/users", stdin='"postgres" ""\n')
    watch.host.run("pgbouncer", "--daemon", "/var/tmp/pooler/ini", user="postgres")
    try:
        yield
    finally:
        watch.host.run("sh", "-c", "kill $(cat /var/tmp/pooler/pid)")
        gone = ["test", "-e", f"/var/run/postgresql/.s.PGSQL.{POOLER_PORT}"]
        wait_for(lambda: watch.host.run(*gone, check=False).returncode)
        watch.host.run("rm", "-r", "/var/tmp/pooler")


@cause
def pooler_down(watch):
    watch.examine(pooler_port=POOLER_PORT)
    yield health("critical", "pooler")
    with pooler(watch):
        watch.examine(pooler_port=POOLER_PORT)


@cause
def pooler_waiting(watch):
    yield from waiting_clients(watch, 6, "warning", {"pooler_wait_warning_s": 0.1})


@cause
def pooler_waiting_for_long(watch):
    yield from waiting_clients(watch, 51, "critical", {"pooler_wait_warning_s": 0.1, "pooler_wait_critical_s": 0.2})


def asking(command: list[str]) -> subprocess.Popen:
    """A session that asks once and stays."""
    client = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    assert client.stdin
    client.stdin.write(b"SELECT 1;\n")
    client.stdin.flush()
    return client


def waiting_clients(watch: Watch, number: int, severity: str, limits: dict) -> Iterator[set[Alert]]:
    """The first client holds the only connection, the others wait for it."""
    command = ["podman", "exec", "--interactive", "--user=postgres", watch.host.name, "psql", "-XAtq",
               "-p", str(POOLER_PORT), "-d", "watched"]  # fmt: skip
    expected = health(severity, "pooler_waiting", "pooler_wait")
    with pooler(watch):
        clients = [asking(command) for _ in range(number + 1)]
        wait_for(lambda: expected <= found_by(watch, pooler_port=POOLER_PORT, **limits), 60)
        yield expected
        # Each of them has its answer when the one before it has gone; so all are told to go before any is waited for.
        for client in clients:
            assert client.stdin
            client.stdin.close()
        for client in clients:
            client.wait(timeout=60)
        wait_for(lambda: not expected & found_by(watch, pooler_port=POOLER_PORT, **limits), 60)
