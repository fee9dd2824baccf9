"""What a restore would do and what it needs: decided before anything is changed."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from .backup import mebibytes, require_space
from .backup_catalog import Backup
from .errors import PgopsError
from .manifest import Manifest

# A database setting of ours: which backup a database was made of, and once it is verified, the digest of its contents.
# Comments on databases belong to their owners.
ORIGIN = "pgops.restored_from"
BESIDE = "_restoring"
KEPT = "_before_restore_"
NAME_BYTES = 63
# What a new database is copied from. Its size varies a little with the maps of free space.
EMPTY = "template0"
SLACK_BYTES = 1 << 20

DATABASES = """
    SELECT d.datname, pg_database_size(d.oid), d.datallowconn,
           (SELECT count(*) FROM pg_stat_activity a WHERE a.datid = d.oid AND a.pid <> pg_backend_pid()),
           (SELECT substr(c, strpos(c, '=') + 1) FROM pg_db_role_setting s, unnest(s.setconfig) c
            WHERE s.setdatabase = d.oid AND s.setrole = 0 AND c LIKE %s)
    FROM pg_database d
"""
ROLES = "SELECT rolname FROM pg_roles"
DATA_DIRECTORY = "SELECT current_setting('data_directory')"


@dataclass(frozen=True)
class Database:
    """One database of the server. C(origin) is ours: what it was made of, see ORIGIN."""

    name: str
    size_bytes: int
    allows_connections: bool
    sessions: int
    origin: str | None


@dataclass(frozen=True)
class Plan:
    """What a restore does.

    C(kept) is the name that the present database called TARGET will have; C(leftover_bytes) is the size of what an
    interrupted restore left. Both are None where there is none.
    """

    backup: Backup
    target: str
    kept: str | None
    leftover_bytes: int | None
    steps: tuple[str, ...]

    @property
    def beside(self) -> str:
        return self.target + BESIDE


def origin_of(found: Manifest) -> str:
    return f"{found.name} {found.sha256}"


def make_plan(backup: Backup, target: str, databases: dict[str, Database], confirm: str | None, dry: bool) -> Plan:
    """Everything that will be done, and what must be confirmed. Raises where it may not be done."""
    found, beside = backup.manifest, find_leftover(target, databases)
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
    return Plan(backup, target, kept, beside.size_bytes if beside else None, tuple(steps))


def find_leftover(target: str, databases: dict[str, Database]) -> Database | None:
    """What an interrupted restore left beside TARGET; anything else under that name is refused."""
    beside = databases.get(target + BESIDE)
    if beside and not is_leftover(beside, databases.get(EMPTY)):
        raise PgopsError(
            f"Database {beside.name} is in the way: the restore makes its own under this name, and this one was made "
            "by somebody else. Rename or drop it. Nothing was changed."
        )
    return beside


def is_leftover(beside: Database, empty: Database | None) -> bool:
    """Whether a restore that died made it: it says so, or it is closed and as empty as it was before it could say so."""
    if beside.origin is not None:
        return True
    return not beside.allows_connections and empty is not None and beside.size_bytes <= empty.size_bytes + SLACK_BYTES


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


def read_databases(conn) -> dict[str, Database]:
    with conn.cursor() as cursor:
        cursor.execute(DATABASES, (f"{ORIGIN}=%",))
        return {row[0]: Database(*row) for row in cursor.fetchall()}


def require_replaceable(target: str, login_db: str, databases: dict[str, Database]) -> None:
    if not target:
        raise PgopsError("The target is empty. Say which database is to be made.")
    if target == login_db and target in databases:
        raise PgopsError(
            f"Database {target} is the one that this module logs into, and cannot be replaced from there. Nothing was "
            "changed. Set login_db to another one."
        )


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


def unpacking_bytes(found: Manifest) -> int:
    """What it takes beside its archive until it is restored: its compressed files, and then what is in them."""
    return 0 if found.unpacked_bytes is None else found.size_bytes + found.unpacked_bytes


def require_room(conn, params: dict, plan: Plan, needed_bytes: int | None = None) -> None:
    """Where the server is this host, the new database must fit beside what is there, or whatever needs NEEDED_BYTES; and what is
    unpacked beside the archive."""
    found = plan.backup.manifest
    if found.unpacked_bytes is not None:
        require_space(plan.backup.folder.parent, unpacking_bytes(found), f"Unpacking {found.name}")
    with conn.cursor() as cursor:
        cursor.execute(DATA_DIRECTORY)
        directory = Path(cursor.fetchone()[0])
    if (params["login_host"] or "/").startswith("/") and os.access(directory, os.R_OK):
        needed = found.database_size_bytes if needed_bytes is None else needed_bytes
        require_space(directory, needed, f"The restore of {found.name}", plan.leftover_bytes or 0)
