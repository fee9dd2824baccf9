"""A backup becomes a database: made beside, verified, and only then given the name that it is to have."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path

from . import backup_catalog, commands, database_contents, manifest
from .backup import mebibytes, require_space
from .backup_catalog import Backup
from .connection import connect, psycopg2, sql, transaction
from .errors import PgopsError
from .manifest import ARCHIVE, Manifest

APPLICATION = "pg_restore"
# A database setting of ours: which backup a database was made of. Comments on databases belong to their owners.
ORIGIN = "pgops.restored_from"
BESIDE = "_restoring"
KEPT = "_before_restore_"
NAME_BYTES = 63
# The two halves of the advisory lock's key: the letters "pgop", and 2 for restores.
LOCK = (0x70676F70, 2)
# Clients that connect again at once may win against the rename, but hardly this often.
RENAME_ATTEMPTS = 5
TERMINATE_WAIT_MS = 5000

TAKE_LOCK = "SELECT pg_try_advisory_lock(%s, %s)"
HOLDER = """
    SELECT l.pid, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS TZ')
    FROM pg_locks l JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s AND l.objsubid = 2
"""
DATABASES = """
    SELECT d.datname, pg_database_size(d.oid), d.datallowconn,
           (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid AND a.pid <> pg_backend_pid()),
           (SELECT substr(c, strpos(c, '=') + 1) FROM pg_db_role_setting s, unnest(s.setconfig) c
            WHERE s.setdatabase = d.oid AND s.setrole = 0 AND c LIKE %s)
    FROM pg_database d
"""
ROLES = "SELECT rolname FROM pg_roles"
DATA_DIRECTORY = "SELECT current_setting('data_directory')"
TERMINATE = "SELECT pg_terminate_backend(pid, %s) FROM pg_stat_activity WHERE datname = %s AND pid <> pg_backend_pid()"
PROVIDERS = {"c": "libc", "i": "icu"}


@dataclass(frozen=True)
class Database:
    """One database of the server. C(origin) is ours: the backup that it was made of, and its SHA-256."""

    name: str
    size_bytes: int
    allows_connections: bool
    sessions: int
    origin: str | None


@dataclass(frozen=True)
class Plan:
    """What a restore does. C(kept) is the name that the present database called TARGET will have, if there is one."""

    backup: Backup
    target: str
    kept: str | None
    leftover: bool
    steps: tuple[str, ...]

    @property
    def beside(self) -> str:
        return self.target + BESIDE


def origin_of(found: Manifest) -> str:
    return f"{found.name} {found.sha256}"


def make_plan(backup: Backup, target: str, databases: dict[str, Database], confirm: str | None, dry: bool) -> Plan:
    """Everything that will be done, and what must be confirmed. Raises where it may not be done."""
    found, beside = backup.manifest, databases.get(target + BESIDE)
    if beside and beside.allows_connections and beside.origin is None:
        raise PgopsError(
            f"Database {beside.name} is in the way: the restore makes its own under this name, and this one was made "
            "by somebody else. Rename or drop it. Nothing was changed."
        )
    rows = sum(found.rows.values())
    steps = [f"drop database {beside.name}, which an interrupted restore left"] if beside else []
    steps += [
        f"make database {target + BESIDE} from backup {found.name} ({len(found.rows)} tables, {rows} rows)",
        "verify that each table has the rows that the backup's manifest names",
    ]
    present, kept = databases.get(target), None
    if present:
        kept = kept_name(target, databases)
        steps += [
            f"end the {present.sessions} sessions of database {target}",
            f"keep database {target} ({mebibytes(present.size_bytes)} MiB) as {kept}",
        ]
        require_confirmation(found, target, kept, confirm, dry)
    steps.append(f"rename {target + BESIDE} to {target}")
    for name in (target + BESIDE, kept or target):
        if len(name.encode()) > NAME_BYTES:
            raise PgopsError(f"The name {name} is longer than {NAME_BYTES} bytes. Choose a shorter target.")
    return Plan(backup, target, kept, beside is not None, tuple(steps))


def kept_name(target: str, databases: dict[str, Database]) -> str:
    number = 1
    while f"{target}{KEPT}{number}" in databases:
        number += 1
    return f"{target}{KEPT}{number}"


def require_confirmation(found: Manifest, target: str, kept: str, confirm: str | None, dry: bool) -> None:
    """A database is replaced only by its name. A dry run may show its plan without."""
    if confirm == target or (dry and confirm is None):
        return
    given = "no confirmation was given" if confirm is None else f"the confirmation says {confirm!r}"
    raise PgopsError(
        f"Database {target} exists, and {given}. Nothing was changed. To replace it by backup {found.name} "
        f"(the present one is kept as {kept}), set confirm to {target}; to restore beside it, choose another target."
    )


def required_roles(found: Manifest) -> set[str]:
    """Roles that the database itself names; pg_restore says which ones its objects miss."""
    grantees = {grantee for grantee, _, _ in found.access} - {"PUBLIC"}
    return {found.owner, *grantees, *(role for role, _, _ in found.settings if role)}


def restore(params: dict, check_mode: bool) -> dict:
    """The result of pg_restore. Killed at any instant, it leaves the target as it was, or wholly restored."""
    started = time.monotonic()
    for tool in ("pg_restore", "pg_dump", "zstd"):
        commands.version_of(tool)
    directory, target = Path(params["directory"]), params["target"]
    backup = backup_catalog.choose(backup_catalog.read(directory), params["backup"], params["database"])
    fault = manifest.archive_fault(backup.folder, backup.manifest, checksum=True)
    if fault:
        raise manifest.DamagedBackupError(f"{fault} Nothing was restored. Choose another one with list_backups.yml.")
    with connect(params, APPLICATION, {"lock_timeout": "30s", "statement_timeout": "0"}) as conn:
        take_lock(conn)
        databases = read_databases(conn)
        require_comparable(params["compare_with"], databases)
        if is_restored(params, backup.manifest, databases.get(target)):
            comparison = compared(params, target)
            return report(params, backup.manifest, (), None, comparison, started)
        plan = make_plan(backup, target, databases, params["confirm"], check_mode)
        require_roles(conn, backup.manifest)
        require_room(conn, params, backup.manifest)
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


def read_databases(conn) -> dict[str, Database]:
    with conn.cursor() as cursor:
        cursor.execute(DATABASES, (f"{ORIGIN}=%",))
        return {row[0]: Database(*row) for row in cursor.fetchall()}


def require_comparable(name: str | None, databases: dict[str, Database]) -> None:
    if name and name not in databases:
        raise PgopsError(f"There is no database {name} to compare with. Nothing was changed.")


def require_roles(conn, found: Manifest) -> None:
    with conn.cursor() as cursor:
        cursor.execute(ROLES)
        missing = required_roles(found) - {name for (name,) in cursor.fetchall()}
    if missing:
        raise PgopsError(
            f"Backup {found.name} needs roles that this server does not have: {', '.join(sorted(missing))}. "
            "Nothing was changed. Make them first: site.yml does."
        )


def require_room(conn, params: dict, found: Manifest) -> None:
    """Where the server is this host, the new database must fit beside what is there."""
    with conn.cursor() as cursor:
        cursor.execute(DATA_DIRECTORY)
        directory = Path(cursor.fetchone()[0])
    if (params["login_host"] or "/").startswith("/") and os.access(directory, os.R_OK):
        require_space(directory, found.database_size_bytes, f"The restore of {found.name}")


def is_restored(params: dict, found: Manifest, target: Database | None) -> bool:
    """Whether the target was made of this very backup and still has all of its rows."""
    if target is None or target.origin != origin_of(found):
        return False
    with connect({**params, "login_db": target.name}, APPLICATION) as conn, conn.cursor() as cursor:
        return database_contents.count_rows(cursor) == found.rows


def compared(params: dict, restored: str) -> dict | None:
    if not params["compare_with"]:
        return None
    ours, theirs = (database_contents.read(params, name, APPLICATION) for name in (restored, params["compare_with"]))
    return database_contents.compare(ours, theirs)


def carry_out(conn, params: dict, plan: Plan) -> dict | None:
    """Steps of the plan, in order. A failure removes what was begun; the target was not touched until the last step."""
    if plan.leftover:
        drop(conn, plan.beside)
    create(conn, plan)
    try:
        fill(params, plan)
        verify(params, plan)
        comparison = compared(params, plan.beside)
        give_name(conn, plan)
    except (PgopsError, psycopg2.Error):
        if not conn.closed:
            drop(conn, plan.beside)
        raise
    return comparison


def drop(conn, name: str) -> None:
    with conn.cursor() as cursor:
        cursor.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def create(conn, plan: Plan) -> None:
    """Closed to everyone until it says whose it is: killed in between, it is still known as ours."""
    found, name = plan.backup.manifest, sql.Identifier(plan.beside)
    provider = PROVIDERS[found.locale["provider"] or "c"]
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
    statements = [
        sql.SQL("CREATE DATABASE {} {}").format(name, sql.SQL(" ").join(options)),
        sql.SQL("ALTER DATABASE {} SET {} = {}").format(name, sql.SQL(ORIGIN), sql.Literal(origin_of(found))),
        sql.SQL("ALTER DATABASE {} ALLOW_CONNECTIONS true").format(name),
    ]
    with conn.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)


def fill(params: dict, plan: Plan) -> None:
    """Streamed: neither the unpacked archive nor a second copy of it touches the disk."""
    archive = plan.backup.folder / ARCHIVE
    unpack = [commands.program("zstd"), "--decompress", "--quiet", "--stdout", str(archive)]
    load = [commands.program("pg_restore"), "--exit-on-error", *commands.login_arguments(params, plan.beside)]
    with commands.login_surroundings(params) as surroundings:
        commands.pipeline([unpack, load], surroundings)


def verify(params: dict, plan: Plan) -> None:
    """Planner statistics, which an archive has none of; then each table's rows against the manifest."""
    expected = plan.backup.manifest.rows
    with connect({**params, "login_db": plan.beside}, APPLICATION, {"statement_timeout": "0"}) as conn:
        with conn.cursor() as cursor:
            cursor.execute("ANALYZE")
            found = database_contents.count_rows(cursor)
        wrong = [
            f"{table} has {found.get(table, 'no')} rows instead of {expected.get(table, 'none at all')}"
            for table in sorted({*found, *expected})
            if found.get(table) != expected.get(table)
        ]
        if wrong:
            raise PgopsError(
                f"The restored copy is not what the manifest of {plan.backup.manifest.name} says: "
                f"{'; '.join(wrong)}. The copy was removed; database {plan.target} was not touched."
            )
        give_settings(conn, plan)


def give_settings(conn, plan: Plan) -> None:
    """Settings of the database, and those that roles have in it. The server parses the values: some are lists."""
    name = sql.Identifier(plan.beside)
    with conn.cursor() as cursor:
        for role, setting, value in plan.backup.manifest.settings:
            cursor.execute("SELECT set_config(%s, %s, false)", (setting, value))
            subject = sql.SQL("DATABASE {}").format(name)
            if role:
                subject = sql.SQL("ROLE {} IN DATABASE {}").format(sql.Identifier(role), name)
            parts = sql.SQL(".").join(map(sql.Identifier, setting.split(".")))
            cursor.execute(sql.SQL("ALTER {} SET {} FROM CURRENT").format(subject, parts))


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
                    "was removed. Stop them, then restore again."
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
