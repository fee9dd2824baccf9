"""A real host in a container of the lab's image, for tests and measurements: PostgreSQL 15 and Redis 7."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import ansible

from .session import Session

PROJECT = Path(__file__).resolve().parents[1]
ANSIBLE_CORE = Path(ansible.__file__).resolve().parent


def podman_configuration() -> str:
    """Which configuration podman is to be given, if any; lab/environment.sh decides it for everyone."""
    ask = '. lab/environment.sh && printf %s "${CONTAINERS_CONF:-}"'
    return subprocess.run(["bash", "-c", ask], cwd=PROJECT, check=True, capture_output=True, text=True).stdout


if configuration := podman_configuration():
    os.environ["CONTAINERS_CONF"] = configuration


class Host:
    """One container. Everything is asked of it from outside, the way Ansible's connection does."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.session = Session(name)

    def run(self, *argv: str, user: str = "root", stdin: str | bytes | None = None, check: bool = True, **options):
        """Run a command in the container; the result has returncode, stdout and stderr (text unless stdin is bytes)."""
        text = not isinstance(stdin, bytes)
        given = stdin if isinstance(stdin, bytes) else (stdin or "").encode()
        answer = None if options else self.session.run(list(argv), user, given)
        if answer is None:
            command = ["podman", "exec", "--interactive", "--user", user, self.name, *argv]
            done = subprocess.run(command, check=False, input=given, capture_output=True, **options)
        else:
            done = subprocess.CompletedProcess(argv, *answer)
        if text:
            done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        if check and done.returncode:
            raise AssertionError(f"{argv} ended with {done.returncode}: {done.stdout!r} {done.stderr!r}")
        return done

    def wait_for_systemd(self) -> None:
        """Bounded: the bus appears some moments after the container, and only then can systemd be asked to wait."""
        for _ in range(200):
            state = self.run("systemctl", "is-system-running", "--wait", check=False, timeout=60).stdout.strip()
            if state in ("running", "degraded"):
                return
            time.sleep(0.05)
        raise AssertionError(f"systemd in {self.name} is {state}")

    def module(self, name: str, params: dict, check_mode: bool = False, user: str = "postgres") -> dict:
        """Run library/NAME.py there and return its answer, C(failed) included; a traceback fails the test."""
        request = json.dumps({"params": params, "check_mode": check_mode})
        done = self.run("python3", "/src/tests/module_runner.py", name, user=user, stdin=request, check=False)
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise AssertionError(f"{name} printed no answer: {done.stdout!r} {done.stderr!r}") from None

    def four_runs(
        self, name: str, params: dict, witness=lambda: None, user: str = "postgres"
    ) -> list[tuple[dict, object]]:
        """Dry run, run, dry run, run; each with what WITNESS then says of the server."""
        return [(self.module(name, params, check, user), witness()) for check in (True, False, True, False)]

    def query(self, query: str, db: str = "postgres", user: str = "postgres") -> list[list]:
        """Rows of a query as the superuser over the socket, each a list of JSON values."""
        wrapped = f"SELECT coalesce(json_agg(row_to_json(q)), '[]') FROM ({query}) q"
        done = self.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", db, "-f", "-", user=user, stdin=wrapped)
        return [list(row.values()) for row in json.loads(done.stdout)]

    def execute(self, statements: str, db: str = "postgres", user: str = "postgres") -> str:
        """Run statements as the superuser over the socket."""
        return self.run(
            "psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-d", db, "-f", "-", user=user, stdin=statements
        ).stdout

    def redis(self, *argv: str) -> str:
        return self.run("redis-cli", "-e", *argv).stdout.strip()


def remove(name: str) -> None:
    """A container with much memory may take longer to die than podman waits at first."""
    for last in (False, True):
        done = subprocess.run(
            ["podman", "rm", "--force", "--time=1", name], check=False, capture_output=True, text=True
        )
        if done.returncode == 0:
            return
        if last:
            raise AssertionError(f"{name} could not be removed: {done.stderr!r}")


@contextmanager
def started(kind: str, *volumes: str) -> Iterator[Host]:
    """A systemd container with cluster 15/main on the socket and a Redis without password on 127.0.0.1:6379.

    It has two small file systems to be filled, and may change its own network. More VOLUMES are as podman wants them.
    """
    image = subprocess.run([PROJECT / "lab" / "image"], check=True, capture_output=True, text=True).stdout.strip()
    name = f"threadr-{kind}-{os.getpid()}-{secrets.token_hex(3)}"
    subprocess.run(
        ["podman", "run", "--detach", "--rm", "--name", name, "--systemd=always", "--network=none", "--cap-add=NET_ADMIN",
         "--tmpfs=/var/tmp/small:size=8m", "--tmpfs=/var/tmp/disk:size=512m",
         "--volume", f"{PROJECT}:/src:ro", "--volume", f"{ANSIBLE_CORE}:/opt/ansible-core/ansible:ro",
         *(f"--volume={volume}" for volume in volumes),
         "--env=PYTHONPATH=/opt/ansible-core", "--env=PYTHONDONTWRITEBYTECODE=1", image],
        check=True, capture_output=True,
    )  # fmt: skip
    container = Host(name)
    try:
        container.wait_for_systemd()
        container.run(
            "pg_createcluster", "15", "main", "--start", "--", "--data-checksums", "--encoding=UTF8", "--locale=C.UTF-8"
        )
        container.run("systemctl", "start", "redis-server")
        yield container
    finally:
        container.session.close()
        remove(name)
