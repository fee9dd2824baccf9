"""What the checks of a server as a whole make of its answers, and which checks there are."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible.module_utils.pgops.health_catalog import declaration
from ansible.module_utils.pgops.health_checks import (
    Wanted,
    revision_check,
    server_checks,
    size_check,
    state_check,
    support_check,
)
from ansible.module_utils.pgops.health_refusal import OTHERWISE, refusal_advice
from ansible.module_utils.pgops.health_server import Answer, Answers

from health_answers import DATABASE, SERVER
from health_limits import LIMITS

NOTHING = Wanted(state=None, schema_revision=None, ignored_applications=("pg_dump",))
NOW_S = datetime(2026, 1, 1, tzinfo=timezone.utc).timestamp()
REFUSED = Answer(failure="permission denied.")


@pytest.mark.parametrize(
    ("day", "verdict"),
    [((2027, 5, 14), "ok"), ((2027, 5, 15), "warning"), ((2027, 10, 12), "critical"), ((2028, 1, 1), "critical")],
)
def test_the_end_of_support_comes_near(day, verdict):
    check = support_check(15, LIMITS, datetime(*day, tzinfo=timezone.utc).timestamp())
    assert check.verdict == verdict
    assert "2027-11-11" in check.finding


@pytest.mark.parametrize(("wanted", "verdict"), [(None, "ok"), ("primary", "ok"), ("standby", "critical")])
def test_a_server_in_another_state_than_declared_is_critical(wanted, verdict):
    assert state_check(SERVER, wanted).verdict == verdict


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
        {"schema": "a", "table": "not measured", "size_bytes": None},
    ]
    check = size_check("tables", Answer(rows), lambda row: f"{row['schema']}.{row['table']}")
    assert (check.name, check.value) == ("size_of_tables", 4 << 20)
    assert check.finding == "2 listed, 4 MB together; the largest is public.threads, 3 MB."
    assert size_check("tables", Answer(), str).finding == "0 listed, 0 bytes together."
    assert size_check("tables", Answer(failure="canceled."), str).verdict == "unknown"


def test_a_refusal_is_the_only_check_of_the_server():
    [check] = server_checks(Answers(refusal="PostgreSQL a@b:1/c: connection refused."), LIMITS, NOTHING, NOW_S)
    assert (check.name, check.verdict) == ("reachable", "critical")
    assert "start it" in check.advice


@pytest.mark.parametrize(("state", "number"), [("primary", 33), ("standby", 23)])
def test_every_check_of_a_quiet_server_is_ok_and_as_it_is_declared(state, number):
    server = {**SERVER, "state": state, "replay_delay_s": 0.0, "to_replay_bytes": 0}
    answers = Answers(server=Answer([server]), databases=Answer([DATABASE]))
    checks = server_checks(answers, LIMITS, NOTHING, NOW_S)
    assert {check.verdict for check in checks} == {"ok"}
    assert len({check.name for check in checks}) == len(checks) == number
    for check in checks:
        assert check.unit == declaration(check.name).unit, check.name


def test_what_may_not_be_asked_is_unknown_and_says_why():
    names = (
        "sessions",
        "databases",
        "tables",
        "standbys",
        "slots",
        "archiver",
        "settings",
        "statistics",
        "indexes",
        "sequences",
        "widths",
    )
    server = {**SERVER, "archive_mode": "on"}
    checks = server_checks(Answers(server=Answer([server]), **dict.fromkeys(names, REFUSED)), LIMITS, NOTHING, NOW_S)
    unknown = [check for check in checks if check.verdict == "unknown"]
    assert {check.verdict for check in checks} == {"ok", "unknown"}
    assert len(unknown) == 23
    assert {check.finding for check in unknown} == {"permission denied."}
    assert all(check.advice.endswith(".") for check in unknown)


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
