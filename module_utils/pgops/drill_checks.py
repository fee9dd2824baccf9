"""What is asked of a database that a drill has restored, whatever it was restored from."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

from . import commands
from .commands import Surroundings
from .connection import connect, psycopg2, sentence, sql, transaction
from .drill_plan import FAILED, PASSED, SKIPPED, Check, Course
from .drill_server import APPLICATION, SUPERUSER, Side
from .errors import PgopsError
from .schema import read_revision
from .schema_catalog import read_catalog
from .schema_comparison import compare

HAS_HEARTBEAT = "SELECT to_regclass('operations.heartbeat') IS NOT NULL"
HEARTBEAT = "SELECT extract(epoch FROM beat_at)::float8 FROM operations.heartbeat"
CHECKED_PAGES = re.compile(r"^Blocks scanned:\s*(\d+)", re.MULTILINE)
NO_CHECKSUMS = "data checksums are not enabled"
SHOWN_PROBLEMS = 5


class SkippedError(Exception):
    """There is nothing to ask, for the reason given."""


def ask(course: Course, name: str, question: Callable[[], str]) -> None:
    """Add the answer to the checks; one that fails does not keep the others from being asked."""
    began = time.monotonic()
    try:
        verdict, finding = PASSED, question()
    except SkippedError as reason:
        verdict, finding = SKIPPED, str(reason)
    except PgopsError as error:
        verdict, finding = FAILED, str(error)
    course.checks.append(Check(name, verdict, finding, round(time.monotonic() - began, 3)))


def check_heartbeat(side: Side, database: str, course: Course) -> str:
    with side.connect(database) as conn, conn.cursor() as cursor:
        cursor.execute(HAS_HEARTBEAT)
        row = None
        if cursor.fetchone()[0]:
            cursor.execute(HEARTBEAT)
            row = cursor.fetchone()
    if row is None:
        raise SkippedError(
            "No heartbeat is in it, so nobody knows how old it is. It was made before site.yml began one: make another backup."
        )
    course.heartbeat_s = row[0]
    return "The time of its newest commit is known."


def check_schema(side: Side, database: str, declared: dict | None, revision_then: str | None) -> str:
    """REVISION_THEN is what the backup says of itself: one that was made before a deployment has the schema from before it."""
    if declared is None:
        raise SkippedError("No declaration was given.")
    with connect(side.login(database), APPLICATION, {"search_path": "public"}) as conn:
        revision = read_revision(conn)
        if revision is not None and revision == revision_then and revision != declared["revision"]:
            raise SkippedError(
                f"It has revision {revision} as when it was made; {declared['revision']} is declared now."
            )
        problems = compare(declared, revision, read_catalog(conn, declared["schemas"]))
    if problems:
        more = f"; and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
        raise PgopsError(f"{'; '.join(problems[:SHOWN_PROBLEMS])}{more}.")
    return f"The schema is as declared at revision {revision}."


def check_query(side: Side, database: str, query: dict, timeout_s: int) -> str:
    """As the role that the application has, and reading only."""
    with side.connect(database) as conn, transaction(conn) as cursor:
        try:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute("SELECT set_config('statement_timeout', %s, true)", (f"{timeout_s}s",))
            if query["role"]:
                cursor.execute(sql.SQL("SET LOCAL ROLE {}").format(sql.Identifier(query["role"])))
            cursor.execute(query["query"])
            rows = cursor.rowcount
        except psycopg2.Error as error:
            raise PgopsError(f"{sentence(error)}.") from error
    if rows < query["minimum_rows"]:
        raise PgopsError(f"Rows found: {rows}; there have to be {query['minimum_rows']} at least.")
    return f"Rows found: {rows}."


def check_structure(side: Side, database: str | None) -> str:
    """Tables, their TOAST, and indexes against their tables; of DATABASE, or of all of them."""
    where = [f"--host={side.socket}", f"--username={SUPERUSER}", "--no-password"]
    which = [f"--database={database}"] if database else ["--all"]
    asked = commands.run_to_end(["pg_amcheck", *where, *which, "--install-missing", "--heapallindexed"], Surroundings())
    if asked.code:
        raise PgopsError(f"pg_amcheck: {' '.join(asked.said.split())[:400].rstrip('.')}.")
    return f"pg_amcheck finds nothing wrong in {f'database {database}' if database else 'any database'}."


def check_pages(side: Side) -> str:
    """With the server stopped."""
    asked = commands.run_to_end(["pg_checksums", "--check", f"--pgdata={side.data}"], Surroundings())
    if NO_CHECKSUMS in asked.said:
        raise SkippedError("The cluster has no data checksums.")
    if asked.code:
        raise PgopsError(f"pg_checksums: {' '.join(asked.said.split())[:400].rstrip('.')}.")
    pages = CHECKED_PAGES.search(asked.said)
    return f"{pages[1] if pages else 'All'} pages have the checksum that they say."
