"""Which revisions of a schema a database needs, and how they are applied."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass

from .connection import psycopg2, sentence, transaction
from .errors import PgopsError
from .statement import Statement

HEAD = "head"
BASE = "base"
EXCERPT_CHARACTERS = 160

# The two halves of the advisory lock's key: the letters "pgop", and 1 for the schema.
LOCK_KEY = (0x70676F70, 1)

VERSION_TABLE_EXISTS = "SELECT to_regclass('public.alembic_version') IS NOT NULL"
READ_VERSIONS = "SELECT version_num FROM public.alembic_version ORDER BY version_num"
TRY_LOCK = "SELECT pg_try_advisory_lock(%s, %s)"
UNLOCK = "SELECT pg_advisory_unlock(%s, %s)"
LOCK_HOLDER = """
    SELECT a.pid, a.backend_start
    FROM pg_locks l
    JOIN pg_stat_activity a USING (pid)
    WHERE l.locktype = 'advisory' AND l.granted AND l.classid = %s AND l.objid = %s AND l.objsubid = 2
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@dataclass(frozen=True)
class Revision:
    """One step of the schema; the statements open and close their own transaction."""

    revision: str
    down_revision: str | None
    description: str
    upgrade_sql: tuple[str, ...]
    downgrade_sql: tuple[str, ...]


@dataclass(frozen=True)
class Step:
    verb: str  # upgrade or downgrade
    revision: Revision
    arrives_at: str | None  # the database's revision afterwards; None when nothing is left

    @property
    def statements(self) -> tuple[str, ...]:
        return self.revision.upgrade_sql if self.verb == "upgrade" else self.revision.downgrade_sql

    @property
    def label(self) -> str:
        return f"{self.verb} {self.revision.revision} ({self.revision.description.rstrip('.')})"


def line_of(revisions: list[dict]) -> list[Revision]:
    """The revisions as given, which have to follow one another from the first to the newest."""
    line: list[Revision] = []
    for given in revisions:
        upgrade, downgrade = (tuple(given[key]) for key in ("upgrade_sql", "downgrade_sql"))
        step = Revision(given["revision"], given["down_revision"] or None, given["description"], upgrade, downgrade)
        below = line[-1].revision if line else None
        if step.down_revision != below:
            raise PgopsError(
                f"Revision {step.revision} follows {step.down_revision}, but stands after {below}. Give them in order."
            )
        for statements in (upgrade, downgrade):
            if statements[:1] != ("BEGIN;",) or statements[-1:] != ("COMMIT;",):
                raise PgopsError(f"The SQL of revision {step.revision} is not enclosed in BEGIN; and COMMIT;.")
        line.append(step)
    if not line:
        raise PgopsError("No revisions were given: nothing says what the schema should be.")
    return line


def plan(line: list[Revision], current: str | None, target: str) -> list[Step]:
    """The steps from revision CURRENT (None: no schema) to TARGET (a revision, head or base)."""
    places = {revision.revision: number for number, revision in enumerate(line, start=1)}
    known = f"{line[0].revision} to {line[-1].revision}"
    there = {**places, HEAD: len(line), BASE: 0}.get(target)
    here = places.get(current) if current is not None else 0
    if there is None:
        raise PgopsError(f"There is no revision {target}: known are {known}, head and base.")
    if here is None:
        raise PgopsError(
            f"The database is at revision {current}, which is not among those given ({known}): a newer checkout or "
            "another project deployed it. Nothing was changed. Use the checkout that has this revision."
        )
    if here <= there:
        return [Step("upgrade", r, r.revision) for r in line[here:there]]
    return [Step("downgrade", r, r.down_revision) for r in reversed(line[there:here])]


def require_confirmation(steps: list[Step], database: str, confirm: str | None, check_mode: bool) -> None:
    """A downgrade drops tables: it takes the database's name. A dry run may show its plan without."""
    if not any(step.verb == "downgrade" for step in steps):
        return
    if confirm is None and check_mode:
        return
    if confirm != database:
        given = "no confirmation was given" if confirm is None else f"the confirmation says {confirm!r}"
        raise PgopsError(
            f"{', '.join(step.label for step in steps)} would drop tables of database {database}, and {given}. "
            f"Nothing was changed. Set confirm to {database} if that is meant."
        )


def script(steps: list[Step]) -> str:
    """The SQL of all steps, as it is sent and as psql would take it."""
    return "\n".join(f"-- {step.label}\n" + "\n\n".join(step.statements) + "\n" for step in steps)


def arrival(steps: list[Step], current: str | None) -> str | None:
    return steps[-1].arrives_at if steps else current


def report(steps: list[Step], grants: list[Statement], current: str | None, database: str) -> dict:
    arrives_at = arrival(steps, current)
    privileges = [grant.shown() for grant in grants]
    return {
        "changed": bool(steps or grants),
        "revision_before": current,
        "revision": arrives_at,
        "steps": [step.label for step in steps],
        "privileges": privileges,
        "diff": {
            "before_header": f"{database} at {current or 'no revision'}",
            "after_header": f"{database} at {arrives_at or 'no revision'}",
            "before": "",
            "after": script(steps) + "".join(f"{line}\n" for line in privileges),
        },
    }


def excerpt(statement: str) -> str:
    """The beginning of a statement on one line, without its comments."""
    code = " ".join(line.split("--")[0].strip() for line in statement.splitlines())
    code = " ".join(code.split())
    return code if len(code) <= EXCERPT_CHARACTERS else code[: EXCERPT_CHARACTERS - 1].rstrip() + "…"


def read_revision(conn) -> str | None:
    """The revision that the database is at; None for a database without schema."""
    with conn.cursor() as cursor:
        cursor.execute(VERSION_TABLE_EXISTS)
        if not cursor.fetchone()[0]:
            return None
        cursor.execute(READ_VERSIONS)
        versions = [row[0] for row in cursor]
    if len(versions) != 1:
        raise PgopsError(
            f"Table public.alembic_version holds {len(versions)} revisions ({', '.join(versions)}); a deployed schema "
            "has one. Drop the table if it is empty and no table of the schema exists; otherwise find out who changed it."
        )
    return versions[0]


@contextmanager
def schema_lock(conn, database: str):
    """The only runner in this database; a second one is refused and told of the first."""
    with conn.cursor() as cursor:
        cursor.execute(TRY_LOCK, LOCK_KEY)
        if not cursor.fetchone()[0]:
            cursor.execute("RESET ROLE")  # the owner role may not see when another role's session started
            cursor.execute(LOCK_HOLDER, LOCK_KEY)
            holder = cursor.fetchone()
            who = (
                f"process {holder[0]}, connected since {holder[1]:%Y-%m-%dT%H:%M:%SZ}"
                if holder
                else "it ended just now"
            )
            raise PgopsError(
                f"Another run is changing the schema of {database}: {who}. Nothing was changed. Wait for it to end."
            )
        try:
            yield
        finally:
            if not conn.closed:
                cursor.execute(UNLOCK, LOCK_KEY)


def apply(conn, step: Step, comes_from: str | None) -> None:
    """Run one step's statements; a refused one leaves the database at COMES_FROM."""
    with conn.cursor() as cursor:
        for statement in step.statements:
            try:
                cursor.execute(statement)
            except psycopg2.Error as error:
                if not conn.closed:
                    cursor.execute("ROLLBACK")
                raise PgopsError(
                    f"{step.label} was rolled back; the database is at {comes_from or 'no revision'}. "
                    f"Statement: {excerpt(statement)} Answer: {sentence(error)}."
                ) from error


def apply_all(conn, steps: list[Step], current: str | None) -> None:
    for step in steps:
        apply(conn, step, current)
        current = step.arrives_at


def execute_all(conn, statements: list[Statement]) -> None:
    """All of them or none."""
    with transaction(conn) as cursor:
        for statement in statements:
            statement.execute(cursor)
