"""One logical backup: dumped, compressed, read back to its end, and only then given its name."""

from __future__ import annotations

import errno
import fcntl
import getpass
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from . import backup_catalog, commands, manifest, retention
from .backup_catalog import PARTIAL, Backup, Catalog
from .connection import psycopg2, transaction
from .database_contents import TABLES, count_rows, lock_tables
from .errors import PgopsError
from .manifest import ARCHIVE, Manifest

KIND = "full"
FORMAT = "custom, zstd"
LOCK = ".lock"
# A dump grows with its database: what the last one took, and a quarter.
GROWTH = 1.25
TOOLS = ("pg_dump", "pg_restore", "zstd")

FACTS = """
    SELECT current_setting('server_version') AS server_version,
           CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_lsn() END::text AS lsn,
           pg_get_userbyid(d.datdba) AS owner, pg_encoding_to_char(d.encoding) AS encoding,
           json_build_object('provider', d.datlocprovider, 'collate', d.datcollate, 'ctype', d.datctype,
                             'icu_locale', d.daticulocale) AS locale,
           pg_database_size(d.oid) AS database_size_bytes
    FROM pg_database d WHERE d.datname = current_database()
"""
# What the rows themselves take; a dump has no indexes.
ESTIMATE = (
    f"SELECT coalesce(sum(pg_table_size(format('%I.%I', nspname, relname)::regclass)), 0)::bigint FROM ({TABLES}) t"
)
ACCESS = """
    SELECT CASE WHEN a.grantee = 0 THEN 'PUBLIC' ELSE pg_get_userbyid(a.grantee) END, a.privilege_type, a.is_grantable
    FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
    WHERE d.datname = current_database() AND a.grantee <> d.datdba ORDER BY 1, 2
"""
SETTINGS = """
    SELECT coalesce(pg_get_userbyid(nullif(s.setrole, 0)), ''), split_part(c, '=', 1), substr(c, strpos(c, '=') + 1)
    FROM pg_db_role_setting s JOIN pg_database d ON d.oid = s.setdatabase, unnest(s.setconfig) c
    WHERE d.datname = current_database() AND c NOT LIKE 'pgops.%' ORDER BY 1, 2
"""
REVISION_TABLE = "SELECT to_regclass('public.alembic_version') IS NOT NULL"
REVISION = "SELECT string_agg(version_num, ', ' ORDER BY version_num) FROM public.alembic_version"


def needed_bytes(last: Manifest | None, tables_bytes: int) -> int:
    """Free space to ask for: by the last backup, or what the tables take where there is none."""
    return int(last.size_bytes * GROWTH) + 1 if last else tables_bytes


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


@dataclass(frozen=True)
class Upcoming:
    """The backup that is to be made."""

    series: tuple[str, str]
    moment: datetime


def outlived(catalog: Catalog, database: str, keep_days: int | None, keep_count: int | None) -> list[Backup]:
    """What may go once a new backup of DATABASE is there: older ones of it alone, by age and by number."""
    new = Upcoming((database, KIND), datetime.now(timezone.utc))
    oldest = None if keep_days is None else new.moment - timedelta(days=keep_days)
    made: list[Upcoming | Backup] = [new, *(one for one in catalog.backups if one.series == new.series)]
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
    with conn.cursor() as cursor:
        cursor.execute(ESTIMATE)
        tables_bytes = cursor.fetchone()[0]
    manifests = (one.manifest for one in catalog.backups)
    last = next((found for found in manifests if found.database == params["login_db"]), None)
    needed, leftovers = needed_bytes(last, tables_bytes), remains(directory)
    reclaimed = sum(file.stat().st_size for leftover in leftovers for file in leftover.glob("*"))
    require_space(directory, needed, f"The backup of {params['login_db']}", reclaimed)
    removed = "".join(f"remains of an interrupted backup, {leftover.name}\n" for leftover in leftovers)
    removed += "".join(f"backup {one.manifest.name}, {mebibytes(one.manifest.size_bytes)} MiB\n" for one in old)
    planned = f"{KIND} backup of database {params['login_db']} in {directory}, about {mebibytes(needed)} MiB\n"
    return {
        "changed": True,
        "estimated_bytes": needed,
        "removed": [one.manifest.name for one in old],
        "diff": {"before": removed, "after": planned},
    }


def back_up(conn, params: dict, check_mode: bool) -> dict:
    """The result of pg_backup. Killed at any instant, it leaves nothing that is listed as a backup."""
    directory = Path(params["directory"])
    tools = {name: commands.version_of(name) for name in TOOLS}
    try:
        catalog = backup_catalog.read(directory)
        old = outlived(catalog, params["login_db"], params["keep_days"], params["keep_count"])
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
    name = backup_catalog.free_name(directory, params["login_db"], KIND, moment)
    partial = directory / f"{PARTIAL}{name}"
    partial.mkdir(mode=0o700)
    try:
        archive = partial / ARCHIVE
        facts = dump(conn, params, archive)
        read_to_end(archive)
        made = Manifest(
            name=name,
            type=KIND,
            created_at=moment.isoformat(timespec="milliseconds"),
            format=FORMAT,
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


def dump(conn, params: dict, archive: Path) -> dict:
    """Dump and count in one snapshot; what the manifest says of the database."""
    database, timeout_ms = params["login_db"], params["lock_timeout_s"] * 1000
    role = ["--role", params["login_role"]] if params["login_role"] else []
    packer = [commands.program("zstd"), f"-{params['level']}", f"-T{params['threads']}", "--quiet", "--stdout"]
    with transaction(conn) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", (str(timeout_ms),))
        # Held from here to the end, so that pg_dump, which comes soon, and the count, which may take long, see the same.
        lock_tables(cursor)
        facts = describe(cursor)
        cursor.execute("SELECT pg_export_snapshot()")
        source = [
            commands.program("pg_dump"), "--format=custom", "--compress=0", f"--snapshot={cursor.fetchone()[0]}",
            f"--lock-wait-timeout={timeout_ms}", *role, *commands.login_arguments(params, database),
        ]  # fmt: skip
        with commands.login_surroundings(params) as surroundings, open(archive, "xb", opener=manifest.private) as file:
            commands.pipeline([source, packer], surroundings, file.fileno())
            os.fsync(file.fileno())
        return {"database": database, **facts, "rows": count_rows(cursor)}


def describe(cursor) -> dict:
    """The fields of a manifest that the catalog of the database knows."""
    cursor.execute(FACTS)
    columns = [column.name for column in cursor.description]
    facts = dict(zip(columns, cursor.fetchone(), strict=True))
    for field, query in (("access", ACCESS), ("settings", SETTINGS)):
        cursor.execute(query)
        facts[field] = [list(row) for row in cursor.fetchall()]
    cursor.execute(REVISION_TABLE)
    facts["schema_revision"] = None
    if cursor.fetchone()[0]:
        cursor.execute(REVISION)
        facts["schema_revision"] = cursor.fetchone()[0]
    return facts


def read_to_end(archive: Path) -> None:
    """Take the archive apart the way a restore does, from the disk, to its last byte."""
    unpack = [commands.program("zstd"), "--decompress", "--quiet", "--stdout", str(archive)]
    commands.pipeline([unpack, [commands.program("pg_restore"), "--file=/dev/null"]], commands.Surroundings())
