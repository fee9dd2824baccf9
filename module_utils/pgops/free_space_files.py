"""Files of a host that nobody needs any more: old logs, remains of backends and backups, dumps that are kept for long enough,
and data directories that were set aside. Nothing of a data directory that is in use but temporary files, and never WAL.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterable
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path

from . import backup, backup_catalog, rebuild, recovery, retention
from .free_space_plan import DIRECTORY, DUMPS, INTERRUPTED, LOGS, TEMPORARY, Found, Step
from .recovery_plan import Places
from .replication import sync_folder

# With a date in its name, as PostgreSQL begins a new one, or rotated, as logrotate does it. One that has neither is written on,
# however long ago somebody last did.
LOG = re.compile(
    r"postgresql.*(?:[0-9]{4}-[0-9]{2}-[0-9]{2}.*\.(?:log|csv|json)(?:\.[0-9]+)?(?:\.gz)?|\.log\.[0-9]+(?:\.gz)?)"
)
# A backend has its number in the names of its temporary files; those of parallel ones are in a folder of their leader.
TEMPORARY_FILE = re.compile(r"pgsql_tmp(?P<pid>[0-9]+)\..+")
KEPT = re.compile(rf"(?:{re.escape(recovery.ASIDE)}|{re.escape(rebuild.ASIDE)})[0-9]+")
REMOVING = ".removing"
DAY_S = 86_400
NAMED = 3


def taken(paths: Iterable[Path]) -> int:
    """Bytes of the disk that go with PATHS; of a directory with all that is in it, and not with what it only points to."""
    size = 0
    for path in paths:
        for where, _, names in (
            os.walk(path) if path.is_dir() and not path.is_symlink() else [(str(path.parent), [], [path.name])]
        ):
            for name in names:
                with suppress(FileNotFoundError):
                    size += os.lstat(os.path.join(where, name)).st_blocks * 512
    return size


def listed(names: list[str]) -> str:
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more


def unlink(paths: list[Path]) -> None:
    for path in paths:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def old_logs(directories: Iterable[Path], keep_days: int, current: str, now_s: float) -> Found:
    """Log files that nobody has written to for so long; never the one that is written now, nor the newest of a directory."""
    old, unknown = [], []
    for directory in dict.fromkeys(directories):
        try:
            old += old_in(directory, now_s - keep_days * DAY_S, Path(current).name)
        except FileNotFoundError:
            continue
        except OSError as error:
            unknown.append(f"{LOGS}: {directory} cannot be read: {error.strerror}.")
    if not old:
        return Found(unknown=unknown)
    places = ", ".join(dict.fromkeys(str(path.parent) for path in old))
    what = (
        f"{len(old)} log files in {places} that are older than {keep_days} days: {listed([path.name for path in old])}"
    )
    return Found([Step(LOGS, taken(old), what, "what the server has told then", partial(unlink, old))], unknown)


def old_in(directory: Path, before_s: float, current: str) -> list[Path]:
    files = [path for path in sorted(directory.iterdir()) if LOG.fullmatch(path.name) and path.is_file()]
    ages = {path: path.stat().st_mtime for path in files}
    newest = max(files, key=lambda path: (ages[path], path.name), default=None)
    return [path for path in files if ages[path] < before_s and path != newest and path.name != current]


def is_running(pid: int) -> bool:
    return Path(f"/proc/{pid}").exists()


def temporary_files(data_directory: Path, tablespaces: bool = True) -> Found:
    """Of backends that are gone. The server removes them when it starts, and else leaves those of one that crashed."""
    places = [data_directory / "base" / "pgsql_tmp"]
    places += sorted(data_directory.glob("pg_tblspc/*/PG_*/pgsql_tmp")) if tablespaces else []
    found = []
    try:
        for place in places:
            for path in sorted(place.iterdir()) if place.is_dir() else []:
                match = TEMPORARY_FILE.fullmatch(path.name)
                if match and not is_running(int(match["pid"])):
                    found.append(path)
    except OSError as error:
        return Found(unknown=[f"{TEMPORARY}: {error.filename} cannot be read: {error.strerror}."])
    if not found:
        return Found()
    what = f"{len(found)} temporary files of server processes that are gone: {listed([path.name for path in found])}"
    return Found([Step(TEMPORARY, taken(found), what, "nothing", partial(remove_orphans, found))])


def remove_orphans(paths: list[Path]) -> None:
    """A number may be another process's by now, which then keeps its files."""
    unlink([path for path in paths if not is_running(int(TEMPORARY_FILE.fullmatch(path.name)["pid"]))])  # type: ignore[index]


def dumps(directory: Path, keep_days: int | None, keep_count: int | None, now: datetime) -> Found:
    """By the rules of pg_backup. The newest sound one of each series stays, and one that is damaged is a person's to judge."""
    if not directory.is_dir():
        return Found()
    catalog = backup_catalog.read(directory)
    oldest = None if keep_days is None else now - timedelta(days=keep_days)
    sound = [one for one in catalog.backups if one.fault is None]
    old = retention.expired(sound, oldest, keep_count)
    remains, found = backup.remains(directory), Found()
    if remains:
        names = listed([path.name for path in remains])
        what = f"{len(remains)} backups in {directory} that were interrupted: {names}"
        found.steps.append(Step(INTERRUPTED, taken(remains), what, "nothing", partial(remove_remains, directory)))
    if old:
        what = f"{len(old)} dumps in {directory} that are kept for long enough: {listed([one.manifest.name for one in old])}"
        folders = [one.folder for one in old]
        step = Step(
            DUMPS, taken(folders), what, "those states of the databases", partial(remove_dumps, directory, folders)
        )
        found.steps.append(step)
    return found


def remove_remains(directory: Path) -> None:
    with backup.lock(directory):
        unlink(backup.remains(directory))


def remove_dumps(directory: Path, folders: list[Path]) -> None:
    with backup.lock(directory):
        for folder in folders:
            if folder.exists():
                backup.remove(folder)


def kept_directories(data_directory: Path) -> Found:
    """What a recovery or a rebuild has set aside. Only beside a cluster that is whole: else it may be all that there is."""
    found = Found()
    places = Places(str(data_directory), "")
    for path in sorted(data_directory.parent.glob(f".{data_directory.name}.before_*{REMOVING}")):
        what = "what an interrupted removal has left of a data directory that was set aside"
        found.steps.append(Step(f"{DIRECTORY}:{path}", taken([path]), what, "nothing", partial(shutil.rmtree, path)))
    for path in sorted(data_directory.parent.glob(f"{data_directory.name}.before_*")):
        if not KEPT.fullmatch(path.name[len(data_directory.name) :]) or not path.is_dir():
            continue
        name = f"{DIRECTORY}:{path}"
        reason = why_kept(path, data_directory, Path(places.note))
        if reason:
            found.refused[name] = reason
            continue
        what = f"the data directory that was set aside at {moment_of(path)}"
        found.steps.append(
            Step(name, taken([path]), what, "the way back to what there was before", partial(remove_kept, path))
        )
    return found


def why_kept(path: Path, data_directory: Path, note: Path) -> str:
    """Why it may not go yet; empty where it may."""
    if not (data_directory / "PG_VERSION").is_file():
        return f"{data_directory} is no cluster at the moment, so that this may be all that there is."
    if is_in_use(path):
        return "a server runs in it."
    try:
        state = json.loads(note.read_text(encoding="utf-8")).get("state") if note.exists() else recovery.DONE
    except (OSError, ValueError):
        state = "unknown"
    if state not in (recovery.DONE, recovery.RESTORING):
        return f"a recovery is not ended ({note} says {state}): run recover_postgresql.yml again first."
    return ""


def is_in_use(path: Path) -> bool:
    try:
        pid = int((path / "postmaster.pid").read_text(encoding="utf-8").split()[0])
    except (OSError, ValueError, IndexError):
        return False
    with suppress(OSError):
        return Path(f"/proc/{pid}/cwd").resolve() == path.resolve()
    return is_running(pid)


def moment_of(path: Path) -> str:
    return f"{datetime.fromtimestamp(path.stat().st_ctime, timezone.utc):%Y-%m-%d %H:%M} UTC"


def remove_kept(path: Path) -> None:
    """Its name goes first: what is removed in part is nobody's way back any more."""
    gone = path.with_name(f".{path.name}{REMOVING}")
    path.rename(gone)
    sync_folder(path.parent)
    shutil.rmtree(gone)
