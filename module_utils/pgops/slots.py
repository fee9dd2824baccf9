"""Replication slots that a server keeps for its standbys, and what pg_rewind may read of it."""

from __future__ import annotations

import re

from .errors import PgopsError
from .statement import Statement

# Checked here as well as by the server, so that a dry run refuses what the run would refuse.
NAME = re.compile(r"[a-z0-9_]{1,63}")
READ_SLOTS = "SELECT slot_name, active FROM pg_replication_slots WHERE slot_type = 'physical' ORDER BY slot_name"
# A dry run that has not made the role yet finds that it lacks everything.
READ_GRANTS = """
    SELECT f FROM unnest(%(functions)s) WITH ORDINALITY AS u (f, place)
    WHERE NOT pg_is_in_recovery() AND CASE WHEN to_regrole(quote_ident(%(role)s)) IS NULL THEN true
        ELSE NOT has_function_privilege(%(role)s, 'pg_catalog.' || f, 'EXECUTE') END
    ORDER BY place
"""

# Reserved at once: nothing of what the standby will ask for is removed before it comes.
CREATE = "SELECT pg_create_physical_replication_slot(%s, true)"
DROP = "SELECT pg_drop_replication_slot(%s)"
GRANT = "GRANT EXECUTE ON FUNCTION pg_catalog.{keywords} TO {}"

# What the documentation of pg_rewind asks for. Whoever may take base backups can read all of this anyway.
REWIND_FUNCTIONS = (
    "pg_ls_dir(text, boolean, boolean)",
    "pg_stat_file(text, boolean)",
    "pg_read_binary_file(text)",
    "pg_read_binary_file(text, bigint, bigint, boolean)",
)


def read_slots(conn) -> dict[str, bool]:
    """Names of the physical slots, and whether somebody streams by them."""
    with conn.cursor() as cursor:
        cursor.execute(READ_SLOTS)
        return dict(cursor.fetchall())


def read_missing_grants(conn, role: str) -> list[str]:
    with conn.cursor() as cursor:
        cursor.execute(READ_GRANTS, {"functions": list(REWIND_FUNCTIONS), "role": role})
        return [function for (function,) in cursor]


def plan(
    present: dict[str, bool], wanted: list[str], leftover: list[str], missing_grants: list[str], role: str | None
) -> list[Statement]:
    """A slot in use is never dropped, whatever it is called: somebody would miss it."""
    for name in wanted:
        if not NAME.fullmatch(name):
            raise PgopsError(
                f'A slot cannot be called "{name}". Use up to 63 lower case letters, digits and underscores.'
            )
    created = [Statement(CREATE, values=(name,)) for name in wanted if name not in present]
    dropped = [
        Statement(DROP, values=(name,)) for name in leftover if present.get(name) is False and name not in wanted
    ]
    granted = [Statement(GRANT, (role,), keywords=(function,)) for function in missing_grants if role]
    return created + dropped + granted


def apply(conn, statements: list[Statement]) -> None:
    with conn.cursor() as cursor:
        for statement in statements:
            statement.execute(cursor)
