"""What is made of sessions: too many, too long, and waiting for each other."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.health import Limit
from ansible.module_utils.pgops.health_server import Answer
from ansible.module_utils.pgops.health_sessions import (
    connections_check,
    first_blocker,
    idle_in_transaction,
    lock_check,
    prepared_check,
    running,
    session_checks,
    shown_sessions,
    shown_waits,
)

from health_answers import SERVER, session, sessions
from health_limits import LIMITS


def found(name: str, rows: list[dict], ignored: tuple[str, ...] = (), server: dict = SERVER):
    return next(check for check in session_checks(server, Answer(rows), LIMITS, ignored) if check.name == name)


@pytest.mark.parametrize(
    ("used", "verdict"), [(0, "ok"), (79, "ok"), (80, "warning"), (89, "warning"), (90, "critical"), (103, "critical")]
)
def test_connections_are_counted_against_what_superusers_leave(used, verdict):
    check = connections_check(SERVER, sessions(used).rows, LIMITS)
    assert (check.value, check.verdict) == (used / 100, verdict)
    assert check.finding.startswith(f"{used} of 100 connections are in use")


def test_all_connections_reserved_does_not_divide_by_zero():
    assert connections_check({**SERVER, "max_connections": 3}, [session()], LIMITS).verdict == "critical"


def test_a_role_that_sees_only_itself_makes_these_unknown():
    checks = session_checks({**SERVER, "sees_all_sessions": False}, sessions(1), LIMITS, ())
    assert [check.verdict for check in checks] == ["unknown"] * 5 + ["ok"]
    assert all("pg_monitor" in check.advice for check in checks[:5])


@pytest.mark.parametrize(
    ("name", "changes", "verdict"),
    [
        ("long_statements", {"state": "active", "statement_s": 4.9}, "ok"),
        ("long_statements", {"state": "active", "statement_s": 5.0}, "warning"),
        ("long_statements", {"state": "active", "statement_s": 299.9}, "warning"),
        ("long_statements", {"state": "active", "statement_s": 300.0}, "critical"),
        ("idle_in_transaction", {"state": "idle in transaction", "state_s": 59.9}, "ok"),
        ("idle_in_transaction", {"state": "idle in transaction", "state_s": 60.0}, "warning"),
        ("idle_in_transaction", {"state": "idle in transaction (aborted)", "state_s": 600.0}, "critical"),
        ("oldest_transaction", {"transaction_s": 3599.9}, "ok"),
        ("oldest_transaction", {"transaction_s": 3600.0}, "warning"),
        ("oldest_transaction", {"transaction_s": 21600.0}, "critical"),
    ],
)
def test_the_longest_is_judged(name, changes, verdict):
    longest = session(1, **changes)
    check = found(name, [longest, session(2, state="active", statement_s=0.1, transaction_s=0.1)])
    assert check.verdict == verdict
    assert check.value == max(longest.get(key) or 0 for key in changes if key.endswith("_s"))
    assert "pid 1" in check.finding
    assert ("_backend(1)" in check.advice) == (verdict != "ok")
    assert found(name, [{**longest, "application": "pg_dump"}], ("pg_dump",)).value == 0.0


def test_the_others_over_the_limit_are_counted():
    rows = [session(pid, state="active", statement_s=10.0 + pid) for pid in (1, 2, 3)]
    assert found("long_statements", rows).finding.endswith("2 more are over 5 s.")


@pytest.mark.parametrize(("age_s", "verdict"), [(None, "ok"), (299.9, "ok"), (300.0, "warning"), (3600.0, "critical")])
def test_a_prepared_transaction_that_nobody_ends_is_found(age_s, verdict):
    assert prepared_check(age_s, LIMITS).verdict == verdict


@pytest.mark.parametrize(
    ("changes", "runs", "idles"),
    [
        ({"state": "active"}, True, False),
        ({"state": "fastpath function call"}, True, False),
        ({"state": "idle"}, False, False),
        ({"state": "idle in transaction"}, False, True),
        ({"state": "idle in transaction (aborted)"}, False, True),
        ({"state": "active", "own": True}, False, False),
        ({"state": "active", "application": "pg_dump"}, False, False),
        ({"state": "idle in transaction", "application": "pg_dump"}, False, False),
        ({"state": "active", "statement_s": None}, False, False),
    ],
)
def test_who_runs_a_statement_and_who_idles_in_a_transaction(changes, runs, idles):
    rows = [session(**changes)]
    assert (bool(running(rows, ("pg_dump",))), bool(idle_in_transaction(rows, ("pg_dump",)))) == (runs, idles)


def test_shown_sessions_are_those_over_the_limit_longest_first_and_masked():
    rows = [
        session(1, statement_s=4.99, statement=b"SELECT 'early'"),
        session(2, statement_s=5.0, statement=b"SELECT 'hunter2'"),
        session(3, statement_s=60.0, statement=b"SELECT 3", transaction_s=61.3),
    ]
    shown = shown_sessions(rows, "statement_s", Limit(5, 300))
    assert [(row["pid"], row["duration_s"], row["transaction_s"], row["statement"]) for row in shown] == [
        (3, 60.0, 61.3, "SELECT ?"),
        (2, 5.0, None, "SELECT ?"),
    ]


# 1 holds; 2 waits for 1, and 3 for 2 and so for 1.
QUEUE = [
    session(1, role="threadr_app", state="idle in transaction"),
    session(2, wait_s=4.0, blocked_by=[1], statement=b"UPDATE t SET x = 'hunter2'"),
    session(3, wait_s=3.0, blocked_by=[2, 1]),
]


@pytest.mark.parametrize(("waits_s", "verdict"), [(4.9, "ok"), (5.0, "warning"), (60.0, "critical")])
def test_the_longest_wait_for_a_lock_is_judged_and_names_who_holds_it(waits_s, verdict):
    check = lock_check([*QUEUE[:2], {**QUEUE[2], "wait_s": waits_s}], LIMITS)
    assert (check.value, check.verdict) == (waits_s, verdict)
    assert check.finding.startswith("2 sessions wait for locks; threadr_app (api, pid 3, threadr) has waited")
    assert "in the end for threadr_app (api, pid 1, threadr), idle in transaction." in check.finding
    assert ("pg_cancel_backend(1)" in check.advice) == (verdict != "ok")


@pytest.mark.parametrize(
    ("rows", "first"),
    [
        pytest.param(QUEUE, 1, id="through-another-that-waits"),
        pytest.param([session(3, wait_s=3.0, blocked_by=[0])], 0, id="a-prepared-transaction"),
        pytest.param([session(3, wait_s=3.0, blocked_by=[9])], 9, id="an-autovacuum"),
        pytest.param(
            [session(3, wait_s=3.0, blocked_by=[4]), session(4, wait_s=2.0, blocked_by=[3])], 3, id="a-deadlock"
        ),
        pytest.param([session(3, wait_s=3.0, blocked_by=None)], 3, id="nobody-was-asked"),
    ],
)
def test_where_the_queue_begins(rows, first):
    waiting = next(row for row in rows if row["pid"] == 3)
    assert first_blocker(waiting, rows) == first
    assert lock_check(rows, LIMITS).value >= 3.0


def test_waits_are_shown_longest_first_and_masked():
    shown = shown_waits(QUEUE)
    assert [(row["pid"], row["blocked_by"], row["first_blocker"]) for row in shown] == [(2, [1], 1), (3, [2, 1], 1)]
    assert shown[0]["statement"] == "UPDATE t SET x = ?"
    assert lock_check([session(1)], LIMITS).value == 0.0
