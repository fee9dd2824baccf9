"""Privileges that need the tables to be there: who may read the revision, and whose writes are audited."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import PgopsError
from .privileges import Access, Grants, Object, read_privileges
from .privileges import plan as plan_privileges
from .statement import Statement

READ_OWNER = "SELECT current_user"

SCHEMA = "public"
VERSION_TABLE = Object("table", SCHEMA, "alembic_version")
TABLES_TO_COME = Object("default table", SCHEMA, "")
# What pgaudit looks for on a table to log a statement; it knows of no TRUNCATE.
WRITES = frozenset({"DELETE", "INSERT", "UPDATE"})


@dataclass(frozen=True)
class Present:
    """Tables of the schema, and who holds what on these and on those to come. Empty: there is no database yet."""

    tables: frozenset[Object] = frozenset()
    held: Grants = field(default_factory=dict)


@dataclass(frozen=True)
class Wanted:
    """READERS: none leaves the privileges on the version table as they are. AUDITOR: likewise, on all tables."""

    readers: tuple[str, ...]
    auditor: str | None
    audited: tuple[str, ...]

    @property
    def audited_tables(self) -> list[Object]:
        return [Object("table", SCHEMA, name) for name in sorted(self.audited)]


def wanted(params: dict) -> Wanted:
    return Wanted(tuple(params["revision_readers"]), params["audit_role"], tuple(params["audited_tables"]))


def plan(wanted: Wanted, present: Present, newest: bool) -> list[Statement]:
    """NEWEST: whether the schema will be whole; tables of a schema on its way down are no longer audited."""
    return plan_readers(wanted.readers, present) + (plan_audit(wanted, present) if newest else [])


def plan_readers(readers: tuple[str, ...], present: Present) -> list[Statement]:
    """They may read it and nothing more, others nothing at all."""
    if not readers:
        return []
    # While there is no such table, what holds for a new one.
    asked = VERSION_TABLE if VERSION_TABLE in present.tables else TABLES_TO_COME
    held = {role: privileges for (target, role), privileges in present.held.items() if target == asked}
    access = [Access(role, schemas={SCHEMA: {"table": frozenset({"SELECT"})}}) for role in readers]
    access += [Access(role) for role in sorted(held.keys() - set(readers))]
    return plan_privileges(access, [VERSION_TABLE], {(VERSION_TABLE, role): some for role, some in held.items()}, "")


def plan_audit(wanted: Wanted, present: Present) -> list[Statement]:
    """The auditor holds WRITES on the audited tables, which makes pgaudit log whose they are, and nothing on others."""
    if wanted.auditor is None:
        return []
    audited = wanted.audited_tables
    others = sorted(present.tables - {*audited, VERSION_TABLE}, key=lambda table: table.name)
    writes = Access(wanted.auditor, schemas={SCHEMA: {"table": WRITES}})
    return plan_privileges([writes], audited, present.held, "") + plan_privileges(
        [Access(wanted.auditor)], others, present.held, ""
    )


def require_audited(wanted: Wanted, present: Present) -> None:
    """Once the schema is whole: a table that is not there would be one whose writes nobody audits."""
    missing = [table.name for table in wanted.audited_tables if table not in present.tables]
    if wanted.auditor is not None and missing:
        raise PgopsError(
            f"audited_tables names {', '.join(missing)}, which the newest revision does not have. Correct the name. "
            "The schema is deployed; privileges were left as they are."
        )


def read_present(conn) -> Present:
    with conn.cursor() as cursor:
        cursor.execute(READ_OWNER)
        owner = cursor.fetchone()[0]
    found, held = read_privileges(conn, [SCHEMA], owner)
    return Present(frozenset(one for one in found if one.kind == "table"), held)
