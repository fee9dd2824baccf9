"""What is made of the server's counters, and of the numbers of transactions."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.health_activity import (
    LAST_NUMBER,
    cache_check,
    checkpoint_check,
    checksum_check,
    temporary_check,
    wraparound_check,
)

from health_answers import ACTIVITY, DATABASE
from health_limits import LIMITS

GB = 1 << 30


@pytest.mark.parametrize(
    ("hit", "read", "value", "verdict"),
    [
        pytest.param(90_001, 9_999, 1.0, "ok", id="too-few-to-judge"),
        pytest.param(901_000, 99_000, 0.901, "ok", id="just-above"),
        pytest.param(900_000, 100_000, 0.9, "warning", id="exactly"),
        pytest.param(0, 1_000_000, 0.0, "warning", id="nothing-found"),
    ],
)
def test_what_the_cache_holds(hit, read, value, verdict):
    check = cache_check({**ACTIVITY, "blocks_hit": hit, "blocks_read": read}, LIMITS)
    assert (check.value, check.verdict) == (value, verdict)


@pytest.mark.parametrize(
    ("written", "seconds", "verdict"),
    [
        pytest.param(24 * GB - 24, 86_400, "ok", id="just-under"),
        pytest.param(24 * GB, 86_400, "warning", id="exactly"),
        pytest.param(240 * GB, 86_400, "critical", id="much"),
        pytest.param(GB - 1, 1, "ok", id="the-first-moments-count-as-an-hour"),
    ],
)
def test_temporary_files_are_counted_by_the_hour(written, seconds, verdict):
    check = temporary_check({**ACTIVITY, "temporary_bytes": written, "counted_s": float(seconds)}, LIMITS)
    assert check.verdict == verdict


@pytest.mark.parametrize(
    ("timed", "forced", "verdict"),
    [(11, 9, "ok"), (10, 10, "warning"), (0, 19, "ok"), (0, 20, "warning"), (0, 0, "ok")],
)
def test_checkpoints_that_wal_forces(timed, forced, verdict):
    counted = {**ACTIVITY, "checkpoints_timed": timed, "checkpoints_forced": forced}
    assert checkpoint_check(counted, LIMITS).verdict == verdict
    assert checkpoint_check({**counted, "server_counted_s": 86_399.0}, LIMITS).verdict == "ok"


@pytest.mark.parametrize(("failures", "verdict"), [(None, "ok"), (0, "ok"), (1, "critical")])
def test_one_damaged_page_is_one_too_many(failures, verdict):
    assert checksum_check({**ACTIVITY, "checksum_failures": failures}, LIMITS).verdict == verdict


@pytest.mark.parametrize(
    ("xids", "mxids", "verdict", "left"),
    [
        pytest.param(200_000_000, 0, "ok", LAST_NUMBER - 200_000_000, id="freezing-as-usual"),
        pytest.param(LAST_NUMBER // 4 - 500_000, 0, "ok", 3 * LAST_NUMBER // 4 + 500_000, id="just-under"),
        pytest.param(LAST_NUMBER // 4 + 1, 0, "warning", LAST_NUMBER - LAST_NUMBER // 4 - 1, id="warning"),
        pytest.param(0, LAST_NUMBER // 2 + 1, "critical", LAST_NUMBER // 2 - 1, id="multixacts"),
        pytest.param(LAST_NUMBER + 5, 0, "critical", 0, id="at-the-end"),
    ],
)
def test_the_distance_to_wraparound_is_that_of_the_oldest_database(xids, mxids, verdict, left):
    old = {"database": "old", "size_bytes": None, "xid_age": xids, "mxid_age": mxids}
    check = wraparound_check([DATABASE, old], LIMITS)
    assert check.verdict == verdict
    assert f"; {left} are left" in check.finding
    assert ("database old" in check.advice) == (verdict != "ok")
