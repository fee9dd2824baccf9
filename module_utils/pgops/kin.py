"""Staged rows that belong together: those of one key, and those that another table's rows are linked with."""

from __future__ import annotations

from .connection import sql
from .profile import Table, names
from .staging import ALIVE, Stage

# Beyond bigint the sum is none that could be stored, and none of them alone would be right.
REFUSE_SUMS = """
    WITH added AS (
        SELECT s.{key} AS key FROM {rows} s WHERE """ + ALIVE + """
        GROUP BY s.{key} HAVING count(*) > 1 AND sum(s.{column}) > 9223372036854775807
    )
    INSERT INTO {verdict}
    SELECT s.entry_id, 'quarantined', 'out_of_range', 'The sum of several keys for one ' || %(what)s || ' does not fit into 64 bits.'
    FROM {rows} s JOIN added ON added.key = s.{key} WHERE """ + ALIVE  # fmt: skip
ADD_UP = """
    WITH added AS (
        SELECT s.{key} AS key, sum(s.{column})::bigint AS total FROM {rows} s WHERE """ + ALIVE + """
        GROUP BY s.{key} HAVING count(*) > 1
    )
    UPDATE {rows} s SET {column} = added.total FROM added WHERE added.key = s.{key} AND """ + ALIVE  # fmt: skip
ABSORB = """
    INSERT INTO {verdict}
    SELECT s.entry_id, 'merged', NULL, 'Merged with a record that says more.' FROM {rows} s
    WHERE s.{lacking} IS NULL AND EXISTS (
        SELECT FROM {rows} p WHERE p.{group} = s.{group} AND p.{lacking} IS NOT NULL
          AND NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = p.entry_id)
    ) AND """ + ALIVE  # fmt: skip
FAVOURED = """, favoured AS (
        SELECT DISTINCT s.entry_id
        FROM {rows} s JOIN alike ON alike.key = s.{key} JOIN (
            SELECT {columns} FROM {others} p
            WHERE NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = p.entry_id AND v.outcome = 'quarantined')
            UNION ALL
            SELECT {columns} FROM {other} t WHERE NOT EXISTS (
                SELECT FROM {others} p WHERE p.{other_key} = t.{other_key}
                  AND NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = p.entry_id AND v.outcome = 'quarantined')
            )
        ) o ON {met}
    )"""
DECIDE_SAME_KEY = """
    WITH alike AS (
        SELECT s.{key} AS key FROM {rows} s WHERE """ + ALIVE + """ GROUP BY s.{key} HAVING count(*) > 1
    ){favoured}, ranked AS (
        SELECT s.entry_id, row_number() OVER place AS place, first_value(e.key) OVER place AS kept
        FROM {rows} s JOIN alike ON alike.key = s.{key} JOIN {entry} e ON e.entry_id = s.entry_id {with_favour}
        WHERE """ + ALIVE + """
        WINDOW place AS (PARTITION BY s.{key} ORDER BY {favour} s.preference COLLATE "C", e.key, e.member)
    )
    INSERT INTO {verdict}
    SELECT entry_id, %(outcome)s, %(code)s, %(sentence)s || encode(kept, 'escape') || '.' FROM ranked WHERE place > 1
"""  # fmt: skip
LOOK_UP = """
    UPDATE {rows} s SET {column} = found.value
    FROM (
        SELECT p.{match} AS match, p.{value} AS value FROM {others} p
        WHERE NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = p.entry_id AND v.outcome = 'quarantined')
        UNION ALL
        SELECT t.{match}, t.{value} FROM {other} t
        WHERE NOT EXISTS (
            SELECT FROM {others} p WHERE p.{value} = t.{value}
              AND NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = p.entry_id AND v.outcome = 'quarantined')
        )
    ) found
    WHERE found.match = s.{by} AND s.{column} IS NULL AND """ + ALIVE  # fmt: skip
REFUSE_HELD_BACK = """
    INSERT INTO {verdict}
    SELECT DISTINCT ON (s.entry_id) s.entry_id, 'quarantined', %(code)s, %(sentence)s || ' ' || o.{other_key}::text || '.'
    FROM {rows} s JOIN {other} o ON {met}
    WHERE NOT EXISTS (
        SELECT FROM {others} p WHERE p.{other_key} = o.{other_key} AND ({met_by_source}) IS NOT TRUE
          AND NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = p.entry_id)
    ) AND """ + ALIVE + " ORDER BY s.entry_id, o.{other_key}"  # fmt: skip
KEEP_NAME = "UPDATE {rows} s SET {column} = s.{value} WHERE s.{missing} IS NULL AND s.{value} IS NOT NULL AND " + ALIVE


class Kin:
    """Decides in SQL over whole tables, as the resolver does."""

    def __init__(self, stage: Stage, cursor) -> None:
        self.stage, self.cursor = stage, cursor

    def run(self, query: str, table: Table, parameters=None, **parts) -> None:
        """PARTS that are text are names of columns."""
        named = {what: sql.Identifier(part) if isinstance(part, str) else part for what, part in parts.items()}
        fixed = {"rows": self.stage.name(table.name), "key": sql.Identifier(table.key)}
        self.cursor.execute(self.stage.format(query, **fixed, **named), parameters)

    def decide_same_key(self, table: Table) -> None:
        outcome, sentence = ("merged", "Merged with ") if table.merges else ("quarantined", "The row belongs to key ")
        if table.adds_up:
            self.run(REFUSE_SUMS, table, {"what": table.adds_up}, column=table.adds_up)
            self.run(ADD_UP, table, column=table.adds_up)
        parameters = {"outcome": outcome, "code": table.duplicate_code, "sentence": sentence}
        self.run(DECIDE_SAME_KEY, table, parameters, **self.favouring(table))
        if table.absorbing:
            self.cursor.execute(self.stage.format("ANALYZE {verdict}"))
            self.run(ABSORB, table, group=table.absorbing.group, lacking=table.absorbing.lacking)

    def favouring(self, table: Table) -> dict:
        """The parts of C(DECIDE_SAME_KEY) by which a choice goes before the preference."""
        nothing, choice = sql.SQL(""), table.choice
        if choice is None:
            return {"favoured": nothing, "with_favour": nothing, "favour": nothing}
        other = self.stage.profile.table(choice.table)
        favoured = self.stage.format(
            FAVOURED,
            rows=self.stage.name(table.name),
            key=sql.Identifier(table.key),
            others=self.stage.name(other.name),
            other=self.stage.target(other),
            other_key=sql.Identifier(other.key),
            columns=sql.SQL(", ").join(map(sql.Identifier, names(other.stored))),
            met=sql.SQL(choice.met),
        )
        return {
            "favoured": favoured,
            "with_favour": sql.SQL("LEFT JOIN favoured f ON f.entry_id = s.entry_id"),
            "favour": sql.SQL("f.entry_id IS NULL, s.{} DESC, ").format(sql.Identifier(choice.largest)),
        }

    def find_owner(self, table: Table) -> None:
        """Fill the owner's column in the ways that the profile tries, and say what becomes of those without one."""
        owner = table.owner
        for by, match in owner.ways:
            self.link(table, owner.table, column=owner.column, by=by, match=match, value=owner.id)
        kept, value = owner.otherwise or (owner.column, owner.ways[0][0])
        self.run(KEEP_NAME, table, column=kept, value=value, missing=owner.column)

    def refuse_held_back(self, table: Table) -> None:
        for hold in table.holds:
            other = self.stage.profile.table(hold.table)
            sides = {"met": "o", "met_by_source": "p"}
            self.run(
                REFUSE_HELD_BACK,
                table,
                {"code": hold.code, "sentence": hold.sentence},
                others=self.stage.name(other.name),
                other=self.stage.target(other),
                other_key=other.key,
                **{what: sql.SQL(hold.met).format(row=sql.Identifier(row)) for what, row in sides.items()},
            )

    def look_up(self, table: Table) -> None:
        lookup = table.lookup
        self.link(table, lookup.table, **{what: getattr(lookup, what) for what in ("column", "by", "match", "value")})

    def link(self, table: Table, other_name: str, **columns: str) -> None:
        other = self.stage.profile.table(other_name)
        self.run(LOOK_UP, table, others=self.stage.name(other.name), other=self.stage.target(other), **columns)
