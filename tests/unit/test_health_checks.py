"""What each check makes of the server's answers."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.health import Limit, read_limits, threshold_spec
from ansible.module_utils.pgops.health_checks import (
    Wanted,
    archiving_check,
    connections_check,
    idle_in_transaction,
    replication_check,
    revision_check,
    running,
    server_checks,
    session_checks,
    shown_sessions,
    size_check,
    state_check,
)
from ansible.module_utils.pgops.health_refusal import OTHERWISE, refusal_advice
from ansible.module_utils.pgops.health_server import Answer, Answers

LIMITS = read_limits({name: option["default"] for name, option in threshold_spec().items()})
NOTHING = Wanted(state=None, schema_revision=None, ignored_applications=("pg_dump",))
SERVER = {
    "version": "15.8", "version_number": 150008, "started_at": "2026-01-01 00:00:00+00", "started_epoch_s": 1.0, "uptime_s": 90.0,
    "state": "primary", "database": "threadr", "role": "threadr_monitor", "sees_all_sessions": True, "port": 5432,
    "max_connections": 103, "superuser_reserved_connections": 3, "archive_mode": "off", "data_directory": "/data",
    "replay_delay_s": None,
}  # fmt: skip


def session(pid: int = 1, **changes) -> dict:
    return {
        "pid": pid, "role": "threadr_app", "database": "threadr", "application": "api", "client_address": None, "state": "idle",
        "waits_for": None, "own": False, "statement_s": 1.0, "transaction_s": None, "state_s": 1.0, "statement": None, **changes,
    }  # fmt: skip


def sessions(number: int) -> Answer:
    return Answer([session(pid) for pid in range(number)])


@pytest.mark.parametrize(
    ("used", "verdict"), [(0, "ok"), (79, "ok"), (80, "warning"), (89, "warning"), (90, "critical"), (103, "critical")]
)
def test_connections_are_counted_against_what_superusers_leave(used, verdict):
    check = connections_check(SERVER, sessions(used), LIMITS["connections"])
    assert (check.value, check.verdict) == (used / 100, verdict)
    assert check.finding.startswith(f"{used} of 100 connections are in use")


def test_all_connections_reserved_does_not_divide_by_zero():
    server = {**SERVER, "max_connections": 3}
    assert connections_check(server, sessions(1), LIMITS["connections"]).verdict == "critical"


def test_a_role_that_sees_only_itself_makes_these_unknown():
    blind = {**SERVER, "sees_all_sessions": False}
    checks = [
        connections_check(blind, sessions(1), LIMITS["connections"]),
        *session_checks(blind, sessions(1), LIMITS, ()),
    ]
    assert [check.verdict for check in checks] == ["unknown"] * 3
    assert all("pg_monitor" in check.advice for check in checks)


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(4.9, "ok"), (5.0, "warning"), (299.9, "warning"), (300.0, "critical")]
)
def test_the_longest_statement_is_judged(seconds, verdict):
    rows = [session(1, state="active", statement_s=seconds), session(2, state="active", statement_s=0.1)]
    check = session_checks(SERVER, Answer(rows), LIMITS, ())[0]
    assert (check.name, check.value, check.verdict) == ("long_statements", seconds, verdict)
    assert "pid 1" in check.finding
    assert ("pg_cancel_backend(1)" in check.advice) == (verdict != "ok")


def test_the_others_over_the_limit_are_counted():
    rows = [session(pid, state="active", statement_s=10.0 + pid) for pid in (1, 2, 3)]
    assert session_checks(SERVER, Answer(rows), LIMITS, ())[0].finding.endswith("2 more are over 5 s.")


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


@pytest.mark.parametrize(("wanted", "verdict"), [(None, "ok"), ("primary", "ok"), ("standby", "critical")])
def test_a_server_in_another_state_than_declared_is_critical(wanted, verdict):
    assert state_check(SERVER, wanted).verdict == verdict


@pytest.mark.parametrize(
    ("server", "standbys", "value", "verdict"),
    [
        pytest.param({}, Answer(), 0.0, "ok", id="none-attached"),
        pytest.param({}, Answer([{"standby": "a", "lag_s": 59.9, "lag_bytes": 1}]), 59.9, "ok", id="just-under"),
        pytest.param({}, Answer([{"standby": "a", "lag_s": 60.0, "lag_bytes": None}]), 60.0, "warning", id="exactly"),
        pytest.param({}, Answer(failure="permission denied."), None, "unknown", id="not-allowed"),
        pytest.param({"state": "standby", "replay_delay_s": 300.0}, Answer(), 300.0, "critical", id="on-a-standby"),
        pytest.param({"state": "standby"}, Answer(), None, "unknown", id="standby-without-a-transaction"),
    ],
)
def test_replication_lag_is_that_of_the_last_standby(server, standbys, value, verdict):
    check = replication_check({**SERVER, **server}, standbys, LIMITS["replication"])
    assert (check.value, check.verdict) == (value, verdict)


@pytest.mark.parametrize(
    ("mode", "failing", "verdict"),
    [("off", True, "ok"), ("on", False, "ok"), ("on", True, "critical"), ("always", True, "critical")],
)
def test_an_archiver_that_fails_is_critical_only_while_it_is_on(mode, failing, verdict):
    row = {"failing": failing, "waiting_segments": 4, "failed_count": 2, "last_failed_wal": "000000010000000000000003"}
    check = archiving_check({**SERVER, "archive_mode": mode}, Answer([row]))
    assert check.verdict == verdict
    assert ("000000010000000000000003" in check.finding) == (verdict == "critical")


@pytest.mark.parametrize(
    ("answer", "verdict", "words"),
    [
        (Answer([{"revision": "0007"}]), "ok", "at revision 0007."),
        (Answer([{"revision": "0006"}]), "critical", "at revision 0006, expected is 0007."),
        (Answer([]), "critical", "at revision none, expected is 0007."),
        (Answer(failure='relation "public.alembic_version" does not exist.'), "unknown", "does not exist"),
    ],
)
def test_a_schema_at_another_revision_is_critical(answer, verdict, words):
    check = revision_check(answer, "0007")
    assert check.verdict == verdict
    assert words in check.finding


def test_sizes_are_added_up_and_the_largest_is_named():
    rows = [
        {"schema": "public", "table": "threads", "size_bytes": 3 << 20},
        {"schema": "a", "table": "b", "size_bytes": 1 << 20},
    ]
    check = size_check("tables", Answer(rows), lambda row: f"{row['schema']}.{row['table']}")
    assert (check.name, check.value) == ("size_of_tables", 4 << 20)
    assert check.finding == "2 listed, 4 MB together; the largest is public.threads, 3 MB."
    assert size_check("tables", Answer(), str).finding == "0 listed, 0 bytes together."
    assert size_check("tables", Answer(failure="canceled."), str).verdict == "unknown"


def test_a_refusal_is_the_only_check_of_the_server():
    [check] = server_checks(Answers(refusal="PostgreSQL a@b:1/c: connection refused."), LIMITS, NOTHING)
    assert (check.name, check.verdict) == ("reachable", "critical")
    assert "start it" in check.advice


def test_every_check_of_a_quiet_server_is_ok_and_named_once():
    checks = server_checks(Answers(server=Answer([SERVER])), LIMITS, NOTHING)
    assert {check.verdict for check in checks} == {"ok"}
    assert len({check.name for check in checks}) == len(checks) == 11


@pytest.mark.parametrize(
    ("message", "word"),
    [
        ('connection to server on socket "/x/.s.PGSQL.5432" failed: No such file or directory', "pg_lsclusters"),
        ("connection failed: Connection refused", "pg_lsclusters"),
        ("sorry, too many clients already", "idle sessions"),
        ("remaining connection slots are reserved for non-replication superuser connections", "idle sessions"),
        ("the database system is starting up", "recovery"),
        ("the database system is shutting down", "stops the server"),
        ('password authentication failed for user "a"', "login_password"),
        ("connection failed: fe_sendauth: no password supplied", "login_password"),
        ('Peer authentication failed for user "a"', "login_password"),
        ('no pg_hba.conf entry for host "10.0.0.1", user "a", database "b", no encryption', "login_password"),
        ('role "nobody" does not exist', "login_role"),
        ('database "nowhere" does not exist', "login_db"),
        ("PostgreSQL a@b:1/c is version 14; this project works with 15.", "which cluster"),
        ("connection failed: timeout expired", "firewall"),
        ("something nobody has seen", OTHERWISE),
    ],
)
def test_advice_follows_the_servers_answer(message, word):
    assert word in refusal_advice(message)
