"""Whether there is a physical backup that a recovery could begin with, how old it is, and whether its WAL is all there."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import PgopsError
from .health import Check, Limit, duration, measured, stated, unknown
from .pgbackrest import Stanza, ask, faults
from .pgbackrest_backup import FULL

NAME, UNIT = "physical_backup", "days"
DAY_S = 86_400
MAKE_ONE = "Run backup_postgresql.yml -e backup_kind=physical, and see why the schedule did not."
MAKE_FULL = "Run backup_postgresql.yml -e backup_kind=physical -e backup_type=full, and see why the schedule did not."
MEND = "Mend what it says before the next backup is due; until then nothing can be recovered from there."
READ_IT = "Run the module as the OS user that owns the data directory, with the package pgbackrest installed."
CLOSE_GAP = "Run backup_postgresql.yml -e backup_kind=physical now: moments after the gap can be reached from a new backup only."
# pgBackRest tells of it in its log alone; to PostgreSQL it says that the segment is archived.
DROPPED = re.compile(r"dropped WAL file '(?P<segment>[0-9A-F]{24})' because archive queue exceeded")
SEGMENT = re.compile(r"[0-9A-F]{24}")
LOG = "/var/log/pgbackrest/{stanza}-archive-push-async.log"


def physical_checks(
    stanza: str | None, server: dict, archiver: dict, limits: dict[str, Limit], now_s: float
) -> list[Check]:
    """No check where none is asked for, where the server is down, or on a standby, whose primary is backed up."""
    limit = limits[NAME]
    if not stanza or server.get("state") != "primary":
        return []
    try:
        found = ask(stanza)
        dropped = dropped_segments(Path(LOG.format(stanza=stanza)))
    except PgopsError as error:
        return [unknown(NAME, UNIT, str(error), READ_IT, limit)]
    return [
        age_check(found, limit, now_s),
        *full_checks(found, limits["physical_full"], now_s),
        gap_check(found, dropped),
        *arrival_checks(found, archiver.get("last_archived_wal")),
    ]


def dropped_segments(log: Path) -> list[str]:
    """WAL that was given up, by the log; none where there is no log yet."""
    try:
        return DROPPED.findall(log.read_text(encoding="utf-8", errors="replace"))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise PgopsError(f"{log} cannot be read: {error.strerror}.") from error


def age_check(stanza: Stanza, limit: Limit, now_s: float) -> Check:
    """Of the repository whose newest sound backup is the oldest."""
    problems = faults(stanza)
    if problems:
        return stated(NAME, "none", UNIT, "critical", " ".join(problems), MEND)
    newest = [stanza.sound(one.key) for one in stanza.repositories]
    if not all(newest):
        return stated(
            NAME, "none", UNIT, "critical", f"A repository of stanza {stanza.name} has no sound backup.", MAKE_ONE
        )
    last = min((sound[0] for sound in newest), key=lambda one: one.stopped_s)
    age_s = max(0.0, now_s - last.stopped_s)
    finding = f"The newest backup in repository {last.repository}, {last.label}, is {duration(age_s)} old."
    return measured(NAME, age_s / DAY_S, UNIT, limit, finding, MAKE_ONE)


def full_checks(stanza: Stanza, limit: Limit, now_s: float) -> list[Check]:
    """Of the repository whose newest full backup is the oldest: everything after it depends on it. None is told of above."""
    fulls = [[one for one in stanza.sound(place.key) if one.type == FULL] for place in stanza.repositories]
    if faults(stanza) or not fulls or not all(fulls):
        return []
    last = min((sound[0] for sound in fulls), key=lambda one: one.stopped_s)
    age_s = max(0.0, now_s - last.stopped_s)
    finding = f"The newest full backup in repository {last.repository}, {last.label}, is {duration(age_s)} old."
    return [measured("physical_full", age_s / DAY_S, UNIT, limit, finding, MAKE_FULL)]


def arrival_checks(stanza: Stanza, archived: str | None) -> list[Check]:
    """Whether each repository has the WAL that the server believes to be there. It was asked first: by now there may be more."""
    if archived is None or not SEGMENT.fullmatch(archived) or faults(stanza):
        return []
    behind = [one for one in stanza.repositories if (one.wal_max or "") < archived]
    if not behind:
        return [stated("wal_arrival", archived, "", "ok", f"Each repository has the WAL up to {archived}.")]
    finding = " ".join(f"Repository {one.key} has WAL up to {one.wal_max or 'none at all'}." for one in behind)
    finding = f"To the server all WAL up to {archived} is archived. {finding} What is between is lost to a recovery from there."
    return [stated("wal_arrival", archived, "", "critical", finding, CLOSE_GAP)]


def gap_check(stanza: Stanza, dropped: list[str]) -> Check:
    """Names of segments grow with time, across timelines too; a backup that began after the last dropped one has no gap."""
    last = max(dropped, default="")
    begun = max((one.wal_start for one in stanza.backups if not one.error), default="")
    lost = sorted({segment for segment in dropped if segment >= begun})
    if not lost:
        return stated("wal_archive", 0, "segments", "ok", "No WAL was given up since the newest backup.")
    finding = f"{len(lost)} segments of WAL up to {last} were given up, because a repository could not be reached for too long."
    return stated("wal_archive", len(lost), "segments", "critical", finding, CLOSE_GAP)
