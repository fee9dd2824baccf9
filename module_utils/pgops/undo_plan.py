"""What becomes of each row that runs have written when one goes back: decided in temporary tables, nothing is changed.

C(remove): a run made it, and nobody has touched it since. C(restore): it was there before a run overwrote it, and is put
back as it was. The others stay: C(changed) since, C(deleted) already, C(referenced) by what stays, or C(taken): what it
had before belongs to another row by now.
"""

from __future__ import annotations

from dataclasses import dataclass

from .connection import sql
from .distinct import claims, value
from .profile import Profile, Table, names
from .written import hashed

FATES = ("remove", "restore", "changed", "deleted", "referenced", "taken")

# Columns that no run writes: a row that nobody touched has their defaults. One with a default that is never the same
# twice counts as touched.
UNWRITTEN = """
    SELECT a.attname, pg_get_expr(d.adbin, d.adrelid)
    FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE a.attrelid = to_regclass(%s) AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND NOT a.attname = ANY (%s)
    ORDER BY a.attnum
"""
REFERENCES = """
    SELECT n.nspname, r.relname, p.relname,
           ARRAY(SELECT a.attname::text FROM unnest(c.conkey) WITH ORDINALITY AS k (n, i)
                 JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = k.n ORDER BY k.i),
           ARRAY(SELECT a.attname::text FROM unnest(c.confkey) WITH ORDINALITY AS k (n, i)
                 JOIN pg_attribute a ON a.attrelid = c.confrelid AND a.attnum = k.n ORDER BY k.i)
    FROM pg_constraint c
    JOIN pg_class r ON r.oid = c.conrelid JOIN pg_namespace n ON n.oid = r.relnamespace
    JOIN pg_class p ON p.oid = c.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE c.contype = 'f' AND pn.nspname = %s AND p.relname = ANY (%s)
    ORDER BY c.conrelid::regclass::text, c.conname
"""
CREATE = """
    CREATE TEMPORARY TABLE {fates} ON COMMIT DROP AS
    SELECT l.row_key AS key, l.previous, NULL::text AS why,
           CASE WHEN t.{key} IS NULL THEN 'deleted'
                WHEN {hashed} <> l.written THEN 'changed'
                WHEN l.previous IS NOT NULL THEN 'restore'
                WHEN {untouched} THEN 'remove'
                ELSE 'changed' END AS fate
    FROM migration.migration_rows l LEFT JOIN {target} t ON t.{key}::text = l.row_key
    WHERE l.profile = %s AND l.table_name = %s
"""
# Whatever the reference would do at a deletion: nothing that stays loses what it names.
KEEP_REFERENCED = """
    UPDATE {fates} f SET fate = 'referenced', why = %s
    FROM {target} t, {child} c {child_fates}
    WHERE f.fate = 'remove' AND t.{key}::text = f.key AND {stays} AND {names_it}
"""
KEEP_TAKEN = """
    WITH former AS (
        SELECT f.key, {former}::text AS value
        FROM {fates} f CROSS JOIN LATERAL jsonb_populate_record(NULL::{target}, f.previous) p WHERE f.fate = 'restore'
    ), taken AS (
        SELECT w.key FROM former w JOIN {target} o ON {present}::text = w.value AND o.{key}::text <> w.key
        LEFT JOIN {fates} of ON of.key = o.{key}::text WHERE coalesce(of.fate, '') NOT IN ('remove', 'restore')
        UNION
        SELECT w.key FROM former w JOIN former o ON o.value = w.value AND o.key < w.key
    )
    UPDATE {fates} f SET fate = 'taken', why = %s FROM taken WHERE taken.key = f.key
"""
COUNTS = "SELECT fate, count(*) FROM {fates} GROUP BY 1"
KEPT = "SELECT key, fate, why FROM {fates} WHERE fate NOT IN ('remove', 'restore') ORDER BY key LIMIT %s"


@dataclass(frozen=True)
class ForeignKey:
    """C(columns) of a table that name C(keys) of one of the profile's tables."""

    schema: str
    table: str
    parent: str
    columns: tuple[str, ...]
    keys: tuple[str, ...]


class UndoPlan:
    """The fates of all rows; within one transaction."""

    def __init__(self, profile: Profile, cursor) -> None:
        self.profile, self.cursor = profile, cursor
        cursor.execute(REFERENCES, (profile.schema, [table.name for table in profile.tables]))
        self.references = [ForeignKey(*line[:3], *map(tuple, line[3:])) for line in cursor.fetchall()]

    def fates(self, table: Table):
        return sql.Identifier("pg_temp", f"undo_{table.name}")

    def target(self, table: Table):
        return sql.Identifier(self.profile.schema, table.name)

    def own(self, reference: ForeignKey) -> Table | None:
        """The profile's table that refers, if it is one of the profile's."""
        if reference.schema != self.profile.schema:
            return None
        return next((table for table in self.profile.tables if table.name == reference.table), None)

    def make(self) -> None:
        for table in self.profile.tables:
            self.run(
                CREATE,
                table,
                (self.profile.name, table.name),
                hashed=hashed(table, "t"),
                untouched=self.untouched(table),
            )
            self.cursor.execute(sql.SQL("ANALYZE {}").format(self.fates(table)))
        # What stays makes other rows stay.
        while self.keep_more():
            pass

    def run(self, query: str, table: Table, parameters: tuple, **parts) -> int:
        fixed = {"fates": self.fates(table), "target": self.target(table), "key": sql.Identifier(table.key)}
        self.cursor.execute(sql.SQL(query).format(**fixed, **parts), parameters)
        return self.cursor.rowcount

    def untouched(self, table: Table):
        where = self.target(table).as_string(self.cursor)
        self.cursor.execute(UNWRITTEN, (where, names(table.stored)))
        terms = [
            sql.SQL("t.{} IS NOT DISTINCT FROM {}").format(
                sql.Identifier(name), sql.SQL(f"({default})" if default else "NULL")
            )
            for name, default in self.cursor.fetchall()
        ]
        if table.lookup:
            lookup = table.lookup
            terms.append(
                sql.SQL(
                    "(t.{column} IS NULL OR EXISTS (SELECT FROM {other} o WHERE o.{value} = t.{column} AND o.{match} = t.{by}))"
                ).format(
                    other=self.target(self.profile.table(lookup.table)),
                    **{part: sql.Identifier(getattr(lookup, part)) for part in ("column", "value", "match", "by")},
                )
            )
        return sql.SQL(" AND ").join([sql.SQL("true"), *terms])

    def keep_more(self) -> int:
        return sum(map(self.keep_referenced, self.references)) + sum(map(self.keep_taken, self.profile.tables))

    def keep_referenced(self, reference: ForeignKey) -> int:
        child = self.own(reference)
        pairs = [(column, key) for column, key in zip(reference.columns, reference.keys, strict=True)]
        if child is None:
            fates, stays = sql.SQL(""), sql.SQL("true")
            named = [sql.SQL("c.{} = t.{}").format(*map(sql.Identifier, pair)) for pair in pairs]
        else:
            fates = sql.SQL("LEFT JOIN {} cf ON cf.key = c.{}::text").format(
                self.fates(child), sql.Identifier(child.key)
            )
            stays = sql.SQL("coalesce(cf.fate, '') <> 'remove'")
            named = [named_by(child, *pair) for pair in pairs]
        return self.run(
            KEEP_REFERENCED,
            self.profile.table(reference.parent),
            (reference.table,),
            child=sql.Identifier(reference.schema, reference.table),
            child_fates=fates,
            stays=stays,
            names_it=sql.SQL(" AND ").join(named),
        )

    def keep_taken(self, table: Table) -> int:
        return sum(
            self.run(KEEP_TAKEN, table, (claim.what,), former=value(claim, "p"), present=value(claim, "o"))
            for claim in claims(table)
        )

    def counts(self) -> dict[str, dict[str, int]]:
        found = {}
        for table in self.profile.tables:
            self.run(COUNTS, table, ())
            found[table.name] = {**dict.fromkeys(FATES, 0), **dict(self.cursor.fetchall())}
        return found

    def kept(self, limit: int) -> list[dict]:
        """The first rows of each table that stay, and why."""
        samples: list[dict] = []
        for table in self.profile.tables:
            self.run(KEPT, table, (limit,))
            samples += [{"table": table.name, "key": k, "fate": f, "by": by} for k, f, by in self.cursor.fetchall()]
        return samples


def named_by(child: Table, column: str, key: str):
    """Whether a row of CHILD, as it will be, names the row t by COLUMN."""
    pair = [sql.Identifier(column), sql.Identifier(key)]
    if column not in names(child.stored):
        return sql.SQL("c.{} = t.{}").format(*pair)
    return sql.SQL("CASE WHEN cf.fate = 'restore' THEN cf.previous ->> {} ELSE c.{}::text END = t.{}::text").format(
        sql.Literal(column), *pair
    )
