"""Unique columns besides the key: which of several rows keeps a value, and which gives way to a row that is there."""

from __future__ import annotations

import time

from .connection import extras, sql
from .profile import Table
from .reading import Pace
from .rules import Rivalry
from .staging import ALIVE, Stage

PORTION = 500

# Not the driver's named cursor: it wants to manage the transaction itself.
CONTESTED = (
    "DECLARE contested NO SCROLL CURSOR FOR SELECT s.{column} FROM {rows} s WHERE "
    + ALIVE
    + " GROUP BY s.{column} HAVING count(*) > 1"
)
FETCH = "FETCH FORWARD %s FROM contested"
KEEP_POINTERS = "INSERT INTO {pointer} VALUES %s"
# C(fair) is the place by the source alone: where a row of an earlier run stays in spite of it, that is the reason.
DECIDE_RIVALS = """
    WITH contested AS (
        SELECT s.{column} AS value FROM {rows} s WHERE """ + ALIVE + """ GROUP BY s.{column} HAVING count(*) > 1
    ), placed AS (
        SELECT s.entry_id, s.{column} AS value, s.{pointed} AS pointed, t.{key} IS NOT NULL AS present,
               row_number() OVER (PARTITION BY s.{column} ORDER BY p.value IS NULL, {order}) AS fair
        FROM {rows} s JOIN contested ON contested.value = s.{column}
        LEFT JOIN {pointer} p ON p.value = s.{column} AND p.pointed = s.{pointed}
        LEFT JOIN {target} t ON t.{key} = s.{key} AND t.{column} = s.{column}
        WHERE """ + ALIVE + """
    ), ranked AS (
        SELECT entry_id, row_number() OVER place AS place, first_value(pointed) OVER place AS kept,
               first_value(fair) OVER place > fair AS held
        FROM placed WINDOW place AS (PARTITION BY value ORDER BY present DESC, fair)
    )
    INSERT INTO {verdict}
    SELECT entry_id, 'quarantined', CASE WHEN held THEN %(held_code)s ELSE %(code)s END,
           %(sentence)s || ' ' || left(kept, 80)
           || CASE WHEN held THEN ', who was migrated before and keeps it.' ELSE '.' END
    FROM ranked WHERE place > 1
"""  # fmt: skip
# A row of the target that gives the value up in this very run is no obstacle: hence repeated until nothing changes.
REFUSE_HELD = """
    INSERT INTO {verdict}
    SELECT s.entry_id, 'quarantined', %(code)s, %(sentence)s || ' ' || left({holder}, 80) || ', who is in the database already.'
    FROM {rows} s JOIN {target} t ON t.{column} = s.{column} AND t.{key} <> s.{key}
    WHERE NOT EXISTS (
        SELECT FROM {rows} s2 WHERE s2.{key} = t.{key} AND s2.{column} <> t.{column}
          AND NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = s2.entry_id)
    ) AND """ + ALIVE  # fmt: skip
# As text: what may be null is then equal, and still found by hashing.
REFUSE_TAKEN = """
    INSERT INTO {verdict}
    SELECT s.entry_id, 'quarantined', 'made_in_target',
           'PostgreSQL has another row for the same thing that no run wrote: ' || t.{key}::text || '.'
    FROM {rows} s JOIN {target} t ON ROW({staged})::text = ROW({present})::text AND t.{key} <> s.{key}
    WHERE """ + ALIVE  # fmt: skip


class Rivals:
    """The unique columns of one table."""

    def __init__(self, stage: Stage, cursor, table: Table) -> None:
        self.stage, self.cursor, self.table = stage, cursor, table
        self.parts = {
            "rows": stage.name(table.name),
            "target": stage.target(table),
            "key": sql.Identifier(table.key),
        }

    def run(self, query: str, parameters=None, **parts) -> int:
        self.cursor.execute(self.stage.format(query, **self.parts, **parts), parameters)
        return self.cursor.rowcount

    def ask(self, source, pace: Pace) -> None:
        """Whom the source names for each contested value; before any lock, since this waits for the source."""
        rivalry = self.table.rivalry
        self.run(CONTESTED, column=sql.Identifier(rivalry.column))
        while True:
            started = time.monotonic()
            self.cursor.execute(FETCH, (PORTION,))
            values = [value for (value,) in self.cursor.fetchall()]
            if not values:
                break
            entries = source.read(rivalry.pointer(value) for value in values)
            found = [(v, text) for v, entry in zip(values, entries, strict=True) if (text := as_pointer(entry.value))]
            if found:
                extras.execute_values(self.cursor, self.stage.format(KEEP_POINTERS).as_string(self.cursor), found)
            pace.keep(len(values), started)
        self.cursor.execute("CLOSE contested")
        self.run("ANALYZE {pointer}")

    def decide(self) -> None:
        if self.table.rivalry:
            self.decide_rivals(self.table.rivalry)
        if self.table.natural:
            sides = (sql.SQL(", ").join(sql.Identifier(side, name) for name in self.table.natural) for side in "st")
            self.run(REFUSE_TAKEN, **dict(zip(("staged", "present"), sides, strict=True)))
        while sum(self.refuse_held()):
            pass

    def decide_rivals(self, rivalry: Rivalry) -> None:
        # What is held for good takes no part in the contest.
        while sum(self.refuse_held(rivals=False)):
            pass
        wording = {"code": rivalry.code, "held_code": rivalry.held_code, "sentence": rivalry.sentence}
        self.run(
            DECIDE_RIVALS,
            wording,
            column=sql.Identifier(rivalry.column),
            pointed=sql.Identifier(rivalry.pointed),
            order=sql.SQL(", ").join(sql.SQL("s." + term) for term in rivalry.order),
        )

    def refuse_held(self, rivals: bool = True) -> list[int]:
        """How many rows were refused for each unique column."""
        key = sql.SQL("t.{}::text").format(sql.Identifier(self.table.key))
        claims = [(u.column, u.code, u.sentence, key) for u in self.table.unique]
        rivalry = self.table.rivalry
        if rivals and rivalry:
            holder = sql.SQL("coalesce(t.{}, {})").format(sql.Identifier(rivalry.pointed), key)
            claims.append((rivalry.column, rivalry.held_code, rivalry.sentence, holder))
        return [
            self.run(REFUSE_HELD, {"code": code, "sentence": sentence}, column=sql.Identifier(column), holder=holder)
            for column, code, sentence, holder in claims
        ]


def as_pointer(value: bytes | None) -> str | None:
    """The text that a pointer holds; None where it cannot name a row."""
    text = value.decode("utf-8", "replace") if value is not None else None
    return None if text is None or "\0" in text else text
