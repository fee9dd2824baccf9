"""What health makes of restore drills: late, failed, slow, or with too much that would have been lost."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.health import Limit
from ansible.module_utils.pgops.health_drills import DAY_S, drill_checks, read_wanted_kinds
from ansible.module_utils.pgops.health_server import Answer, Answers

NOW = 1000 * DAY_S
LIMITS = {
    "heartbeat": Limit(180, 900),
    "drill": Limit(35, 70),
    "drill_rto": Limit(14400, 28800),
    "drill_rpo": Limit(3600, 86400),
}
BEAT = {"since_s": 3.0 * DAY_S, "age_s": 20.0}


def drilled(kind: str, days: float = 1, **changes) -> dict:
    ended = NOW - days * DAY_S
    return {
        "kind": kind,
        "host": "pg1",
        "backup": "b",
        "passed": True,
        "problems": [],
        "finished_s": ended,
        "passed_s": ended,
        "rto_s": 60.0,
        "rpo_s": 50.0,
        **changes,
    }


def examined(kinds, latest, beat=BEAT, state="primary", **answers) -> dict:
    told = Answers(
        server=Answer([{"state": state}]),
        heartbeat=answers.get("heartbeat", Answer([beat] if beat else [])),
        drills=answers.get("drills", Answer(latest)),
    )
    return {check.name: check for check in drill_checks(kinds, told, LIMITS, NOW)}


@pytest.mark.parametrize(
    ("row", "beat", "verdict", "part"),
    [
        pytest.param(drilled("logical", 34), BEAT, "ok", "b was restored 34 d ago, and passed.", id="in-time"),
        pytest.param(drilled("logical", 35), BEAT, "warning", "Run drill_restore.yml -e drill_kind=logical", id="late"),
        pytest.param(drilled("logical", 70), BEAT, "critical", "restored 70 d ago", id="very-late"),
        pytest.param(
            drilled("logical", passed=False, problems=["It is torn."]),
            BEAT,
            "critical",
            "on pg1, failed. It is torn.",
            id="failed",
        ),
        pytest.param(None, BEAT, "ok", "No logical backup was tried yet.", id="not-yet"),
        pytest.param(None, {**BEAT, "since_s": 35 * DAY_S}, "warning", "No logical backup was tried yet.", id="never"),
        pytest.param(None, None, "unknown", "No logical backup was tried yet.", id="nobody-knows-since-when"),
    ],
)
def test_a_drill_that_is_late_or_failed(row, beat, verdict, part):
    check = examined(("logical",), [row] if row else [], beat)["drill_logical"]
    assert check.verdict == verdict
    assert part in f"{check.finding} {check.advice}"


@pytest.mark.parametrize(
    ("name", "latest", "verdict", "value"),
    [
        pytest.param("drill_rto", [drilled("logical", rto_s=14399.0)], "ok", 14399.0, id="fast-enough"),
        pytest.param(
            "drill_rto", [drilled("logical"), drilled("physical", rto_s=14400.0)], "warning", 14400.0, id="the-slower"
        ),
        pytest.param("drill_rpo", [drilled("logical", rpo_s=7200.0)], "warning", 7200.0, id="too-much-lost"),
        pytest.param("drill_rpo", [drilled("logical", rpo_s=7200.0), drilled("physical")], "ok", 50.0, id="the-better"),
        pytest.param(
            "drill_rpo",
            [drilled("logical", passed=False, rpo_s=7200.0)],
            "warning",
            7200.0,
            id="of-the-last-that-passed",
        ),
    ],
)
def test_how_long_it_took_and_what_was_lost(name, latest, verdict, value):
    check = examined(("logical", "physical"), latest)[name]
    assert (check.verdict, check.value) == (verdict, value)


@pytest.mark.parametrize(
    ("beat", "verdict"),
    [
        pytest.param({**BEAT, "age_s": 59.0}, "ok", id="beats"),
        pytest.param({**BEAT, "age_s": 180.0}, "warning", id="stands-still"),
        pytest.param({**BEAT, "age_s": -3.0}, "ok", id="a-clock-was-set-back"),
        pytest.param(None, "critical", id="there-is-none"),
    ],
)
def test_the_heartbeat(beat, verdict):
    assert examined(("logical",), [], beat)["heartbeat"].verdict == verdict


@pytest.mark.parametrize(
    ("kinds", "state"),
    [pytest.param((), "primary", id="none-asked-for"), pytest.param(("logical",), "standby", id="a-standby")],
)
def test_where_there_is_nothing_to_check(kinds, state):
    assert examined(kinds, [], state=state) == {}


def test_without_a_drill_that_passed_there_is_no_time_to_judge():
    never = drilled("logical", passed=False, passed_s=None, rto_s=None, rpo_s=None)
    assert {"drill_rto", "drill_rpo"}.isdisjoint(examined(("logical",), [never]))


def test_a_schema_that_has_no_drills_is_unknown():
    checks = examined(("logical",), [], drills=Answer(failure='relation "operations.drills" does not exist.'))
    assert [(check.name, check.verdict) for check in checks.values()] == [("heartbeat", "unknown")]


def test_kinds_that_are_none_are_refused():
    assert read_wanted_kinds(["physical", "logical"]) == ("logical", "physical")
    with pytest.raises(PgopsError, match="drill_kinds has daily: give logical and physical"):
        read_wanted_kinds(["logical", "daily"])
