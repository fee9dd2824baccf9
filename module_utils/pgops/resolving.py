"""What becomes of every staged row, decided in SQL over the whole set: one verdict per row.

The steps run in this order, each on the rows that no earlier one has decided: conditions that the server must judge,
rows with one key, rows that claim one unique value, rows whose owner is missing, and what is left against the target.
"""

from __future__ import annotations

from collections import Counter

from .connection import extras, sql
from .profile import Profile, Rivalry, Table, names
from .redis_source import RedisSource
from .staging import Stage, readable

ALIVE = "NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = s.entry_id)"
REREAD_KEYS = 500

# SCAN may return a key twice; what was read last counts.
DROP_REPEATED = """
    WITH repeated AS (
        SELECT key, member, max(entry_id) AS kept FROM {entry} GROUP BY key, member HAVING count(*) > 1
    )
    DELETE FROM {entry} e USING repeated r
    WHERE e.key = r.key AND e.member IS NOT DISTINCT FROM r.member AND e.entry_id <> r.kept
    RETURNING e.pattern, e.entry_id
"""
DROP_ROWS = "DELETE FROM {rows} WHERE entry_id = ANY(%s)"
REFUSE_UNFIT = """
    INSERT INTO {verdict}
    SELECT s.entry_id, 'quarantined', %s, %s FROM {rows} s WHERE ({condition}) IS NOT TRUE AND """ + ALIVE  # fmt: skip
DECIDE_SAME_KEY = """
    WITH alike AS (
        SELECT s.{key} AS key FROM {rows} s WHERE """ + ALIVE + """ GROUP BY s.{key} HAVING count(*) > 1
    ), ranked AS (
        SELECT s.entry_id, row_number() OVER place AS place, first_value(e.key) OVER place AS kept
        FROM {rows} s JOIN alike ON alike.key = s.{key} JOIN {entry} e ON e.entry_id = s.entry_id
        WHERE """ + ALIVE + """
        WINDOW place AS (PARTITION BY s.{key} ORDER BY s.preference COLLATE "C", e.key, e.member)
    )
    INSERT INTO {verdict}
    SELECT entry_id, %(outcome)s, %(code)s, %(sentence)s || encode(kept, 'escape') || '.' FROM ranked WHERE place > 1
"""  # fmt: skip
CONTESTED = "SELECT s.{column} FROM {rows} s WHERE " + ALIVE + " GROUP BY s.{column} HAVING count(*) > 1 ORDER BY 1"
DECIDE_RIVALS = """
    WITH contested AS (
        SELECT s.{column} AS value FROM {rows} s WHERE """ + ALIVE + """ GROUP BY s.{column} HAVING count(*) > 1
    ), pointer AS (
        SELECT * FROM unnest(%(values)s::text[], %(pointed)s::text[]) AS p (value, pointed)
    ), ranked AS (
        SELECT s.entry_id, row_number() OVER place AS place, first_value(s.{pointed}) OVER place AS kept
        FROM {rows} s JOIN contested ON contested.value = s.{column}
        LEFT JOIN pointer ON pointer.value = s.{column} AND pointer.pointed = s.{pointed}
        LEFT JOIN {target} t ON t.{key} = s.{key} AND t.{column} = s.{column}
        WHERE """ + ALIVE + """
        WINDOW place AS (PARTITION BY s.{column}
                         ORDER BY t.{key} IS NULL, pointer.value IS NULL, {order})
    )
    INSERT INTO {verdict}
    SELECT entry_id, 'quarantined', %(code)s, %(sentence)s || ' ' || kept || '.' FROM ranked WHERE place > 1
"""  # fmt: skip
# A row of the target that gives the value up in this very run is no obstacle: hence repeated until nothing changes.
REFUSE_HELD = """
    INSERT INTO {verdict}
    SELECT s.entry_id, 'quarantined', %(code)s,
           %(sentence)s || ' ' || coalesce(t.{pointed}, t.{key}::text) || ', who is in the database already.'
    FROM {rows} s JOIN {target} t ON t.{column} = s.{column} AND t.{key} <> s.{key}
    WHERE NOT EXISTS (
        SELECT FROM {rows} s2 WHERE s2.{key} = t.{key} AND s2.{column} <> t.{column}
          AND NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = s2.entry_id)
    ) AND """ + ALIVE  # fmt: skip
REFUSE_ORPHANS = """
    INSERT INTO {verdict}
    SELECT DISTINCT ON (s.entry_id) s.entry_id, 'quarantined', %(code)s,
           %(table)s || ' has no row for ' || s.{named} || coalesce(', which was refused: ' || lost.reason, '.')
    FROM {rows} s
    LEFT JOIN ({parents} p JOIN {verdict} lost ON lost.entry_id = p.entry_id) ON p.{parent_key} = s.{column}
    WHERE NOT EXISTS (
        SELECT FROM {parents} p2 WHERE p2.{parent_key} = s.{column}
          AND NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = p2.entry_id AND v.outcome = 'quarantined')
    ) AND NOT EXISTS (SELECT FROM {parent} t WHERE t.{parent_key} = s.{column})
      AND """ + ALIVE + " ORDER BY s.entry_id, lost.reason"  # fmt: skip
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
    WHERE found.match = s.{by}
"""
COMPARE = """
    INSERT INTO {verdict}
    SELECT s.entry_id,
           CASE WHEN t.{key} IS NULL THEN 'inserted'
                WHEN ROW({staged}) IS DISTINCT FROM ROW({present}) THEN 'updated'
                ELSE 'unchanged' END
    FROM {rows} s LEFT JOIN {target} t ON t.{key} = s.{key}
    WHERE """ + ALIVE  # fmt: skip
WITHOUT_RAW = """
    SELECT e.entry_id, e.key, e.redis_type FROM {entry} e JOIN {verdict} v USING (entry_id)
    WHERE v.outcome = 'quarantined' AND e.raw IS NULL AND e.member IS NULL ORDER BY e.entry_id
"""
KEEP_MEMBERS = """
    UPDATE {entry} e SET raw = e.member, readable = encode(e.member, 'escape') FROM {verdict} v
    WHERE v.entry_id = e.entry_id AND v.outcome = 'quarantined' AND e.raw IS NULL AND e.member IS NOT NULL
"""
KEEP_RAW = "UPDATE {entry} e SET raw = r.raw, readable = r.readable FROM (VALUES %s) AS r (entry_id, raw, readable)"
KEEP_RAW_WHERE = " WHERE e.entry_id = r.entry_id"
GONE = "UPDATE {verdict} SET outcome = 'vanished', code = NULL, reason = NULL WHERE entry_id = ANY(%s)"


class Resolver:
    """One set of staged rows and the target that they go to."""

    def __init__(self, stage: Stage, source: RedisSource, cursor) -> None:
        self.stage, self.source, self.cursor = stage, source, cursor

    def run(self, query: str, parameters=None, table: Table | None = None, **parts) -> int:
        if table is not None:
            parts = {
                "rows": self.stage.name(table.name),
                "target": self.stage.target(table),
                "key": sql.Identifier(table.key),
                **parts,
            }
        self.cursor.execute(self.stage.format(query, **parts), parameters)
        return self.cursor.rowcount

    def resolve(self, profile: Profile) -> Counter:
        """Decide every row; returns how many repeated keys of each pattern were dropped."""
        repeated = self.drop_repeated(profile)
        for table in profile.tables:
            self.analyze(table)
            for condition, code, sentence in table.checks:
                self.run(REFUSE_UNFIT, (code, sentence), table, condition=sql.SQL(condition))
            self.decide_same_key(table)
            if table.rivalry:
                self.decide_rivals(table, table.rivalry)
            if table.reference:
                self.refuse_orphans(table)
            if table.lookup:
                self.look_up(table)
            self.compare(table)
        self.keep_raw_values()
        return repeated

    def analyze(self, table: Table) -> None:
        for what in (table.name, "verdict", "entry"):
            self.run("ANALYZE {name}", name=self.stage.name(what))

    def drop_repeated(self, profile: Profile) -> Counter:
        self.run(DROP_REPEATED)
        dropped = self.cursor.fetchall()
        for table in profile.tables if dropped else ():
            self.run(DROP_ROWS, ([entry_id for _, entry_id in dropped],), table)
        return Counter(pattern for pattern, _ in dropped)

    def decide_same_key(self, table: Table) -> None:
        outcome, sentence = ("merged", "Merged with ") if table.merges else ("quarantined", "The row belongs to key ")
        parameters = {"outcome": outcome, "code": table.duplicate_code, "sentence": sentence}
        self.run(DECIDE_SAME_KEY, parameters, table)

    def decide_rivals(self, table: Table, rivalry: Rivalry) -> None:
        parts = {"column": sql.Identifier(rivalry.column), "pointed": sql.Identifier(rivalry.pointed)}
        wording = {"code": rivalry.code, "sentence": rivalry.sentence}
        self.run(CONTESTED, None, table, **parts)
        values = [value for (value,) in self.cursor.fetchall()]
        pointed = [self.pointed(rivalry.pointer(value)) for value in values]
        order = sql.SQL(", ").join(sql.SQL("s." + term) for term in rivalry.order)
        self.run(DECIDE_RIVALS, {"values": values, "pointed": pointed, **wording}, table, order=order, **parts)
        while self.run(REFUSE_HELD, wording, table, **parts):
            pass

    def pointed(self, key: bytes) -> str | None:
        entry = self.source.read([key])[0]
        text = entry.value.decode("utf-8", "replace") if entry.value is not None else None
        return None if text is None or "\0" in text else text

    def refuse_orphans(self, table: Table) -> None:
        reference = table.reference
        parent = self.stage.profile.table(reference.table)
        self.run(
            REFUSE_ORPHANS,
            {"code": reference.code, "table": reference.table},
            table,
            column=sql.Identifier(reference.column),
            named=sql.Identifier(reference.named),
            parents=self.stage.name(parent.name),
            parent=self.stage.target(parent),
            parent_key=sql.Identifier(reference.target),
        )

    def look_up(self, table: Table) -> None:
        lookup = table.lookup
        other = self.stage.profile.table(lookup.table)
        identifiers = {what: sql.Identifier(getattr(lookup, what)) for what in ("column", "by", "match", "value")}
        self.run(
            LOOK_UP, None, table, others=self.stage.name(other.name), other=self.stage.target(other), **identifiers
        )

    def compare(self, table: Table) -> None:
        columns = names(table.stored)
        row = {side: sql.SQL(", ").join(sql.Identifier(side, name) for name in columns) for side in ("s", "t")}
        self.run("ANALYZE {verdict}")
        self.run(COMPARE, None, table, staged=row["s"], present=row["t"])

    def keep_raw_values(self) -> None:
        """The values of rows refused just now, read once more: they were not kept while they looked well."""
        self.run(KEEP_MEMBERS)
        self.run(WITHOUT_RAW)
        refused = self.cursor.fetchall()
        for start in range(0, len(refused), REREAD_KEYS):
            raws = [(i, self.source.raw(bytes(key), kind)) for i, key, kind in refused[start : start + REREAD_KEYS]]
            found = [(entry_id, raw, readable(raw)) for entry_id, raw in raws if raw is not None]
            if found:
                query = self.stage.format(KEEP_RAW).as_string(self.cursor) + KEEP_RAW_WHERE
                extras.execute_values(self.cursor, query, found, template="(%s, %s::bytea, %s)")
            self.run(GONE, ([entry_id for entry_id, raw in raws if raw is None],))
