"""Rows that are over, as an application declares them: counted, then marked or deleted batch by batch."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from .connection import sql
from .errors import PgopsError
from .maintenance_pace import Outcome, Pace
from .maintenance_plan import Planned, Step
from .upkeep import DAYS, Rows

COUNT = "SELECT count(*) FROM {table} WHERE {due}"
# A batch is a transaction. It goes along the key, so that all batches read the table once, and leaves rows that others hold.
BATCH = """
    WITH batch AS MATERIALIZED (
        SELECT {key} AS key FROM {table} WHERE {due}{after} ORDER BY {key} LIMIT %(batch_rows)s FOR UPDATE SKIP LOCKED
    ), written AS (
        {write} WHERE {key} IN (SELECT key FROM batch) RETURNING 1
    )
    SELECT (SELECT count(*) FROM batch), (SELECT count(*) FROM written), (SELECT key::text FROM batch ORDER BY key DESC LIMIT 1)
"""
AFTER = " AND {key} > %(last)s"
NUMBER = "SELECT to_regclass(%(name)s)::oid::bigint"
BECOME, BECOME_AGAIN = "SET ROLE {}", "RESET ROLE"
MEMBER = (
    "SELECT to_regrole(quote_ident(%(role)s)) IS NOT NULL AND pg_has_role(to_regrole(quote_ident(%(role)s)), 'MEMBER')"
)
# What a batch did is counted where VACUUM is decided, before the next statement.
TELL = "SELECT pg_stat_force_next_flush()"


@dataclass(frozen=True)
class Writing:
    """How rows are written: as whom, and how many in a transaction."""

    batch_rows: int
    role: str = ""


def plan(pace: Pace, task: str, declared: Sequence[Rows], writing: Writing) -> tuple[Planned, Counter[tuple[int, str]]]:
    """The steps of TASK, and how many rows of which table they update and delete."""
    mine = [one for one in declared if one.task == task]
    if writing.role:
        require_role(pace.conn, writing.role)
    steps, left, touched = [], [], Counter[tuple[int, str]]()
    for place, one in enumerate(mine):
        before = [other for other in mine[:place] if other.name == one.name]
        number = relation_of(pace.conn, one)
        counted = count(pace, one, before, writing, number)
        left += [counted.left] if counted.left else []
        if counted.count:
            touched[number, one.what] += counted.count
            steps.append(step(one, before, writing, number, counted.count))
    return Planned(task, len({one.name for one in mine}), tuple(steps), tuple(left)), touched


def require_role(conn, role: str) -> None:
    with conn.cursor() as cursor:
        cursor.execute(MEMBER, {"role": role})
        if cursor.fetchone() != (True,):
            raise PgopsError(f"rows_role is {role}, which is no role that this login may take on. Nothing was done.")


def relation_of(conn, one: Rows) -> int:
    with conn.cursor() as cursor:
        cursor.execute(NUMBER, {"name": sql.Identifier(one.schema, one.table).as_string(conn)})
        (number,) = cursor.fetchone()
    if number is None:
        raise PgopsError(
            f"Task {one.task} is about {one.name}, which this database does not have. Nothing was done. Deploy the schema, or choose "
            "other tasks."
        )
    return number


def step(one: Rows, before: Sequence[Rows], writing: Writing, number: int, rows: int) -> Step:
    def apply(pace: Pace) -> Outcome:
        return work_through(pace, one, before, writing, number)

    kept = f" (kept for {one.days} days)" if one.keep else ""
    return Step(one.what, one.name, f"{one.reason}{kept}", apply, number, rows)


def parts(one: Rows, before: Sequence[Rows]) -> dict:
    """The pieces of a statement, and its values: those that an earlier one takes are not this one's."""
    others = [other.due.replace(DAYS, f"%(days{place})s") for place, other in enumerate(before)]
    condition = "".join([f"({one.due}) IS TRUE", *(f" AND ({due}) IS NOT TRUE" for due in others)])
    return {
        "due": sql.SQL(condition),
        "table": sql.Identifier(one.schema, one.table),
        "key": sql.Identifier(one.key),
        "values": {"days": one.days, **{f"days{place}": other.days for place, other in enumerate(before)}},
    }


@contextmanager
def acting_as(conn, role: str):
    """As the owner of the tables, so that what hangs on them does not run as a superuser."""
    if not role:
        yield
        return
    with conn.cursor() as cursor:
        cursor.execute(sql.SQL(BECOME).format(sql.Identifier(role)))
    try:
        yield
    finally:
        if not conn.closed:
            with conn.cursor() as cursor:
                cursor.execute(BECOME_AGAIN)


def count(pace: Pace, one: Rows, before: Sequence[Rows], writing: Writing, number: int) -> Outcome:
    """How many are due, or what kept them from being counted."""
    found = parts(one, before)

    def ask() -> Outcome:
        with acting_as(pace.conn, writing.role):
            question = sql.SQL(COUNT).format(table=found["table"], due=found["due"])
            return Outcome(count=pace.execute(question, found["values"])[0][0])

    return pace.attempt(ask, f"{one.what} {one.name}", number)


def statement(one: Rows, found: dict, last: str | None):
    write = "UPDATE {table} SET " + one.becomes if one.becomes else "DELETE FROM {table}"
    after = sql.SQL(AFTER).format(key=found["key"]) if last is not None else sql.SQL("")
    return sql.SQL(BATCH).format(
        table=found["table"],
        key=found["key"],
        due=found["due"],
        after=after,
        write=sql.SQL(write).format(table=found["table"]),
    )


def work_through(pace: Pace, one: Rows, before: Sequence[Rows], writing: Writing, number: int) -> Outcome:
    """Batch after batch. Each is kept whatever becomes of the next, so that a run that dies is continued by another."""
    found, last, rows = parts(one, before), None, 0
    subject = f"{one.what} {one.name}"
    while True:
        seen: list[tuple] = []

        def batch(last: str | None = last, seen: list[tuple] = seen) -> Outcome:
            values = {**found["values"], "batch_rows": writing.batch_rows, "last": last}
            with acting_as(pace.conn, writing.role):
                seen += pace.execute(statement(one, found, last), values)
            return Outcome()

        stopped = pace.attempt(batch, subject, number)
        if stopped.left or stopped.problem:
            return Outcome(rows > 0, rows, stopped.left, stopped.problem)
        held, written, last = seen[0]
        rows += written
        if held < writing.batch_rows:
            break
    with pace.conn.cursor() as cursor:
        cursor.execute(TELL)
    return Outcome(rows > 0, rows, left_by_others(pace, one, before, writing, number))


def left_by_others(pace: Pace, one: Rows, before: Sequence[Rows], writing: Writing, number: int) -> str:
    remaining = count(pace, one, before, writing, number)
    if remaining.count is None and pace.is_over:
        return ""  # all that was due is done; whether more became due meanwhile, the next run sees
    if not remaining.count:
        return remaining.left
    return f"{one.what} {one.name}: {remaining.count} rows are held by {pace.named_holders(number)}, or became due meanwhile."
