"""Every source record against its row, by fingerprints of canonical values.

Of the migration only the profile's declarations are used: neither its staging, nor its merge, nor its accounting.
What does not have an equal row must be on record in the quarantine, or be merged into a row with the same key.
"""

from __future__ import annotations

import hashlib
import io
from collections import Counter
from dataclasses import dataclass

from .canonical import NO_CELL, differing, fingerprint
from .connection import sql, transaction
from .copytext import encoder
from .keyspace import shown
from .profile import Column, Entry, Pattern, Profile, Refusal, Row, Settings, Table, names
from .redis_source import RedisSource

SAMPLES = 20
ROWS_PER_FETCH = 2000

CREATE = """
    CREATE TEMPORARY TABLE {expected} (key text, preference text, source_key bytea, member bytea, print bytea)
        ON COMMIT DROP;
    CREATE TEMPORARY TABLE {actual} (key text, print bytea) ON COMMIT DROP;
"""
# Not the driver's named cursor: it wants to manage the transaction itself.
DECLARE = "DECLARE target NO SCROLL CURSOR FOR SELECT {listed} FROM {target} ORDER BY {key}"
FETCH = "FETCH FORWARD %s FROM target"
CREATE_REFUSED = "CREATE TEMPORARY TABLE refused (pattern text, source_key bytea, member bytea) ON COMMIT DROP"
# One line per source record: its rank among those of one key that are not in quarantine, and the row that it meets.
JUDGED = """
    WITH record AS (SELECT DISTINCT ON (source_key, member) * FROM {expected} ORDER BY source_key, member),
    open AS (
        SELECT key, member FROM migration.migration_rejects WHERE profile = %(profile)s AND resolved_run_id IS NULL
    ), judged AS (
        SELECT r.key, r.source_key, r.print AS expected, a.print AS found, a.key IS NULL AS missing,
               row_number() OVER (PARTITION BY r.key ORDER BY r.preference COLLATE "C", r.source_key, r.member) AS rank
        FROM record r
        LEFT JOIN open o ON o.key = r.source_key AND o.member IS NOT DISTINCT FROM r.member
        LEFT JOIN {actual} a ON a.key = r.key
        WHERE o.key IS NULL
    )
"""
COUNTS = JUDGED + """
    SELECT count(*), count(*) FILTER (WHERE rank > 1), count(*) FILTER (WHERE rank = 1 AND found = expected),
           count(*) FILTER (WHERE rank = 1 AND missing),
           count(*) FILTER (WHERE rank = 1 AND found <> expected)
    FROM judged
"""  # fmt: skip
DIFFERENT = JUDGED + """
    SELECT key, source_key, expected, found FROM judged
    WHERE rank = 1 AND found IS DISTINCT FROM expected ORDER BY key LIMIT %(limit)s
"""  # fmt: skip
EXTRA = """
    SELECT count(*) FROM {actual} a WHERE NOT EXISTS (SELECT FROM {expected} e WHERE e.key = a.key)
"""
UNRECORDED = """
    SELECT r.pattern, count(*) FROM refused r
    WHERE NOT EXISTS (
        SELECT FROM migration.migration_rejects o
        WHERE o.profile = %s AND o.resolved_run_id IS NULL AND o.key = r.source_key
          AND o.member IS NOT DISTINCT FROM r.member
    ) GROUP BY 1 ORDER BY 1
"""
WRONG_LOOKUPS = """
    SELECT count(*) FROM {target} t
    WHERE t.{column} IS DISTINCT FROM (SELECT o.{value} FROM {other} o WHERE o.{match} = t.{by})
"""


@dataclass(frozen=True)
class Sheet:
    """The comparison of one table."""

    table: Table
    schema: str

    def format(self, query: str, **parts):
        return sql.SQL(query).format(
            expected=sql.Identifier(f"expected_{self.table.name}"),
            actual=sql.Identifier(f"actual_{self.table.name}"),
            target=sql.Identifier(self.schema, self.table.name),
            **parts,
        )

    def fingerprints(self, columns: tuple[Column, ...], cells: tuple) -> bytes:
        """Concatenated, of the stored columns; a looked-up column is judged by a query of its own."""
        looked_up = self.table.lookup.column if self.table.lookup else None
        pairs = zip(columns, cells, strict=True)
        return b"".join(NO_CELL if c.name == looked_up else fingerprint(c.kind, v) for c, v in pairs if c.stored)

    def key_of(self, row: Row) -> str:
        return row.cells[names(self.table.columns).index(self.table.key)]


def validate(conn, source: RedisSource, profile: Profile, settings: Settings, batch_keys: int) -> dict:
    """The result of migration_info: C(healthy), C(problems), per table how many rows are equal, missing, differing."""
    sheets = [Sheet(table, profile.schema) for table in profile.tables]
    with transaction(conn) as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        cursor.execute(CREATE_REFUSED)
        for sheet in sheets:
            cursor.execute(sheet.format(CREATE))
        refused = Expectations(source, profile, settings, sheets, cursor).collect(batch_keys)
        digest = hashlib.sha256()
        rows = {sheet.table.name: read_target(cursor, sheet, digest) for sheet in sheets}
        tables, problems = {}, []
        for sheet in sheets:
            tables[sheet.table.name], found = judge(cursor, sheet, profile, rows[sheet.table.name])
            problems += found
        cursor.execute(UNRECORDED, (profile.name,))
        problems += [
            f"{keys} keys of the pattern {p} are refused, but not in the quarantine." for p, keys in cursor.fetchall()
        ]
    return {
        "changed": False,
        "healthy": not problems,
        "problems": problems,
        "tables": tables,
        "refused": dict(sorted(refused.items())),
        "digest": digest.hexdigest(),
    }


class Expectations:
    """What the source says today, as fingerprints in temporary tables; memory does not grow with the keyspace."""

    def __init__(self, source: RedisSource, profile: Profile, settings: Settings, sheets: list[Sheet], cursor) -> None:
        self.source, self.profile, self.settings, self.cursor = (source, profile, settings, cursor)
        self.sheets = {sheet.table.name: sheet for sheet in sheets}
        self.lines: dict[str, list[str]] = {name: [] for name in [*self.sheets, "refused"]}
        self.encode = encoder(["text", "text", "bytea", "bytea", "bytea"])
        self.encode_refused = encoder(["text", "bytea", "bytea"])
        self.refused: Counter[str] = Counter()

    def collect(self, batch_keys: int) -> Counter:
        position = None
        while position != 0:
            position, keys = self.source.scan(position or 0, batch_keys)
            wanted = [(p, key) for key in dict.fromkeys(keys) if (p := self.profile.classify(key)) and not p.skip]
            entries = self.source.read(key for _, key in wanted) if wanted else []
            for (pattern, _), entry in zip(wanted, entries, strict=True):
                self.expect(pattern, entry)
            self.flush()
        return self.refused

    def expect(self, pattern: Pattern, entry: Entry) -> None:
        if entry.redis_type == "none":
            return
        if entry.redis_type != pattern.redis_type:
            self.refuse(pattern, entry, None)
        elif pattern.member:
            for members in self.source.members(entry.key, entry.redis_type):
                for member in members:
                    self.record(pattern, entry, member, lambda member=member: pattern.member(member, self.settings))
        else:
            self.record(pattern, entry, None, lambda: pattern.convert(entry, pattern.suffix(entry.key), self.settings))

    def record(self, pattern: Pattern, entry: Entry, member: bytes | None, make) -> None:
        try:
            row = make()
        except Refusal:
            self.refuse(pattern, entry, member)
            return
        sheet = self.sheets[row.table]
        cells = (
            sheet.key_of(row),
            row.preference,
            entry.key,
            member,
            sheet.fingerprints(sheet.table.columns, row.cells),
        )
        self.lines[row.table].append(self.encode(cells))

    def refuse(self, pattern: Pattern, entry: Entry, member: bytes | None) -> None:
        self.refused[pattern.name] += 1
        self.lines["refused"].append(self.encode_refused((pattern.name, entry.key, member)))

    def flush(self) -> None:
        for name, lines in self.lines.items():
            if lines:
                copy_lines(self.cursor, name if name == "refused" else f"expected_{name}", lines)


def copy_lines(cursor, table: str, lines: list[str]) -> None:
    statement = sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(table))
    cursor.copy_expert(statement, io.BytesIO("".join(lines).encode("utf-8")))
    lines.clear()


def read_target(cursor, sheet: Sheet, digest) -> int:
    """Fingerprint every row of the table, in the order of its key, into DIGEST and a temporary table."""
    encode, rows = encoder(["text", "bytea"]), 0
    columns = sheet.table.stored
    key = names(columns).index(sheet.table.key)
    listed = sql.SQL(", ").join(map(sql.Identifier, names(columns)))
    cursor.execute(sheet.format(DECLARE, listed=listed, key=sql.Identifier(sheet.table.key)))
    while True:
        cursor.execute(FETCH, (ROWS_PER_FETCH,))
        batch = cursor.fetchall()
        if not batch:
            break
        rows += len(batch)
        for cells in batch:
            digest.update(b"".join(fingerprint(c.kind, cell) for c, cell in zip(columns, cells, strict=True)))
        lines = [encode((str(cells[key]), sheet.fingerprints(columns, cells))) for cells in batch]
        copy_lines(cursor, f"actual_{sheet.table.name}", lines)
    cursor.execute("CLOSE target")
    return rows


def judge(cursor, sheet: Sheet, profile: Profile, target_rows: int) -> tuple[dict, list[str]]:
    table, columns = sheet.table, names(sheet.table.stored)
    parameters = {"profile": profile.name, "limit": SAMPLES}
    for part in ("expected", "actual"):
        cursor.execute(sql.SQL("ANALYZE {}").format(sql.Identifier(f"{part}_{table.name}")))
    cursor.execute(sheet.format(COUNTS), parameters)
    records, ranked_lower, equal, missing, different = cursor.fetchone()
    cursor.execute(sheet.format(DIFFERENT), parameters)
    problems = []
    for key, source_key, expected, found in cursor.fetchall():
        if found is None:
            problems.append(f"{table.name} {key} is missing (key {shown(bytes(source_key))}).")
        else:
            problems.append(
                f"{table.name} {key} differs in {', '.join(differing(columns, bytes(expected), bytes(found)))}."
            )
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
    cursor.execute(sheet.format(WRONG_LOOKUPS, other=sql.Identifier(profile.schema, lookup.table), **identifiers))
    return cursor.fetchone()[0]
