"""What a point-in-time recovery is going to do: to which target, from which backup, in which steps; and when it may not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone

from .errors import PgopsError
from .pgbackrest import Backup, Stanza, fault_of, iso
from .replication import lsn_bytes

KINDS = ("time", "lsn", "xid", "name")
# Everything that was archived; of a lost cluster only.
END = "end"
PATTERNS = {
    "lsn": (re.compile(r"[0-9A-Fa-f]{1,8}/[0-9A-Fa-f]{1,8}"), "a position in the WAL such as 0/3000060"),
    "xid": (re.compile(r"[0-9]{1,10}"), "the number of a transaction such as 4711"),
    "name": (re.compile(r"[^\s'\\][^'\\]{0,62}"), "a name that was given to pg_create_restore_point"),
}


@dataclass(frozen=True)
class Target:
    """Where to stop, the transaction or record at the target included. C(moment_s) is that of a time, in epoch seconds."""

    kind: str
    value: str
    moment_s: float = 0.0

    def __str__(self) -> str:
        words = {
            "time": "",
            "lsn": "LSN ",
            "xid": "transaction ",
            "name": "restore point ",
            END: "the end of what was archived",
        }
        return words[self.kind] + self.value


def read_target(params: dict, now_s: float) -> Target:
    given = [kind for kind in KINDS if params[f"target_{kind}"]]
    if len(given) != 1:
        options = ", ".join(f"target_{kind}" for kind in KINDS)
        raise PgopsError(f"Give exactly one of {options}. Nothing was changed.")
    kind, value = given[0], str(params[f"target_{given[0]}"]).strip()
    if kind == "time":
        return read_time(value, now_s)
    pattern, example = PATTERNS[kind]
    if pattern.fullmatch(value) is None:
        raise PgopsError(f"target_{kind} is {value}, and not {example}. Nothing was changed.")
    return Target(kind, value)


def read_time(value: str, now_s: float) -> Target:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise PgopsError(
            f"target_time is {value}: give date, time and zone, such as 2026-11-24T03:00:00+00:00. Nothing was changed."
        )
    if moment.timestamp() > now_s:
        raise PgopsError(f"target_time is {value}, which is still to come. Nothing was changed.")
    return Target("time", f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S.%f}+00", moment.timestamp())


def precedes(backup: Backup, target: Target) -> bool:
    """Whether the backup was complete before the target. Of a name or a transaction nobody knows beforehand."""
    if target.kind == "time":
        return backup.stopped_s < target.moment_s
    if target.kind == "lsn":
        return lsn_bytes(backup.lsn_stop) <= lsn_bytes(target.value)
    return True


def choose(stanza: Stanza, target: Target, label: str) -> Backup:
    """The newest sound backup before the target, in the first repository that has it; or the one called LABEL."""
    sound = [one for one in stanza.backups if not one.error]
    faults = [fault for one in stanza.repositories if (fault := fault_of(stanza, one))]
    # What cannot be read is not what is not there.
    if faults and not sound:
        raise PgopsError(f"{' '.join(faults)} Nothing was changed.")
    if label and label not in {one.label for one in sound}:
        raise PgopsError(
            f"There is no sound backup {label}; list_backups.yml shows which there are. Nothing was changed."
        )
    found = [one for one in sound if precedes(one, target) and label in ("", one.label)]
    if not found:
        oldest = min(sound, key=lambda one: one.stopped_s, default=None)
        known = (
            f"the oldest one, {oldest.label}, ended at {iso(oldest.stopped_s)} ({oldest.lsn_stop})"
            if oldest
            else "there is none"
        )
        raise PgopsError(f"No sound backup ended before {target}: {known}. Nothing was changed.")
    return max(found, key=lambda one: (one.stopped_s, -one.repository))


@dataclass(frozen=True)
class Places:
    """Directories beside the data directory, by which an interrupted recovery is known."""

    data: str
    kept: str

    @property
    def work(self) -> str:
        return f"{self.data}.recovering"

    @property
    def note(self) -> str:
        return f"{self.data}.recovery.json"

    @property
    def log(self) -> str:
        return f"{self.data}.recovering.log"


def steps(
    backup: Backup, target: Target, places: Places, port: int, standbys: list[str], spaces: dict[str, str]
) -> list[str]:
    rebuilt = [f"rebuild the standbys {', '.join(standbys)} with rebuild_standby.yml: they have what is given up"]
    source = f"{backup.type} backup {backup.label} of repository {backup.repository}"
    return [
        f"restore {source}, {-(-backup.database_size_bytes // 2**20)} MiB, to {places.work}",
        *(f"restore tablespace {number} to {place}, where it stays" for number, place in spaces.items()),
        f"replay WAL from {backup.wal_start} up to {target}, in a server of its own at port {port}",
        "verify that it stopped there, and read all of its databases",
        f"stop the server, and keep its data directory as {places.kept}",
        f"start the server with the recovered one as {places.data}, on a new timeline",
        *(rebuilt if standbys else []),
    ]


def require_confirmation(host: str, confirm: str) -> None:
    if confirm != host:
        raise PgopsError(
            f"All databases of {host} go back to the target, and the confirmation says {confirm or 'nothing'}. Nothing was "
            f"changed. Look at the plan in a dry run, then add confirm={host}."
        )
