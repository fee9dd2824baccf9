"""The checks of sessions: how many there are, which take too long, and who waits for whom."""

from __future__ import annotations

from .health import Check, Limit, duration, percent
from .health_declared import Declared, Limits, unknown_all
from .health_server import Answer
from .health_statements import presentable

GRANT_MONITOR = "Make {role} a member of pg_monitor, or let login_role name a role that is."
IDLE_IN_TRANSACTION = ("idle in transaction", "idle in transaction (aborted)")
RUNNING = ("active", "fastpath function call")

CONNECTIONS = Declared(
    name="connections",
    unit="ratio",
    measures="Connections in use, of those that roles other than superusers may have",
    advice="End idle sessions and let the application use a smaller pool or a pooler, before max_connections is raised.",
    limit=Limit(0.8, 0.9),
)
LONG_STATEMENTS = Declared(
    name="long_statements",
    subject="statement",
    unit="s",
    measures="How long the longest statement has been running",
    advice="See what it waits for and EXPLAIN it; SELECT pg_cancel_backend({pid}) ends the statement.",
    limit=Limit(5.0, 300.0),
)
IDLE = Declared(
    name="idle_in_transaction",
    unit="s",
    measures="How long a session has left its transaction idle",
    advice="Its locks stay until it ends: mend the application; SELECT pg_terminate_backend({pid}) ends the session.",
    limit=Limit(60.0, 600.0),
)
OLDEST = Declared(
    name="oldest_transaction",
    unit="s",
    measures="Age of the oldest transaction; dead rows that are younger cannot be removed",
    advice="VACUUM removes no row that died since: let it end, or end it with SELECT pg_terminate_backend({pid}).",
    limit=Limit(3600.0, 21600.0),
)
PREPARED = Declared(
    name="prepared_transactions",
    unit="s",
    measures="Age of the oldest prepared transaction, which no session holds any more",
    advice="Find it in pg_prepared_xacts and end it with COMMIT PREPARED or ROLLBACK PREPARED, as its coordinator decided.",
    limit=Limit(300.0, 3600.0),
)
LOCK_WAITS = Declared(
    name="lock_waits",
    unit="s",
    measures="How long the longest wait for a lock has lasted",
    advice="See what the first of the blockers does; SELECT pg_cancel_backend({blocker}), or pg_terminate_backend, lets the others go on.",
    limit=Limit(5.0, 60.0),
)
DECLARED = (CONNECTIONS, LONG_STATEMENTS, IDLE, OLDEST, PREPARED, LOCK_WAITS)


def session_checks(server: dict, sessions: Answer, limits: Limits, ignored: tuple[str, ...]) -> list[Check]:
    """All of them; what a role does not see is unknown. IGNORED applications may take their time."""
    blind = blindness(server, sessions)
    if blind:
        unseen = unknown_all((CONNECTIONS, LONG_STATEMENTS, IDLE, OLDEST, LOCK_WAITS), limits, *blind)
        return [*unseen, prepared_check(server["prepared_s"], limits)]
    statements, idle = running(sessions.rows, ignored), idle_in_transaction(sessions.rows, ignored)
    open_since = [one for one in others(sessions.rows, ignored) if one["transaction_s"] is not None]
    return [
        connections_check(server, sessions.rows, limits),
        _longest(LONG_STATEMENTS, statements, "statement_s", "has run a statement", limits),
        _longest(IDLE, idle, "state_s", "has held a transaction open without using it", limits),
        _longest(OLDEST, open_since, "transaction_s", "has had its transaction open", limits),
        prepared_check(server["prepared_s"], limits),
        lock_check(sessions.rows, limits),
    ]


def connections_check(server: dict, sessions: list[dict], limits: Limits) -> Check:
    """Used of what roles other than superusers may have."""
    reserved = server["superuser_reserved_connections"]
    usable, used = server["max_connections"] - reserved, len(sessions)
    states = ", ".join(f"{count} {state}" for state, count in by_state(sessions).items())
    ratio = used / max(usable, 1)
    finding = f"{used} of {usable} connections are in use ({percent(ratio)}; {reserved} more are kept for superusers): {states}."
    return CONNECTIONS.found(limits, ratio, finding)


def by_state(sessions: list[dict]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for session in sessions:
        counts[session["state"]] = counts.get(session["state"], 0) + 1
    return dict(sorted(counts.items()))


def _longest(one: Declared, sessions: list[dict], measure: str, does: str, limits: Limits) -> Check:
    """MEASURE names the seconds in a session."""
    if not sessions:
        return one.found(limits, 0.0, f"No session {does}.", pid="")
    worst, limit = max(sessions, key=lambda session: session[measure]), limits[one.limited_by]
    over = len(_over(sessions, measure, limit))
    more = f" {over - 1} more are over {duration(limit.warning or 0)}." if over > 1 else ""
    finding = f"{who(worst)} {does} for {duration(worst[measure])}.{more}"
    return one.found(limits, worst[measure], finding, pid=worst["pid"])


def prepared_check(age_s: float | None, limits: Limits) -> Check:
    if age_s is None:
        return PREPARED.found(limits, 0.0, "No transaction is prepared.")
    return PREPARED.found(limits, age_s, f"The oldest prepared transaction is {duration(age_s)} old.")


def lock_check(sessions: list[dict], limits: Limits) -> Check:
    """The longest wait, and the first of those that block it, which waits for nobody itself."""
    waits = waiting(sessions)
    if not waits:
        return LOCK_WAITS.found(limits, 0.0, "No session waits for a lock.", blocker="")
    longest = waits[0]
    first = first_blocker(longest, sessions)
    known = {session["pid"]: session for session in sessions}
    blocker = f"{who(known[first])}, {known[first]['state']}" if first in known else _unseen(first)
    many = f"{len(waits)} sessions wait for locks" if len(waits) > 1 else "1 session waits for a lock"
    finding = f"{many}; {who(longest)} has waited {duration(longest['wait_s'])}, in the end for {blocker}."
    return LOCK_WAITS.found(limits, longest["wait_s"], finding, blocker=first)


def _unseen(pid: int) -> str:
    return "a prepared transaction" if pid == 0 else f"pid {pid}, no client"


def waiting(sessions: list[dict]) -> list[dict]:
    """The longest first."""
    found = [session for session in sessions if session["wait_s"] is not None]
    return sorted(found, key=lambda session: (-session["wait_s"], session["pid"]))


def first_blocker(session: dict, sessions: list[dict]) -> int:
    """Whom SESSION waits for in the end. Among those of a deadlock, whom it waits for itself."""
    blocked_by = {each["pid"]: each["blocked_by"] or [] for each in sessions}
    pid, seen = session["pid"], set()
    while blocked_by.get(pid) and pid not in seen:
        seen.add(pid)
        pid = blocked_by[pid][0]
    return pid


def who(session: dict) -> str:
    return f"{session['role']} ({session['application'] or 'no application name'}, pid {session['pid']}, {session['database']})"


def _over(sessions: list[dict], measure: str, limit: Limit) -> list[dict]:
    return [session for session in sessions if limit.warning is not None and session[measure] >= limit.warning]


def running(sessions: list[dict], ignored: tuple[str, ...]) -> list[dict]:
    return [s for s in others(sessions, ignored) if s["state"] in RUNNING and s["statement_s"] is not None]


def idle_in_transaction(sessions: list[dict], ignored: tuple[str, ...]) -> list[dict]:
    return [s for s in others(sessions, ignored) if s["state"] in IDLE_IN_TRANSACTION and s["state_s"] is not None]


def others(sessions: list[dict], ignored: tuple[str, ...]) -> list[dict]:
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


def shown_waits(sessions: list[dict]) -> list[dict]:
    """Who waits for a lock, and for whom; C(first_blocker) is where to begin."""
    names = ("pid", "role", "database", "application", "waits_for", "wait_s", "blocked_by")
    return [
        {
            **{name: session[name] for name in names},
            "first_blocker": first_blocker(session, sessions),
            "statement": presentable(session["statement"]),
        }
        for session in waiting(sessions)
    ]


def blindness(server: dict, sessions: Answer) -> tuple[str, str] | None:
    if sessions.failure is not None:
        return sessions.failure, "Ask again; if it fails again, the server's log tells more."
    if server["sees_all_sessions"]:
        return None
    return f"{server['role']} may not see the sessions of other roles.", GRANT_MONITOR.format(role=server["role"])
