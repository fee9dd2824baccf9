"""Who may read which revision a database is at."""

from __future__ import annotations

from .privileges import Access, Object, read_privileges
from .privileges import plan as plan_privileges
from .statement import Statement

READ_OWNER = "SELECT current_user"

VERSION_TABLE = Object("table", "public", "alembic_version")
TABLES_TO_COME = Object("default table", "public", "")


def plan(readers: list[str], held: dict[str, frozenset[str]]) -> list[Statement]:
    """READERS may read it and nothing more, others nothing at all. Without readers it is left as it is."""
    if not readers:
        return []
    wanted = [Access(role, schemas={"public": {"table": frozenset({"SELECT"})}}) for role in readers]
    wanted += [Access(role) for role in sorted(held.keys() - set(readers))]
    return plan_privileges(wanted, [VERSION_TABLE], {(VERSION_TABLE, role): some for role, some in held.items()}, "")


def read_held(conn) -> dict[str, frozenset[str]]:
    """By role, what it may do with the version table; while there is none, what it would with a new one."""
    with conn.cursor() as cursor:
        cursor.execute(READ_OWNER)
        owner = cursor.fetchone()[0]
    found, held = read_privileges(conn, ["public"], owner)
    asked = VERSION_TABLE if VERSION_TABLE in found else TABLES_TO_COME
    return {role: privileges for (target, role), privileges in held.items() if target == asked}
