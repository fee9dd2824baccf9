"""Every source record against its row, by fingerprints of canonical values.

Of the migration only the profile's declarations are used: neither its staging, nor its merge, nor its accounting.
What does not have an equal row must be on record in the quarantine, or be merged into a row with the same key.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from functools import partial

from .canonical import differing
from .connection import sql, transaction
from .expectations import CREATE_REFUSED, Expectations, Sheet, collect, copy_text, scan
from .judging import COUNTS, DIFFERENT, EXCUSED, judging
from .keyspace import shown
from .profile import Profile, Settings, Table, names
from .redis_source import RedisSource
from .target_rows import Portion, Printed, Rows, portions
from .team import Emit, Team, side_by_side

SAMPLES = 20

EXTRA = """
    SELECT count(*) FROM {actual} a WHERE NOT EXISTS (SELECT FROM {expected} e WHERE e.key = a.key)
"""
UNRECORDED = """
    SELECT r.pattern, o.key IS NOT NULL AS outdated, count(DISTINCT (r.source_key, r.member))
    FROM refused r LEFT JOIN migration.migration_rejects o
      ON o.profile = %s AND o.resolved_run_id IS NULL AND o.key = r.source_key AND o.member IS NOT DISTINCT FROM r.member
    WHERE o.key IS NULL OR sha256(o.value) IS DISTINCT FROM r.digest GROUP BY 1, 2 ORDER BY 1, 2
"""
# Right is the row of whoever matches; and null, while who matches is not of the source: an account made since.
WRONG_LOOKUPS = """
    SELECT count(*) FROM {target} t LEFT JOIN {other} o ON o.{match} = t.{by}
    WHERE t.{column} IS DISTINCT FROM o.{value}
      AND (t.{column} IS NOT NULL OR EXISTS (SELECT FROM {known} e WHERE e.key = o.{value}::text))
"""
OUTDATED = "has changed since it was refused; migrate again"


def validate(
    conn, source: RedisSource, profile: Profile, settings: Settings, batch_keys: int, processes: int = 1
) -> dict:
    """The result of migration_info: C(healthy), C(problems), per table how many rows are equal, missing, differing."""
    sheets = [Sheet(table, profile.schema) for table in profile.tables]
    with transaction(conn) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(CREATE_REFUSED)
        for sheet in sheets:
            sheet.create(cursor)
        digest = hashlib.sha256()
        work = partial(read, Expectations(source, profile, settings, sheets), Rows(sheets))
        with side_by_side(processes, work, not_ours=[conn.fileno()]) as team:
            refused = collect(cursor, team, scan(source, batch_keys))
            rows = {sheet.table.name: read_target(cursor, team, sheet, digest) for sheet in sheets}
        tables, problems = {}, []
        excused: Counter[str] = Counter()
        for sheet in sheets:
            name = sheet.table.name
            tables[name], found = judge(cursor, sheet, profile, rows[name])
            problems += found
            cursor.execute(sheet.format(EXCUSED), {"profile": profile.name})
            reasons = dict(cursor.fetchall())
            tables[name]["excused"] = sum(reasons.values())
            excused.update(reasons)
        problems += unrecorded(cursor, profile)
    return {
        "changed": False,
        "healthy": not problems,
        "problems": problems,
        "tables": tables,
        "refused": dict(sorted(refused.items())),
        "excused": dict(sorted(excused.items())),
        "digest": digest.hexdigest(),
    }


def read(expectations: Expectations, rows: Rows, job: list[bytes] | Portion, emit: Emit) -> None:
    """What a process of the team does: with keys of the source, or with rows of the target."""
    if isinstance(job, Portion):
        emit(rows.print(job))
    else:
        expectations.expect_batch(job, emit)


def read_target(cursor, team: Team, sheet: Sheet, digest) -> int:
    """Every row of the table, in the order of its key, into DIGEST and, as fingerprints, into a temporary table."""
    rows = 0

    def take(printed: Printed) -> None:
        digest.update(printed.digests)
        copy_text(cursor, f"actual_{sheet.table.name}", printed.text)

    for portion, deliver in team.hand_out(portions(cursor, sheet)):
        rows += len(portion.rows)
        deliver(take)
    return rows


def unrecorded(cursor, profile: Profile) -> list[str]:
    cursor.execute(UNRECORDED, (profile.name,))
    return [
        f"{keys} keys of the pattern {pattern} are refused, "
        + ("and have changed since they were; migrate again." if outdated else "but not in the quarantine.")
        for pattern, outdated, keys in cursor.fetchall()
    ]


def described(table: Table, key: str, source_key: bytes, prints: tuple, misfits: list[str], outdated: bool) -> str:
    """One record without an equal row."""
    expected, found = prints
    source = f"key {shown(source_key)}" + (f" {OUTDATED}" if outdated else "")
    if found is None:
        return f"{table.name} {key} is missing ({source})."
    differ = ", ".join([*differing(names(table.stored), bytes(expected), bytes(found)), *misfits])
    return f"{table.name} {key} differs in {differ}" + (f" ({source})." if outdated else ".")


def judge(cursor, sheet: Sheet, profile: Profile, target_rows: int) -> tuple[dict, list[str]]:
    table = sheet.table
    parameters = {"profile": profile.name, "limit": SAMPLES}
    for part in ("expected", "actual"):
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(f"{part}_{table.name}")))
    parts = judging(table, profile.schema)
    cursor.execute(sheet.format(COUNTS, **parts), parameters)
    records, ranked_lower, equal, missing, different = cursor.fetchone()
    problems = []
    if missing or different:
        cursor.execute(sheet.format(DIFFERENT, **parts), parameters)
        problems = [
            described(table, key, bytes(source_key), (expected, found), misfits, outdated)
            for key, source_key, expected, found, misfits, outdated in cursor.fetchall()
        ]
    if ranked_lower and not table.merges:
        problems.append(
            f"{table.name}: {ranked_lower} records share a key with another one and are not in the quarantine."
        )
    cursor.execute(sheet.format(EXTRA))
    extra = cursor.fetchone()[0]
    wrong_lookups = count_wrong_lookups(cursor, sheet, profile)
    if wrong_lookups:
        problems.append(
            f"{table.name}: {wrong_lookups} rows have another {table.lookup.column} than {table.lookup.table} says."
        )
    return {
        "source_rows": records - (ranked_lower if table.merges else 0),
        "target_rows": target_rows,
        "equal": equal,
        "missing": missing,
        "differing": different,
        "merged": ranked_lower if table.merges else 0,
        "extra": extra,
    }, problems


def count_wrong_lookups(cursor, sheet: Sheet, profile: Profile) -> int:
    lookup = sheet.table.lookup
    if lookup is None:
        return 0
    identifiers = {what: sql.Identifier(getattr(lookup, what)) for what in ("column", "by", "match", "value")}
    other, known = sql.Identifier(profile.schema, lookup.table), sql.Identifier(f"expected_{lookup.table}")
    cursor.execute(sheet.format(WRONG_LOOKUPS, other=other, known=known, **identifiers))
    return cursor.fetchone()[0]
