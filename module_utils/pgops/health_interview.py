"""A health check asks the server: over one connection, with at most twenty statements, for some seconds at most."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from . import connection
from . import health_contents as contents
from . import health_server as server
from .backup_history import LATEST_VERIFICATIONS
from .connection import connect, extras, psycopg2, sentence, sql
from .drill_history import LATEST
from .errors import PgopsError
from .health_declared import Limits
from .health_server import Answer, Answers

# A health check that waits for a lock, or for a slow disk, is itself a problem; what it could not ask is `unknown`.
PATIENCE = {"statement_timeout": "2s", "lock_timeout": "200ms", "jit": "off"}
PATIENCE_S = 10
STATEMENT_BYTES = 16_384


def ask(conn, statement, values: dict | None = None) -> Answer:
    try:
        with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
            cursor.execute(statement, values)
            return Answer([dict(row) for row in cursor])
    except psycopg2.Error as error:
        if conn.closed:  # the server went away: no further question will be answered
            raise
        return Answer(failure=f"{sentence(error)}.")


@dataclass(frozen=True)
class Interview:
    """ENDS_S is when no more is asked, on the clock that only goes forward."""

    conn: Any
    ends_s: float

    def ask(self, statement, values: dict | None = None) -> Answer:
        if time.monotonic() >= self.ends_s:
            return Answer(failure=f"The questions before this one took {PATIENCE_S} s.")
        return ask(self.conn, statement, values)

    def take_back_role(self) -> None:
        with self.conn.cursor() as cursor:
            cursor.execute("RESET ROLE")


def ask_server(params: dict, limits: Limits) -> Answers:
    """Every answer; a server that does not answer is one too, but a host without the driver is not."""
    if connection.MISSING_DRIVER is not None:
        raise PgopsError(
            f"The Python driver psycopg2 is missing on this host: {connection.MISSING_DRIVER}. Install python3-psycopg2."
        )
    try:
        with connect(params, application_name="pg_health_info", settings=PATIENCE) as conn:
            return _ask_everything(Interview(conn, time.monotonic() + PATIENCE_S), params, limits)
    except PgopsError as error:
        return Answers(refusal=str(error))


def _ask_everything(with_server: Interview, params: dict, limits: Limits) -> Answers:
    shortest_s = min(limits["statement"].warning or 0, limits["idle_in_transaction"].warning or 0)
    expected, drilled = params["expected_schema_revision"] is not None, bool(params["drill_kinds"])
    verified = bool(params["verification_kinds"])
    question = with_server.ask
    return Answers(
        server=question(server.SERVER),
        sessions=question(server.SESSIONS, {"shortest_s": shortest_s, "bytes": STATEMENT_BYTES}),
        databases=question(server.DATABASES),
        tables=question(contents.TABLES, {"largest": params["largest_tables"]}),
        standbys=question(server.STANDBYS),
        slots=question(server.SLOTS),
        archiver=question(server.ARCHIVER),
        settings=question(server.SETTINGS),
        statistics=question(contents.STATISTICS),
        indexes=question(contents.INDEXES),
        sequences=question(contents.SEQUENCES),
        revision=question(revision_statement(params["schema_revision_table"])) if expected else Answer(),
        heartbeat=question(server.HEARTBEAT) if drilled or verified else Answer(),
        drills=question(LATEST) if drilled else Answer(),
        verifications=question(LATEST_VERIFICATIONS) if verified else Answer(),
        widths=_ask_widths(with_server, params),
    )


def _ask_widths(with_server: Interview, params: dict) -> Answer:
    """Last, as who logged in: statistics show of columns what a role may read, and to watch is not to read."""
    if params["login_role"]:
        with_server.take_back_role()
    return with_server.ask(contents.WIDTHS)


def revision_statement(table: str):
    return sql.SQL(server.REVISION).format(sql.Identifier(*table.split(".")))
