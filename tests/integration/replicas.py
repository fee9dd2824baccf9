"""Two clusters of Debian's in one container, as the roles make them: 15/first, and 15/second that streams from it.

Not 15/main: other tests need that one as it is, also when one of these fails half-way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from backups import wait_until

PORTS = {"first": 5471, "second": 5472}
PASSWORD = "correct horse: battery\\staple"
FOLDER = "/var/lib/postgresql/15"
KEPT = "/var/tmp/replicas"
# Reconnects at once, so that no test waits for it; and small segments, of which there is always a new one to be written.
SETTINGS = """
wal_retrieve_retry_interval = '100ms'
shared_buffers = 16MB
ssl = on
ssl_cert_file = '/etc/ssl/certs/ssl-cert-snakeoil.pem'
ssl_key_file = '/etc/ssl/private/ssl-cert-snakeoil.key'
"""
INITDB = ("--data-checksums", "--wal-segsize=1", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8")
# What pg_createcluster is to write; as the roles tell it.
CLUSTER = "cluster_name = '%v/%c'\nssl = on\nadd_include_dir = 'conf.d'\n"
ROLE = f"CREATE ROLE replication LOGIN REPLICATION PASSWORD '{PASSWORD}'; CREATE TABLE rows (name text PRIMARY KEY);"
STREAMS = "SELECT count(*) FROM pg_stat_replication WHERE application_name = '{}' AND state = 'streaming'"


@dataclass(frozen=True)
class Node:
    """One of the two, which is asked as root, and whose server and files are the witnesses."""

    host: object
    name: str

    @property
    def port(self) -> int:
        return PORTS[self.name]

    @property
    def directory(self) -> str:
        return f"{FOLDER}/{self.name}"

    @property
    def configuration(self) -> str:
        return f"/etc/postgresql/15/{self.name}"

    @property
    def unit(self) -> str:
        return f"postgresql@15-{self.name}"

    def source(self, follower: str) -> str:
        """How FOLLOWER reaches this one."""
        passfile = f"/var/lib/postgresql/15-{follower}.passfile"
        return f"host=127.0.0.1 port={self.port} user=replication passfile={passfile} application_name={follower} sslmode=require"

    def module(self, module: str, check_mode: bool = False, **params) -> dict:
        return self.host.module(module, {"name": self.name, "port": self.port, **params}, check_mode, user="root")

    def four_runs(self, module: str, witness, **params) -> tuple[list[dict], list]:
        """The answers of dry run, run, dry run, run; and what WITNESS says after each."""
        wanted = {"name": self.name, "port": self.port, **params}
        answers, seen = zip(*self.host.four_runs(module, wanted, witness, user="root"), strict=True)
        assert not [answer["msg"] for answer in answers if answer.get("failed")]
        return list(answers), list(seen)

    def refusals(self, module: str, **params) -> str:
        """The one line with which it refuses, and with the same words in a dry run."""
        said = {refusal(self.module(module, check_mode, **params)) for check_mode in (True, False)}
        assert len(said) == 1, said
        return said.pop()

    def query(self, query: str) -> str:
        psql = ["psql", "-XAtq", "-p", str(self.port), "-v", "ON_ERROR_STOP=1", "-d", "postgres", "-f", "-"]
        return self.host.run(*psql, user="postgres", stdin=query).stdout.strip()

    def add(self, name: str) -> None:
        self.query(f"INSERT INTO rows VALUES ('{name}');")

    def rows(self) -> str:
        return self.query("SELECT string_agg(name, ' ' ORDER BY name) FROM rows;")

    def file(self, path: str) -> bool:
        return self.host.run("test", "-e", f"{self.directory}/{path}", check=False).returncode == 0

    def is_marked(self) -> bool:
        return self.file("standby.signal")

    def runs(self) -> bool:
        return is_active(self.host, self.unit)

    def condition(self) -> tuple[bool, bool]:
        """Whether it runs, and whether it would start as a standby."""
        asked = f"systemctl is-active --quiet {self.unit} && echo runs; ls {self.directory}"
        said = self.host.run("sh", "-c", asked).stdout.split()
        return "runs" in said, "standby.signal" in said

    def beside(self) -> list[str]:
        """Its data directory, and what is called after it."""
        return sorted(name for name in self.host.run("ls", FOLDER).stdout.split() if name.startswith(self.name))

    def start(self) -> None:
        self.host.run("systemctl", "start", self.unit)

    def stop(self) -> None:
        self.host.run("systemctl", "stop", self.unit)

    def kill(self) -> None:
        """SIGKILL for the server; its processes end when they notice."""
        pid = self.host.run("head", "-1", f"{self.directory}/postmaster.pid").stdout.strip()
        self.host.run("kill", "-KILL", pid)
        wait_until(lambda: self.host.run("pgrep", "-f", f"^postgres: 15/{self.name}", check=False).returncode)

    def stop_processes(self, signal: str = "STOP") -> None:
        """The server hangs, all of it, as one whose disk does not answer; CONT lets it go on."""
        self.host.run("systemctl", "kill", f"--signal={signal}", self.unit)

    def wait_for_follower(self, name: str) -> None:
        wait_until(lambda: self.query(STREAMS.format(name)) == "1")

    def write_settings(self, upstream: Node) -> None:
        """Where it streams from while it is a standby, and as whom."""
        settings = f"{SETTINGS}primary_conninfo = '{upstream.source(self.name)}'\nprimary_slot_name = '{self.name}'\n"
        self.host.run("tee", f"{self.configuration}/conf.d/80-standby.conf", stdin=settings)

    def write_passfile(self, password: str = PASSWORD) -> None:
        path = f"/var/lib/postgresql/15-{self.name}.passfile"
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        self.host.run(
            "install", "-o", "postgres", "-m", "600", "/dev/stdin", path, stdin=f"*:*:*:replication:{escaped}\n"
        )

    def copy(self, primary: Node, **params) -> dict:
        """One call of pg_base_backup."""
        wanted = {"name": self.name, "conninfo": primary.source(self.name), "slot": self.name, **params}
        return self.host.module("pg_base_backup", wanted, user="root")

    def kill_copy(self) -> None:
        """SIGKILL for pg_basebackup, if it runs, as the kernel does it that lacks memory."""
        self.host.run("pkill", "-KILL", "-x", "pg_basebackup", check=False)
        wait_until(lambda: not is_active(self.host, f"postgresql-base-backup-15-{self.name}"), 60)

    def create(self, *initdb: str) -> None:
        options = ["--createclusterconf=/dev/stdin", f"--port={self.port}", "15", self.name, "--", *initdb]
        self.host.run("pg_createcluster", *options, stdin=CLUSTER)

    def take_over(self, rules_of: Node) -> None:
        """Make the copy a cluster of Debian's, whose doors are those of the other."""
        self.create()
        self.host.run("cp", "-p", f"{rules_of.configuration}/pg_hba.conf", self.configuration)

    def remove(self) -> None:
        self.kill_copy()
        drop = f"pg_ctlcluster 15 {self.name} stop --mode=immediate; pg_dropcluster 15 {self.name}"
        clean = f"rm -rf {self.directory}* {self.configuration} /var/lib/postgresql/15-{self.name}.passfile"
        self.host.run("sh", "-c", f"{drop}; {clean}; systemctl reset-failed")


def is_active(host, unit: str) -> bool:
    """Whether it runs, begins to or ends."""
    state = host.run("systemctl", "show", "--property=ActiveState", "--value", unit).stdout.strip()
    return state not in ("inactive", "failed")


def refusal(answer: dict) -> str:
    """The message of a module that has failed: whole sentences on one line, and no secret."""
    assert answer.get("failed"), answer
    assert re.fullmatch(r"\S.*\.", answer["msg"]), answer["msg"]
    assert "Traceback" not in answer["msg"] and PASSWORD not in str(answer)
    return answer["msg"]


@contextmanager
def made_primary(host) -> Iterator[Node]:
    """15/first, and the passfiles of both; whatever becomes of either, both are gone afterwards."""
    first, second = Node(host, "first"), Node(host, "second")
    try:
        first.create(*INITDB)
        first.write_settings(second)
        first.write_passfile()
        second.write_passfile()
        first.start()
        first.query(ROLE)
        yield first
    finally:
        second.remove()
        first.remove()


class Pair:
    """First and second, in the condition in which they were made whenever a test begins."""

    def __init__(self, host, first: Node, second: Node) -> None:
        self.host, self.first, self.second, self.used = host, first, second, False

    def begin(self) -> None:
        """The primary has one row, and its standby streams."""
        if self.used:
            stop = "".join(f"pg_ctlcluster 15 {name} stop --mode=immediate; " for name in PORTS)
            clean = " ".join(f"{FOLDER}/{name}*" for name in PORTS)
            self.host.run("sh", "-c", f"{stop} rm -rf {clean} && cp -a {KEPT}/* {FOLDER} && systemctl reset-failed")
        self.host.run("systemctl", "start", self.first.unit, self.second.unit)
        self.first.wait_for_follower("second")
        self.used = True


@contextmanager
def made_pair(host) -> Iterator[Pair]:
    with made_primary(host) as first:
        second = Node(host, "second")
        slots = {"slots": ["second"], "rewind_role": "replication", "login_port": first.port}
        assert host.module("pg_standby_slots", slots)["changed"]
        first.add("common")
        assert second.copy(first)["finished"]
        second.take_over(first)
        second.write_settings(first)
        second.start()
        first.wait_for_follower("second")
        # Whoever is promoted keeps WAL for the other.
        second.query("SELECT pg_create_physical_replication_slot('first', true);")
        host.run("systemctl", "stop", first.unit, second.unit)
        host.run("sh", "-c", f"install -d -o postgres {KEPT} && cp -a {first.directory} {second.directory} {KEPT}")
        try:
            yield Pair(host, first, second)
        finally:
            host.run("rm", "-rf", KEPT)
