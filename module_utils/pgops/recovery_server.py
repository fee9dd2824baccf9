"""The servers of a point-in-time recovery: where they run, how they are started, and what is asked of them."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import commands
from .cluster_server import Server
from .commands import DEBIAN_PROGRAMS
from .errors import PgopsError
from .pgbackrest import Backup, explained
from .recovery_plan import END, Places, Target
from .recovery_tablespaces import mapping
from .replication import ACCOUNT, ask_patiently, runs, sync_folder

# So that what was committed up to now can be reached: a time is passed only by a transaction after it, in WAL that has arrived.
MARK = "SELECT pg_walfile_name(pg_switch_wal()) FROM (SELECT pg_current_xact_id()) x"
ARRIVED = "SELECT last_archived_wal >= '{segment}' FROM pg_stat_archiver"
REACHED = "SELECT pg_is_in_recovery() AND pg_get_wal_replay_pause_state() = 'paused'"
WHERE = """SELECT json_build_object('lsn', pg_last_wal_replay_lsn(), 'last_transaction_at', pg_last_xact_replay_timestamp(),
    'databases', (SELECT json_agg(datname ORDER BY datname) FROM pg_database WHERE datallowconn))"""
# What a server says that has replayed everything, and has not come to its target.
OUT_OF_WAL = "recovery ended before configured recovery target was reached"
HAS_AMCHECK = "SELECT count(*) FROM pg_extension WHERE extname = 'amcheck'"
HAS_PROMOTED = "SELECT NOT pg_is_in_recovery()"
# Of a server that nobody but this finds.
HIDDEN = {
    "listen_addresses": "",
    "logging_collector": "off",
    "log_destination": "stderr",
    "synchronous_standby_names": "",
    "hot_standby": "on",
}
# It replays and stops; it must not write to the archive.
ASIDE_ONLY = {"archive_mode": "off", "recovery_target_action": "pause"}
ARCHIVE_GET = 'pgbackrest --stanza={stanza} --no-archive-async{where} archive-get %f "%p"'


@dataclass(frozen=True)
class Recovery:
    """One recovery: of which server, to which target, and how patient it is."""

    server: Server
    places: Places
    target: Target
    stanza: str
    port: int
    timeout_s: int
    wait: Callable[[], None]
    # The only one to take anything from; 0 is any.
    repository: int = 0

    @property
    def request(self) -> dict:
        return {"kind": self.target.kind, "value": self.target.value}

    def as_account(self, *argv: str) -> tuple[int, str, str]:
        return self.server.run_command(["runuser", "-u", ACCOUNT, "--", *argv])

    def note(self) -> dict:
        path = Path(self.places.note)
        return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}

    def write_note(self, state: str, **facts) -> None:
        path = Path(self.places.note)
        beside = path.with_name(f"{path.name}.new")
        with open(beside, "w", encoding="utf-8") as file:
            json.dump({"target": self.request, "state": state, **facts}, file)
            file.flush()
            os.fsync(file.fileno())
        os.rename(beside, path)
        sync_folder(path.parent)


def archive_all(one: Recovery) -> None:
    segment = one.server.ask(MARK)
    for _ in range(one.timeout_s):
        if one.server.ask(ARRIVED.format(segment=segment)) == "t":
            return
        one.wait()
    raise PgopsError(
        f"The WAL up to {segment} has not arrived in the repository within {one.timeout_s} s. Nothing was changed. See what "
        "archive_command says in the server's log."
    )


def archive_get(one: Recovery, data_directory: str) -> str:
    """pgBackRest has to be told where the server works, unless that is where its configuration says."""
    where = "" if data_directory == one.places.data else f" --pg1-path={data_directory}"
    where += f" --repo={one.repository}" if one.repository else ""
    return ARCHIVE_GET.format(stanza=one.stanza, where=where)


def restore(one: Recovery, backup: Backup, spaces: dict[str, str]) -> None:
    """Its tablespaces in SPACES, where the backup has them if it is not named there; with settings for the place where it is going to run in the end."""
    work = Path(one.places.work)
    work.mkdir(mode=0o700)
    shutil.chown(work, ACCOUNT, ACCOUNT)
    stop_at = [f"--type={one.target.kind}", f"--target={one.target.value}", "--target-action=promote"]
    finished = commands.pgbackrest(
        [
            f"--stanza={one.stanza}", f"--repo={backup.repository}", f"--set={backup.label}", f"--pg1-path={work}",
            *(["--type=default"] if one.target.kind == END else stop_at),
            *mapping(spaces),
            f"--recovery-option=restore_command={archive_get(one, one.places.data)}", "restore",
        ],
        ACCOUNT,
    )  # fmt: skip
    if finished.code:
        what = f"Backup {backup.label} could not be restored. The data directory was not touched"
        raise PgopsError(explained(finished, what))


def start(one: Recovery, data_directory: str, more: dict[str, str]) -> None:
    """A server in DATA_DIRECTORY that nobody else finds."""
    settings = {
        "config_file": f"/etc/postgresql/{one.server.version}/{one.server.name}/postgresql.conf",
        "data_directory": data_directory,
        "port": str(one.port),
        "external_pid_file": f"{one.places.work}.pid",
        **HIDDEN,
        **more,
    }
    options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in settings.items())
    code, _, _ = one.as_account(
        str(DEBIAN_PROGRAMS / "pg_ctl"), "start", "--wait", f"--timeout={one.timeout_s}", f"--pgdata={data_directory}",
        f"--log={one.places.log}", f"--options={options}",
    )  # fmt: skip
    if code:
        raise failure(one)


def stop(one: Recovery, data_directory: str, mode: str = "fast") -> None:
    program = str(DEBIAN_PROGRAMS / "pg_ctl")
    code, _, err = one.as_account(program, "stop", "--wait", f"--mode={mode}", f"--pgdata={data_directory}")
    if code:
        raise PgopsError(f"The server in {data_directory} could not be stopped: {' '.join(err.split())}.")


def wait_until_reached(one: Recovery) -> None:
    for _ in range(one.timeout_s):
        if not runs(Path(one.places.work)):
            raise failure(one)
        try:
            if ask_patiently(one.server.run_command, one.port, REACHED, one.wait) == "t":
                return
        except PgopsError:
            # It ends of itself where the WAL does, which the next look sees.
            if runs(Path(one.places.work)):
                raise
            continue
        one.wait()
    raise PgopsError(
        f"{one.target} was not reached within {one.timeout_s} s. The data directory was not touched. A higher timeout_s waits longer."
    )


def failure(one: Recovery) -> PgopsError:
    """Why the recovered server has ended, by its log."""
    path = Path(one.places.log)
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines() if path.exists() else []
    said = [line.split("FATAL:", 1)[1].strip() for line in lines if "FATAL:" in line]
    if any(OUT_OF_WAL in line for line in said):
        return PgopsError(
            f"The WAL in the repository ends before {one.target}. The data directory was not touched. Choose an earlier target, "
            "or for a name or a transaction another backup."
        )
    why = said[-1] if said else "it gave no reason"
    return PgopsError(f"The recovered server ended: {why}. The data directory was not touched. Its log is {path}.")


def read_all(one: Recovery, databases: list[str]) -> None:
    """Every row once, and the structure of indexes where the extension for that is there."""
    where = ["--host=/var/run/postgresql", f"--port={one.port}", f"--username={ACCOUNT}", "--no-password"]
    run_check(one, "pg_dumpall", *where, "--no-sync", "--file=/dev/null")
    for database in databases:
        code, out, _ = one.as_account("psql", "-XAtq", *where, f"--dbname={database}", f"--command={HAS_AMCHECK}")
        if not code and out.strip() == "1":
            run_check(one, "pg_amcheck", *where, f"--database={database}")


def run_check(one: Recovery, program: str, *arguments: str) -> None:
    code, out, err = one.as_account(str(DEBIAN_PROGRAMS / program), *arguments)
    if code:
        said = " ".join((err or out).split())[:300].rstrip(".")
        raise PgopsError(
            f"What was recovered cannot be read whole, says {program}: {said}. The data directory was not touched."
        )


def stop_hidden(one: Recovery, check_mode: bool) -> None:
    """The server that an interrupted run has left in the data directory, at the port where nobody finds it."""
    data = Path(one.places.data)
    if (
        not check_mode
        and runs(data)
        and (data / "postmaster.pid").read_text(encoding="utf-8").split("\n")[3] == str(one.port)
    ):
        stop(one, str(data))


def wait_until_promoted(one: Recovery) -> None:
    for _ in range(one.timeout_s):
        if ask_patiently(one.server.run_command, one.port, HAS_PROMOTED, one.wait) == "t":
            return
        one.wait()
    raise PgopsError(f"The recovered server still replays WAL after {one.timeout_s} s. Run this again, which goes on.")
