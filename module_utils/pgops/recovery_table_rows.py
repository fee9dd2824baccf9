"""The new table of a recovery: its rows come from the server beside the live one, in one transaction."""

from __future__ import annotations

from .connection import connect, copy_across, psycopg2, sql, transaction
from .errors import PgopsError
from .recovery_plan import Target
from .tables_catalog import Name, Table, find, quoted
from .tables_scratch import QUALIFIED
from .tables_stage import listed, rows_and_hash

APPLICATION = "pg_recover_table"
PRESENT = "SELECT to_regnamespace(%s) IS NOT NULL, to_regclass(%s), obj_description(to_regclass(%s), 'pg_class')"
HAS_ROLE = "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = %s)"


def origin_of(name: Name, target: Target) -> str:
    """How the comment of the new table begins."""
    return f"{name} as of {target}, recovered from backup "


def is_made(live, name: Name, new: Name, target: Target) -> bool:
    """Whether the new table was made before, from the same table and moment; any other of its name is refused."""
    with live.cursor() as cursor:
        cursor.execute(PRESENT, (quoted(new.schema), new.pattern, new.pattern))
        has_schema, there, comment = cursor.fetchone()
    if not has_schema:
        raise PgopsError(
            f"There is no schema {new.schema} for {new}. Nothing was changed. Make it, or name another table."
        )
    if there and not (comment or "").startswith(origin_of(name, target)):
        raise PgopsError(
            f"{new} is there already, and is not {name} as of {target}. Nothing was changed. Give another new_name."
        )
    return bool(there)


def take_over(live, login: dict, backup: str, target: Target, name: Name, new: Name) -> int:
    """How many rows the new table has: those of the table then, in one transaction, compared."""
    with connect(login, APPLICATION, QUALIFIED) as there, there.cursor() as source:
        table = find(source, name, f"{login['login_db']} as of {target}")
        if table is None:
            raise PgopsError(
                f"Database {login['login_db']} had no table {name} as of {target}. Nothing was changed. Name another table or target."
            )
        columns = [column.name for column in table.columns]
        try:
            with transaction(live) as cursor:
                make(cursor, table, new, f"{origin_of(name, target)}{backup}")
                reading = sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(listed(columns), name.identifier)
                writing = sql.SQL("COPY {} ({}) FROM STDIN").format(new.identifier, listed(columns))
                copy_across(source, reading, cursor, writing)
                found = rows_and_hash(cursor, new.identifier, columns)
                if found != rows_and_hash(source, name.identifier, columns):
                    raise PgopsError(f"Not all rows of {name} arrived in {new}. Nothing was changed.")
        except psycopg2.errors.DuplicateTable as error:
            raise PgopsError(f"{new} is there already: somebody made it meanwhile. Nothing was changed.") from error
    with live.cursor() as cursor:
        cursor.execute(sql.SQL("ANALYZE {}").format(new.identifier))
    return found[0]


def make(cursor, table: Table, new: Name, comment: str) -> None:
    """Its columns and its primary key, for nobody but its owner. What the other had beside that would act on others."""
    declared = [
        sql.SQL("{}{}").format(column.declaration, sql.SQL(" NOT NULL" if column.required else ""))
        for column in table.columns
    ]
    keys = [column.name for column in table.columns if column.primary]
    if keys:
        declared.append(sql.SQL("PRIMARY KEY ({})").format(listed(keys)))
    cursor.execute(sql.SQL("CREATE TABLE {} ({})").format(new.identifier, sql.SQL(", ").join(declared)))
    cursor.execute(sql.SQL("COMMENT ON TABLE {} IS {}").format(new.identifier, sql.Literal(comment)))
    cursor.execute(HAS_ROLE, (table.owner,))
    if cursor.fetchone()[0]:
        cursor.execute(sql.SQL("ALTER TABLE {} OWNER TO {}").format(new.identifier, sql.Identifier(table.owner)))
