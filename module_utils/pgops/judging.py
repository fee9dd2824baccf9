"""How records are held against rows in SQL, where several records and other tables decide what is right."""

from __future__ import annotations

from .connection import sql
from .profile import Table
from .rules import Owner

# One line per source record: its rank among those of one key that no record in the quarantine excuses, and the row
# that it meets. Excused is a record whose value is the very one that was refused.
JUDGED = """
    WITH record AS (SELECT DISTINCT ON (source_key, member) * FROM {expected} ORDER BY source_key, member),
    open AS (
        SELECT key, member, sha256(value) AS digest FROM migration.migration_rejects
        WHERE profile = %(profile)s AND resolved_run_id IS NULL
    ), counted AS (
        SELECT r.*, o.key IS NOT NULL AS outdated FROM record r
        LEFT JOIN open o ON o.key = r.source_key AND o.member IS NOT DISTINCT FROM r.member
        WHERE o.key IS NULL OR o.digest IS DISTINCT FROM r.digest
    ){favoured}, met AS (
        SELECT s.key, s.source_key, s.print AS expected, a.print AS found, a.key IS NULL AS missing,
               s.insert_only AND a.key IS NOT NULL AS suffices, outdated, {misfits} AS misfits,
               CASE WHEN {absorbed} THEN 2 ELSE
                   row_number() OVER (PARTITION BY s.key ORDER BY {favour} s.preference COLLATE "C", s.source_key, s.member)
               END AS rank
        FROM counted s LEFT JOIN {actual} a ON a.key = s.key {owners} {with_favour}
    ), judged AS (SELECT *, expected = found AND misfits = '{{}}' OR suffices AS equal FROM met)
"""
# Those that are left out there. Not joined by the digest: it would be made of every value in the quarantine.
EXCUSED = """
    SELECT o.reason_code, count(DISTINCT o.reject_id)
    FROM {expected} r JOIN migration.migration_rejects o
      ON o.key = r.source_key AND o.member IS NOT DISTINCT FROM r.member AND sha256(o.value) IS NOT DISTINCT FROM r.digest
    WHERE o.profile = %(profile)s AND o.resolved_run_id IS NULL GROUP BY 1
"""
FAVOURED = """, favoured AS (
        SELECT DISTINCT s.source_key, s.member
        FROM counted s JOIN (SELECT key FROM counted GROUP BY key HAVING count(*) > 1) alike ON alike.key = s.key
        JOIN {other} o ON {met}
    )"""
WITH_FAVOUR = "LEFT JOIN favoured f ON f.source_key = s.source_key AND f.member IS NOT DISTINCT FROM s.member"
COUNTS = JUDGED + """
    SELECT count(*), count(*) FILTER (WHERE rank > 1), count(*) FILTER (WHERE rank = 1 AND equal),
           count(*) FILTER (WHERE rank = 1 AND missing),
           count(*) FILTER (WHERE rank = 1 AND NOT missing AND NOT equal)
    FROM judged
"""  # fmt: skip
DIFFERENT = JUDGED + """
    SELECT key, source_key, expected, found, misfits, outdated FROM judged
    WHERE rank = 1 AND equal IS NOT TRUE ORDER BY key LIMIT %(limit)s
"""  # fmt: skip


def owner_parts(owner: Owner, schema: str) -> tuple:
    """Joins with the rows that the source may mean, and the id of the first that is there."""
    joins, ids = [], []
    for place, (way, match) in enumerate(owner.ways):
        alias = sql.Identifier(f"way{place}")
        parts = {
            "other": sql.Identifier(schema, owner.table),
            "match": sql.Identifier(match),
            "way": sql.Identifier(way),
        }
        joins.append(sql.SQL("LEFT JOIN {other} {alias} ON {alias}.{match} = s.{way}").format(alias=alias, **parts))
        ids.append(sql.Identifier(f"way{place}", owner.id))
    return sql.SQL(" ").join(joins), sql.SQL("coalesce({}, NULL)").format(sql.SQL(", ").join(ids))


def judging(table: Table, schema: str) -> dict:
    """The parts of C(JUDGED) that the table's declarations ask for."""
    right, owners, absorbed = {}, sql.SQL(""), sql.SQL("false")
    if table.adds_up:
        right[table.adds_up] = sql.SQL("sum(s.{}) OVER (PARTITION BY s.key)").format(sql.Identifier(table.adds_up))
    if table.owner:
        owners, found = owner_parts(table.owner, schema)
        right[table.owner.column] = found
        if table.owner.otherwise:
            kept, text = (sql.Identifier("s", name) for name in table.owner.otherwise)
            unknown = sql.SQL("CASE WHEN {} IS NULL THEN coalesce({}, {}) END").format(found, text, kept)
            right[table.owner.otherwise[0]] = unknown
    if table.absorbing:
        absorbed = sql.SQL(
            "s.{lacking} IS NULL AND EXISTS (SELECT FROM counted c WHERE c.{group} = s.{group} AND c.{lacking} IS NOT NULL)"
        ).format(lacking=sql.Identifier(table.absorbing.lacking), group=sql.Identifier(table.absorbing.group))
    misfits = [
        sql.SQL("CASE WHEN a.{} IS DISTINCT FROM {} THEN {} END").format(sql.Identifier(name), cell, sql.Literal(name))
        for name, cell in right.items()
    ]
    listed = sql.SQL("array_remove(ARRAY[{}]::text[], NULL)").format(sql.SQL(", ").join(misfits))
    return {"misfits": listed, "owners": owners, "absorbed": absorbed, **favouring(table, schema)}


def favouring(table: Table, schema: str) -> dict:
    """Which of several records of one key is right by another table's rows, as they stand."""
    nothing, choice = sql.SQL(""), table.choice
    if choice is None:
        return {"favoured": nothing, "with_favour": nothing, "favour": nothing}
    favoured = sql.SQL(FAVOURED).format(other=sql.Identifier(schema, choice.table), met=sql.SQL(choice.met))
    return {
        "favoured": favoured,
        "with_favour": sql.SQL(WITH_FAVOUR),
        "favour": sql.SQL("f.source_key IS NULL, s.{} DESC, ").format(sql.Identifier(choice.largest)),
    }
