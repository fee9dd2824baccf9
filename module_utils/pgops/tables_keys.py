"""Foreign keys of and to tables that are restored: which rows would refer to what is not there any more."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .connection import sql
from .errors import PgopsError
from .tables_catalog import Key, Name

REFUSE, KEEP = "refuse", "keep"
EXISTS = "SELECT to_regclass(%s) IS NOT NULL"
# A row of which one column is null refers to nothing.
DANGLING = "SELECT count(*) FROM {} c WHERE ({}) AND NOT EXISTS (SELECT FROM {} p WHERE {})"


@dataclass(frozen=True)
class Dangling:
    """ROWS of the child that refer to nothing."""

    key: Key
    rows: int

    def __str__(self) -> str:
        one = self.key
        return f"{self.rows} rows of {one.child} that refer to no row of {one.parent} (constraint {one.name})"

    @property
    def described(self) -> dict:
        one = self.key
        return {"constraint": one.name, "table": str(one.child), "refers_to": str(one.parent), "rows": self.rows}


def find_dangling(
    cursor, keys: list[Key], children: Callable[[Name], object], parents: Callable[[Name], object]
) -> list[Dangling]:
    """CHILDREN and PARENTS give the relation that is going to be the table of a name. One that was never valid is left alone."""
    found = []
    for key in keys:
        if key.validated:
            columns = [sql.Identifier("c", column) for column in key.columns]
            referring = sql.SQL(" AND ").join(sql.SQL("{} IS NOT NULL").format(column) for column in columns)
            pairs = zip(columns, key.parent_columns, strict=True)
            same = sql.SQL(" AND ").join(
                sql.SQL("{} = {}").format(own, sql.Identifier("p", other)) for own, other in pairs
            )
            cursor.execute(sql.SQL(DANGLING).format(children(key.child), referring, parents(key.parent), same))
            rows = cursor.fetchone()[0]
            found += [Dangling(key, rows)] if rows else []
    return found


def require_parents(cursor, keys: list[Key], present: set[Name]) -> None:
    """Tables that the backup's keys refer to have to be there, or to come with it."""
    for key in keys:
        cursor.execute(EXISTS, (key.parent.pattern,))
        if key.parent not in present and not cursor.fetchone()[0]:
            raise PgopsError(
                f"{key.child} refers to {key.parent} (constraint {key.name}), which is not there. Nothing was changed. Restore "
                f"{key.parent} as well."
            )


def require_whole(found: list[Dangling], names: set[Name], policy: str) -> None:
    """Refuse what would leave rows without those that they refer to, unless POLICY is to keep them."""
    stubborn = sorted({str(one.key.child) for one in found if one.key.partitioned})
    if not found or (policy == KEEP and not stubborn):
        return
    further = sorted({str(name) for one in found for name in (one.key.child, one.key.parent) if name not in names})
    together = f"Restore {', '.join(further)} with it" if further else "Choose another backup"
    keep = "set dangling to keep, which keeps these rows and marks the constraints as NOT VALID"
    if stubborn:
        keep = f"mend them by hand: {', '.join(stubborn)} is partitioned, where a constraint cannot be NOT VALID"
    raise PgopsError(f"There would be {'; '.join(map(str, found))}. Nothing was changed. {together}, or {keep}.")


def drop(cursor, key: Key) -> None:
    statement = sql.SQL("ALTER TABLE {} DROP CONSTRAINT {}")
    cursor.execute(statement.format(key.child.identifier, sql.Identifier(key.name)))


def add(cursor, key: Key, valid: bool) -> None:
    """The server itself reads every row, unless the key is not to be VALID."""
    invalid = "" if valid or not key.validated else " NOT VALID"
    statement = sql.SQL("ALTER TABLE {} ADD CONSTRAINT {} {}")
    definition = sql.SQL(key.definition + invalid)
    cursor.execute(statement.format(key.child.identifier, sql.Identifier(key.name), definition))
