"""What becomes of every staged row, decided in SQL over the whole set: one verdict per row.

The steps run in this order, each on the rows that no earlier one has decided: conditions that the server must judge,
rows with one key, rows that others have changed, rows that claim one unique value, rows whose owner is missing, and what
is left against the target.
"""

from __future__ import annotations

from collections import Counter

from .conflicts import Conflicts
from .connection import sql
from .distinct import Contest
from .kin import Kin
from .profile import Table, names
from .reading import Pace
from .redis_source import RedisSource
from .rivals import Rivals
from .rules import Reference
from .staging import ALIVE, Stage

# SCAN may return a key twice; what was read last counts. That it is gone by now is no reason to forget what it was.
DROP_REPEATED = """
    WITH repeated AS (
        SELECT key, member, coalesce(max(entry_id) FILTER (WHERE outcome IS DISTINCT FROM 'vanished'), max(entry_id)) AS kept
        FROM {entry} GROUP BY key, member HAVING count(*) > 1
    ), dropped AS (
        DELETE FROM {entry} e USING repeated r
        WHERE e.key = r.key AND e.member IS NOT DISTINCT FROM r.member AND e.entry_id <> r.kept
        RETURNING e.pattern
    )
    SELECT pattern, count(*) FROM dropped GROUP BY 1
"""
DROP_ROWS = "DELETE FROM {rows} s WHERE NOT EXISTS (SELECT FROM {entry} e WHERE e.entry_id = s.entry_id)"
REFUSE_UNFIT = """
    INSERT INTO {verdict}
    SELECT s.entry_id, 'quarantined', %s, %s FROM {rows} s WHERE ({condition}) IS NOT TRUE AND """ + ALIVE  # fmt: skip
# A row of the target says whom it belongs to only where no staged one replaces it.
REFUSE_ORPHANS = """
    INSERT INTO {verdict}
    SELECT DISTINCT ON (s.entry_id) s.entry_id, 'quarantined', %(code)s,
           %(table)s || ' has no row for ' || left(s.{named}, 80) || coalesce(', which was refused: ' || lost.reason, '.')
    FROM {rows} s
    LEFT JOIN ({parents} p JOIN {verdict} lost ON lost.entry_id = p.entry_id) ON p.{parent_key} = s.{column}
    WHERE s.{column} IS NOT NULL AND NOT EXISTS (
        SELECT FROM {parents} p2 WHERE p2.{parent_key} = s.{column} {also_staged}
          AND NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = p2.entry_id AND v.outcome = 'quarantined')
    ) AND NOT EXISTS (
        SELECT FROM {parent} t WHERE t.{parent_key} = s.{column} {also_present} AND NOT EXISTS (
            SELECT FROM {parents} p3 WHERE p3.{parent_key} = t.{parent_key}
              AND NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = p3.entry_id AND v.outcome = 'quarantined')
        )
    ) AND """ + ALIVE + " ORDER BY s.entry_id, lost.reason"  # fmt: skip
# A source that knows only the key takes over what is there, so that at most a looked-up column can differ.
ADOPT_PRESENT = (
    """
    UPDATE {rows} s SET ({columns}) = ROW({present}) FROM {target} t WHERE s.insert_only AND t.{key} = s.{key} AND """
    + ALIVE
)
COMPARE = """
    INSERT INTO {verdict}
    SELECT s.entry_id,
           CASE WHEN t.{key} IS NULL THEN 'inserted'
                WHEN d.entry_id IS NOT NULL OR {looked_up} THEN 'updated'
                ELSE 'unchanged' END
    FROM {rows} s LEFT JOIN {target} t ON t.{key} = s.{key} LEFT JOIN {differing} d ON d.entry_id = s.entry_id
    WHERE """ + ALIVE  # fmt: skip
KEEP_VALUES = """
    UPDATE {entry} e SET raw = coalesce(x.source, e.member),
                         readable = coalesce(convert_from(x.source, 'UTF8'), encode(e.member, 'escape'))
    FROM {verdict} v LEFT JOIN {original} x ON x.entry_id = v.entry_id
    WHERE v.entry_id = e.entry_id AND v.outcome = 'quarantined' AND e.raw IS NULL
"""


class Resolver:
    """One set of staged rows and the target that they go to."""

    def __init__(self, stage: Stage, cursor) -> None:
        self.stage, self.cursor = stage, cursor
        self.kin = Kin(stage, cursor)

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

    def prepare(self, source: RedisSource, pace: Pace) -> Counter:
        """What the rows decide among themselves, and what has to be asked of the source: nothing is locked yet.

        Returns how many repeated keys of each pattern were dropped.
        """
        repeated = self.drop_repeated()
        self.run("ANALYZE {entry}")
        for table in self.stage.profile.tables:
            self.analyze(table)
            for condition, code, sentence in table.checks:
                self.run(REFUSE_UNFIT, (code, sentence), table, condition=sql.SQL(condition))
            if not table.owners_first:
                self.kin.decide_same_key(table)
            if table.rivalry:
                Rivals(self.stage, self.cursor, table).ask(source, pace)
        return repeated

    def resolve(self, conflicts: Conflicts) -> None:
        """Decide every other row, by the rows of other tables and by the target, where nobody else may write now."""
        for table in self.stage.profile.tables:
            if table.owner:
                self.kin.find_owner(table)
            if table.owners_first:
                self.refuse_orphans(table)
                self.kin.decide_same_key(table)
            conflicts.decide(table)
            self.kin.refuse_held_back(table)
            self.run("ANALYZE {verdict}")
            Rivals(self.stage, self.cursor, table).decide()
            Contest(self.stage, self.cursor, table).decide()
            if not table.owners_first:
                self.refuse_orphans(table)
            self.adopt_present(table)
            if table.lookup:
                self.kin.look_up(table)
            self.compare(table)
        self.run(KEEP_VALUES)

    def analyze(self, table: Table) -> None:
        for what in (table.name, "verdict"):
            self.run("ANALYZE {name}", name=self.stage.name(what))

    def drop_repeated(self) -> Counter:
        self.run(DROP_REPEATED)
        dropped = Counter(dict(self.cursor.fetchall()))
        for table in self.stage.profile.tables if dropped else ():
            self.run(DROP_ROWS, None, table)
        return dropped

    def refuse_orphans(self, table: Table) -> None:
        for reference in table.references:
            self.refuse_without(table, reference)

    def refuse_without(self, table: Table, reference: Reference) -> None:
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
            also_staged=also(reference, "p2"),
            also_present=also(reference, "t"),
        )

    def adopt_present(self, table: Table) -> None:
        kept = {table.key, table.lookup.column if table.lookup else None}
        columns = [name for name in names(table.stored) if name not in kept]
        if not columns:
            return
        listed = sql.SQL(", ").join(map(sql.Identifier, columns))
        present = sql.SQL(", ").join(sql.Identifier("t", name) for name in columns)
        self.run(ADOPT_PRESENT, None, table, columns=listed, present=present)

    def compare(self, table: Table) -> None:
        looked_up = sql.SQL("false")
        if table.lookup:
            sides = (sql.Identifier(side, table.lookup.column) for side in ("s", "t"))
            looked_up = sql.SQL("{} IS DISTINCT FROM {}").format(*sides)
        self.run("ANALYZE {verdict}")
        self.run(COMPARE, None, table, looked_up=looked_up)


def also(reference: Reference, parent: str):
    return sql.SQL(" ").join(
        sql.SQL("AND {} = {}").format(sql.Identifier(parent, there), sql.Identifier("s", here))
        for here, there in reference.also
    )
