"""The backups in a directory: which there are, which are sound, and which one is meant."""

from __future__ import annotations

import os.path
import re
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from urllib.parse import quote

from . import manifest
from .connection import SUPPORTED_MAJOR
from .errors import PgopsError
from .manifest import FULL, MANIFEST, TYPES, DamagedBackupError, Manifest

PARTIAL = ".partial-"
LATEST = "latest"
# What free_name() makes; a folder that is called otherwise and has no manifest is somebody else's.
OURS = re.compile(rf".+_({'|'.join(TYPES)})_\d{{8}}T\d{{6}}Z(-\d+)?")
# Debian adds words of its own to the number.
MAJOR = re.compile(r"\d+")
# In names, where others have their database.
SERVER = "server"
# How many names an error about a missing backup offers.
OFFERED = 5


@dataclass(frozen=True)
class Backup:
    """One backup and, in a sentence, what is wrong with its archive."""

    folder: Path
    manifest: Manifest
    fault: str | None

    @property
    def series(self) -> tuple[str, str]:
        """Backups of which a newer one replaces an older one."""
        return self.manifest.database, self.manifest.type

    @property
    def moment(self) -> datetime:
        return datetime.fromisoformat(self.manifest.created_at)

    def described(self, now: datetime) -> dict:
        """For module results: the manifest's fields, C(path), C(sound), C(fault) and C(age_s), its age in seconds."""
        age = now - self.moment
        return {
            **asdict(self.manifest),
            "path": str(self.folder),
            "sound": self.fault is None,
            "fault": self.fault,
            "age_s": round(age.total_seconds()),
        }


@dataclass(frozen=True)
class Catalog:
    """Backups, newest first; what is wrong with which of them; a sentence for whatever else lies in the directory."""

    directory: Path
    backups: tuple[Backup, ...]
    faults: dict[str, str]
    remarks: tuple[str, ...]

    @property
    def problems(self) -> tuple[str, ...]:
        return tuple(self.faults.values())


def read(directory: Path, checksum: bool = False) -> Catalog:
    """All backups in DIRECTORY. CHECKSUM reads every archive; otherwise only its size is compared."""
    backups, faults, remarks = [], {}, []
    try:
        for entry in sorted(directory.iterdir()):
            if entry.name.startswith(PARTIAL):
                remarks.append(f"{entry.name} is a backup that still runs or was interrupted. The next one removes it.")
            elif entry.name.startswith("."):
                continue
            elif not is_ours(entry):
                remarks.append(f"{entry.name} is no backup of ours, and is left alone.")
            else:
                try:
                    found = manifest.read(entry)
                except DamagedBackupError as damage:
                    faults[entry.name] = str(damage)
                    continue
                fault = manifest.archive_fault(entry, found, checksum)
                backups.append(Backup(entry, found, fault))
                if fault:
                    faults[entry.name] = fault
    except FileNotFoundError:
        remarks = [f"The directory {directory} does not exist."]
    except OSError as error:
        raise PgopsError(f"The backup directory {directory} cannot be read: {error.strerror}.") from error
    newest_first = sorted(backups, key=lambda one: (one.manifest.created_at, one.manifest.name), reverse=True)
    return Catalog(directory, tuple(newest_first), faults, tuple(remarks))


def is_ours(entry: Path) -> bool:
    return entry.is_dir() and (OURS.fullmatch(entry.name) is not None or os.path.lexists(entry / MANIFEST))


def free_name(directory: Path, database: str, kind: str, moment: datetime) -> str:
    """A name that sorts by time and that no backup has; whatever the database is called, it stays in DIRECTORY.

    Globals have no DATABASE.
    """
    encoded = quote(database, safe="") or SERVER
    if encoded[0] in ".-~":  # hidden, an option or a home, to others
        encoded = f"%{ord(encoded[0]):02X}{encoded[1:]}"
    base = f"{encoded}_{kind}_{moment.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"
    name, number = base, 1
    while (directory / name).exists():
        number += 1
        name = f"{base}-{number}"
    return name


def choose(catalog: Catalog, wanted: str, database: str) -> Backup:
    """The backup called WANTED, or the newest sound one of DATABASE for C(latest). It holds a database as a whole."""
    if wanted == LATEST:
        for backup in catalog.backups:
            if backup.series == (database, FULL) and backup.fault is None:
                require_readable(backup.manifest)
                return backup
        known = " ".join([f"There is no sound {FULL} backup of {database} in {catalog.directory}.", *catalog.problems])
        raise PgopsError(known if catalog.directory.exists() else f"{known} The directory does not exist.")
    if wanted in catalog.faults:
        raise DamagedBackupError(
            f"{catalog.faults[wanted]} Choose another one: list_backups.yml shows which are sound."
        )
    for backup in catalog.backups:
        if backup.manifest.name == wanted:
            require_whole(backup.manifest)
            require_readable(backup.manifest)
            return backup
    known = ", ".join(backup.manifest.name for backup in catalog.backups[:OFFERED]) or "none"
    raise PgopsError(f"There is no backup {wanted} in {catalog.directory}. The newest are: {known}.")


def require_readable(found: Manifest) -> None:
    """An older pg_restore and an older server know neither the archives nor the statements of a newer one."""
    major = MAJOR.match(found.server_version)
    if major and int(major[0]) > SUPPORTED_MAJOR:
        raise PgopsError(
            f"Backup {found.name} is of PostgreSQL {found.server_version}, newer than {SUPPORTED_MAJOR}, which this restores "
            "with. Nothing was changed. Restore it on a server of its version, or choose an older one with list_backups.yml."
        )


def require_whole(found: Manifest) -> None:
    """A database can be made of a full backup only."""
    if found.type != FULL:
        raise PgopsError(
            f"Backup {found.name} is of type {found.type}, and a database can be made of a {FULL} one only: choose such a one with "
            "list_backups.yml."
        )
