"""What a database holds, as the server says: rows by table for a manifest, hashes for a comparison."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import unified_diff

from . import commands
from .connection import PATIENT, connect, sql

# Tables of users; what an extension brought is made again by the extension.
TABLES = """
    SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND NOT EXISTS (SELECT FROM pg_depend e WHERE e.classid = 'pg_class'::regclass AND e.objid = c.oid
                      AND e.deptype = 'e')
    ORDER BY 1, 2
"""
ROWS = "SELECT count(*) FROM ONLY {}"
# The sum does not depend on the order in which the rows are stored.
ROWS_AND_HASH = "SELECT count(*), coalesce(sum(hashtextextended((x.*)::text, 0)), 0)::text FROM ONLY {} x"
SEQUENCES = "SELECT format('sequence %I.%I', schemaname, sequencename), last_value FROM pg_sequences ORDER BY 1"
LOCK_TABLE = "LOCK TABLE ONLY {} IN ACCESS SHARE MODE"
# Comments and the random words of \restrict differ between any two dumps.
NOISE = ("--", "\\restrict", "\\unrestrict")
SHOWN_DIFFERENCES = 20
# What the platform writes of itself, every minute: it differs as soon as it was read.
OWN = (
    "operations.heartbeat",
    "operations.drills",
    "sequence operations.drills_drill_id_seq",
    "operations.backups",
    "sequence operations.backups_backup_id_seq",
    "operations.verifications",
    "sequence operations.verifications_verification_id_seq",
    "operations.measurements",
)


@dataclass(frozen=True)
class Contents:
    """C(tables): name → (rows, hash of all rows); C(sequences): name → last value; C(schema): lines of its dump."""

    tables: dict[str, tuple[int, str]]
    sequences: dict[str, int | None]
    schema: list[str]

    @property
    def digest(self) -> str:
        """Differs when anything does but what is the platform's own."""
        everything = json.dumps([others(self.tables), others(self.sequences), self.schema], sort_keys=True)
        return hashlib.sha256(everything.encode()).hexdigest()


def others(found: dict) -> dict:
    return {name: value for name, value in found.items() if name not in OWN}


def per_table(cursor, query: str) -> dict[str, tuple]:
    """C(schema.table) → the one row that QUERY gives for it."""
    cursor.execute(TABLES)
    found = {}
    for name in cursor.fetchall():
        cursor.execute(sql.SQL(query).format(sql.Identifier(*name)))
        found[".".join(name)] = cursor.fetchone()
    return found


def lock_tables(cursor) -> None:
    """Nobody may drop, empty or rewrite a table before the transaction ends."""
    cursor.execute(TABLES)
    for name in cursor.fetchall():
        cursor.execute(sql.SQL(LOCK_TABLE).format(sql.Identifier(*name)))


def count_rows(cursor) -> dict[str, int]:
    return {table: rows for table, (rows,) in per_table(cursor, ROWS).items()}


def read(params: dict, database: str, application_name: str, tables: dict[str, tuple] | None = None) -> Contents:
    """TABLES, if that is known already, is what read_tables() gives."""
    if tables is None:
        tables = read_tables(params, database, application_name)
    with connect({**params, "login_db": database}, application_name, PATIENT) as conn, conn.cursor() as cursor:
        cursor.execute(SEQUENCES)
        return Contents(tables, dict(cursor.fetchall()), dump_schema(params, database))


def read_tables(params: dict, database: str, application_name: str) -> dict[str, tuple]:
    with connect({**params, "login_db": database}, application_name, PATIENT) as conn, conn.cursor() as cursor:
        return per_table(cursor, ROWS_AND_HASH)


def dump_schema(params: dict, database: str, tables: Sequence[str] = ()) -> list[str]:
    """The database's own statements, as pg_dump writes them, to be compared; those of TABLES, patterns of pg_dump, if given."""
    text = dump_text(params, database, ["--schema-only", *(f"--table={table}" for table in tables)])
    return [line for line in text.splitlines() if line and not line.startswith(NOISE)]


def dump_text(params: dict, database: str, selection: Sequence[str]) -> str:
    """What pg_dump writes with the options SELECTION."""
    command = [commands.program("pg_dump"), *selection, *commands.login_arguments(params, database)]
    with commands.login_surroundings(params) as surroundings, tempfile.TemporaryFile() as output:
        commands.pipeline([command], surroundings, output.fileno())
        output.seek(0)
        return output.read().decode("utf-8")


def compare(restored: Contents, original: Contents) -> dict:
    """C(equal), C(tables): name → rows on both sides and whether they are equal, C(differences): sentences."""
    differences = []
    tables = {}
    for name in sorted(others({**restored.tables, **original.tables})):
        ours, theirs = restored.tables.get(name), original.tables.get(name)
        tables[name] = {"restored": ours and ours[0], "original": theirs and theirs[0], "equal": ours == theirs}
        differences += table_difference(name, ours, theirs)
    for name in sorted(others({**restored.sequences, **original.sequences})):
        if restored.sequences.get(name) != original.sequences.get(name):
            now, then = restored.sequences.get(name), original.sequences.get(name)
            differences.append(f"The {name} stands at {now} in the restored database, at {then} in the original.")
    changed = unified_diff(original.schema, restored.schema, n=0, lineterm="")
    differences += [
        f"The schema differs: {line}" for line in changed if line.startswith(("+", "-")) and line.strip("+- ")
    ]
    return {"equal": not differences, "tables": tables, "differences": differences[:SHOWN_DIFFERENCES]}


def table_difference(name: str, restored: tuple[int, str] | None, original: tuple[int, str] | None) -> list[str]:
    if restored == original:
        return []
    if restored is None or original is None:
        return [f"Table {name} is only in the {'original' if restored is None else 'restored'} database."]
    if restored[0] != original[0]:
        return [f"Table {name} has {restored[0]} rows in the restored database, {original[0]} in the original."]
    return [f"Table {name} has rows that differ between the restored database and the original."]
