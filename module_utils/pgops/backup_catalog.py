"""The backups in a directory: which there are, which are sound, and which one is meant."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path

from . import manifest
from .errors import PgopsError
from .manifest import DamagedBackupError, Manifest

PARTIAL = ".partial-"
LATEST = "latest"
# How many names an error about a missing backup offers.
OFFERED = 5


@dataclass(frozen=True)
class Backup:
    """One backup and, in a sentence, what is wrong with its archive."""

    folder: Path
    manifest: Manifest
    fault: str | None

    def described(self, now: datetime) -> dict:
        """For module results: the manifest's fields, C(path), C(sound), C(fault) and C(age_s), its age in seconds."""
        age = now - datetime.fromisoformat(self.manifest.created_at)
        return {
            **asdict(self.manifest),
            "path": str(self.folder),
            "sound": self.fault is None,
            "fault": self.fault,
            "age_s": round(age.total_seconds()),
        }


@dataclass(frozen=True)
class Catalog:
    """Backups, newest first; a sentence for each that is damaged, and one for whatever else lies in the directory."""

    directory: Path
    backups: tuple[Backup, ...]
    problems: tuple[str, ...]
    remarks: tuple[str, ...]


def read(directory: Path, checksum: bool = False) -> Catalog:
    """All backups in DIRECTORY. CHECKSUM reads every archive; otherwise only its size is compared."""
    try:
        entries = sorted(directory.iterdir())
    except FileNotFoundError:
        entries = []
    except OSError as error:
        raise PgopsError(f"The backup directory {directory} cannot be read: {error.strerror}.") from error
    backups, problems, remarks = [], [], []
    for entry in entries:
        if entry.name.startswith(PARTIAL):
            remarks.append(f"{entry.name} is a backup that still runs or was interrupted. The next one removes it.")
        elif entry.name.startswith("."):
            continue
        elif not entry.is_dir():
            remarks.append(f"{entry.name} is no backup of ours, and is left alone.")
        else:
            try:
                found = manifest.read(entry)
            except DamagedBackupError as damage:
                problems.append(str(damage))
                continue
            backups.append(Backup(entry, found, manifest.archive_fault(entry, found, checksum)))
    problems += [backup.fault for backup in backups if backup.fault]
    newest_first = sorted(backups, key=lambda one: (one.manifest.created_at, one.manifest.name), reverse=True)
    return Catalog(directory, tuple(newest_first), tuple(problems), tuple(remarks))


def free_name(directory: Path, database: str, kind: str, moment: datetime) -> str:
    """A name that sorts by time and that no backup has."""
    base = f"{database}_{kind}_{moment.astimezone(timezone.utc):%Y%m%dT%H%M%SZ}"
    name, number = base, 1
    while (directory / name).exists():
        number += 1
        name = f"{base}-{number}"
    return name


def choose(catalog: Catalog, wanted: str, database: str) -> Backup:
    """The backup called WANTED, or the newest sound one of DATABASE for C(latest)."""
    if wanted == LATEST:
        for backup in catalog.backups:
            if backup.manifest.database == database and backup.fault is None:
                return backup
        problems = " ".join(["", *catalog.problems])
        raise PgopsError(f"There is no sound backup of {database} in {catalog.directory}.{problems}")
    for backup in catalog.backups:
        if backup.manifest.name == wanted:
            if backup.fault:
                raise DamagedBackupError(f"{backup.fault} Choose another one: list_backups.yml shows which are sound.")
            return backup
    damage = next((problem for problem in catalog.problems if wanted in problem), None)
    if damage:
        raise DamagedBackupError(f"{damage} Choose another one: list_backups.yml shows which are sound.")
    known = ", ".join(backup.manifest.name for backup in catalog.backups[:OFFERED]) or "none"
    raise PgopsError(f"There is no backup {wanted} in {catalog.directory}. The newest are: {known}.")
