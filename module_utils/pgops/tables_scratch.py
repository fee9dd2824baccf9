"""A database of its own for the tables that are restored: the whole schema of the backup, and the rows of these tables only.

From it come their rows, foreign keys, sequences, and the statements that make them. It is dropped in the end; one that a killed
run leaves is known as a restore's, and the next restore drops it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import database_contents, restore_copy
from .connection import PATIENT, connect, sql
from .errors import PgopsError
from .restore_copy import APPLICATION
from .restore_plan import Plan
from .tables_catalog import Key, Name, Table, find, read_keys

# Where tables are made before they get their place; statements of pg_dump name it.
SPACE = "pgops_restoring"
QUALIFIED = {**PATIENT, "search_path": "pg_catalog"}
# What pg_dump says to psql, and what would undo the patience that was asked for.
PSQL_ONLY = ("\\restrict ", "\\unrestrict ", "SET lock_timeout = ")


@dataclass(frozen=True)
class Made:
    """Tables as the backup has them. C(definitions) are for comparison; C(before), C(after) make them in SPACE, C(after) once
    the rows are there. C(keys) are all foreign keys of and to them."""

    tables: dict[Name, Table]
    keys: tuple[Key, ...]
    definitions: dict[Name, list[str]]
    before: dict[Name, str]
    after: dict[Name, str]


def login(params: dict, plan: Plan) -> dict:
    return {**params, "login_db": plan.beside}


def make(conn, params: dict, plan: Plan, names: list[Name], whole: bool, room: Path) -> Made:
    """Fill the new database, and count its rows against the manifest. WHOLE asks for the statements, too.

    An archive that has to be unpacked is unpacked in ROOM.
    """
    if plan.leftover_bytes is not None:
        restore_copy.drop(conn, plan.beside)
    restore_copy.create(conn, plan)
    # Without rows there is nothing that could violate a foreign key.
    restore_copy.fill(params, plan, room, ["--section=pre-data", "--section=post-data"])
    with connect(login(params, plan), APPLICATION, QUALIFIED) as scratch, scratch.cursor() as cursor:
        sequences = [one.name for table in read(cursor, plan, names).values() for one in table.sequences]
        fill(params, plan, room, sequences)
        tables = read(cursor, plan, names)
        keys = read_keys(cursor, list(tables.values()))
        definitions = {
            name: database_contents.dump_schema(params, plan.beside, [name.pattern]) for name in names if whole
        }
        move(cursor, tables, keys)
        before, after = (
            {name: statements(params, plan, section, name) for name in names if whole} for section in ("pre", "post")
        )
        fill(params, plan, room, names)
        for name in names:
            require_rows(cursor, plan, name)
    return Made(tables, tuple(keys), definitions, before, after)


def read(cursor, plan: Plan, names: list[Name]) -> dict[Name, Table]:
    found = {name: find(cursor, name, f"backup {plan.backup.manifest.name}") for name in names}
    return {name: table for name, table in found.items() if table}


def fill(params: dict, plan: Plan, room: Path, names: list[Name]) -> None:
    """Rows of tables, values of sequences: what the archive has under these names."""
    for schema in sorted({name.schema for name in names}):
        wanted = [f"--table={name.relation}" for name in names if name.schema == schema]
        restore_copy.fill(params, plan, room, ["--section=data", f"--schema={schema}", *wanted])


def move(cursor, tables: dict[Name, Table], keys: list[Key]) -> None:
    """The tables go to SPACE with all that belongs to them, but for their foreign keys; rows get a bare table in their stead,
    where no index slows them down."""
    for key in keys:
        if key.child in tables:
            drop = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
            cursor.execute(drop.format(key.child.identifier, sql.Identifier(key.name)))
    cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SPACE)))
    for name in tables:
        moved = sql.Identifier(SPACE, name.relation)
        cursor.execute(sql.SQL("ALTER TABLE {} SET SCHEMA {}").format(name.identifier, sql.Identifier(SPACE)))
        bare = sql.SQL("CREATE UNLOGGED TABLE {} (LIKE {} INCLUDING GENERATED)")
        cursor.execute(bare.format(name.identifier, moved))


def statements(params: dict, plan: Plan, section: str, name: Name) -> str:
    wanted = f"--table={Name(SPACE, name.relation).pattern}"
    text = database_contents.dump_text(params, plan.beside, [f"--section={section}-data", wanted])
    return "\n".join(line for line in text.split("\n") if not line.startswith(PSQL_ONLY))


def require_rows(cursor, plan: Plan, name: Name) -> None:
    found = plan.backup.manifest
    cursor.execute(sql.SQL(database_contents.ROWS).format(name.identifier))
    rows, expected = cursor.fetchone()[0], found.rows[str(name)]
    if rows != expected:
        raise PgopsError(
            f"{name} has {rows} rows in the restored copy instead of the {expected} that the manifest of {found.name} names. "
            "Nothing was changed. Choose another backup with list_backups.yml."
        )
