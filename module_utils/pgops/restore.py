"""A backup becomes a database: made beside, verified, and only then given the name that it is to have."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

from . import backup_catalog, commands, database_contents, manifest, restore_copy, restore_plan
from .backup import lock
from .backup_catalog import Backup
from .connection import PATIENT, connect, psycopg2
from .database_contents import Contents
from .errors import PgopsError
from .manifest import Manifest
from .restore_copy import APPLICATION
from .restore_plan import Database, Plan, origin_of

TOOLS = ("pg_restore", "pg_dump", "zstd")
# Where archives are unpacked, beside the backups; its lock is in there.
FOLDER = ".restoring"
# The two halves of the advisory lock's key: the letters "pgop", and 2 for restores.
LOCK = (0x70676F70, 2)

TAKE_LOCK = "SELECT pg_try_advisory_lock(%s, %s)"
HOLDER = """
    SELECT l.pid, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s AND l.objsubid = 2
"""


def restore(params: dict, check_mode: bool) -> dict:
    """The result of pg_restore. Killed at any instant, it leaves the target as it was, or wholly restored."""
    started = time.monotonic()
    for tool in TOOLS:
        commands.version_of(tool)
    directory, target = Path(params["directory"]), params["target"]
    backup = backup_catalog.choose(backup_catalog.read(directory), params["backup"], params["database"])
    fault = manifest.archive_fault(backup.folder, backup.manifest, checksum=True)
    if fault:
        raise manifest.DamagedBackupError(f"{fault} Nothing was restored. Choose another one with list_backups.yml.")
    with connect(params, APPLICATION, {**PATIENT, "lock_timeout": "30s"}) as conn:
        take_lock(conn)
        databases = restore_plan.read_databases(conn)
        restore_plan.require_replaceable(target, params["login_db"], databases)
        restore_plan.require_comparable(params["compare_with"], databases)
        contents = restored_contents(params, backup.manifest, databases.get(target))
        if contents:
            return report(params, backup.manifest, (), None, compared(params, contents), started)
        plan = restore_plan.make_plan(backup, target, databases, params["confirm"], check_mode)
        restore_plan.require_roles(conn, backup.manifest)
        restore_plan.require_room(conn, params, plan)
        if check_mode:
            return report(params, backup.manifest, plan.steps, plan.kept, None, started, verified=False)
        comparison = carry_out(conn, params, plan)
        return report(params, backup.manifest, plan.steps, plan.kept, comparison, started)


def report(
    params: dict,
    found: Manifest,
    steps: tuple[str, ...],
    kept: str | None,
    comparison: dict | None,
    started: float,
    verified: bool = True,
) -> dict:
    return {
        "changed": bool(steps),
        "database": params["target"],
        "backup": {"name": found.name, "created_at": found.created_at, "sha256": found.sha256},
        "plan": list(steps),
        "kept": kept,
        "verified": verified,
        "comparison": comparison,
        "duration_s": round(time.monotonic() - started, 3),
        "diff": {"before": "", "after": "".join(f"{step}\n" for step in steps)},
    }


def take_lock(conn) -> None:
    """Held until the connection ends, however it ends; one for the whole server, in the database that is logged into."""
    with conn.cursor() as cursor:
        cursor.execute(TAKE_LOCK, LOCK)
        if cursor.fetchone()[0]:
            return
        cursor.execute(HOLDER, LOCK)
        pid, since = cursor.fetchone() or ("unknown", "unknown")
    raise PgopsError(f"Another restore is running: backend {pid}, started {since}. Wait for it to end.")


def restored_contents(params: dict, found: Manifest, target: Database | None) -> Contents | None:
    """What the target holds, if it was made of this very backup and is still, to the last row, what was made then."""
    made_of = target.origin if target and target.allows_connections else None
    origin, _, digest = (made_of or "").rpartition(" ")
    if origin != origin_of(found):
        return None
    contents = database_contents.read(params, params["target"], APPLICATION)
    return contents if contents.digest == digest else None


def compared(params: dict, restored: Contents) -> dict | None:
    if not params["compare_with"]:
        return None
    original = database_contents.read(params, params["compare_with"], APPLICATION)
    return database_contents.compare(restored, original)


@contextmanager
def workspace(backup: Backup) -> Iterator[Path]:
    """Where an archive may be unpacked that has to be. What a restore left there that died is removed."""
    own = backup.folder.parent / FOLDER
    if backup.manifest.unpacked_bytes is None:
        yield own / "unpacked"
        return
    try:
        own.mkdir(mode=0o700, exist_ok=True)
        with lock(own, "restore"):
            for leftover in own.glob("[!.]*"):
                shutil.rmtree(leftover)
            yield own / "unpacked"
    except OSError as error:
        raise PgopsError(
            f"{own} cannot be written to: {error.strerror}. Give it to the account that this runs as."
        ) from error


def fill(params: dict, plan: Plan) -> Contents:
    """Load the copy, and read what it then holds: the rows while indexes are made of them, each on a core of its own."""
    with (
        workspace(plan.backup) as scratch,
        restore_copy.loader(params, plan, scratch) as load,
        ThreadPoolExecutor(1) as reader,
    ):
        load(restore_copy.ROWS)
        tables = reader.submit(database_contents.read_tables, params, plan.beside, APPLICATION)
        load(restore_copy.INDEXES)
    restore_copy.settle(params, plan)
    return database_contents.read(params, plan.beside, APPLICATION, tables.result())


def carry_out(conn, params: dict, plan: Plan) -> dict | None:
    """Steps of the plan, in order. A failure removes what was begun; the target was not touched until the last step."""
    if plan.leftover_bytes is not None:
        restore_copy.drop(conn, plan.beside)
    restore_copy.create(conn, plan)
    try:
        contents = fill(params, plan)
        restore_copy.require_rows(plan, contents)
        comparison = compared(params, contents)
        restore_copy.remember(conn, plan, f"{origin_of(plan.backup.manifest)} {contents.digest}")
        restore_copy.give_name(conn, plan)
    except (PgopsError, psycopg2.Error):
        # Where the server is gone, that is the reason to tell; the next restore removes the copy.
        with suppress(psycopg2.Error):
            restore_copy.drop(conn, plan.beside)
        raise
    return comparison
