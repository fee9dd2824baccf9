"""What the cluster of a host is at the moment, as its server says or, where that does not answer, its files."""

from __future__ import annotations

import json
import os
import re
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .commands import DEBIAN_PROGRAMS
from .connection import SOCKET_DIRECTORY
from .errors import PgopsError
from .server_host import read_clusters

RunCommand = Callable[[list[str]], tuple[int, str, str]]

ACCOUNT = "postgres"
SIGNAL = "standby.signal"
# A server that replays WAL after a crash, or waits for its first WAL as a standby, says this before it answers.
NOT_YET = re.compile(r"the database system is (starting up|not yet accepting connections|shutting down)")
PATIENCE = 60
# A server that hangs takes connections and says nothing; coreutils' timeout(1) then ends with this status.
ANSWER_LIMIT_S = 30
TIMED_OUT = 124

# Where a standby has received more than it has replayed, what it has received counts. The timeline is that of the WAL which
# is written or received now: the control file learns of a new one only at the next checkpoint.
STATE = """
    SELECT json_build_object(
        'standby', pg_is_in_recovery(),
        'lsn', CASE WHEN pg_is_in_recovery()
            THEN greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()) ELSE pg_current_wal_flush_lsn() END,
        'replayed_lsn', pg_last_wal_replay_lsn(),
        'timeline', CASE WHEN pg_is_in_recovery()
            THEN greatest((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()),
                (SELECT min_recovery_end_timeline FROM pg_control_recovery()))
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_lsn()), 8))::bit(32)::int END,
        'upstream', (SELECT sender_host FROM pg_stat_wal_receiver WHERE status = 'streaming'),
        'standbys', (SELECT coalesce(json_agg(json_build_object(
            'name', application_name, 'state', state, 'sync', sync_state, 'sent_lsn', sent_lsn, 'flush_lsn', flush_lsn,
            'lag_bytes', pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn))), '[]')
            FROM (SELECT * FROM pg_stat_replication WHERE NOT pg_is_in_recovery() ORDER BY application_name) r),
        'slots', (SELECT coalesce(json_agg(slot_name ORDER BY slot_name), '[]') FROM pg_replication_slots),
        'synchronous', current_setting('synchronous_standby_names'),
        'settings', (SELECT json_object_agg(name, setting::int) FROM pg_settings WHERE name = ANY ('{%s}')))
"""
# A standby may not have less of these than its primary, or it cannot replay that one's WAL.
LIMITING = (
    "max_connections",
    "max_locks_per_transaction",
    "max_prepared_transactions",
    "max_wal_senders",
    "max_worker_processes",
)
# How the control file calls one of them.
CONTROL = {"max_locks_per_transaction": "max_locks_per_xact", "max_prepared_transactions": "max_prepared_xacts"}


class NoAnswerError(PgopsError):
    """A server runs and says nothing of itself."""


@dataclass(frozen=True)
class Cluster:
    """One cluster at one moment. C(state) is absent, stopped, unanswering, primary or standby; what is unknown is empty."""

    state: str
    data_directory: str
    system_identifier: str = ""
    timeline: int = 0
    lsn: str = ""
    replayed_lsn: str = ""
    upstream: str = ""
    # Of one that says nothing: whether it is a standby, or would start as one, and whether it was shut down in order.
    standby_when_started: bool = False
    shut_down: bool = False
    standbys: list[dict] = field(default_factory=list)
    slots: list[str] = field(default_factory=list)
    settings: dict[str, int] = field(default_factory=dict)
    # Of the same settings, those that its primary had when it wrote what was replayed last. With less it does not start.
    replayed_settings: dict[str, int] = field(default_factory=dict)
    synchronous: str = ""

    def has_replayed(self, settings: dict[str, int]) -> bool:
        return {**self.replayed_settings, **settings} == self.replayed_settings


def lsn_bytes(lsn: str) -> int:
    """An LSN as a number, for comparison; nothing is the smallest."""
    high, _, low = lsn.partition("/")
    return (int(high, 16) << 32) + int(low, 16) if low else 0


def missing_bytes(wanted: str, present: str) -> int:
    return max(lsn_bytes(wanted) - lsn_bytes(present), 0)


def control_values(text: str) -> dict[str, str]:
    """What pg_controldata prints, in English."""
    pairs = (line.split(":", 1) for line in text.splitlines() if ":" in line)
    return {name.strip(): value.strip() for name, value in pairs}


def read_control(run_command: RunCommand, data_directory: str) -> dict[str, str]:
    code, out, err = run_command(["env", "LC_ALL=C", str(DEBIAN_PROGRAMS / "pg_controldata"), "-D", data_directory])
    if code:
        raise PgopsError(f"The control file in {data_directory} cannot be read: {' '.join(err.split())}.")
    return control_values(out)


def ask(run_command: RunCommand, port: int, query: str, limit_s: int = 0) -> str:
    """One value, as the superuser over the socket; by psql, because a host may be without any driver. 0 is no limit."""
    where = f"host={SOCKET_DIRECTORY} port={port} dbname=postgres user={ACCOUNT} connect_timeout=5"
    account = ["timeout", "--kill-after=5", str(limit_s), "runuser", "-u", ACCOUNT, "--"]
    psql = ["psql", "--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1"]
    code, out, err = run_command([*account, *psql, where, "--command", query])
    if code == TIMED_OUT:
        raise NoAnswerError(f"it was waited for {limit_s} s")
    if code:
        raise PgopsError(" ".join(err.replace("psql: error: ", "").split()).rstrip("."))
    return out.strip()


def runs(data_directory: Path, processes: Path = Path("/proc")) -> bool:
    """Whether a server holds this directory: its process is there, and is no other of the same number.

    After a crash of the host the number may be that of another server, which works in another directory.
    """
    try:
        pid = (data_directory / "postmaster.pid").read_text(encoding="utf-8").split()[0]
        process = processes / pid
        return b"postgres" in (process / "cmdline").read_bytes() and works_in(process, data_directory)
    except (OSError, IndexError):
        return False


def works_in(process: Path, folder: Path) -> bool:
    """True, too, where only an administrator may know."""
    try:
        return os.path.samefile(process / "cwd", folder)
    except PermissionError:
        return True


def find_data_directory(version: str, name: str, root: Path = Path("/")) -> tuple[str, bool]:
    """Where the data of the cluster are, or would be; and whether Debian's configuration knows the cluster."""
    for cluster in read_clusters(root):
        if (cluster.version, cluster.name) == (version, name):
            return cluster.data_directory, True
    return f"/var/lib/postgresql/{version}/{name}", False


def read_cluster(run_command: RunCommand, data_directory: str, port: int, wait: Callable[[], None]) -> Cluster:
    """Raises C(NoAnswerError) when a server runs that does not answer: read_files() says what it can be then."""
    folder = Path(data_directory)
    if not runs(folder):
        return read_files(run_command, data_directory)
    control = read_control(run_command, data_directory)
    said: dict[str, Any] = json.loads(ask_patiently(run_command, port, STATE % ",".join(LIMITING), wait))
    state = "standby" if said.pop("standby") else "primary"
    known = {name: value for name, value in said.items() if value is not None}
    return Cluster(
        state,
        data_directory,
        control["Database system identifier"],
        replayed_settings=replayed_settings(control),
        **known,
    )


def read_files(run_command: RunCommand, data_directory: str) -> Cluster:
    """The cluster as its files have it; of one whose server runs, that is what it was at its last checkpoint."""
    folder = Path(data_directory)
    if not (folder / "PG_VERSION").exists():
        return Cluster("absent", data_directory)
    control = read_control(run_command, data_directory)
    running, state = runs(folder), control["Database cluster state"]
    return Cluster(
        "unanswering" if running else "stopped",
        data_directory,
        control["Database system identifier"],
        int(control["Latest checkpoint's TimeLineID"]),
        control["Latest checkpoint location"],
        # One that runs as a primary may have been marked as a standby since: that counts from its next start on.
        standby_when_started=(folder / SIGNAL).exists() and (not running or state == "in archive recovery"),
        shut_down=state == "shut down",
        replayed_settings=replayed_settings(control),
    )


def replayed_settings(control: dict[str, str]) -> dict[str, int]:
    return {name: int(control[CONTROL.get(name, name) + " setting"]) for name in LIMITING}


def ask_patiently(run_command: RunCommand, port: int, query: str, wait: Callable[[], None]) -> str:
    """As ask(); a server that is about to answer is waited for."""
    for attempt in range(PATIENCE + 1):
        try:
            return ask(run_command, port, query, ANSWER_LIMIT_S)
        except PgopsError as error:
            if attempt == PATIENCE or not NOT_YET.search(str(error)):
                raise NoAnswerError(
                    f"PostgreSQL runs at port {port} of this host and does not answer: {error}."
                ) from error
            wait()
    raise AssertionError("the loop returns or raises")


def resolve(names: list[str]) -> dict[str, list[str]]:
    """The addresses of other hosts as this one knows them, each as a network of its own; none for an unknown name."""
    return {name: sorted(addresses(name)) for name in names}


def addresses(name: str) -> set[str]:
    try:
        found = {str(info[4][0]) for info in socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)}
    except OSError:
        return set()
    return {f"{one}/{128 if ':' in one else 32}" for one in found}


def sync_folder(folder: Path) -> None:
    """So that a file which was made or removed in it stays so, even when the power fails."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
