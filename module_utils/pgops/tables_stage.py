"""Rows on their way into a live table: in a temporary one beside it, which is gone with the session, however it ends."""

from __future__ import annotations

from dataclasses import dataclass

from .connection import copy_across, sql
from .errors import PgopsError
from .tables_catalog import Column, Name, Table

# Rows count by their text, as types such as json cannot be compared; the sum does not depend on their order.
ROWS_AND_HASH = "SELECT count(*), coalesce(sum(hashtextextended(ROW({})::text, 0)), 0)::text FROM {} r"
# How many rows the first has and the second has not.
MORE = """
    SELECT count(*) FROM (SELECT hashtextextended(ROW({})::text, 0) FROM {} r
                          EXCEPT ALL SELECT hashtextextended(ROW({})::text, 0) FROM {} r) x
"""
# Of whole columns; what an index upon an expression refuses is known when it does.
UNIQUE = """
    SELECT c.relname,
           (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(i.indkey::int2[]) WITH ORDINALITY u (number, place)
            JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = u.number WHERE u.place <= i.indnkeyatts)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE i.indrelid = %s AND i.indisunique AND NOT i.indisprimary AND i.indpred IS NULL AND i.indexprs IS NULL ORDER BY 1
"""
TAKEN = "SELECT count(*) FROM {} s JOIN {} t ON ({}) = ({})"


def listed(columns: list[str], prefix: str = ""):
    return sql.SQL(", ").join(sql.Identifier(*filter(None, (prefix, column))) for column in columns)


@dataclass(frozen=True)
class Stage:
    """Rows for the table NAME, in a temporary table of the session."""

    name: Name
    columns: tuple[Column, ...]
    number: int

    @property
    def identifier(self):
        return sql.Identifier("pg_temp", f"stage_{self.number}")

    @property
    def written(self) -> list[str]:
        return [column.name for column in self.columns if not column.generated]

    def fill(self, source, relation, cursor) -> None:
        """From RELATION of another session's cursor SOURCE."""
        declared = sql.SQL(", ").join(column.declaration for column in self.columns if not column.generated)
        cursor.execute(sql.SQL("CREATE TEMPORARY TABLE {} ({})").format(self.identifier, declared))
        columns = listed(self.written)
        copy_across(
            source,
            sql.SQL("COPY (SELECT {} FROM {}) TO STDOUT").format(columns, relation),
            cursor,
            sql.SQL("COPY {} ({}) FROM STDIN").format(self.identifier, columns),
        )
        cursor.execute(sql.SQL("ANALYZE {}").format(self.identifier))

    def insert(self, cursor, target) -> None:
        """All rows, as they are: also what the server would generate or count itself."""
        columns = listed(self.written)
        statement = sql.SQL("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE SELECT {} FROM {}")
        cursor.execute(statement.format(target, columns, columns, self.identifier))

    def leave_missing(self, cursor, table: Table) -> None:
        """Only rows whose primary key TABLE does not have."""
        keys = [column.name for column in table.columns if column.primary]
        same = sql.SQL("({}) = ({})").format(listed(keys, "s"), listed(keys, "t"))
        statement = sql.SQL("DELETE FROM {} s USING ONLY {} t WHERE {}")
        cursor.execute(statement.format(self.identifier, self.name.identifier, same))

    def more(self, cursor, other) -> tuple[int, int]:
        """How many rows are only here, and how many only in OTHER."""
        columns = listed(self.written, "r")
        found = []
        for first, second in ((self.identifier, other), (other, self.identifier)):
            cursor.execute(sql.SQL(MORE).format(columns, first, columns, second))
            found.append(cursor.fetchone()[0])
        return found[0], found[1]


def rows_and_hash(cursor, relation, columns: list[str]) -> tuple[int, str]:
    cursor.execute(sql.SQL(ROWS_AND_HASH).format(listed(columns, "r"), relation))
    rows, digest = cursor.fetchone()
    return rows, digest


def require_free_values(cursor, stage: Stage, table: Table) -> None:
    """Rows with another primary key may have what has to be unique."""
    cursor.execute(UNIQUE, (table.oid,))
    for index, columns in cursor.fetchall():
        if set(columns) <= set(stage.written):
            query = sql.SQL(TAKEN).format(
                stage.identifier, table.name.identifier, listed(columns, "s"), listed(columns, "t")
            )
            cursor.execute(query)
            rows = cursor.fetchone()[0]
            if rows:
                raise PgopsError(
                    f"{rows} missing rows of {table.name} have the same {', '.join(columns)} as other rows that are there (unique "
                    f"index {index}). Nothing was changed. Change those first, or copy by hand what fits."
                )
