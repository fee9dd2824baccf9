"""What goes into a backup of a database: described, dumped and counted in one snapshot, then read back to its end."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from . import commands, dump_directory
from .connection import transaction
from .database_contents import TABLES, count_rows, lock_tables
from .manifest import ARCHIVES, CUSTOM, DATA, DIRECTORY, FULL, SCHEMA, private

TOOLS = ("pg_dump", "pg_restore", "zstd")
PARTS: dict[str, list[str]] = {FULL: [], DATA: ["--data-only"], SCHEMA: ["--schema-only"]}
# Of the statements for some thousands of tables.
SCHEMA_BYTES = 1 << 20
# What tables take that the server keeps compressed is three times as much where it is written out, and packed beside that.
UNPACKED_RATIO = 3

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


def estimate(conn, params: dict) -> int:
    """What a backup may take, in bytes, where none was made yet. A dry run is refused what a run is refused, too."""
    with conn.cursor() as cursor:
        describe(cursor)
        if params["type"] == SCHEMA:
            return SCHEMA_BYTES
        cursor.execute(ESTIMATE)
        tables_bytes = cursor.fetchone()[0]
        return tables_bytes * UNPACKED_RATIO if format_of(params) == DIRECTORY else tables_bytes


def format_of(params: dict) -> str:
    return DIRECTORY if params["format"] == "directory" else CUSTOM


def make(conn, params: dict, folder: Path) -> dict:
    """Put the archive into FOLDER; the fields of the manifest that the database and the way it was dumped tell."""
    format_, timeout_ms = format_of(params), params["lock_timeout_s"] * 1000
    archive = folder / ARCHIVES[format_]
    # The archive is read while the server counts: the one asks for this host's disk, the other for the server's.
    with ThreadPoolExecutor(1) as reader, transaction(conn) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        cursor.execute("SELECT set_config('lock_timeout', %s, true)", (str(timeout_ms),))
        # Held from here to the end, so that pg_dump, which comes soon, and the count, which may take long, see the same.
        lock_tables(cursor)
        facts = {**describe(cursor), "format": format_}
        cursor.execute("SELECT pg_export_snapshot()")
        source = command(params, cursor.fetchone()[0], timeout_ms)
        with commands.login_surroundings(params) as surroundings:
            if format_ == DIRECTORY:
                facts["unpacked_bytes"] = dump_directory.write(source, params, surroundings, archive)
            else:
                write(source, params, surroundings, archive)
        read = reader.submit(read_to_end, archive, facts.get("unpacked_bytes"))
        facts["rows"] = {} if params["type"] == SCHEMA else count_rows(cursor)
    read.result()
    return facts


def command(params: dict, snapshot: str, timeout_ms: int) -> list[str]:
    """What both formats have in common. Nothing is compressed by pg_dump, which knows gzip only."""
    role = ["--role", params["login_role"]] if params["login_role"] else []
    return [
        commands.program("pg_dump"), "--compress=0", f"--snapshot={snapshot}", f"--lock-wait-timeout={timeout_ms}",
        *PARTS[params["type"]], *role, *commands.login_arguments(params, params["login_db"]),
    ]  # fmt: skip


def write(source: list[str], params: dict, surroundings: commands.Surroundings, archive: Path) -> None:
    packer = [commands.program("zstd"), f"-{params['level']}", f"-T{params['threads']}", "--quiet", "--stdout"]
    with open(archive, "xb", opener=private) as file:
        commands.pipeline([[*source, "--format=custom"], packer], surroundings, file.fileno())
        os.fsync(file.fileno())


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


def read_to_end(archive: Path, unpacked_bytes: int | None) -> None:
    """Take the archive apart the way a restore does, from the disk, to its last byte."""
    if unpacked_bytes is not None:
        dump_directory.read_to_end(archive, unpacked_bytes)
        return
    unpack = [commands.program("zstd"), "--decompress", "--quiet", "--stdout", str(archive)]
    commands.pipeline([unpack, [commands.program("pg_restore"), "--file=/dev/null"]], commands.Surroundings())
