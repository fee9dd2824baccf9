"""Ends sessions of clients: those that are named, or those that are idle or at work for longer than they should be."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass

from .errors import PgopsError
from .sessions import Session, read_sessions

NAME = re.compile(r"(?P<pid>[1-9][0-9]{0,8})(?:-(?P<mark>[0-9a-f]{6}))?")
WAYS = ("sessions", "idle_longer_than_s", "running_longer_than_s")
NARROWED_BY = ("role", "database", "application")
CANCEL, TERMINATE, LEAVE = "cancel", "terminate", "leave"
CANCELLED, TERMINATED, ENDED, REMAINS = "cancelled", "terminated", "ended by itself", "remains"
# Only while it still is what was chosen: the number may have become another's, or its statement another one.
SAME = (
    "pid = %(pid)s AND backend_start = %(began)s::timestamptz AND coalesce(query_start::text, '') = %(statement_began)s"
)
CANCEL_IT = f"SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE {SAME} AND state NOT LIKE 'idle%%'"
TERMINATE_IT = f"SELECT pg_terminate_backend(pid, %(wait_ms)s) FROM pg_stat_activity WHERE {SAME}"
DOES_IT_STILL = f"SELECT count(*) FROM pg_stat_activity WHERE {SAME} AND state IN ('active', 'fastpath function call')"
IS_THERE = "SELECT count(*) FROM pg_stat_activity WHERE pid = %(pid)s AND backend_start = %(began)s::timestamptz"


@dataclass(frozen=True)
class Choice:
    """Sessions that are to be ended, and those that a rule spares, with the reason."""

    ended: tuple[Session, ...]
    spared: tuple[str, ...] = ()


def require_one_way(params: dict) -> None:
    given = [name for name in WAYS if params[name]]
    if len(given) != 1:
        raise PgopsError(f"Give exactly one of {', '.join(WAYS)}. Nothing was done.")
    low = [name for name in WAYS[1:] if params[name] is not None and params[name] < 1]
    if low:
        raise PgopsError(f"{low[0]} is {params[low[0]]}, and has to be a second at least. Nothing was done.")
    narrowed = [name for name in NARROWED_BY if params[name]]
    if params["sessions"] and narrowed:
        raise PgopsError(f"{narrowed[0]} narrows what is chosen by age, not sessions that are named. Nothing was done.")


def choose(present: list[Session], params: dict, where: str, check_mode: bool) -> Choice:
    if params["sessions"]:
        return Choice(tuple(named(present, text, where, check_mode) for text in dict.fromkeys(params["sessions"])))
    matching = [one for one in present if is_old(one, params) and is_of(one, params)]
    spared = [one for one in matching if one.application.startswith(tuple(params["spared_applications"]))]
    return Choice(
        tuple(one for one in matching if one not in spared),
        tuple(f"{one} is spared: name it to end it" for one in spared),
    )


def is_old(one: Session, params: dict) -> bool:
    if params["idle_longer_than_s"]:
        return one.is_idle and (one.state_s or 0) >= params["idle_longer_than_s"]
    return one.state == "active" and (one.statement_s or 0) >= params["running_longer_than_s"]


def is_of(one: Session, params: dict) -> bool:
    return all(params[name] in (None, "", getattr(one, name)) for name in NARROWED_BY)


def named(present: list[Session], text: str, where: str, check_mode: bool) -> Session:
    """The session that TEXT names; without its mark it is good enough for a plan only."""
    match = NAME.fullmatch(str(text).strip())
    if match is None:
        raise PgopsError(
            f"{text} names no session: give them as inspect_activity.yml shows them, such as 4711-0c1d2e. Nothing was done."
        )
    found = next((one for one in present if one.pid == int(match["pid"])), None)
    if found is None:
        raise PgopsError(
            f"{where} has no session of a client with the number {match['pid']}: it has ended, or is a process of the server "
            "itself, a replication, or this one. Nothing was done."
        )
    if match["mark"] is None and not check_mode:
        raise PgopsError(
            f"{text} is a number without its mark, which tells whether the session still does what you saw. Nothing was done. "
            f"It is {found.mark} now."
        )
    if match["mark"] and found.mark != match[0]:
        raise PgopsError(
            f"{text} has begun another statement since it was listed, or is another session by now. Nothing was done. Look at it "
            f"again: it is {found.mark} now."
        )
    return found


def steps(choice: Choice, action: str) -> list[str]:
    return [f"{step_of(one, action)} {one}, {one.state} for {one.state_s or 0:.0f} s" for one in choice.ended]


def step_of(one: Session, action: str) -> str:
    """One that is idle has nothing that could be cancelled; one that was cancelled in time need not go."""
    if one.is_idle:
        return LEAVE if action == CANCEL else TERMINATE
    return CANCEL if action == CANCEL else "cancel, or else terminate"


def end_all(conn, choice: Choice, params: dict, wait: Callable[[], None]) -> dict[str, str]:
    """What became of each, by its mark."""
    return {one.mark: end(conn, one, params, wait) for one in choice.ended}


def end(conn, one: Session, params: dict, wait: Callable[[], None]) -> str:
    about = {"pid": one.pid, "began": one.began, "statement_began": one.statement_began}
    if not one.is_idle:
        if not asked(conn, CANCEL_IT, about):
            return ENDED
        wait_for_end(conn, about, params["cancel_wait_s"], wait)
        if not asked(conn, DOES_IT_STILL, about):
            return CANCELLED
    if params["action"] == CANCEL:
        return REMAINS
    if asked(conn, TERMINATE_IT, {**about, "wait_ms": params["terminate_wait_s"] * 1000}):
        return TERMINATED
    return REMAINS if asked(conn, IS_THERE, about) else ENDED


def wait_for_end(conn, about: dict, seconds: int, wait: Callable[[], None]) -> None:
    deadline = time.monotonic() + seconds
    while asked(conn, DOES_IT_STILL, about) and time.monotonic() < deadline:
        wait()


def asked(conn, query: str, values: dict):
    """The only value; none where no such session is there."""
    with conn.cursor() as cursor:
        cursor.execute(query, values)
        row = cursor.fetchone()
    return row[0] if row else None


def run(conn, params: dict, where: str, check_mode: bool, wait: Callable[[], None]) -> dict:
    """The result of pg_end_sessions."""
    require_one_way(params)
    choice = choose(read_sessions(conn), params, where, check_mode)
    planned = steps(choice, params["action"])
    report = {
        "changed": any(step_of(one, params["action"]) != LEAVE for one in choice.ended),
        "plan": planned,
        "spared": list(choice.spared),
        "sessions": [one.described() for one in choice.ended],
        "outcomes": {},
        "diff": {"before": "", "after": "".join(f"{step}\n" for step in planned)},
    }
    if check_mode or not choice.ended:
        return report
    if params["confirm"] != params["host"]:
        raise PgopsError(
            f"Sessions of {params['host']} are to be ended, and the confirmation says {params['confirm'] or 'nothing'}. Nothing was "
            f"done. Look at the plan, then add confirm={params['host']}."
        )
    outcomes = end_all(conn, choice, params, wait)
    return {
        **report,
        "outcomes": outcomes,
        "changed": any(what in (CANCELLED, TERMINATED) for what in outcomes.values()),
    }
