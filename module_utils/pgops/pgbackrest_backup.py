"""One physical backup: which type is due and why, made by pgBackRest, and told of from what it then says itself."""

from __future__ import annotations

import time
from dataclasses import dataclass

from . import commands
from .connection import SOCKET_DIRECTORY
from .errors import PgopsError
from .pgbackrest import GOOD, NO_BACKUP, Backup, Stanza, ask, explained, fault_of

AUTO, FULL, DIFF, INCR = "auto", "full", "diff", "incr"
# What serves as well as a backup of the type that was asked for.
SERVES = {FULL: (FULL,), DIFF: (FULL, DIFF), INCR: (FULL, DIFF, INCR), AUTO: (FULL, DIFF, INCR)}
DAY_S = 86400


@dataclass(frozen=True)
class Wanted:
    """A backup that is asked for. C(at_most_every_s) is the age from which on another one is due; 0: always."""

    repository: int
    type: str
    full_every_days: float
    at_most_every_s: int


@dataclass(frozen=True)
class Plan:
    """The type that is made, None where none is due, and why."""

    type: str | None
    reason: str
    present: Backup | None = None


def plan(stanza: Stanza, wanted: Wanted, now_s: float) -> Plan:
    sound = stanza.sound(wanted.repository)
    recent = next((one for one in sound if one.type in SERVES[wanted.type]), None)
    if recent and wanted.at_most_every_s and now_s - recent.stopped_s < wanted.at_most_every_s:
        return Plan(
            None,
            f"{recent.label} is {age(recent, now_s)} old, and another one is due after {words(wanted.at_most_every_s)}",
            recent,
        )
    full = next((one for one in sound if one.type == FULL), None)
    if wanted.type == FULL:
        return Plan(FULL, "it was asked for")
    if full is None:
        return Plan(FULL, "there is no full backup in this repository yet")
    if wanted.type != AUTO:
        return Plan(wanted.type, "it was asked for")
    if now_s - full.stopped_s >= wanted.full_every_days * DAY_S:
        return Plan(FULL, f"the last full backup, {full.label}, is {age(full, now_s)} old")
    return Plan(INCR, f"the last full backup, {full.label}, is only {age(full, now_s)} old")


def age(backup: Backup, now_s: float) -> str:
    return words(max(0, int(now_s - backup.stopped_s)))


def words(seconds: int) -> str:
    """The largest unit of which there are two or more: 7200 is 2 h, 7000 is 116 min."""
    units = (("d", DAY_S), ("h", 3600), ("min", 60))
    return next((f"{seconds // size} {unit}" for unit, size in units if seconds >= 2 * size), f"{seconds} s")


def read_wanted(params: dict) -> Wanted:
    if params["full_every_days"] <= 0 or params["at_most_every_s"] < 0 or params["archive_timeout_s"] < 1:
        raise PgopsError(
            "full_every_days and archive_timeout_s have to be more than 0, and at_most_every_s must not be negative."
        )
    return Wanted(params["repository"], params["type"], params["full_every_days"], params["at_most_every_s"])


def read_stanza(name: str, key: int) -> Stanza:
    """The stanza, whose repository KEY can take a backup."""
    stanza = ask(name)
    one = stanza.repository(key)
    if one.code not in (GOOD, NO_BACKUP):
        raise PgopsError(f"{fault_of(stanza, one)} Nothing was backed up.")
    if stanza.locked:
        raise PgopsError(
            f"Another backup or expiry of stanza {name} runs. Nothing was backed up. Wait for it to end; a process that died "
            "holds no lock."
        )
    return stanza


def from_standby(params: dict) -> list[str]:
    """Have the files read here, on a standby, and its primary asked to begin and end the backup; nothing on the primary itself."""
    if not params["primary"]:
        return []
    tls = params["tls_directory"]
    return [
        "--backup-standby",
        f"--pg2-host={params['primary']}",
        "--pg2-host-type=tls",
        f"--pg2-host-port={params['primary_server_port']}",
        f"--pg2-host-ca-file={tls}/ca.crt",
        f"--pg2-host-cert-file={tls}/server.crt",
        f"--pg2-host-key-file={tls}/server.key",
        f"--pg2-path={params['primary_data_directory']}",
        f"--pg2-port={params['primary_port']}",
        f"--pg2-socket-path={SOCKET_DIRECTORY}",
    ]


def back_up(params: dict, check_mode: bool) -> dict:
    """The result of pgbackrest_backup."""
    wanted = read_wanted(params)
    before = read_stanza(params["stanza"], wanted.repository)
    planned, started = plan(before, wanted, time.time()), time.monotonic()
    if planned.type is None:
        present = planned.present.described(time.time()) if planned.present else None
        return result(False, planned, present, 0.0, "")
    diff = f"{planned.type} backup of stanza {params['stanza']} in repository {wanted.repository}: {planned.reason}\n"
    if check_mode:
        return result(True, planned, None, 0.0, diff)
    finished = commands.pgbackrest(
        [
            f"--stanza={params['stanza']}",
            f"--repo={wanted.repository}",
            f"--type={planned.type}",
            f"--archive-timeout={params['archive_timeout_s']}",
            *from_standby(params),
            "backup",
        ]
    )
    if finished.code:
        raise PgopsError(explained(finished, f"The {planned.type} backup of stanza {params['stanza']} was not made"))
    known = {one.label for one in before.backups if one.repository == wanted.repository}
    made = next(
        (one for one in ask(params["stanza"]).sound(wanted.repository) if one.label not in known),
        None,
    )
    if made is None:
        raise PgopsError(
            f"pgBackRest ended well, but repository {wanted.repository} lists no new sound backup of stanza {params['stanza']}. "
            "See its log in /var/log/pgbackrest, and do not rely on this backup."
        )
    return result(True, planned, made.described(time.time()), round(time.monotonic() - started, 3), diff)


def result(changed: bool, planned: Plan, backup: dict | None, duration_s: float, after: str) -> dict:
    return {
        "changed": changed,
        "type": planned.type,
        "reason": planned.reason,
        "backup": backup,
        "duration_s": duration_s,
        "diff": {"before": "", "after": after},
    }
