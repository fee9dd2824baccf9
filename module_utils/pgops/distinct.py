"""What rows cannot share besides their key, however many columns it takes: which of several rows keeps it."""

from __future__ import annotations

from .connection import sql
from .profile import Table
from .rules import Distinct
from .staging import ALIVE, Stage

# A row that gives the value up in this very run is no obstacle: hence repeated until nothing changes.
REFUSE_HELD = """
    INSERT INTO {verdict}
    SELECT DISTINCT ON (s.entry_id) s.entry_id, 'quarantined', %(code)s,
           %(sentence)s || ' ' || t.{key}::text || ', which is in the database already.'
    FROM {rows} s JOIN {target} t ON {present} = {claimed} AND t.{key} <> s.{key}
    WHERE NOT EXISTS (
        SELECT FROM {rows} s2 WHERE {may_give_up} AND s2.{key} = t.{key} AND {successor} IS DISTINCT FROM {present}
          AND NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = s2.entry_id)
    ) AND """ + ALIVE + " ORDER BY s.entry_id, t.{key}"  # fmt: skip
DECIDE = """
    WITH claim AS (
        SELECT s.entry_id, s.{key} AS key, s.preference, {claimed} AS value, t.{key} IS NOT NULL AS present
        FROM {rows} s LEFT JOIN {target} t ON t.{key} = s.{key} AND {present} = {claimed}
        WHERE {claimed} IS NOT NULL AND """ + ALIVE + """
    ), ranked AS (
        SELECT entry_id, row_number() OVER place AS place, first_value(key::text) OVER place AS kept
        FROM claim WINDOW place AS (PARTITION BY value ORDER BY present DESC, preference COLLATE "C", key)
    )
    INSERT INTO {verdict}
    SELECT entry_id, 'quarantined', %(code)s, %(sentence)s || ' ' || kept || '.' FROM ranked WHERE place > 1
"""  # fmt: skip


def value(distinct: Distinct, row: str):
    """What the row of the alias ROW claims."""
    return sql.SQL("({})").format(sql.SQL(distinct.value).format(row=sql.Identifier(row)))


def unique_columns(table: Table) -> list[str]:
    return [unique.column for unique in table.unique] + ([table.rivalry.column] if table.rivalry else [])


def claims(table: Table) -> list[Distinct]:
    """What its rows cannot share besides the key."""
    columns = [
        Distinct(what=name, value=f"{{row}}.{name}", parked=f"{name} = t.{table.key}::text || '@parked.invalid'")
        for name in unique_columns(table)
    ]
    return [*columns, *table.distinct]


class Contest:
    """The values of one table that C(Table.distinct) names."""

    def __init__(self, stage: Stage, cursor, table: Table) -> None:
        self.stage, self.cursor, self.table = stage, cursor, table

    def run(self, query: str, distinct: Distinct) -> int:
        sides = {"claimed": "s", "present": "t", "successor": "s2"}
        parts = {
            "rows": self.stage.name(self.table.name),
            "target": self.stage.target(self.table),
            "key": sql.Identifier(self.table.key),
            "may_give_up": sql.SQL("true" if distinct.parked else "false"),
            **{name: value(distinct, alias) for name, alias in sides.items()},
        }
        self.cursor.execute(self.stage.format(query, **parts), {"code": distinct.code, "sentence": distinct.sentence})
        return self.cursor.rowcount

    def decide(self) -> None:
        for distinct in self.table.distinct:
            # What is held for good takes no part in the contest.
            while self.run(REFUSE_HELD, distinct):
                pass
            self.run(DECIDE, distinct)
        while sum([self.run(REFUSE_HELD, distinct) for distinct in self.table.distinct]):
            pass
