"""Sessions of clients for tests: psql's that stay open, each known by its application_name."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from faults import wait_until

STATE = "SELECT state FROM pg_stat_activity WHERE application_name = '{}'"


class Client:
    """One psql in the container, which gets its statements by a pipe."""

    def __init__(self, host, database: str, name: str, user: str = "postgres") -> None:
        self.host, self.name = host, name
        words = f"dbname={database} application_name={name} user={user}"
        self.process = subprocess.Popen(
            ["podman", "exec", "-i", host.name, "runuser", "-u", "postgres", "--", "psql", "-qXAt", words],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        wait_until(lambda: self.states() == ["idle"])

    def states(self) -> list[str]:
        return [state for (state,) in self.host.query(STATE.format(self.name))]

    def say(self, statements: str, until: str) -> None:
        """Statements, and the state that the session has then."""
        print(statements, file=self.process.stdin, flush=True)
        wait_until(lambda: self.states() == [until])

    def close(self) -> str:
        """What it was told, until it has ended."""
        self.process.stdin.close()
        told = self.process.stdout.read()
        self.process.wait(timeout=30)
        return told


@contextmanager
def clients(host, database: str, *names: str) -> Iterator[list[Client]]:
    opened = [Client(host, database, name) for name in names]
    try:
        yield opened
    finally:
        listed = ", ".join(f"'{one.name}'" for one in opened)
        host.query(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name IN ({listed})")
        for one in opened:
            if not one.process.stdin.closed:
                one.close()
