"""Partitions by time are made before rows come that need them; and tables that have grown enough to be partitioned are named."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import partial

from .connection import extras, sql, transaction
from .maintenance_pace import Outcome, Pace
from .maintenance_plan import Planned, Step
from .upkeep import Growing

TASK = "partitions"
# Parents that are partitioned by one column of time, with their partitions' bounds as the server writes them in UTC.
PARENTS = """
    SELECT c.oid::bigint AS number, n.nspname AS schema, c.relname AS table, pg_get_userbyid(c.relowner)::text AS owner,
           a.atttypid = 'date'::regtype AS by_date,
           coalesce((SELECT array_agg(pg_get_expr(p.relpartbound, p.oid) ORDER BY p.oid)
                     FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid WHERE i.inhparent = c.oid), '{}') AS bounds,
           (SELECT quote_ident(dn.nspname) || '.' || quote_ident(d.relname) FROM pg_class d JOIN pg_namespace dn ON dn.oid = d.relnamespace
            WHERE d.oid = t.partdefid) AS default_partition
    FROM pg_partitioned_table t JOIN pg_class c ON c.oid = t.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum = t.partattrs[0]
    WHERE t.partstrat = 'r' AND t.partnatts = 1
      AND a.atttypid IN ('date'::regtype, 'timestamptz'::regtype, 'timestamp'::regtype)
    ORDER BY n.nspname, c.relname
"""
BOUNDS = re.compile(r"FOR VALUES FROM \('([0-9: .+-]+)'\) TO \('([0-9: .+-]+)'\)")
HAS_ROWS = "SELECT EXISTS (SELECT FROM {})"
TAKEN = "SELECT to_regclass(%(name)s) IS NOT NULL"
ROWS = "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = to_regclass(%(name)s)"
# Made by itself and then attached, which lets others read and write the parent; as PARTITION OF it would not. A DEFAULT partition
# is read for rows that belong here.
MAKE = "CREATE TABLE {new} (LIKE {parent} INCLUDING ALL)"
ATTACH = "ALTER TABLE {parent} ATTACH PARTITION {new} FOR VALUES FROM (%(start)s) TO (%(end)s)"
OWN = "ALTER TABLE {new} OWNER TO {owner}"


@dataclass(frozen=True)
class Parent:
    number: int
    schema: str
    table: str
    owner: str
    by_date: bool
    bounds: tuple[str, ...]
    default_partition: str | None

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.table}"


def moment(text: str) -> datetime:
    """As the server writes it in UTC, with or without hour and zone."""
    found = datetime.fromisoformat(re.sub(r"([+-]\d\d)$", r"\1:00", text))
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def spans(bounds: Sequence[str]) -> list[tuple[datetime, datetime]]:
    """From when to when each holds rows; DEFAULT and those without an end are none."""
    found = [BOUNDS.fullmatch(text) for text in bounds]
    return sorted((moment(match[1]), moment(match[2])) for match in found if match)


def interval(start: datetime, end: datetime) -> str:
    """Which calendar the newest partition follows, in UTC; empty for none."""
    if any((one.hour, one.minute, one.second, one.microsecond) != (0, 0, 0, 0) for one in (start, end)):
        return ""
    if (start.day, end.day) == (1, 1):
        months = (end.year - start.year) * 12 + end.month - start.month
        return {1: "month", 12: "year" if start.month == 1 else ""}.get(months, "")
    return {timedelta(days=1): "day", timedelta(days=7): "week"}.get(end - start, "")


def after(start: datetime, kind: str) -> datetime:
    if kind == "month":
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    if kind == "year":
        return start.replace(year=start.year + 1)
    return start + timedelta(days={"day": 1, "week": 7}[kind])


def wanted(bounds: Sequence[str], now: datetime, ahead_days: int) -> list[tuple[datetime, datetime]] | None:
    """What is missing until AHEAD_DAYS from NOW, without a gap; None where the partitions follow no calendar."""
    present = spans(bounds)
    if not present:
        return None
    kind, end = interval(*present[-1]), present[-1][1]
    if not kind:
        return None
    found = []
    while end < now + timedelta(days=ahead_days):
        found.append((end, after(end, kind)))
        end = found[-1][1]
    return found


def named(parent: Parent, start: datetime, kind: str) -> str:
    return f"{parent.table}_{start:{'%Y_%m' if kind in ('month', 'year') else '%Y_%m_%d'}}"


def read_parents(conn) -> list[Parent]:
    with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        cursor.execute(PARENTS)
        return [Parent(**{**row, "bounds": tuple(row["bounds"])}) for row in cursor.fetchall()]


def plan(pace: Pace, growing: Sequence[Growing], ahead_days: int, now: datetime) -> Planned:
    parents = read_parents(pace.conn)
    steps: list[Step] = []
    left: list[str] = []
    problems: list[str] = []
    for parent in parents:
        missing = wanted(parent.bounds, now, ahead_days)
        if missing is None:
            problems.append(
                f"partitions of {parent.name}: the newest follows no day, week, month or year in UTC. Make the next ones by hand."
            )
        for start, end in missing or []:
            steps.append(making(parent, start, end))
        looked = pace.attempt(partial(in_default, pace, parent), f"partitions of {parent.name}", parent.number)
        left += [looked.left] if looked.left else []
        problems += [looked.problem] if looked.problem else []
    declared = {parent.name for parent in parents}
    problems += [told for one in growing if one.name not in declared for told in has_grown(pace, one)]
    return Planned(TASK, len(parents) + len(growing), tuple(steps), tuple(left), tuple(problems))


def in_default(pace: Pace, parent: Parent) -> Outcome:
    """Rows that no partition was there for."""
    if parent.default_partition is None or not pace.execute(HAS_ROWS.format(parent.default_partition))[0][0]:
        return Outcome()
    return Outcome(
        problem=f"partitions of {parent.name}: {parent.default_partition} has rows, which keep a partition from being made for "
        "them. Move them into one that is attached in the same transaction."
    )


def has_grown(pace: Pace, one: Growing) -> list[str]:
    rows = [
        rows for (rows,) in pace.question(ROWS, {"name": sql.Identifier(one.schema, one.table).as_string(pace.conn)})
    ]
    return [f"partitions: {one.name} has about {rows[0]} rows: {one.advice}."] if rows and rows[0] >= one.rows else []


def making(parent: Parent, start: datetime, end: datetime) -> Step:
    name = named(parent, start, interval(start, end))

    def apply(pace: Pace) -> Outcome:
        return make(pace, parent, name, start, end)

    return Step(
        "create",
        f"{parent.schema}.{name}",
        f"{parent.name} has no partition for {start:%Y-%m-%d} to {end:%Y-%m-%d}",
        apply,
        parent.number,
    )


def make(pace: Pace, parent: Parent, name: str, start: datetime, end: datetime) -> Outcome:
    new = sql.Identifier(parent.schema, name)
    [(taken,)] = pace.execute(TAKEN, {"name": new.as_string(pace.conn)})
    if taken:
        return Outcome(
            problem=f"create {parent.schema}.{name}: there is something of this name, which is no partition for that time."
        )
    pieces = {"new": new, "parent": sql.Identifier(parent.schema, parent.table), "owner": sql.Identifier(parent.owner)}
    values = {"start": start.date() if parent.by_date else start, "end": end.date() if parent.by_date else end}
    with transaction(pace.conn):
        for text, given in ((MAKE, None), (OWN, None), (ATTACH, values)):
            pace.execute(sql.SQL(text).format(**pieces), given)
    return Outcome(changed=True)
