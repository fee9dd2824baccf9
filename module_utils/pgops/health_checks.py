"""The checks of a server: what it said, judged. Nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone

from .health import Check, Limit, duration, size
from .health_activity import activity_checks
from .health_archiving import archiving_checks
from .health_declared import Declared, Limits
from .health_indexes import index_checks
from .health_refusal import refusal_advice
from .health_replication import replication_checks
from .health_sequences import sequence_check
from .health_server import Answer, Answers
from .health_sessions import session_checks
from .health_settings import settings_checks
from .health_tables import table_checks

DAY_S = 86_400
# By major version: the day of the last minor release. https://www.postgresql.org/support/versioning/
SUPPORT_ENDS = {15: datetime(2027, 11, 11, tzinfo=timezone.utc)}

REACHABLE = Declared(
    name="reachable",
    unit="",
    measures="Whether the server lets the check in and answers; what it says instead decides what to do",
    advice="Find the cluster with pg_lsclusters, read the end of its log for why it stopped, and start it.",
)
VERSION = Declared(name="version", unit="", measures="Version of the server")
SUPPORT = Declared(
    name="support_end",
    unit="days",
    measures="Days until the PostgreSQL project ends its support of this major version",
    advice="Plan the move to a newer major version: there will be no corrections, nor any of security, after that day.",
    limit=Limit(180.0, 30.0, falling=True),
)
UPTIME = Declared(name="uptime", unit="s", measures="Time since the server started")
STATE = Declared(
    name="recovery_state",
    unit="",
    measures="Primary or standby; another than declared is critical",
    advice="Find out who promoted or rebuilt it before anything writes to two primaries.",
)
SIZES = Declared(
    name="size_of",
    each="kind (databases, tables)",
    unit="bytes",
    measures="Bytes of all databases, and of the largest tables; shown and not judged",
    advice="Ask again; if it fails again, somebody holds a lock for long.",
)
REVISION = Declared(
    name="schema_revision",
    unit="",
    measures="Revision of the schema; another than declared is critical",
    advice="Run deploy_schema.yml with --check --diff, then for real.",
)
DECLARED = (REACHABLE, VERSION, SUPPORT, UPTIME, STATE, SIZES, REVISION)


@dataclass(frozen=True)
class Wanted:
    """What an operator declared; None: nothing."""

    state: str | None
    schema_revision: str | None
    ignored_applications: tuple[str, ...]
    settings_file: str | None = None


def server_checks(answers: Answers, limits: Limits, wanted: Wanted, now_s: float) -> list[Check]:
    if answers.refusal is not None:
        return [REACHABLE.stated("no", "critical", answers.refusal, refusal_advice(answers.refusal))]
    if answers.server.failure is not None:
        advice = "The server let the check in and then did not answer: look at its load and its log."
        return [REACHABLE.stated("no", "critical", answers.server.failure, advice)]
    server = answers.server.row
    return [
        REACHABLE.stated("yes", "ok", f"{server['role']} can ask {server['database']}."),
        VERSION.stated(server["version"], "ok", f"PostgreSQL {server['version']}."),
        support_check(server["version_number"] // 10000, limits, now_s),
        UPTIME.found(limits, server["uptime_s"], f"Up for {duration(server['uptime_s'])}."),
        state_check(server, wanted.state),
        *session_checks(server, answers.sessions, limits, wanted.ignored_applications),
        *replication_checks(server, answers.standbys, answers.slots, limits),
        *archiving_checks(server, answers.archiver, limits),
        *activity_checks(server, answers.databases, limits),
        *settings_checks(answers.settings, wanted.settings_file, limits),
        *_contents_checks(server, answers, limits),
        size_check("databases", answers.databases, lambda row: row["database"]),
        size_check("tables", answers.tables, lambda row: f"{row['schema']}.{row['table']}"),
        *([] if wanted.schema_revision is None else [revision_check(answers.revision, wanted.schema_revision)]),
    ]


def _contents_checks(server: dict, answers: Answers, limits: Limits) -> list[Check]:
    """A standby counts for itself and can mend nothing: its primary is asked."""
    if server["state"] != "primary":
        return []
    return [
        *table_checks(server["role"], answers.statistics, answers.widths, limits),
        *index_checks(answers.indexes, server["activity"]["counted_s"], limits),
        sequence_check(server["role"], answers.sequences, limits),
    ]


def support_check(major: int, limits: Limits, now_s: float) -> Check:
    end = SUPPORT_ENDS[major]
    days = (end.timestamp() - now_s) / DAY_S
    when = f"ends on {end:%Y-%m-%d}, in {days:.0f} days" if days > 0 else f"ended on {end:%Y-%m-%d}"
    return SUPPORT.found(limits, days, f"Support of PostgreSQL {major} {when}.")


def state_check(server: dict, wanted: str | None) -> Check:
    state = server["state"]
    verdict = "ok" if wanted in (None, state) else "critical"
    finding = f"The server is a {state}" + ("." if verdict == "ok" else f", declared is a {wanted}.")
    return STATE.stated(state, verdict, finding)


def size_check(what: str, answer: Answer, label: Callable[[dict], str]) -> Check:
    """Bytes of all that were listed; shown, not judged: the disk is."""
    if answer.failure is not None:
        return SIZES.unknown({}, answer.failure, SIZES.advice, of=what)
    rows = [row for row in answer.rows if row["size_bytes"] is not None]
    total = sum(row["size_bytes"] for row in rows)
    largest = f"; the largest is {label(rows[0])}, {size(rows[0]['size_bytes'])}" if rows else ""
    return SIZES.found({}, total, f"{len(rows)} listed, {size(total)} together{largest}.", of=what)


def revision_check(answer: Answer, wanted: str) -> Check:
    if answer.failure is not None:
        advice = "Deploy the schema, or grant the role of this check SELECT on the table that holds its revision."
        return REVISION.unknown({}, answer.failure, advice)
    found = ", ".join(row["revision"] for row in answer.rows) or "none"
    finding = f"The schema is at revision {found}" + ("." if found == wanted else f", expected is {wanted}.")
    return REVISION.stated(found, "ok" if found == wanted else "critical", finding)
