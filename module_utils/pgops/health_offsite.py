"""Whether dumps are off-site: how old the newest copy is, and whether the newest dump of this host is there as it is here."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from . import backup_catalog
from .backup_catalog import Backup
from .errors import PgopsError
from .health import Check, Limit, duration, measured, stated, unknown
from .manifest import MANIFEST
from .offsite import Held, held
from .offsite_store import Store

DAY_S = 86_400
# A backup of another type has less in it, and does not count as one of the database.
KIND = "full"
# A store that says nothing must not hold up everything else that is asked.
PATIENCE = ("--retries=1", "--low-level-retries=2", "--contimeout=5s", "--timeout=15s")
SEND_IT = "Run backup_postgresql.yml, which sends every dump that is missing there, and see why the schedule did not."
ASK_AGAIN = "Until it answers nobody knows which dumps are off-site, and none is sent there."
SEND_AGAIN = "Remove {0}/manifest.json from the store, and run backup_postgresql.yml, which then sends it again."
READ_IT = "Run the module as the OS user that owns the dumps."


def offsite_checks(
    options: dict | None, directory: str | None, server: dict, limits: dict[str, Limit], now_s: float
) -> list[Check]:
    """No check where no store is configured, where the server is down, or on a standby, whose primary sends them."""
    if not options or server.get("state") != "primary":
        return []
    store = replace(Store(**options), patience=PATIENCE)
    try:
        found = held(store.files())
    except PgopsError as error:
        return [stated("offsite", "unknown", "days", "warning", str(error), ASK_AGAIN)]
    checks = [age_check(found, server["database"], limits["offsite"], now_s)]
    if directory:
        checks.append(newest_check(store, found, Path(directory), server["database"], limits["offsite_delay"], now_s))
    return checks


def age_check(found: Held, database: str, limit: Limit, now_s: float) -> Check:
    newest = next((one for one in found.copies if one.series == (database, KIND)), None)
    if newest is None:
        return stated("offsite", "none", "days", "critical", f"No dump of {database} is in the object store.", SEND_IT)
    age_s = max(0.0, now_s - newest.created_at.timestamp())
    finding = f"The newest dump in the object store, {newest.name}, is {duration(age_s)} old."
    return measured("offsite", age_s / DAY_S, "days", limit, finding, SEND_IT)


def newest_check(store: Store, found: Held, directory: Path, database: str, limit: Limit, now_s: float) -> Check:
    """For how long the newest sound dump has been waiting to be sent."""
    try:
        newest = newest_of(directory, database)
        if newest is None:
            return stated(
                "offsite_newest", 0, "s", "ok", f"This host has no dump of {database} that could be missing there."
            )
        name = newest.manifest.name
        if name not in found.names:
            age_s = max(0.0, now_s - newest.moment.timestamp())
            finding = f"The newest dump, {name}, made {duration(age_s)} ago, is not in the object store."
            return measured("offsite_newest", age_s, "s", limit, finding, SEND_IT)
        fault = difference(store, found, newest)
    except PgopsError as error:
        return unknown("offsite_newest", "s", str(error), READ_IT, limit)
    if fault:
        return stated("offsite_newest", "differs", "s", "critical", fault, SEND_AGAIN.format(store.place(name)))
    return measured(
        "offsite_newest", 0.0, "s", limit, f"The newest dump, {name}, is in the object store as it is here."
    )


def newest_of(directory: Path, database: str) -> Backup | None:
    catalog = backup_catalog.read(directory)
    return next((one for one in catalog.backups if one.series == (database, KIND) and one.fault is None), None)


def difference(store: Store, found: Held, newest: Backup) -> str | None:
    """By the size of the archive and the manifest, which has its checksum. The archive was read back when it was sent."""
    name = newest.manifest.name
    size = next(one.size_bytes for one in found.copies if one.name == name)
    if size != newest.manifest.size_bytes:
        return f"The archive of {name} has {size} bytes in the object store instead of {newest.manifest.size_bytes}."
    try:
        here = (newest.folder / MANIFEST).read_text(encoding="utf-8")
    except OSError as error:
        raise PgopsError(f"The manifest of {name} cannot be read: {error.strerror}.") from error
    if store.read(f"{name}/{MANIFEST}") != here:
        return f"The manifest of {name} is another one in the object store than here."
    return None
