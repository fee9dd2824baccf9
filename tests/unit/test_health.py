"""Verdicts exactly at their limits, and the sentences that go with them."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.health import (
    RULES,
    Check,
    Limit,
    duration,
    judge,
    measured,
    percent,
    read_limits,
    report,
    size,
    stated,
    threshold_spec,
    unknown,
)

DEFAULTS = {name: option["default"] for name, option in threshold_spec().items()}


@pytest.mark.parametrize(
    ("value", "limit", "verdict"),
    [
        pytest.param(0.7999, Limit(0.8, 0.9), "ok", id="just-under-warning"),
        pytest.param(0.8, Limit(0.8, 0.9), "warning", id="exactly-warning"),
        pytest.param(0.8999, Limit(0.8, 0.9), "warning", id="just-under-critical"),
        pytest.param(0.9, Limit(0.8, 0.9), "critical", id="exactly-critical"),
        pytest.param(0.9, Limit(0.9, 0.9), "critical", id="one-limit-for-both"),
        pytest.param(0, Limit(5, 300), "ok", id="zero-is-a-value"),
        pytest.param(None, Limit(5, 300), "unknown", id="no-value"),
        pytest.param(10**12, Limit(), "ok", id="no-limit"),
        pytest.param(7, Limit(None, 7), "critical", id="critical-only"),
        pytest.param(7, Limit(7, None), "warning", id="warning-only"),
        pytest.param(30.1, Limit(30, 7, falling=True), "ok", id="falling-just-above-warning"),
        pytest.param(30, Limit(30, 7, falling=True), "warning", id="falling-exactly-warning"),
        pytest.param(7.1, Limit(30, 7, falling=True), "warning", id="falling-just-above-critical"),
        pytest.param(7, Limit(30, 7, falling=True), "critical", id="falling-exactly-critical"),
        pytest.param(-1, Limit(30, 7, falling=True), "critical", id="falling-below-zero"),
    ],
)
def test_a_value_at_its_limit_is_over_it(value, limit, verdict):
    assert judge(value, limit) == verdict


def test_defaults_are_the_published_thresholds():
    warnings = {rule.subject: rule.default.warning for rule in RULES}
    assert warnings == {
        "connections": 0.8, "statement": 5, "idle_in_transaction": 60, "replication": 60, "disk": 0.85, "memory": 0.9,
        "certificate": 30, "physical_backup": 2, "physical_full": 9, "offsite": 2, "offsite_delay": 3600, "verification": 14,
        "heartbeat": 180, "drill": 35, "drill_rto": 14400, "drill_rpo": 3600,
    }  # fmt: skip
    assert read_limits(DEFAULTS)["connections"] == Limit(0.8, 0.9)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"disk_warning_ratio": 0.96}, "disk_warning_ratio is 0.96 and disk_critical_ratio is 0.95: give 0 < warning"),
        ({"memory_critical_ratio": 1.01}, "memory_critical_ratio is 1.01: give 0 < warning <= critical <= 1."),
        (
            {"certificate_warning_days": 6},
            "certificate_warning_days is 6 and certificate_critical_days is 7: give 0 < critical <= warning.",
        ),
        ({"statement_warning_s": 0}, "statement_warning_s is 0 and statement_critical_s is 300: give 0 < warning"),
        ({"replication_warning_s": -1}, "replication_warning_s is -1"),
        ({"connections_warning_ratio": float("nan")}, "connections_warning_ratio is nan"),
    ],
)
def test_limits_out_of_order_are_refused_by_name(changes, sentence):
    with pytest.raises(PgopsError) as refused:
        read_limits({**DEFAULTS, **changes})
    assert sentence in str(refused.value)


def test_equal_limits_and_the_whole_are_allowed():
    limits = read_limits({**DEFAULTS, "disk_warning_ratio": 1, "disk_critical_ratio": 1})
    assert limits["disk"] == Limit(1, 1)


def test_what_is_printed_is_what_was_judged():
    check = measured("disk_data", 0.849996, "ratio", Limit(0.85, 0.95), "Full.", "Free space.")
    assert (check.value, check.verdict) == (0.85, "warning")


def test_advice_is_for_those_who_need_it():
    assert measured("uptime", 3.0, "s", Limit(), "Up.", "Do this.").advice == ""
    assert stated("version", "15.8", "", "ok", "Fine.", "Do this.").advice == ""
    assert unknown("memory", "ratio", "Not here.", "Go there.", Limit(0.9, 0.95)).advice == "Go there."


def check(name: str, verdict: str) -> Check:
    return Check(name, None, "", None, None, verdict, f"{name} found.", "" if verdict == "ok" else f"Mend {name}.")


def test_problems_come_worst_first_and_keep_the_checks_order():
    result = report(
        [check("a", "warning"), check("b", "ok"), check("c", "critical"), check("d", "unknown"), check("e", "warning")]
    )
    assert result["problems"] == ["c: c found. Mend c.", "a: a found. Mend a.", "e: e found. Mend e."]
    assert result["unknown"] == ["d: d found. Mend d."]
    assert [line.split()[:2] for line in result["summary"]] == [
        ["critical", "c:"],
        ["warning", "a:"],
        ["warning", "e:"],
        ["unknown", "d:"],
        ["ok", "b:"],
    ]
    assert (result["healthy"], result["verdict"], result["changed"]) == (False, "critical", False)


@pytest.mark.parametrize(
    ("verdicts", "healthy", "verdict"),
    [(["ok"], True, "ok"), (["ok", "unknown"], True, "unknown"), (["unknown", "warning"], False, "warning")],
)
def test_unknown_is_told_but_is_no_problem(verdicts, healthy, verdict):
    result = report([check(f"c{number}", each) for number, each in enumerate(verdicts)])
    assert (result["healthy"], result["verdict"]) == (healthy, verdict)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1 kB"),
        (1536, "1.5 kB"),
        (8 << 20, "8 MB"),
        (3 << 40, "3 TB"),
        (5 << 50, "5120 TB"),
    ],
)
def test_sizes_for_people(value, text):
    assert size(value) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (5.04, "5 s"),
        (59.94, "59.9 s"),
        (60, "1 min"),
        (3661, "1 h 1 min"),
        (90000, "1 d 1 h"),
        (86400, "1 d"),
        (86401, "1 d"),
    ],
)
def test_durations_for_people(seconds, text):
    assert duration(seconds) == text


def test_shares_for_people():
    assert [percent(0), percent(0.853), percent(1)] == ["0 %", "85.3 %", "100 %"]
