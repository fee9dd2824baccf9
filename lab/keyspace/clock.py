"""Instants as microseconds since 1970 UTC, and the spellings that the application gives them."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
# "Now" of the keyspace: fixed, so that the same seed gives the same bytes on any day.
REFERENCE = "2026-01-15T12:00:00+00:00"
# The application's first day; nothing in the keyspace is older.
FIRST_DAY = 1_753_920_000 * SECOND  # 2025-07-31
_EPOCH = datetime.fromtimestamp(0, timezone.utc)


def instant(text: str) -> int:
    """Microseconds of an ISO 8601 time; without an offset it is UTC."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _naive(moment: int) -> datetime:
    return (_EPOCH + timedelta(microseconds=moment)).replace(tzinfo=None)


def iso(moment: int) -> str:
    """Naive, with a T; no fraction when it is zero."""
    return _naive(moment).isoformat()


def spaced(moment: int) -> str:
    """Naive, with a space, as str(datetime) writes it."""
    return _naive(moment).isoformat(" ")


def epoch(moment: int) -> str:
    """Epoch seconds as Python prints the float: trailing zeros dropped."""
    return str(moment / SECOND)


def date(moment: int) -> str:
    return iso(moment)[:10]


def month(moment: int) -> str:
    return iso(moment)[:7]


def remaining_ms(ttl_s: int, age: int) -> int:
    """What is left of a TTL that was set AGE microseconds ago; at least a minute."""
    return max(ttl_s * 1000 - age // 1000, 60_000)
