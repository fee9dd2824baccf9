"""Dumps in an object store: which are there, which have to go there, and which have been there for long enough.

A backup counts there when its manifest lies beside its archive: the archive comes first, is read back and compared, and
only then does the manifest follow. What expires loses its manifest first.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from urllib.parse import unquote

from .backup_catalog import LATEST, Backup, Catalog
from .errors import PgopsError
from .manifest import ARCHIVES, FULL, GLOBALS, MANIFEST
from .retention import expired

# What backup_catalog.free_name() makes; two of one second have a number.
NAME = re.compile(r"(?P<database>.+)_(?P<kind>[a-z]+)_(?P<stamp>\d{8}T\d{6}Z)(-\d+)?")
OFFERED = 5


@dataclass(frozen=True)
class Copy:
    """A backup that is whole in the store. Size of its C(archive), which is called so, in bytes."""

    name: str
    database: str
    kind: str
    created_at: datetime
    size_bytes: int
    archive: str

    @property
    def series(self) -> tuple[str, str]:
        """Backups of which a newer one replaces an older one."""
        return self.database, self.kind

    @property
    def moment(self) -> datetime:
        return self.created_at


@dataclass(frozen=True)
class Held:
    """What the store has: whole backups, newest first; names of folders without a manifest; what is none of ours."""

    copies: tuple[Copy, ...]
    unfinished: tuple[str, ...]
    foreign: tuple[str, ...]

    @property
    def names(self) -> set[str]:
        return {copy.name for copy in self.copies}


@dataclass(frozen=True)
class Plan:
    """Local backups to send, newest first, and copies to remove."""

    send: tuple[Backup, ...]
    expire: tuple[Copy, ...]

    @property
    def steps(self) -> list[str]:
        return [
            *(f"send {one.manifest.name}, {one.manifest.size_bytes} bytes, and read it back" for one in self.send),
            *(f"remove {one.name} of {one.created_at:%Y-%m-%d}" for one in self.expire),
        ]


def held(listed: Iterable[Mapping]) -> Held:
    """LISTED is what C(rclone lsjson) says of every file: C(Path) and C(Size)."""
    folders: dict[str, dict[str, int]] = {}
    foreign = set()
    for file in listed:
        folder, _, name = str(file["Path"]).rpartition("/")
        if NAME.fullmatch(folder) and name in (MANIFEST, *ARCHIVES.values()):
            folders.setdefault(folder, {})[name] = int(file["Size"])
        else:
            foreign.add(str(file["Path"]))
    copies = [copy_of(name, files) for name, files in folders.items() if len(files) == 2 and MANIFEST in files]
    newest_first = sorted(copies, key=lambda one: (one.created_at, one.name), reverse=True)
    whole = {one.name for one in copies}
    return Held(tuple(newest_first), tuple(sorted(folders.keys() - whole)), tuple(sorted(foreign)))


def copy_of(name: str, files: Mapping[str, int]) -> Copy:
    """Of a folder with a manifest and an archive."""
    [(archive, size_bytes)] = [(file, size) for file, size in files.items() if file != MANIFEST]
    parts = NAME.fullmatch(name)
    assert parts is not None
    moment = datetime.strptime(parts["stamp"], "%Y%m%dT%H%M%SZ").replace(tzinfo=timezone.utc)
    database = "" if parts["kind"] == GLOBALS else unquote(parts["database"])
    return Copy(name, database, parts["kind"], moment, size_bytes, archive)


def plan(catalog: Catalog, found: Held, keep_days: int, now: datetime) -> Plan:
    """What is missing there, unless it would expire at once; and what is too old, but for the newest of each series."""
    oldest = now - timedelta(days=keep_days)
    send = [
        one
        for one in catalog.backups
        if one.fault is None and one.manifest.name not in found.names and one.moment > oldest
    ]
    return Plan(tuple(send), tuple(expired(found.copies, oldest)))


def choose(found: Held, wanted: str, database: str) -> Copy:
    """The copy called WANTED, or the newest full one of DATABASE for C(latest)."""
    for one in found.copies:
        if one.name == wanted or (wanted == LATEST and one.series == (database, FULL)):
            return one
    known = ", ".join(one.name for one in found.copies[:OFFERED]) or "none"
    what = f"{FULL} backup of {database}" if wanted == LATEST else f"backup {wanted}"
    raise PgopsError(f"There is no {what} in the object store. The newest are: {known}.")
