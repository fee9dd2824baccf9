"""Which limits there are, and what becomes of those that an operator gives."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.health import Limit
from ansible.module_utils.pgops.health_catalog import DECLARED, declaration
from ansible.module_utils.pgops.health_limits import LIMITED, default_thresholds, read_limits


def test_defaults_are_the_published_thresholds():
    warnings = {one.limited_by: one.limit.warning for one in LIMITED}
    published = {
        "connections": 0.8, "statement": 5, "replication": 60, "disk": 0.85, "memory": 0.9, "idle_in_transaction": 60,
        "certificate": 30, "physical_backup": 2, "heartbeat": 180, "drill": 35, "drill_rto": 14400, "drill_rpo": 3600,
    }  # fmt: skip
    assert published.items() <= warnings.items()
    assert read_limits({})["connections"] == Limit(0.8, 0.9)


def test_each_check_is_declared_once_and_says_what_it_measures():
    assert len({one.name for one in DECLARED}) == len(DECLARED)
    assert len({one.limited_by for one in LIMITED}) == len(LIMITED)
    for one in DECLARED:
        assert one.measures and not one.measures.endswith("."), one.name
        assert one.advice.endswith(".") or one.name in ("version", "uptime"), one.name
        assert one.limit.warning is not None or one.limit == Limit(), one.name


@pytest.mark.parametrize(
    ("name", "declared"),
    [
        ("disk_data", "disk"),
        ("disk_tablespace_fast", "disk"),
        ("drill_logical", "drill"),
        ("drill_rto", "drill_rto"),
        ("connections", "connections"),
    ],
)
def test_a_check_finds_its_declaration(name, declared):
    assert declaration(name).name == declared


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"disk_warning_ratio": 0.96},
            "disk_warning_ratio is 0.96 and disk_critical_ratio is 0.95: give 0 < warning <= critical <= 1.",
        ),
        (
            {"memory_critical_ratio": 1.01},
            "memory_warning_ratio is 0.9 and memory_critical_ratio is 1.01: give 0 < warning <= critical <= 1.",
        ),
        (
            {"certificate_warning_days": 6},
            "certificate_warning_days is 6 and certificate_critical_days is 7: give 0 < critical <= warning.",
        ),
        (
            {"statement_warning_s": 0},
            "statement_warning_s is 0 and statement_critical_s is 300: give 0 < warning <= critical.",
        ),
        ({"bloat_warning_ratio": 1.5}, "bloat_warning_ratio is 1.5: give 0 < warning <= 1."),
        (
            {"replication_warning_s": -1},
            "replication_warning_s is -1 and replication_critical_s is 300: give 0 < warning <= critical.",
        ),
        (
            {"connections_warning_ratio": float("nan")},
            "connections_warning_ratio is nan and connections_critical_ratio is 0.9: give 0 < warning <= critical <= 1.",
        ),
        ({"disk_warning_ratio": "much"}, "disk_warning_ratio is much: give a number."),
        ({"disk_warning_ratio": True}, "disk_warning_ratio is True: give a number."),
        ({"disk_warnin_ratio": 0.7}, "There is no threshold disk_warnin_ratio; did you mean disk_warning_ratio?"),
        ({"disk_warning_s": 0.7}, "There is no threshold disk_warning_s; did you mean disk_warning_ratio?"),
        ({"xyz": 1}, "There is no threshold xyz; docs/health.md lists them."),
    ],
)
def test_limits_that_are_none_are_refused_by_name(given, sentence):
    with pytest.raises(PgopsError) as refused:
        read_limits(given)
    assert str(refused.value) == sentence


@pytest.mark.parametrize(
    ("given", "subject", "limit"),
    [
        ({"disk_warning_ratio": 1, "disk_critical_ratio": 1}, "disk", Limit(1, 1)),
        ({"disk_warning_ratio": "0.7"}, "disk", Limit(0.7, 0.95)),
        ({"bloat_critical_ratio": 0.8}, "bloat", Limit(0.5, 0.8)),
        ({"cache_hits_critical_ratio": 0.5}, "cache_hits", Limit(0.9, 0.5, falling=True)),
        ({"certificate_critical_days": 30}, "certificate", Limit(30, 30, falling=True)),
    ],
)
def test_limits_in_order_are_taken_as_text_too(given, subject, limit):
    assert read_limits(given)[subject] == limit


def test_the_defaults_can_be_given_as_they_are():
    assert read_limits(default_thresholds()) == read_limits({})
