"""What health makes of the last reading of all backups."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.health import Limit
from ansible.module_utils.pgops.health_server import Answer, Answers
from ansible.module_utils.pgops.health_verifications import DAY_S, read_verified_kinds, verification_checks

NOW, LIMIT = 1000 * DAY_S, Limit(14, 35)
BEAT = {"since_s": 3.0 * DAY_S, "age_s": 20.0}


def read(days: float = 1, **changes) -> dict:
    return {
        "kind": "physical",
        "host": "pg1",
        "passed": True,
        "backups": 3,
        "problems": [],
        "finished_s": NOW - days * DAY_S,
        **changes,
    }


def examined(kinds, rows, beat=BEAT, state="primary", failure=None) -> dict:
    told = Answers(
        server=Answer([{"state": state}]),
        heartbeat=Answer([beat] if beat else []),
        verifications=Answer(rows, failure),
    )
    return {check.name: check for check in verification_checks(kinds, told, LIMIT, NOW)}


@pytest.mark.parametrize(
    ("row", "beat", "verdict", "part"),
    [
        pytest.param(read(13), BEAT, "ok", "All 3 physical backups were read to their end 13 d ago", id="in-time"),
        pytest.param(read(14), BEAT, "warning", "Run verify_backups.yml", id="late"),
        pytest.param(read(35), BEAT, "critical", "35 d ago", id="very-late"),
        pytest.param(
            read(passed=False, problems=["It is torn."]),
            BEAT,
            "critical",
            "pg1 read are good. It is torn.",
            id="damaged",
        ),
        pytest.param(None, BEAT, "ok", "No physical backup was read to its end yet.", id="not-yet"),
        pytest.param(None, {**BEAT, "since_s": 14 * DAY_S}, "warning", "Run verify_backups.yml", id="never"),
        pytest.param(None, None, "unknown", "Run verify_backups.yml", id="nobody-knows-since-when"),
    ],
)
def test_a_reading_that_is_late_or_found_damage(row, beat, verdict, part):
    check = examined(("physical",), [row] if row else [], beat)["verification_physical"]
    assert check.verdict == verdict
    assert part in f"{check.finding} {check.advice}"


def test_each_kind_that_is_expected_is_judged_and_no_other():
    found = examined(("logical",), [read(), read(kind="logical", backups=9)])
    assert list(found) == ["verification_logical"]
    assert "All 9 logical backups" in found["verification_logical"].finding


@pytest.mark.parametrize(
    ("kinds", "state"),
    [pytest.param((), "primary", id="not-asked"), pytest.param(("logical",), "standby", id="standby")],
)
def test_where_there_is_nothing_to_check(kinds, state):
    assert examined(kinds, [], state=state) == {}


def test_a_schema_that_is_too_old_is_unknown():
    check = examined(("logical",), [], failure='relation "operations.verifications" does not exist.')["verification"]
    assert (check.verdict, check.advice.split()[0]) == ("unknown", "Deploy")


def test_kinds_that_are_none_are_refused():
    assert read_verified_kinds(["physical", "logical"]) == ("logical", "physical")
    with pytest.raises(PgopsError, match="verification_kinds has other"):
        read_verified_kinds(["other"])
