"""The change of live tables: one transaction, which happens wholly or not at all, whenever it is interrupted."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from . import tables_keys
from .connection import psycopg2, sentence, sql, transaction
from .errors import PgopsError
from .tables_catalog import Key, Name, Table, find, read_dependents, read_keys, read_views
from .tables_keys import Dangling
from .tables_plan import DATA, KEPT, MISSING, WHOLE, raised, require_free
from .tables_scratch import SPACE, Made
from .tables_stage import Stage, rows_and_hash

SCHEMAS = "SELECT nspname FROM pg_namespace"
# Triggers and foreign keys do not act: no cascade takes rows of others away, no trigger writes what the backup has not.
QUIET = "SET LOCAL session_replication_role = replica"
SET_SEQUENCE = "SELECT setval(%s::regclass, %s)"
LARGEST = "SELECT max({}) FROM {}"


@dataclass(frozen=True)
class Exchange:
    """Which tables are changed, and to what. C(keys) are the foreign keys that will be there between them and others;
    C(counted) are the tables whose sequences are looked at."""

    mode: str
    backup: str
    made: Made
    stages: dict[Name, Stage]
    counted: dict[Name, Stage]
    present: dict[Name, Table]
    keys: list[Key]
    policy: str

    @property
    def names(self) -> set[Name]:
        return set(self.stages)

    def children(self, name: Name):
        return self.stages[name].identifier if name in self.stages else name.identifier

    def parents(self, name: Name):
        """What rows can refer to: with what is missing comes what is there."""
        if name not in self.stages or self.mode != MISSING:
            return self.children(name)
        columns = sql.SQL(", ").join(map(sql.Identifier, self.stages[name].written))
        both = "(SELECT {} FROM {} UNION ALL SELECT {} FROM {})"
        return sql.SQL(both).format(columns, self.stages[name].identifier, columns, name.identifier)

    def dangling(self, cursor) -> list[Dangling]:
        found = tables_keys.find_dangling(cursor, self.keys, self.children, self.parents)
        tables_keys.require_whole(found, self.names, self.policy)
        return found

    def raised(self, cursor, name: Name):
        """By what is there at this moment."""
        live, backup = find(cursor, name, "the database"), self.made.tables[name]
        found = largest(cursor, self.counted[name], backup)
        return raised(found, live, backup, self.mode == WHOLE and name in self.stages)


def relevant_keys(cursor, mode: str, made: Made, acting: set[Name], present: dict[Name, Table]) -> list[Key]:
    """Those that the rows have to agree with once they are there."""
    live = read_keys(cursor, [table for name, table in present.items() if name in acting])
    if mode == MISSING:
        return [key for key in live if key.child in acting]
    if mode == DATA:
        return live
    own = [key for key in made.keys if key.child in acting]
    tables_keys.require_parents(cursor, own, acting)
    return own + [key for key in live if key.child not in acting]


def largest(cursor, stage: Stage, backup: Table) -> dict[str, int | None]:
    """By the columns that sequences count."""
    found = {}
    for column in (one.column for one in backup.sequences):
        cursor.execute(sql.SQL(LARGEST).format(sql.Identifier(column), stage.identifier))
        found[column] = cursor.fetchone()[0]
    return found


def kept_name(cursor) -> str:
    cursor.execute(SCHEMAS)
    there = {name for (name,) in cursor.fetchall()}
    if SPACE in there:
        raise PgopsError(
            f"Schema {SPACE} is in the way: the restore makes its own under this name. Nothing was changed. Rename or drop it."
        )
    number = 1
    while f"{KEPT}{number}" in there:
        number += 1
    return f"{KEPT}{number}"


@contextmanager
def told(names: list[Name], timeout_s: int):
    """What the server refuses, as the operator has to know it: each of it ends the transaction."""
    try:
        yield
    except psycopg2.errors.LockNotAvailable as error:
        raise PgopsError(
            f"{', '.join(map(str, sorted(names)))}, or a table that refers to it, stayed locked for {timeout_s} s. Nothing was "
            "changed. pg_locks shows by whom; a higher lock_timeout_s waits longer."
        ) from error
    except psycopg2.IntegrityError as error:
        raise PgopsError(
            f"The rows of the backup do not fit into the database of today: {sentence(error)}. Nothing was changed. Restore the "
            "database beside the original with restore_postgresql.yml, and copy by hand what fits."
        ) from error


def carry_out(conn, one: Exchange, kept: str | None) -> None:
    with transaction(conn) as cursor:
        if one.mode == WHOLE:
            build(cursor, one)
        lock(cursor, one)
        if one.mode == MISSING:
            for name, stage in one.stages.items():
                stage.leave_missing(cursor, one.present[name])
        found = one.dangling(cursor)
        values = [pair for name in one.counted for pair in one.raised(cursor, name)]
        if kept:
            cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(kept)))
        if one.mode == WHOLE:
            swap(cursor, one, kept, {dangling.key for dangling in found})
        else:
            write(cursor, one, kept, [dangling.key for dangling in found])
        for sequence, value in values:
            cursor.execute(SET_SEQUENCE, (sequence.name.pattern, value))
    with conn.cursor() as cursor:
        for name in one.stages:
            cursor.execute(sql.SQL("ANALYZE {}").format(name.identifier))


def lock(cursor, one: Exchange) -> None:
    """In the same order for everybody. Until the end nobody else writes to what was compared."""
    there = one.present.keys()
    parents = {key.parent for key in one.keys if key.parent not in one.names}
    children = {key.child for key in one.keys if key.child not in one.names}
    hard = "ACCESS EXCLUSIVE" if one.mode == WHOLE else "SHARE ROW EXCLUSIVE"
    for name in sorted({*there, *parents, *children}):
        strength = hard if name in there or name in children else "SHARE ROW EXCLUSIVE"
        cursor.execute(sql.SQL(f"LOCK TABLE {{}} IN {strength} MODE").format(name.identifier))


def write(cursor, one: Exchange, kept: str | None, invalid: list[Key]) -> None:
    cursor.execute(QUIET)
    for name, stage in one.stages.items():
        if one.mode == DATA and kept:
            copy = sql.SQL("CREATE TABLE {} AS TABLE {}")
            cursor.execute(copy.format(sql.Identifier(kept, name.relation), name.identifier))
            cursor.execute(sql.SQL("DELETE FROM {}").format(name.identifier))
        stage.insert(cursor, name.identifier)
        require_written(cursor, stage, name.identifier, one.mode)
    for key in invalid:
        tables_keys.drop(cursor, key)
        tables_keys.add(cursor, key, valid=False)
    comment(cursor, one, kept, [])


def require_written(cursor, stage: Stage, relation, mode: str = DATA) -> None:
    """What is there is what was to come."""
    if mode == MISSING:
        sound = stage.more(cursor, relation)[0] == 0
    else:
        sound = rows_and_hash(cursor, relation, stage.written) == rows_and_hash(cursor, stage.identifier, stage.written)
    if not sound:
        raise PgopsError(
            f"The rows of {stage.name} would not be those of the backup: a rule or a trigger that is enabled ALWAYS changes them. "
            "Nothing was changed. Disable it meanwhile."
        )


def build(cursor, one: Exchange) -> None:
    """The new tables, with all but their place and their foreign keys; nobody else sees them, and nothing is locked for them."""
    cursor.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(SPACE)))
    for name, stage in one.stages.items():
        new = sql.Identifier(SPACE, name.relation)
        cursor.execute(one.made.before[name])
        stage.insert(cursor, new)
        require_written(cursor, stage, new)
        cursor.execute(one.made.after[name])


def swap(cursor, one: Exchange, kept: str | None, invalid: set[Key]) -> None:
    present = [one.present[name] for name in one.stages if name in one.present]
    require_free(read_dependents(cursor, present), [table.name for table in present])
    views, former = read_views(cursor, present), read_keys(cursor, present)
    for key in former:
        tables_keys.drop(cursor, key)
    move = sql.SQL("ALTER TABLE {} SET SCHEMA {}")
    for table in present:
        cursor.execute(move.format(table.name.identifier, sql.Identifier(kept)))
    for name in one.stages:
        cursor.execute(move.format(sql.Identifier(SPACE, name.relation), sql.Identifier(name.schema)))
    cursor.execute(sql.SQL("DROP SCHEMA {}").format(sql.Identifier(SPACE)))
    for _, statement in views:
        cursor.execute(statement)
    for key in one.keys:
        tables_keys.add(cursor, key, valid=key not in invalid)
    comment(cursor, one, kept, [key for key in former if key.child in one.names])


def comment(cursor, one: Exchange, kept: str | None, keys: Sequence[Key]) -> None:
    """So that whoever finds it knows what it is, and has what the kept tables do without."""
    if kept:
        had = "".join(f" {key.child}: CONSTRAINT {key.name} {key.definition}." for key in keys)
        text = f"Kept when {', '.join(map(str, one.stages))} was restored from backup {one.backup}.{had}"
        cursor.execute(sql.SQL("COMMENT ON SCHEMA {} IS {}").format(sql.Identifier(kept), sql.Literal(text)))
