"""Which backups have been kept for long enough."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import pytest
from ansible.module_utils.pgops.retention import expired

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Made:
    """A backup of so many days ago."""

    days: float
    series: str = "shop"

    @property
    def moment(self) -> datetime:
        return NOW - timedelta(days=self.days)


@pytest.mark.parametrize(
    ("ages", "days", "most", "gone"),
    [
        pytest.param([], 30, 50, [], id="none"),
        pytest.param([0, 1, 2], None, None, [], id="without-limits"),
        pytest.param([0, 29.9, 30.1, 90], 30, None, [30.1, 90], id="too-old"),
        pytest.param([0, 30], 30, None, [], id="to-the-day"),
        pytest.param([0, 1, 2, 3], None, 2, [2, 3], id="too-many"),
        pytest.param([0, 1, 2], None, 3, [], id="just-so-many"),
        pytest.param([0, 1, 40, 50], 30, 3, [40, 50], id="each-once"),
        pytest.param([0, 1, 2, 40], 30, 2, [2, 40], id="by-either"),
        pytest.param([90], 30, 1, [], id="the-newest-stays"),
        pytest.param([90, 91], 30, None, [91], id="the-newest-of-the-old"),
    ],
)
def test_what_is_too_old_or_one_too_many_goes(ages, days, most, gone):
    oldest = None if days is None else NOW - timedelta(days=days)
    assert [one.days for one in expired([Made(age) for age in ages], oldest, most)] == gone


def test_each_series_is_counted_alone():
    made = [Made(0), Made(1, "wiki"), Made(2), Made(3, "wiki"), Made(4, "blog")]
    assert expired(made, None, 1) == [Made(2), Made(3, "wiki")]
    assert expired(made, NOW - timedelta(days=0.5)) == [Made(2), Made(3, "wiki")]
