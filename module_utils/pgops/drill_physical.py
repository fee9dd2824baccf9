"""A drill with a physical backup: restored beside the cluster, with all WAL that was archived, and promoted there."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from . import commands
from .backup_catalog import LATEST
from .commands import Surroundings
from .drill_plan import FETCH, REPLAY, RESTORE, Course, DrillFailedError
from .drill_server import SUPERUSER, TICK_S, Side, configure, last_words, running
from .errors import PgopsError
from .pgbackrest import Backup, Stanza, ask, explained, faults, reason
from .recovery_lost_plan import segment_start, wal_end
from .recovery_lost_server import HAS_READ_ALL, LIMITS
from .recovery_server import ARCHIVE_GET
from .recovery_tablespaces import present_tablespaces, require_known, saved_tablespaces
from .replication import control_values, find_data_directory, lsn_bytes, replayed_settings, runs

TOOLS = ("pgbackrest", "postgres", "pg_controldata", "pg_dumpall", "pg_amcheck", "pg_checksums")
OWN_BYTES = 320 << 20
# Nothing more has come out of the archive for so long: a gap, or a store that does not answer.
STALL_LIMIT_S = 60
PROMOTE = "SELECT pg_promote(true, %s)"


@dataclass(frozen=True)
class Chosen:
    """The backup that is tried, and the last segment of WAL that its repository has."""

    backup: Backup
    segment: str

    @property
    def name(self) -> str:
        return self.backup.label

    @property
    def needed_bytes(self) -> int:
        return int(self.backup.database_size_bytes * 1.1) + OWN_BYTES


def choose(stanza: Stanza, key: int, label: str) -> Backup:
    """Backup LABEL, or the newest of repository KEY, or of any for 0: an older one that is sound does not tell how it is."""
    here = [one for one in stanza.backups if key in (0, one.repository)]
    found = [one for one in here if label in (LATEST, one.label)]
    if not found and (here or label != LATEST):
        listed = ", ".join(one.label for one in here[:5]) or "none"
        raise PgopsError(f"There is no backup {label} of stanza {stanza.name}. The newest are: {listed}.")
    if not found:
        said = " ".join(faults(stanza)) or f"Repository {key} has no backup yet."
        raise DrillFailedError(f"There is nothing to restore. {said}")
    return found[0]


def require_sound(backup: Backup) -> None:
    if backup.error:
        raise DrillFailedError(
            f"Backup {backup.label} in repository {backup.repository} has pages that failed their checksum. Make another full one, "
            "and look at the database with pg_amcheck."
        )


def find(params: dict, course: Course) -> Chosen:
    key = params["repository"]
    with course.phase(FETCH):
        stanza = ask(params["stanza"])
        if key and stanza.repositories:
            stanza.repository(key)
        found = choose(stanza, key, params["backup"])
        course.backup, course.repository = found.label, found.repository
        require_sound(found)
        require_known_tablespaces(params, found)
    return Chosen(found, wal_end(stanza, found))


def require_known_tablespaces(params: dict, backup: Backup) -> None:
    present = present_tablespaces(Path(find_data_directory(params["version"], params["name"])[0]))
    if not present:
        return
    try:
        saved = saved_tablespaces(params["stanza"], backup)
    except PgopsError as error:
        raise DrillFailedError(str(error)) from error
    require_known(present, saved, backup.label, "Make a backup first: backup_postgresql.yml -e backup_kind=physical.")


def steps(chosen: Chosen, side: Side) -> list[str]:
    one = chosen.backup
    size = -(-one.database_size_bytes // 2**20)
    return [
        f"restore {one.type} backup {one.label} of repository {one.repository}, {size} MiB, to {side.data}",
        f"replay WAL from {one.wal_start} to {chosen.segment} and what follows it, in a server on a socket of its own",
        "end the replay there: begin a timeline of its own, which is archived nowhere",
    ]


def restore(
    side: Side, chosen: Chosen, params: dict, course: Course, stack: ExitStack, watch: Callable[[], None]
) -> None:
    """Up to a server that has replayed all there was; it ends with STACK."""
    backup = chosen.backup
    with course.phase(RESTORE):
        fetch(side, backup, params["stanza"], ["--type=standby"])
        configure(side, replay_settings(side, backup, params["stanza"], params["preload_libraries"]))
    with course.phase(REPLAY):
        stack.enter_context(running(side, params["timeout_s"], watch))
        wait_until_replayed(side, chosen.segment, params["timeout_s"], watch)
        course.saved_s = time.time()
        promote(side, params["timeout_s"])


def fetch(side: Side, backup: Backup, stanza: str, how: list[str]) -> None:
    """The files of the backup; HOW are pgBackRest's options of what is to become of them.

    pgBackRest empties the spool of the stanza when it restores. That is the live cluster's: whatever it was handing over to the
    archive at this moment would wait for an acknowledgement that is gone, for a minute.
    """
    finished = commands.pgbackrest(
        [
            f"--stanza={stanza}", f"--repo={backup.repository}", f"--set={backup.label}", f"--pg1-path={side.data}",
            f"--tablespace-map-all={side.tablespaces}", f"--spool-path={side.spool}", *how, "restore",
        ]
    )  # fmt: skip
    if finished.code:
        raise PgopsError(explained(finished, f"Backup {backup.label} could not be restored"))


def replay_settings(side: Side, backup: Backup, stanza: str, preload_libraries: list[str]) -> dict[str, str]:
    where = f" --pg1-path={side.data} --repo={backup.repository}"
    return {
        **limits(side),
        "shared_preload_libraries": ", ".join(preload_libraries),
        "restore_command": ARCHIVE_GET.format(stanza=stanza, where=where),
    }


def limits(side: Side) -> dict[str, str]:
    """With less than the primary had, its WAL is not replayed."""
    asked = commands.run_to_end(["pg_controldata", f"--pgdata={side.data}"], Surroundings())
    if asked.code:
        raise PgopsError(f"The control file of the restored copy cannot be read: {' '.join(asked.said.split())}.")
    had = replayed_settings(control_values(asked.said))
    return {name: str(max(least, had[name])) for name, least in LIMITS.items()}


def wait_until_replayed(side: Side, segment: str, timeout_s: int, watch: Callable[[], None]) -> None:
    """Until SEGMENT was replayed, and the archive has no more; not longer than it goes on."""
    began = moved = time.monotonic()
    lsn = ""
    while time.monotonic() < began + timeout_s:
        watch()
        found = read_progress(side)
        if found["waits"] and lsn_bytes(found["lsn"] or "") > segment_start(segment):
            return
        if found["lsn"] != lsn or not found["waits"]:
            lsn, moved = found["lsn"], time.monotonic()
        if time.monotonic() > moved + STALL_LIMIT_S:
            break
        time.sleep(TICK_S)
    raise PgopsError(
        f"The WAL up to {segment}, which the repository has, was not replayed: since {lsn or 'the beginning'} nothing more came "
        f"out of the archive. {archive_words(side)}Make a full backup, and see docs/recovery.md on gaps."
    )


def read_progress(side: Side) -> dict:
    try:
        with side.connect("postgres") as conn, conn.cursor() as cursor:
            cursor.execute(HAS_READ_ALL)
            return cursor.fetchone()[0]
    except PgopsError:
        if runs(side.data):
            raise
        raise PgopsError(f"The server of the {side.purpose} ended while it replayed WAL: {last_words(side)}.") from None


def archive_words(side: Side) -> str:
    """What pgBackRest said last when it was asked for WAL."""
    _, found, text = side.log.read_text(encoding="utf-8", errors="replace").rpartition("ERROR: [")
    return f"pgBackRest says: {reason('ERROR: [' + text).rstrip('.')}. " if found else ""


def promote(side: Side, timeout_s: int) -> None:
    with side.connect("postgres") as conn, conn.cursor() as cursor:
        cursor.execute(PROMOTE, (timeout_s,))
        if not cursor.fetchone()[0]:
            raise PgopsError(f"The restored copy still replays WAL after {timeout_s} s.")


def own_checks(side: Side, chosen: Chosen, params: dict) -> dict[str, Callable[[], str]]:
    return {"read": lambda: check_read(side)}


def check_read(side: Side) -> str:
    """Every row of every database once, out of its TOAST too."""
    where = [f"--host={side.socket}", f"--username={SUPERUSER}", "--no-password"]
    asked = commands.run_to_end(["pg_dumpall", *where, "--no-sync", "--file=/dev/null"], Surroundings())
    if asked.code:
        raise PgopsError(f"{commands.messages(asked.said, 'pg_dumpall')}.")
    return "Every row of every database can be read."
