"""The server of a drill, or of a recovery of single tables: in a directory and on a socket of its own, which nobody else finds,
and gone with whoever started it.

Nothing of the cluster beside it is read or written: not its configuration, its archive, its tablespaces or its sockets.
"""

from __future__ import annotations

import getpass
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from . import commands
from .connection import PATIENT, connect
from .errors import PgopsError

APPLICATION = "pg_drill"
# By it a directory is known as one that may be removed.
MARK = ".pgops_drill"
# A socket has this in its name; nothing listens at a port.
PORT = 5432
# The longest path that a socket may have is 107 bytes.
LONGEST_PATH = 80
SUPERUSER = "postgres"
STOP_LIMIT_S = 300
TICK_S = 0.1

SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "unix_socket_permissions": "0700",
    "cluster_name": "drill",
    "logging_collector": "off",
    "log_destination": "stderr",
    "ssl": "off",
    "autovacuum": "off",
    # Nothing leaves it: no WAL for the archive, no stream from or to other servers, no subscription that would take what is meant
    # for the original.
    "archive_mode": "off",
    "primary_conninfo": "",
    "synchronous_standby_names": "",
    "max_logical_replication_workers": "0",
}


@dataclass(frozen=True)
class Side:
    """Where the server is, and what for: below a directory that holds nothing else."""

    work_directory: Path
    purpose: str = "drill"

    @property
    def folder(self) -> Path:
        return self.work_directory / "side"

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def tablespaces(self) -> Path:
        return self.folder / "tablespaces"

    @property
    def spool(self) -> Path:
        return self.folder / "spool"

    @property
    def socket(self) -> Path:
        return self.folder / "socket"

    @property
    def configuration(self) -> Path:
        return self.folder / "postgresql.conf"

    @property
    def log(self) -> Path:
        return self.folder / "server.log"

    def login(self, database: str) -> dict:
        """As the connection options of a module have it."""
        return {
            "login_host": str(self.socket),
            "login_port": PORT,
            "login_user": SUPERUSER,
            "login_password": None,
            "login_db": database,
            "login_role": None,
            "ssl_mode": "disable",
            "ca_cert": None,
            "connect_timeout_s": 5,
        }

    def connect(self, database: str):
        return connect(self.login(database), APPLICATION, PATIENT)


def require_directory(directory: Path) -> None:
    if not directory.is_absolute() or len(str(directory)) > LONGEST_PATH:
        raise PgopsError(
            f"work_directory is {directory}: give a path that begins with / and has {LONGEST_PATH} characters at most."
        )


def prepare(side: Side) -> None:
    side.folder.mkdir(mode=0o700)
    (side.folder / MARK).touch()
    for folder in (side.data, side.tablespaces, side.socket):
        folder.mkdir(mode=0o700)


def require_ours(side: Side) -> bool:
    """Whether an interrupted run has left something; what lies there otherwise is refused."""
    if not side.folder.exists():
        return False
    # One that was killed before it could mark the directory has left it empty.
    if not (side.folder / MARK).exists() and any(side.folder.iterdir()):
        raise PgopsError(
            f"{side.folder} is not of a {side.purpose}, and a {side.purpose} would remove it. Nothing was changed. Move it away, or choose another "
            "work_directory."
        )
    return True


def discard(side: Side) -> None:
    """The server of a drill, and all that it had."""
    if not require_ours(side):
        return
    end(side)
    # The mark goes last: killed in between, the rest is still known as ours.
    for entry in side.folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != MARK:
            entry.unlink()
    shutil.rmtree(side.folder)


def end(side: Side) -> None:
    """A server that runs there ends at once: nothing in there is worth a checkpoint. So do those that made or filled it, by
    themselves, a moment after the drill that started them was killed; until then they write."""
    deadline = time.monotonic() + STOP_LIMIT_S
    while working := workers(side.folder):
        # It may have ended since. After a restart of the host somebody else may have its number, such as the live server.
        with suppress(OSError, ValueError, IndexError):
            server = int((side.data / "postmaster.pid").read_text(encoding="utf-8").split()[0])
            if server in working:
                os.kill(server, signal.SIGQUIT)
        if time.monotonic() > deadline:
            raise PgopsError(f"Process {working[0]} still works in {side.folder}. Stop it, and run this again.")
        time.sleep(TICK_S)


def workers(folder: Path, processes: Path = Path("/proc")) -> list[int]:
    """Processes that were started with a path in FOLDER, or are in there, as servers are in their data directory."""
    found = []
    for process in processes.glob("[0-9]*"):
        with suppress(OSError):
            arguments = (process / "cmdline").read_bytes()
            place = os.readlink(process / "cwd")
            if f"{folder}/".encode() in arguments or f"{place}/".startswith(f"{folder}/"):
                found.append(int(process.name))
    return sorted(found)


def quoted(value: str) -> str:
    return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"


def configure(side: Side, more: dict[str, str]) -> None:
    """All of its configuration. What the data directory brought of its own does not count."""
    hba, ident = side.folder / "pg_hba.conf", side.folder / "pg_ident.conf"
    hba.write_text(f"local all {SUPERUSER} peer map=drill\n", encoding="utf-8")
    ident.write_text(f"drill {getpass.getuser()} {SUPERUSER}\n", encoding="utf-8")
    settings = {
        **SETTINGS,
        "data_directory": str(side.data),
        "hba_file": str(hba),
        "ident_file": str(ident),
        "unix_socket_directories": str(side.socket),
        **more,
    }
    text = "".join(f"{name} = {quoted(value)}\n" for name, value in sorted(settings.items()))
    side.configuration.write_text(text, encoding="utf-8")
    (side.data / "postgresql.auto.conf").write_text("", encoding="utf-8")


@contextmanager
def running(side: Side, timeout_s: int, watch: Callable[[], None]) -> Iterator[None]:
    """A server that answers; at the end of the block it is shut down in order. WATCH is called while it is waited for."""
    process = commands.serve([f"--config-file={side.configuration}"], side.log)
    try:
        wait_until_answers(side, process, timeout_s, watch)
        yield
        stop(side, process)
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGQUIT)
            process.wait()


def wait_until_answers(side: Side, process: subprocess.Popen, timeout_s: int, watch: Callable[[], None]) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise PgopsError(f"The server of the {side.purpose} ended: {last_words(side)}.")
        watch()
        try:
            with side.connect("postgres"):
                return
        except PgopsError:
            time.sleep(TICK_S)
    raise PgopsError(f"The server of the {side.purpose} did not answer within {timeout_s} s: {last_words(side)}.")


def stop(side: Side, process: subprocess.Popen) -> None:
    process.send_signal(signal.SIGINT)
    try:
        code = process.wait(STOP_LIMIT_S)
    except subprocess.TimeoutExpired:
        raise PgopsError(f"The server of the {side.purpose} did not stop within {STOP_LIMIT_S} s.") from None
    if code:
        raise PgopsError(f"The server of the {side.purpose} did not stop in order: {last_words(side)}.")


def last_words(side: Side) -> str:
    lines = side.log.read_text(encoding="utf-8", errors="replace").splitlines() if side.log.exists() else []
    said = [
        line.split(f"{level}:", 1)[1].strip() for line in lines for level in ("FATAL", "PANIC") if f"{level}:" in line
    ]
    passing = [line for line in said if not line.startswith("the database system is")]
    return (passing or lines or ["it gave no reason"])[-1].rstrip(".")
