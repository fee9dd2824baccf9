"""Indexes that are of no use, and sequences that come to an end."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.health_indexes import OBSERVED_S, duplicates, index_checks
from ansible.module_utils.pgops.health_sequences import sequence_check
from ansible.module_utils.pgops.health_server import Answer

from health_limits import LIMITS

GB = 1 << 30


def index(name: str, **changes) -> dict:
    return {
        "schema": "public", "table": "threads", "index": name, "number": 1, "size_bytes": 8192, "valid": True, "unique": False,
        "constrained": False, "building": False, "scans": 5, "definition": name, **changes,
    }  # fmt: skip


def verdicts(rows: list[dict], counted_s: float = OBSERVED_S) -> list[str]:
    return [check.verdict for check in index_checks(Answer(rows), counted_s, LIMITS)]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, ["ok", "ok", "ok"], id="well"),
        pytest.param({"valid": False}, ["warning", "ok", "ok"], id="invalid"),
        pytest.param({"valid": False, "building": True}, ["ok", "ok", "ok"], id="being-built"),
        pytest.param({"scans": 0, "size_bytes": GB - 1}, ["ok", "ok", "ok"], id="unused-and-small"),
        pytest.param({"scans": 0, "size_bytes": GB}, ["ok", "ok", "warning"], id="unused"),
        pytest.param({"scans": 0, "size_bytes": GB, "unique": True}, ["ok", "ok", "ok"], id="keeps-rows-unique"),
        pytest.param({"scans": 0, "size_bytes": GB, "constrained": True}, ["ok", "ok", "ok"], id="of-a-constraint"),
        pytest.param({"scans": 0, "size_bytes": GB, "valid": False}, ["warning", "ok", "ok"], id="told-once"),
    ],
)
def test_an_index_is_judged_by_its_state(changes, expected):
    assert verdicts([index("a"), index("b", **changes)]) == expected


def test_unused_is_said_only_after_long_enough():
    rows = [index("a", scans=0, size_bytes=GB)]
    assert (verdicts(rows, OBSERVED_S - 1)[2], verdicts(rows)[2]) == ("ok", "warning")


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        pytest.param({}, {}, [], id="different"),
        pytest.param({"definition": "x"}, {"definition": "x", "number": 2}, ["b"], id="the-younger-goes"),
        pytest.param({"definition": "x"}, {"definition": "x", "scans": 9}, ["a"], id="the-less-read-goes"),
        pytest.param({"definition": "x", "scans": 9}, {"definition": "x", "unique": True}, ["a"], id="unique-stays"),
        pytest.param({"definition": "x"}, {"definition": "x", "table": "other"}, [], id="of-another-table"),
        pytest.param({"definition": "x"}, {"definition": "x", "valid": False}, [], id="the-other-is-invalid"),
        pytest.param(
            {"definition": "x", "constrained": True}, {"definition": "x", "constrained": True}, [], id="two-constraints"
        ),
    ],
)
def test_of_two_that_are_alike_one_can_go(first, second, found):
    assert [row["index"] for row in duplicates([index("a", **first), index("b", **second)])] == found


INT = 2_147_483_647
BIG = 9_223_372_036_854_775_807


def sequence(value: int | None, **changes) -> dict:
    return {
        "schema": "public", "sequence": "s", "cycles": False, "first": 1, "last": INT, "readable": True, "value": value, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("rows", "value", "verdict"),
    [
        pytest.param([], 0.0, "ok", id="none"),
        pytest.param([sequence(None)], 0.0, "ok", id="never-used"),
        pytest.param([sequence(1_600_000_000)], 0.7451, "ok", id="under"),
        pytest.param([sequence(5), sequence(1_610_612_736)], 0.75, "warning", id="the-nearest-to-its-end"),
        pytest.param([sequence(INT)], 1.0, "critical", id="at-its-end"),
        pytest.param([sequence(INT, cycles=True)], 0.0, "ok", id="begins-again"),
        pytest.param([sequence(-90, first=-1, last=-100)], 0.899, "warning", id="downwards"),
        pytest.param([sequence(7, first=7, last=7)], 0.0, "ok", id="of-one-number"),
        pytest.param([sequence(None, readable=False)], None, "unknown", id="not-readable"),
        pytest.param([sequence(None, readable=False, last=BIG)], 0.0, "ok", id="not-readable-and-endless"),
        pytest.param([sequence(INT), sequence(None, readable=False)], 1.0, "critical", id="one-is-enough"),
        pytest.param([sequence(5), sequence(None, readable=False)], None, "unknown", id="the-other-may-be-at-its-end"),
    ],
)
def test_the_sequence_nearest_to_its_end_is_judged(rows, value, verdict):
    check = sequence_check("monitor", Answer(rows), LIMITS)
    assert (check.value, check.verdict) == (value, verdict)
    assert ("bigint" in check.advice) == (verdict in ("warning", "critical"))
