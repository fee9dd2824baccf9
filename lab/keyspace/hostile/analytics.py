"""Hostile analytics: records that belong to nobody, rates above the column, series with two members at one time."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from lab.keyspace.entry import DAY_MS, Entry
from lab.keyspace.hostile import case
from lab.keyspace.hostile.base import OWNER, THREAD, USER, thread_id, user_id
from lab.keyspace.hostile.case import Case, Expectation, user_uuid
from lab.keyspace.hostile.kind import compact

_NUMBERS = (
    "total_impressions",
    "total_engagements",
    "total_likes",
    "total_retweets",
    "total_replies",
    "total_bookmarks",
    "total_quotes",
    "profile_visits",
    "link_clicks",
    "new_followers",
)
_CELLS: dict = {
    **dict.fromkeys(_NUMBERS, 5), "engagement_rate": 12.5, "thread_completion_rate": 45.0, "avg_time_on_thread": 31.5,
    "virality_score": 60.25, "content_type": "news", "best_tweet_position": 1, "worst_tweet_position": None,
    "optimal_length": None, "peak_engagement_hour": 23, "peak_engagement_day": "Wednesday", "tweet_metrics": [],
}  # fmt: skip
_TIME, _TIME_CELL = "2025-08-03T07:44:02.991200", "2025-08-03T07:44:02.991200+00:00"
_SCORE = b"1754207042.9912"


def cases() -> Iterator[Case]:
    yield from _records()
    yield from _refused()
    yield from _series()


def _entry(owner: str, thread: str, changes: Mapping, raw: bytes | None = None) -> Entry:
    value = {
        "thread_id": thread,
        "user_id": owner,
        "created_at": _TIME,
        "posted_at": _TIME,
        "title": "t",
        "source_url": None,
        "tweet_count": 2,
        "total_character_count": 40,
        **_CELLS,
        **changes,
    }
    return Entry(
        f"analytics:{owner}:thread:{thread}".encode(), "string", compact(value) if raw is None else raw, 80 * DAY_MS
    )


def _kept(slug: str, note: str, changes: Mapping, cells: Mapping) -> Iterator[Case]:
    thread = thread_id(slug)
    yield THREAD.accept(slug, f"a thread with analytics: {note}")
    row = {
        "thread_id": thread,
        "user_id": user_uuid(OWNER),
        "created_at": _TIME_CELL,
        "posted_at": _TIME_CELL,
        **_CELLS,
        **cells,
    }
    yield case.written(_entry(OWNER, thread, changes), note, "thread_analytics", "thread_analytics", row)


def _records() -> Iterator[Case]:
    yield from _kept("RatePlain", "rates in percent, above what numeric(5,4) holds", {}, {})
    free = {"engagement_rate": 250.0, "virality_score": -3.5, "total_likes": -7, "new_followers": 2**40}
    yield from _kept("RateFree", "numbers are taken as they are", free, free)
    null = dict.fromkeys(("engagement_rate", "thread_completion_rate", "total_likes", "tweet_metrics", "content_type"))
    yield from _kept("RateNull", "NaN was written as null: defaults", null,
                     {"engagement_rate": 0, "thread_completion_rate": 0, "total_likes": 0, "tweet_metrics": [],
                      "content_type": "other"})  # fmt: skip
    yield from _kept("RateType", "an unknown type of content", {"content_type": "poetry"}, {"content_type": "other"})
    text = {"total_likes": "5", "engagement_rate": "12.5", "posted_at": "2025-08-03T09:44:02.991200+02:00"}
    yield from _kept("RateText", "an aware time, numbers as text", {**text, "engagement_rate": 12.5}, {})


def _refused() -> Iterator[Case]:
    bad: dict[str, tuple[str, dict, str]] = {
        "RateHour": ("out_of_range", {"peak_engagement_hour": 24}, "hour 24"),
        "RateBeyond": ("out_of_range", {"total_likes": 2**63}, "beyond bigint"),
        "RateWord": ("wrong_field", {"engagement_rate": "high"}, "no number"),
        "RateTime": ("bad_timestamp", {"posted_at": "soon"}, "no time"),
        "RateMetrics": ("wrong_field", {"tweet_metrics": {}}, "an object instead of an array"),
        "RateOther": ("identity_mismatch", {"thread_id": thread_id("RatePlain")}, "another thread in the value"),
    }
    for slug, (reason, changes, note) in bad.items():
        yield THREAD.accept(slug, "a thread whose analytics are refused")
        yield case.refused(_entry(OWNER, thread_id(slug), changes), note, "thread_analytics", reason)
    yield THREAD.accept("RateArray", "a thread whose analytics are refused")
    yield case.refused(_entry(OWNER, thread_id("RateArray"), {}, b"[]"), "an array", "thread_analytics", "wrong_shape")
    yield case.refused(_entry(OWNER, thread_id("NeverThere"), {}), "no such thread", "thread_analytics", "orphan")
    yield case.refused(_entry(OWNER, "not-a-uuid", {}), "an id that is none", "thread_analytics", "bad_uuid")
    yield USER.accept("Envy", "counts another user's thread")
    other = _entry(user_id("Envy"), thread_id("RatePlain"), {})
    yield case.refused(other, "a thread of another user: the owner's counts", "thread_analytics", "orphan")
    loser = user_id("TieIndexLoser")
    lost = _entry(loser, thread_id("OfTieIndexLoser"), {})
    yield case.refused(lost, "of a user who lost the address", "thread_analytics", "orphan")


def _point(value: object, **changes) -> bytes:
    return json.dumps({"timestamp": _TIME, "value": value, "period": "day", **changes}, separators=(",", ":")).encode()


def _series() -> Iterator[Case]:
    """A user each, so that the periods' two names do not meet."""
    yield from _points(
        "SeriesNew", "MetricPeriod.DAY", "day", {_point(412.0): (_SCORE, "written", None, 412.0, _TIME_CELL)}
    )
    yield from _points("SeriesOld", "day", "day", {_point(412.0): (_SCORE, "written", None, 412.0, _TIME_CELL)})
    yield from _points(
        "SeriesWeek", "metricperiod.WEEK", "week", {_point(1): (_SCORE, "written", None, 1.0, _TIME_CELL)}
    )
    yield from _points("SeriesTwice", "MetricPeriod.DAY", "day", {
        _point(412.0): (_SCORE, "merged", None, None, None),
        _point(500.0): (_SCORE, "written", None, 500.0, _TIME_CELL),
        b'{"value":7,"period":"day"}': (b"1754207042.5", "written", None, 7.0, "2025-08-03T07:44:02.500000+00:00"),
        _point(None): (_SCORE, "quarantined", "missing_field", None, None),
        _point("x", timestamp="2025-08-04T00:00:00"): (b"1754265600", "quarantined", "wrong_field", None, None),
        b"{": (b"1", "quarantined", "malformed_json", None, None),
        b"[1]": (b"2", "quarantined", "wrong_shape", None, None),
        b"\xff": (b"3", "quarantined", "not_utf8", None, None),
    })  # fmt: skip
    yield from _equal()
    yield from _two_spellings()
    for slug, period in (("SeriesAll", "all_time"), ("SeriesYear", "MetricPeriod.YEAR")):
        yield USER.accept(slug, "a user with a series")
        key = f"analytics:{user_id(slug)}:timeseries:impressions:{period}".encode()
        entry = Entry(key, "zset", ((_point(1), _SCORE),))
        yield case.refused(entry, "a period that no column knows", "timeseries", "bad_enumeration")
    # Whose it is shows only when every key has been read; the members are accounted for by then.
    key = b"analytics:user_hNobody:timeseries:impressions:day"
    truths = (
        Expectation(key, "timeseries", "merged"),
        Expectation(key, "timeseries.member", "quarantined", "orphan", (), _point(1)),
    )
    yield Case(Entry(key, "zset", ((_point(1), _SCORE),)), "a series of nobody", truths)


def _equal() -> Iterator[Case]:
    """Two members at one time, of which the smaller is what the thread's record says."""
    owner, thread = user_id("SeriesEqual"), thread_id("SeriesEqual")
    members = {
        _point(5): (_SCORE, "written", None, 5.0, _TIME_CELL),
        _point(9.0): (_SCORE, "merged", None, None, None),
    }
    yield from _points("SeriesEqual", "day", "day", members)
    cells = {"user_id": user_uuid(owner)}
    yield THREAD.accept("SeriesEqual", "a thread that its series is compared with", {"user_id": owner}, cells)
    row = {"thread_id": thread, **cells, "created_at": _TIME_CELL, "posted_at": _TIME_CELL, **_CELLS}
    note = "five impressions, as the series says too"
    yield case.written(_entry(owner, thread, {}), note, "thread_analytics", "thread_analytics", row)


def _two_spellings() -> Iterator[Case]:
    """One user's series under both names of the period: one time is one row, the largest value stays."""
    members = {_point(300.0): (_SCORE, "written", None, 300.0, _TIME_CELL)}
    yield from _points("SeriesBoth", "MetricPeriod.DAY", "day", members)
    key = f"analytics:{user_id('SeriesBoth')}:timeseries:impressions:day".encode()
    smaller = _point(200.0)
    truths = (
        Expectation(key, "timeseries", "merged"),
        Expectation(key, "timeseries.member", "merged", None, (), smaller),
    )
    yield Case(Entry(key, "zset", ((smaller, _SCORE),)), "the other name of the period", truths)


def _points(slug: str, period: str, stored: str, members: Mapping) -> Iterator[Case]:
    yield USER.accept(slug, "a user with a series")
    key = f"analytics:{user_id(slug)}:timeseries:impressions:{period}".encode()
    truths = [Expectation(key, "timeseries", "merged")]
    for member, (_score, outcome, reason, value, moment) in members.items():
        cells = {
            "user_id": user_uuid(user_id(slug)),
            "thread_id": None,
            "metric_name": "impressions",
            "metric_value": value,
            "bucket_at": moment,
            "period_type": stored,
        }
        rows = (("analytics_timeseries", cells),) if outcome == "written" else ()
        truths.append(Expectation(key, "timeseries.member", outcome, reason, rows, member))
    entry = Entry(key, "zset", tuple((member, score) for member, (score, *_rest) in members.items()))
    yield Case(entry, "the key is merged with its members", tuple(truths))
