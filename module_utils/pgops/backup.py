"""One logical backup: made under another name, read back to its end, and only then given its own."""

from __future__ import annotations

import errno
import fcntl
import getpass
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from types import ModuleType

from . import backup_catalog, commands, dump, dump_globals, manifest, retention
from .backup_catalog import PARTIAL, Backup, Catalog
from .connection import psycopg2
from .errors import PgopsError
from .manifest import GLOBALS, Manifest

LOCK = ".lock"
# A dump grows with its database: what the last one took, and a quarter.
GROWTH = 1.25


def maker(params: dict) -> ModuleType:
    """What knows how to make a backup of this type: C(TOOLS), C(estimate), C(format_of) and C(make)."""
    return dump_globals if params["type"] == GLOBALS else dump


def series_of(params: dict) -> tuple[str, str]:
    """Of the backup that is to be made; see Backup.series."""
    return ("" if params["type"] == GLOBALS else params["login_db"]), params["type"]


def needed_bytes(last: Manifest | None, estimate: int) -> int:
    """Free space to ask for: by the last backup of its series, or ESTIMATE where there is none.

    One that is unpacked once more to be read has its compressed files twice for a moment.
    """
    if last is None:
        return estimate
    taken = last.size_bytes if last.unpacked_bytes is None else 2 * last.size_bytes + last.unpacked_bytes
    return int(taken * GROWTH) + 1


def existing_part(directory: Path) -> Path:
    """DIRECTORY, or where it is going to be made."""
    return next(parent for parent in (directory, *directory.parents) if parent.exists())


def require_space(directory: Path, needed: int, what: str, reclaimed: int = 0) -> None:
    """RECLAIMED bytes are taken now, but will have been freed by then."""
    found = os.statvfs(existing_part(directory))
    free = found.f_bavail * found.f_frsize + reclaimed
    if free < needed:
        raise PgopsError(
            f"{what} needs about {mebibytes(needed)} MiB in {directory}, where {free // 2**20} MiB are free. "
            "Nothing was changed. Make room there, or choose another directory."
        )


def require_writable(directory: Path) -> None:
    """One that is missing may be made before the run by somebody else, as backup_postgresql.yml does as root."""
    if directory.exists() and not os.access(directory, os.W_OK | os.X_OK):
        raise PgopsError(
            f"The backup directory {directory} is not writable for {getpass.getuser()}. Nothing was changed. Give it to "
            "that account, or choose another directory."
        )


def mebibytes(size: int) -> int:
    """Rounded up: an estimate of zero would say that nothing is needed."""
    return -(-size // 2**20)


@contextmanager
def lock(directory: Path, what: str = "backup") -> Iterator[None]:
    """One backup at a time in a directory; the kernel lets go of the lock when its holder dies."""
    with open(directory / LOCK, "a+", encoding="utf-8", opener=manifest.private) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            holder = file.read().strip() or "a process that is just starting"
            raise PgopsError(f"Another {what} is running in {directory}: {holder}. Wait for it to end.") from None
        file.truncate(0)
        file.write(f"process {os.getpid()}, started {datetime.now(timezone.utc):%Y-%m-%d %H:%M:%S} UTC")
        file.flush()
        yield


def remains(directory: Path) -> list[Path]:
    """What interrupted backups left, or one that still runs."""
    return sorted(directory.glob(f"{PARTIAL}*"))


def bytes_in(folder: Path) -> int:
    """Of files at any depth. One that goes meanwhile belongs to a backup that still runs; the lock tells that later."""
    size = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with suppress(FileNotFoundError):
                size += os.lstat(os.path.join(where, name)).st_size
    return size


@dataclass(frozen=True)
class Upcoming:
    """The backup that is to be made."""

    series: tuple[str, str]
    moment: datetime


def outlived(catalog: Catalog, series: tuple[str, str], keep_days: int | None, keep_count: int | None) -> list[Backup]:
    """What may go once a new backup of SERIES is there: older ones of it alone, by age and by number."""
    new = Upcoming(series, datetime.now(timezone.utc))
    oldest = None if keep_days is None else new.moment - timedelta(days=keep_days)
    made: list[Upcoming | Backup] = [new, *(one for one in catalog.backups if one.series == series)]
    return [one for one in retention.expired(made, oldest, keep_count) if isinstance(one, Backup)]


def remove(folder: Path) -> None:
    """Its name goes first: what is removed in part is no backup any more, and the next run removes the rest."""
    gone = folder.with_name(f"{PARTIAL}{folder.name}")
    folder.rename(gone)
    sync(folder.parent)
    shutil.rmtree(gone)


def plan(conn, params: dict, directory: Path, catalog: Catalog, old: list[Backup]) -> dict:
    """What a backup would do: C(estimated_bytes) and the diff. Raises where it could not be made."""
    require_writable(directory)
    series = series_of(params)
    written = maker(params).format_of(params)
    alike = (one.manifest for one in catalog.backups if one.series == series and one.manifest.format == written)
    last = next(alike, None)
    needed, leftovers = needed_bytes(last, maker(params).estimate(conn, params)), remains(directory)
    reclaimed = sum(map(bytes_in, leftovers))
    subject = f"database {params['login_db']}" if series[0] else "the server"
    require_space(directory, needed, f"The {params['type']} backup of {subject}", reclaimed)
    removed = "".join(f"remains of an interrupted backup, {leftover.name}\n" for leftover in leftovers)
    removed += "".join(f"backup {one.manifest.name}, {mebibytes(one.manifest.size_bytes)} MiB\n" for one in old)
    planned = f"{params['type']} backup of {subject} in {directory}, about {mebibytes(needed)} MiB\n"
    return {
        "changed": True,
        "estimated_bytes": needed,
        "removed": [one.manifest.name for one in old],
        "diff": {"before": removed, "after": planned},
    }


def back_up(conn, params: dict, check_mode: bool) -> dict:
    """The result of pg_backup. Killed at any instant, it leaves nothing that is listed as a backup."""
    directory = Path(params["directory"])
    tools = {name: commands.version_of(name) for name in maker(params).TOOLS}
    try:
        catalog = backup_catalog.read(directory)
        old = outlived(catalog, series_of(params), params["keep_days"], params["keep_count"])
        result = plan(conn, params, directory, catalog, old)
        if check_mode:
            return result
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with lock(directory):
            for leftover in remains(directory):  # under the lock, it belongs to a run that died
                shutil.rmtree(leftover)
            made = write(conn, params, directory, tools)
            for one in old:
                remove(one.folder)
    except psycopg2.errors.LockNotAvailable:
        raise PgopsError(
            f"A table of {params['login_db']} stayed locked by somebody else for {params['lock_timeout_s']} s. Nothing "
            "was written. pg_locks shows who holds it; with a higher lock_timeout_s the backup waits longer."
        ) from None
    except commands.OutOfSpaceError:
        raise PgopsError(out_of_space(directory)) from None
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise PgopsError(out_of_space(directory)) from None
        raise PgopsError(f"The backup cannot be written to {directory}: {error.strerror or error}.") from error
    return {**result, "backup": {**asdict(made), "path": str(directory / made.name), "verified": True}}


def out_of_space(directory: Path) -> str:
    return f"{directory} became full: the unfinished backup was removed. Make room there, or choose another directory."


def write(conn, params: dict, directory: Path, tools: dict[str, str]) -> Manifest:
    started, moment = time.monotonic(), datetime.now(timezone.utc)
    database, kind = series_of(params)
    name = backup_catalog.free_name(directory, database, kind, moment)
    partial = directory / f"{PARTIAL}{name}"
    partial.mkdir(mode=0o700)
    try:
        facts = maker(params).make(conn, params, partial)
        archive = partial / manifest.ARCHIVES[facts["format"]]
        made = Manifest(
            name=name,
            type=kind,
            database=database,
            created_at=moment.isoformat(timespec="milliseconds"),
            size_bytes=archive.stat().st_size,
            sha256=manifest.sha256_of(archive),
            duration_s=round(time.monotonic() - started, 3),
            tools=tools,
            **facts,
        )
        manifest.write(partial, made)
        sync(partial)
        partial.rename(directory / name)
        sync(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return made


def sync(folder: Path) -> None:
    """Have the disk hold the names in FOLDER."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
