"""The first rows of each kind of change, as Ansible's diff shows them; secrets are masked."""

from __future__ import annotations

from .connection import sql
from .merging import CLOSED, NEW_REJECTS
from .profile import Table, names
from .staging import Stage

ROWS = 5
CELL_CHARACTERS = 60
MASK = "********"

CHANGES = """
    SELECT {key}, {staged}, {present}
    FROM {rows} s JOIN {verdict} v ON v.entry_id = s.entry_id LEFT JOIN {target} t ON t.{column} = s.{column}
    WHERE v.outcome = %s ORDER BY s.{column} LIMIT %s
"""
OPENED = NEW_REJECTS + """
    SELECT pattern, encode(coalesce(member, key), 'escape'), code, reason
    FROM fresh ORDER BY pattern, key, member LIMIT %(rows)s
"""  # fmt: skip
CLOSED_NOW = (
    "SELECT o.pattern, encode(coalesce(o.member, o.key), 'escape'), o.reason_code, o.reason"
    + CLOSED
    + "ORDER BY o.pattern, o.key, o.member LIMIT %(rows)s"
)


def shorten(cell: str | None) -> str:
    if cell is None:
        return "null"
    text = " ".join(cell.split())
    return text if len(text) <= CELL_CHARACTERS else text[: CELL_CHARACTERS - 1] + "…"


def row_lines(table: Table, key: str, staged: tuple, present: tuple, outcome: str) -> tuple[str, str]:
    """The row before and after: every cell of a new one, the differing cells of a changed one."""
    before: list[str] = []
    after: list[str] = []
    for column, new, old in zip(table.stored, staged, present, strict=True):
        if outcome == "updated" and new == old:
            continue
        for cell, side in ((new, after), (old, before)):
            side.append(f"{column.name}={MASK if column.secret and cell is not None else shorten(cell)}")
    head = f"{table.name} {key}: "
    return ("" if outcome == "inserted" else head + ", ".join(before) + "\n"), head + ", ".join(after) + "\n"


def preview(stage: Stage, cursor, counts: dict[str, dict[str, int]], quarantine: dict[str, int]) -> dict[str, str]:
    """C(before) and C(after): at most five rows of each kind per table, then of the records that are opened and closed."""
    before, after = [], []
    for table in stage.profile.tables:
        planned = counts[table.name]
        if planned["inserted"] or planned["updated"]:
            after.append(
                f"{table.name}: {planned['inserted']} rows to insert, {planned['updated']} to update, "
                f"{planned['unchanged']} unchanged\n"
            )
        for outcome in ("updated", "inserted"):
            for key, staged, present in changes(stage, cursor, table, outcome):
                old, new = row_lines(table, key, staged, present, outcome)
                before.append(old)
                after.append(new)
    for what, query, side in (("opened", OPENED, after), ("closed", CLOSED_NOW, before)):
        if quarantine[what]:
            cursor.execute(stage.format(query), {"profile": stage.profile.name, "rows": ROWS})
            side += [
                f"refused {pattern} {shorten(key)}: {code}, {shorten(why)}\n"
                for pattern, key, code, why in cursor.fetchall()
            ]
    return {"before": "".join(before), "after": "".join(after)}


def changes(stage: Stage, cursor, table: Table, outcome: str):
    columns = names(table.stored)

    def texts(side: str):
        return sql.SQL("ARRAY[{}]").format(
            sql.SQL(", ").join(sql.SQL("{}::text").format(sql.Identifier(side, c)) for c in columns)
        )

    query = stage.format(
        CHANGES,
        key=sql.SQL("{}::text").format(sql.Identifier("s", table.key)),
        column=sql.Identifier(table.key),
        staged=texts("s"),
        present=texts("t"),
        rows=stage.name(table.name),
        target=stage.target(table),
    )
    cursor.execute(query, (outcome, ROWS))
    return cursor.fetchall()
