"""PgBouncer on its host: its files, its admin console, a rehearsal of files that are still to come."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from .connection import SOCKET_DIRECTORY
from .errors import PgopsError
from .kept_files import read_text, write
from .pooler import clients, complaint, listening, rehearsed, settings, table, waiting

INI = "pgbouncer.ini"
PROGRAM = "/usr/sbin/pgbouncer"
ACCOUNT = "postgres"  # Debian and Ubuntu run it as the server's
NETWORK = ("/proc/net/tcp", "/proc/net/tcp6")
# Reading takes it some hundredths of a second.
REHEARSAL = ("timeout", "--signal=INT", "1", PROGRAM, "-u", ACCOUNT)

RunCommand = Callable[[list[str]], tuple[int, str, str]]


@dataclass(frozen=True)
class Running:
    """What the admin console says; nothing when nobody answers."""

    config: list[dict[str, str]] = field(default_factory=list)
    clients: int = 0

    @property
    def port(self) -> int | None:
        return next((int(row["value"]) for row in self.config if row["key"] == "listen_port"), None)


def read_files(directory: Path, names: list[str]) -> dict[str, str | None]:
    return {name: read_text(directory / name) for name in names}


def console(port: str) -> list[str]:
    where = f"host={SOCKET_DIRECTORY} port={port} dbname=pgbouncer user=pgbouncer connect_timeout=5"
    return ["runuser", "-u", ACCOUNT, "--", "psql", "--no-psqlrc", "--csv", where, "--command"]


def ask(run_command: RunCommand, port: str) -> Running:
    """The console lets the account of the pooler in over the socket, as pgbouncer and without a password."""
    code, config, _ = run_command([*console(port), "SHOW CONFIG"])
    if code:
        return Running()
    _, shown, _ = run_command([*console(port), "SHOW CLIENTS"])
    return Running(table(config), clients(table(shown)))


def reload(run_command: RunCommand, port: str) -> None:
    """Have it load its files; clients stay."""
    code, _, err = run_command([*console(port), "RELOAD"])
    if code:
        raise PgopsError(
            f"PgBouncer did not load its new files: {' '.join(err.replace('psql: error: ', '').split())}. Run this again."
        )


@dataclass(frozen=True)
class Unloaded:
    """A note beside the files: they were written, or are about to be, and the pooler that runs has not loaded them."""

    directory: Path

    @property
    def path(self) -> Path:
        return self.directory / ".not-loaded-yet"

    def is_noted(self) -> bool:
        return self.path.exists()

    def note(self) -> None:
        self.path.touch(mode=0o600)

    def forget(self) -> None:
        self.path.unlink(missing_ok=True)


def require_port(wanted: int, running: Running, network: tuple[str, ...] = NETWORK) -> None:
    if running.port == wanted:
        return
    if wanted in listening(*(read_text(Path(name)) or "" for name in network)):
        raise PgopsError(
            f"Port {wanted} is in use by another program. Set pgbouncer_port to one that is free, or stop that program."
        )


def require_restart(wanted: dict[str, str], running: Running, allowed: bool) -> list[str]:
    """What waits for a restart. Clients that it would drop have to be given up by name of the variable."""
    names = waiting(running.config, wanted)
    if names and running.clients and not allowed:
        raise PgopsError(
            f"Set pgbouncer_restart in a maintenance window: {', '.join(names)} cannot change without a restart, "
            f"which would drop {running.clients} clients. The pooler keeps the configuration that it has."
        )
    return names


def rehearse(run_command: RunCommand, files: dict[str, str], directory: Path) -> None:
    """Let PgBouncer read the files before they are there: a file that it refuses would keep it from starting."""
    with stage_for(files) as stage:
        text = rehearsed(files[INI], str(directory), str(stage))
        write(stage / INI, text, ACCOUNT)
        code, out, err = run_command([*REHEARSAL, str(stage / INI)])
        reason = complaint(code, out + err, str(directory), str(stage))
    if reason is not None:
        raise PgopsError(
            f"PgBouncer refuses its files: {reason}. Correct pgbouncer_settings, or the certificate and key; "
            "the pooler keeps the configuration that it has."
        )


@contextmanager
def stage_for(files: dict[str, str]) -> Iterator[Path]:
    stage = Path(tempfile.mkdtemp(prefix="pgbouncer-"))
    try:
        shutil.chown(stage, ACCOUNT, ACCOUNT)
        for name, content in files.items():
            write(stage / name, content, ACCOUNT)
        yield stage
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def running_port(present: dict[str, str | None], default: int) -> str:
    """Where the pooler that runs can be asked: what restarts are refused for is never written."""
    return settings(present.get(INI) or "").get("listen_port", str(default))
