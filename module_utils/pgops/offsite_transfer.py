"""Dumps to the object store and back, each read back and compared before it counts."""

from __future__ import annotations

import os
import shutil
from dataclasses import asdict
from datetime import datetime, timezone
from pathlib import Path

from . import backup_catalog, manifest
from .backup import PARTIAL, lock, require_space, sync
from .backup_catalog import Backup
from .errors import PgopsError
from .manifest import MANIFEST
from .offsite import Copy, Held, choose, held, plan
from .offsite_store import Store

# Its lock is in there: a dump that is being made does not have to wait for one that is being sent.
FOLDER = ".offsite"


def send(store: Store, directory: Path, keep_days: int, check_mode: bool) -> dict:
    """Bring every sound dump of DIRECTORY there that is missing, and remove what has been there for longer than KEEP_DAYS.

    Killed at any instant, it leaves nothing that counts as a copy and is none; the next run sends it again.
    """
    if keep_days < 1:
        raise PgopsError(f"keep_days is {keep_days}. Give how many days a copy is kept, 1 or more.")
    catalog, found = backup_catalog.read(directory), held(store.files())
    planned = plan(catalog, found, keep_days, datetime.now(timezone.utc))
    if not check_mode and planned.steps:
        (directory / FOLDER).mkdir(mode=0o700, exist_ok=True)
        with lock(directory / FOLDER, "transfer"):
            for one in planned.send:
                send_one(store, one)
            # Only now: what was to be sent may be the reason why something else may go.
            for copy in planned.expire:
                store.remove([f"{copy.name}/{MANIFEST}", f"{copy.name}/{copy.archive}"])
            found = held(store.files())
    return {
        "changed": bool(planned.steps),
        "plan": planned.steps,
        **described(found),
        "problems": list(catalog.problems),
        "diff": {"before": "", "after": "".join(f"{step}\n" for step in planned.steps)},
    }


def send_one(store: Store, one: Backup) -> None:
    name, folder, archive = one.manifest.name, one.folder, one.manifest.archive
    store.send(folder / archive, f"{name}/{archive}")
    if store.sha256(f"{name}/{archive}") != one.manifest.sha256:
        raise PgopsError(
            f"What the object store gives back of {name} does not have the SHA-256 of its manifest. It does not count there. Look at "
            "the dump with list_backups.yml -e backup_checksum=true, then run it again."
        )
    store.send(folder / MANIFEST, f"{name}/{MANIFEST}")
    if store.read(f"{name}/{MANIFEST}") != (folder / MANIFEST).read_text(encoding="utf-8"):
        store.remove([f"{name}/{MANIFEST}"])
        raise PgopsError(
            f"The object store gives back another manifest of {name} than it was sent. It does not count there; run it again."
        )


def fetch(store: Store, directory: Path, wanted: str, database: str, check_mode: bool) -> dict:
    """Bring a dump back into DIRECTORY, under its own name, once it is whole."""
    found = held(store.files())
    chosen = choose(found, wanted, database)
    present = (directory / chosen.name).exists()
    steps = [] if present else [f"fetch {chosen.name}, {chosen.size_bytes} bytes, into {directory}"]
    if steps:
        require_space(directory, chosen.size_bytes, f"Backup {chosen.name}")
    if steps and not check_mode:
        directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        with lock(directory):
            fetch_one(store, directory, chosen)
    diff = {"before": "", "after": "".join(f"{step}\n" for step in steps)}
    return {
        "changed": bool(steps),
        "plan": steps,
        "backup": chosen.name,
        **described(found),
        "problems": [],
        "diff": diff,
    }


def fetch_one(store: Store, directory: Path, chosen: Copy) -> None:
    partial = directory / f"{PARTIAL}{chosen.name}"
    # Under the lock, it belongs to a run that died.
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(mode=0o700)
    try:
        for name in (MANIFEST, chosen.archive):
            store.fetch(f"{chosen.name}/{name}", partial / name)
            (partial / name).chmod(0o600)
            sync_file(partial / name)
        said = whole(partial, chosen.name)
        if said:
            raise PgopsError(f"{said} The copy in the object store is damaged: choose another one.")
        sync(partial)
        partial.rename(directory / chosen.name)
        sync(directory)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def whole(partial: Path, name: str) -> str | None:
    """What is wrong with what was fetched, in a sentence."""
    try:
        found = manifest.read(partial, name)
    except manifest.DamagedBackupError as damage:
        return str(damage)
    return manifest.archive_fault(partial, found, checksum=True)


def sync_file(path: Path) -> None:
    with open(path, "rb") as file:
        os.fsync(file.fileno())


def described(found: Held) -> dict:
    copies = [{**asdict(one), "created_at": one.created_at.isoformat()} for one in found.copies]
    return {"copies": copies, "unfinished": list(found.unfinished), "foreign": list(found.foreign)}
