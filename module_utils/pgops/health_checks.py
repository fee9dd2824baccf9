"""The checks: what the server and the host said, judged. Nothing here asks anybody."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .health import Check, Limit, duration, measured, percent, size, stated, unknown
from .health_refusal import refusal_advice
from .health_server import Answer, Answers
from .health_statements import presentable

GRANT_MONITOR = "Make {role} a member of pg_monitor, or let login_role name a role that is."
IDLE_IN_TRANSACTION = ("idle in transaction", "idle in transaction (aborted)")
RUNNING = ("active", "fastpath function call")


@dataclass(frozen=True)
class Waste:
    """One way for a session to take too long; MEASURE names its seconds in an answer's row."""

    name: str
    subject: str
    measure: str
    nobody: str
    does: str
    advice: str


LONG_STATEMENTS = Waste(
    name="long_statements",
    subject="statement",
    measure="statement_s",
    nobody="No session runs a statement.",
    does="has run a statement",
    advice="See what it waits for and EXPLAIN it; SELECT pg_cancel_backend({pid}) ends the statement.",
)
IDLE = Waste(
    name="idle_in_transaction",
    subject="idle_in_transaction",
    measure="state_s",
    nobody="No session holds a transaction open without using it.",
    does="has held a transaction open without using it",
    advice="Its locks stay until it ends: mend the application; SELECT pg_terminate_backend({pid}) ends the session.",
)


@dataclass(frozen=True)
class Wanted:
    """What an operator declared; None: nothing."""

    state: str | None
    schema_revision: str | None
    ignored_applications: tuple[str, ...]


def server_checks(answers: Answers, limits: dict[str, Limit], wanted: Wanted) -> list[Check]:
    if answers.refusal is not None:
        return [stated("reachable", "no", "", "critical", answers.refusal, refusal_advice(answers.refusal))]
    if answers.server.failure is not None:
        advice = "The server let the check in and then did not answer: look at its load and its log."
        return [stated("reachable", "no", "", "critical", answers.server.failure, advice)]
    server = answers.server.row
    found = [
        stated("reachable", "yes", "", "ok", f"{server['role']} can ask {server['database']}."),
        stated("version", server["version"], "", "ok", f"PostgreSQL {server['version']}."),
        measured("uptime", server["uptime_s"], "s", Limit(), f"Up for {duration(server['uptime_s'])}."),
        state_check(server, wanted.state),
        connections_check(server, answers.sessions, limits["connections"]),
        *session_checks(server, answers.sessions, limits, wanted.ignored_applications),
        replication_check(server, answers.standbys, limits["replication"]),
        archiving_check(server, answers.archiver),
        size_check("databases", answers.databases, lambda row: row["database"]),
        size_check("tables", answers.tables, lambda row: f"{row['schema']}.{row['table']}"),
    ]
    return (
        found if wanted.schema_revision is None else [*found, revision_check(answers.revision, wanted.schema_revision)]
    )


def state_check(server: dict, wanted: str | None) -> Check:
    state = server["state"]
    verdict = "ok" if wanted in (None, state) else "critical"
    finding = f"The server is a {state}" + ("." if verdict == "ok" else f", declared is a {wanted}.")
    advice = "Find out who promoted or rebuilt it before anything writes to two primaries."
    return stated("recovery_state", state, "", verdict, finding, advice)


def connections_check(server: dict, sessions: Answer, limit: Limit) -> Check:
    """Used of what roles other than superusers may have."""
    blind = _blindness(server, sessions)
    if blind:
        return unknown("connections", "ratio", *blind, limit=limit)
    reserved = server["superuser_reserved_connections"]
    usable, used = server["max_connections"] - reserved, len(sessions.rows)
    states = ", ".join(f"{count} {state}" for state, count in by_state(sessions.rows).items())
    ratio = used / max(usable, 1)
    finding = f"{used} of {usable} connections are in use ({percent(ratio)}; {reserved} more are kept for superusers): {states}."
    advice = (
        "End idle sessions and let the application use a smaller pool or a pooler, before max_connections is raised."
    )
    return measured("connections", ratio, "ratio", limit, finding, advice)


def by_state(sessions: list[dict]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for session in sessions:
        counts[session["state"]] = counts.get(session["state"], 0) + 1
    return dict(sorted(counts.items()))


def session_checks(server: dict, sessions: Answer, limits: dict[str, Limit], ignored: tuple[str, ...]) -> list[Check]:
    """Running statements and idle transactions: how long the longest of each has lasted."""
    blind = _blindness(server, sessions)
    if blind:
        return [unknown(waste.name, "s", *blind, limit=limits[waste.subject]) for waste in (LONG_STATEMENTS, IDLE)]
    return [
        _longest(LONG_STATEMENTS, running(sessions.rows, ignored), limits["statement"]),
        _longest(IDLE, idle_in_transaction(sessions.rows, ignored), limits["idle_in_transaction"]),
    ]


def _longest(waste: Waste, sessions: list[dict], limit: Limit) -> Check:
    if not sessions:
        return measured(waste.name, 0.0, "s", limit, waste.nobody)
    worst, over = max(sessions, key=lambda session: session[waste.measure]), _over(sessions, waste.measure, limit)
    others = f" {len(over) - 1} more are over {duration(limit.warning or 0)}." if len(over) > 1 else ""
    who = f"{worst['role']} ({worst['application'] or 'no application name'}, pid {worst['pid']}, {worst['database']})"
    finding = f"{who} {waste.does} for {duration(worst[waste.measure])}.{others}"
    return measured(waste.name, worst[waste.measure], "s", limit, finding, waste.advice.format(pid=worst["pid"]))


def _over(sessions: list[dict], measure: str, limit: Limit) -> list[dict]:
    return [session for session in sessions if limit.warning is not None and session[measure] >= limit.warning]


def running(sessions: list[dict], ignored: tuple[str, ...]) -> list[dict]:
    return [s for s in _others(sessions, ignored) if s["state"] in RUNNING and s["statement_s"] is not None]


def idle_in_transaction(sessions: list[dict], ignored: tuple[str, ...]) -> list[dict]:
    return [s for s in _others(sessions, ignored) if s["state"] in IDLE_IN_TRANSACTION and s["state_s"] is not None]


def _others(sessions: list[dict], ignored: tuple[str, ...]) -> list[dict]:
    return [session for session in sessions if not session["own"] and session["application"] not in ignored]


def shown_sessions(sessions: list[dict], measure: str, limit: Limit) -> list[dict]:
    """Those at or over the warning limit, the longest first, with a statement text that keeps secrets."""
    names = ("pid", "role", "database", "application", "client_address", "state", "waits_for")
    return [
        {
            **{name: session[name] for name in names},
            "duration_s": session[measure],
            "transaction_s": session["transaction_s"],
            "statement": presentable(session["statement"]),
        }
        for session in sorted(_over(sessions, measure, limit), key=lambda session: (-session[measure], session["pid"]))
    ]


def _blindness(server: dict, sessions: Answer) -> tuple[str, str] | None:
    if sessions.failure is not None:
        return sessions.failure, "Ask again; if it fails again, the server's log tells more."
    if server["sees_all_sessions"]:
        return None
    return f"{server['role']} may not see the sessions of other roles.", GRANT_MONITOR.format(role=server["role"])


def replication_check(server: dict, standbys: Answer, limit: Limit) -> Check:
    advice = "See whether the standby is up, reachable and fast enough, and whether a query on it holds replay back."
    if server["state"] == "standby":
        if server["replay_delay_s"] is None:
            return unknown("replication_lag", "s", "This standby has replayed no transaction yet.", advice, limit)
        delay = server["replay_delay_s"]
        finding = f"This standby is {duration(delay)} behind its primary."
        return measured("replication_lag", delay, "s", limit, finding, advice)
    if standbys.failure is not None:
        return unknown("replication_lag", "s", standbys.failure, GRANT_MONITOR.format(role=server["role"]), limit)
    if not standbys.rows:
        return measured("replication_lag", 0.0, "s", limit, "No standby is attached.")
    last = max(standbys.rows, key=lambda row: (row["lag_s"], row["lag_bytes"] or 0))
    finding = (
        f"{len(standbys.rows)} attached; {last['standby']} is furthest behind: "
        f"{duration(last['lag_s'])}, {size(last['lag_bytes'] or 0)}."
    )
    return measured("replication_lag", last["lag_s"], "s", limit, finding, advice)


def archiving_check(server: dict, archiver: Answer) -> Check:
    if server["archive_mode"] == "off":
        return stated("archiving", 0, "segments", "ok", "WAL is not archived (archive_mode is off).")
    if archiver.failure is not None:
        return unknown("archiving", "segments", archiver.failure, GRANT_MONITOR.format(role=server["role"]))
    row = archiver.row
    waiting = row["waiting_segments"]
    if not row["failing"]:
        return stated("archiving", waiting, "segments", "ok", f"{waiting} segments wait for the archive.")
    finding = f"Archiving fails at {row['last_failed_wal']} ({row['failed_count']} failures); {waiting} segments wait."
    advice = (
        "Mend archive_command or its repository before WAL fills the disk; the server's log has the command's words."
    )
    return stated("archiving", waiting, "segments", "critical", finding, advice)


def size_check(what: str, answer: Answer, label: Callable[[dict], str]) -> Check:
    """Bytes of all that were listed; shown, not judged: the disk is."""
    if answer.failure is not None:
        return unknown(
            f"size_of_{what}", "bytes", answer.failure, "Ask again; if it fails again, somebody holds a lock for long."
        )
    total = sum(row["size_bytes"] for row in answer.rows)
    largest = f"; the largest is {label(answer.rows[0])}, {size(answer.rows[0]['size_bytes'])}" if answer.rows else ""
    return measured(
        f"size_of_{what}", total, "bytes", Limit(), f"{len(answer.rows)} listed, {size(total)} together{largest}."
    )


def revision_check(answer: Answer, wanted: str) -> Check:
    if answer.failure is not None:
        advice = "Deploy the schema, or grant the role of this check SELECT on the table that holds its revision."
        return unknown("schema_revision", "", answer.failure, advice)
    found = ", ".join(row["revision"] for row in answer.rows) or "none"
    finding = f"The schema is at revision {found}" + ("." if found == wanted else f", expected is {wanted}.")
    verdict = "ok" if found == wanted else "critical"
    return stated(
        "schema_revision", found, "", verdict, finding, "Run deploy_schema.yml with --check --diff, then for real."
    )
