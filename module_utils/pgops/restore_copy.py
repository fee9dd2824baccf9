"""The copy that a restore makes beside its target: created, filled, verified and, last, renamed."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from . import commands, dump_directory
from .connection import PATIENT, connect, psycopg2, sql, transaction
from .database_contents import Contents
from .errors import PgopsError
from .manifest import DIRECTORY, PROVIDERS, Manifest
from .restore_plan import ORIGIN, Plan, origin_of

APPLICATION = "pg_restore"
# Options of pg_restore: everything up to the last row, and what is made of the rows.
ROWS, INDEXES = ("--section=pre-data", "--section=data"), ("--section=post-data",)
UNFINISHED = "The unfinished copy is removed; nothing else was touched."
# Clients that connect again at once may win against the rename, but hardly this often.
RENAME_ATTEMPTS = 5
TERMINATE_WAIT_MS = 5000
# Settings whose value is a list of quoted names: as one text, they would be one name.
LISTS = ("local_preload_libraries", "search_path", "session_preload_libraries", "temp_tablespaces")

Load = Callable[[Sequence[str]], None]

TERMINATE = "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"


def drop(conn, name: str) -> None:
    with conn.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def create(conn, plan: Plan) -> None:
    """Closed to everyone until it says whose it is: killed in between, it is still known as ours."""
    found, name = plan.backup.manifest, sql.Identifier(plan.beside)
    provider = PROVIDERS[str(found.locale["provider"])]
    options = [
        sql.SQL("OWNER {}").format(sql.Identifier(found.owner)),
        sql.SQL("TEMPLATE template0 ALLOW_CONNECTIONS false"),
        sql.SQL("ENCODING {}").format(sql.Literal(found.encoding)),
        sql.SQL("LC_COLLATE {}").format(sql.Literal(found.locale["collate"])),
        sql.SQL("LC_CTYPE {}").format(sql.Literal(found.locale["ctype"])),
        sql.SQL("LOCALE_PROVIDER {}").format(sql.Literal(provider)),
    ]
    if provider == "icu":
        options.append(sql.SQL("ICU_LOCALE {}").format(sql.Literal(found.locale["icu_locale"])))
    with conn.cursor() as cursor:
        cursor.execute(sql.SQL("CREATE DATABASE {} {}").format(name, sql.SQL(" ").join(options)))
        remember(conn, plan, origin_of(found))
        cursor.execute(sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name))


def fill(params: dict, plan: Plan, scratch: Path, selection: Sequence[str] = ()) -> None:
    """The whole archive, or what SELECTION takes of it: options of pg_restore."""
    with loader(params, plan, scratch) as load:
        load(selection)


@contextmanager
def loader(params: dict, plan: Plan, scratch: Path) -> Iterator[Load]:
    """What loads a part of the archive, of which it is told by options of pg_restore; that may stop reading behind it.

    Streamed, so that neither the unpacked archive nor a second copy of it touches the disk, or with as many processes as
    there are cores, of an archive that has to be unpacked for that, into SCRATCH, which is made and removed.
    """
    found, archive = plan.backup.manifest, plan.backup.folder / plan.backup.manifest.archive
    unpack = [commands.program("zstd"), "--decompress", "--quiet", "--stdout", str(archive)]

    def load(selection: Sequence[str]) -> None:
        login = commands.login_arguments(params, plan.beside)
        restore = [commands.program("pg_restore"), "--exit-on-error", *selection, *login]
        try:
            with commands.login_surroundings(params) as surroundings:
                if found.format == DIRECTORY:
                    jobs = len(os.sched_getaffinity(0))
                    commands.pipeline([[*restore, f"--jobs={jobs}", str(scratch)]], surroundings)
                else:
                    commands.pipeline([unpack, restore], surroundings, partial=bool(selection))
        except PgopsError as error:
            raise PgopsError(f"{error} {UNFINISHED}") from error

    if found.format != DIRECTORY:
        yield load
        return
    with ExitStack() as unpacked:
        try:
            unpacked.enter_context(dump_directory.unpacked(archive, scratch))
        except OSError as error:
            raise PgopsError(
                f"{found.name} cannot be unpacked in {scratch.parent}: {error.strerror}. {UNFINISHED}"
            ) from error
        except PgopsError as error:
            raise PgopsError(f"{error} {UNFINISHED}") from error
        yield load


def settle(params: dict, plan: Plan) -> None:
    """Planner statistics, which an archive has none of, and the settings of the database."""
    with connect({**params, "login_db": plan.beside}, APPLICATION, PATIENT) as conn:
        with conn.cursor() as cursor:
            cursor.execute("ANALYZE")
        give_settings(conn, plan)


def give_settings(conn, plan: Plan) -> None:
    """Settings of the database, and those that roles have in it. They take effect in later sessions, not in this one."""
    name = sql.Identifier(plan.beside)
    with conn.cursor() as cursor:
        for role, setting, value in plan.backup.manifest.settings:
            subject = sql.SQL("DATABASE {}").format(name)
            if role:
                subject = sql.SQL("ROLE {} IN DATABASE {}").format(sql.Identifier(role), name)
            parts = sql.SQL(".").join(map(sql.Identifier, setting.split(".")))
            if setting in LISTS:  # the server takes the list apart
                cursor.execute("SELECT set_config(%s, %s, false)", (setting, value))
                given = sql.SQL("FROM CURRENT")
            else:
                given = sql.SQL("TO {}").format(sql.Literal(value))
            cursor.execute(sql.SQL("ALTER {} SET {} {}").format(subject, parts, given))


def wrong_rows(manifest: Manifest, contents: Contents) -> list[str]:
    """Tables that do not have the rows that the manifest names."""
    expected, found = manifest.rows, {table: rows for table, (rows, _) in contents.tables.items()}
    return [
        f"{table} has {found.get(table, 'no')} rows instead of {expected.get(table, 'none at all')}"
        for table in sorted({*found, *expected})
        if found.get(table) != expected.get(table)
    ]


def require_rows(plan: Plan, contents: Contents) -> None:
    wrong = wrong_rows(plan.backup.manifest, contents)
    if wrong:
        raise PgopsError(
            f"The restored copy is not what the manifest of {plan.backup.manifest.name} says: {'; '.join(wrong)}. "
            "The copy is removed; nothing else was touched."
        )


def remember(conn, plan: Plan, origin: str) -> None:
    """Write into the copy's settings what it was made of."""
    statement = sql.SQL("ALTER DATABASE {} SET {} = {}")
    with conn.cursor() as cursor:
        cursor.execute(statement.format(sql.Identifier(plan.beside), sql.SQL(ORIGIN), sql.Literal(origin)))


def give_name(conn, plan: Plan) -> None:
    """Both renames and the privileges, or none of them. Clients of the present database are sent away first."""
    for attempt in range(1, RENAME_ATTEMPTS + 1):
        try:
            with conn.cursor() as cursor:
                cursor.execute(TERMINATE, (TERMINATE_WAIT_MS, plan.beside))
                if plan.kept:
                    cursor.execute(TERMINATE, (TERMINATE_WAIT_MS, plan.target))
            with transaction(conn) as cursor:
                for statement in naming(plan):
                    cursor.execute(statement)
            return
        except psycopg2.errors.ObjectInUse as error:
            if attempt == RENAME_ATTEMPTS:
                raise PgopsError(
                    f"Clients of database {plan.target} keep connecting again. It was not touched; the restored copy "
                    "is removed. Stop them, then restore again."
                ) from error


def naming(plan: Plan) -> list:
    """Statements of the last step, for one transaction."""
    target = sql.Identifier(plan.target)
    rename = "ALTER DATABASE {} RENAME TO {}"
    statements = [sql.SQL(rename).format(target, sql.Identifier(plan.kept))] if plan.kept else []
    statements += [
        sql.SQL(rename).format(sql.Identifier(plan.beside), target),
        sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(target),
    ]
    for grantee, privilege, may_grant in plan.backup.manifest.access:
        to = sql.SQL("PUBLIC") if grantee == "PUBLIC" else sql.Identifier(grantee)
        option = sql.SQL(" WITH GRANT OPTION" if may_grant else "")
        statements.append(sql.SQL("GRANT {} ON DATABASE {} TO {}{}").format(sql.SQL(privilege), target, to, option))
    return statements
