"""What bringing a lost cluster back is going to do: from which backup, up to where, in which steps; and when it may not."""

from __future__ import annotations

from dataclasses import replace

from .errors import PgopsError
from .pgbackrest import Backup, Stanza
from .recovery_plan import END, KINDS, Places, Target, choose, read_target

SEGMENT_BYTES = 1 << 24


def read_lost_target(params: dict, now_s: float) -> Target:
    """As for a recovery to a point in time; without any, everything that was archived."""
    if any(params[f"target_{kind}"] for kind in KINDS):
        return read_target(params, now_s)
    return Target(END, "")


def choose_lost(stanza: Stanza, target: Target, label: str, key: int) -> Backup:
    """As choose(), of repository KEY alone; 0 is any."""
    backups = tuple(one for one in stanza.backups if key in (0, one.repository))
    return choose(replace(stanza, backups=backups), target, label)


def wal_end(stanza: Stanza, backup: Backup) -> str:
    """The last segment that is in the repository of BACKUP."""
    return stanza.repository(backup.repository).wal_max or backup.wal_stop


def segment_start(name: str) -> int:
    """Where in the WAL the segment begins, as a number: its name is timeline, log and number, in segments of 16 MB."""
    return (int(name[8:16], 16) << 32) + int(name[16:24], 16) * SEGMENT_BYTES


def lost_steps(backup: Backup | None, target: Target, places: Places, port: int, key: int) -> list[str]:
    """Without BACKUP nobody can say yet which one it is, because the program that reads the repositories is missing."""
    if backup is None:
        where = f"repository {key}" if key else "the repositories"
        source = f"the newest sound backup of {where} before {target}: which one that is, is known when pgBackRest is installed"
        begin = "its beginning"
    else:
        size = -(-backup.database_size_bytes // 2**20)
        source = f"{backup.type} backup {backup.label} of repository {backup.repository}, {size} MiB, to {places.work}"
        begin = backup.wal_start
    return [
        f"restore {source}",
        f"replay WAL from {begin} up to {target}, in a server of its own at port {port}",
        "verify that it came that far, and read all of its databases",
        f"begin a new timeline, and keep it as {places.data}",
    ]


def require_lost_confirmation(lost: str, confirm: str) -> None:
    if confirm != lost:
        raise PgopsError(
            f"What {lost} has written and not archived is given up, and the confirmation says {confirm or 'nothing'}. Nothing was "
            f"changed. Look at the plan in a dry run, then add confirm={lost}."
        )
