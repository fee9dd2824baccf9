"""Keys that are skipped by name, whatever they hold, and the statistics that are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lab.keyspace.entry import DAY_MS, SECOND_MS, Entry
from lab.keyspace.hostile.base import OWNER, USER, address, user_id
from lab.keyspace.hostile.case import Case, refused, skipped, user_uuid, written

_SESSION = json.dumps(
    {"user_id": OWNER, "email": address("Owner"), "client_ip": "198.51.100.23", "access_token_hash": -5}
)
_FAILED = json.dumps(
    {"attempts": 2, "last_attempt": "2025-08-04T18:01:40.771002", "email": address("Owner"), "client_ip": "::1"}
)
_STATS = {"created": 12, "viewed": 40, "updated": 3, "deleted": 1, "copied": 9}


def cases() -> Iterator[Case]:
    skip = {
        "session": (f"threadr:session:{OWNER}", _SESSION.encode(), "a session lives for about an hour"),
        "failed_login": (f"threadr:failed_login:{address('Owner')}:2001:db8::1f", _FAILED.encode(), "a failed login"),
        "ratelimit": ("threadr:ratelimit:198.51.100.223", b"3", "a rate limit"),
    }
    for pattern, (key, value, note) in skip.items():
        yield skipped(Entry(key.encode(), "string", value, 3000 * SECOND_MS), note, pattern)
        broken = Entry(f"{key}:broken".encode(), "hash", ((b"a", b"\xff"),), 3000 * SECOND_MS)
        yield skipped(broken, "type and value of a skipped pattern are not looked at", pattern)
    active = (OWNER.encode(), address("SubMail").title().encode(), b"None", b"", b"\xff")
    yield skipped(
        Entry(b"threadr:subscriptions:active", "set", active), "derived, and known to be wrong", "subscriptions_active"
    )
    index = ((b"not-a-uuid", b"1754126130.120045"),)
    yield skipped(Entry(f"analytics:{OWNER}:threads".encode(), "zset", index), "derived", "analytics_threads")
    yield from _stats()


def _entry(slug: str, value: bytes) -> Entry:
    return Entry(f"threadr:thread_stats:{user_id(slug)}".encode(), "string", value, 30 * DAY_MS)


def _kept(slug: str, note: str, value: dict, cells: dict) -> Iterator[Case]:
    yield USER.accept(slug, f"the user of {note}")
    row = {"user_id": user_uuid(user_id(slug)), **cells}
    yield written(_entry(slug, json.dumps(value).encode()), note, "thread_stats", "user_thread_stats", row)


def _stats() -> Iterator[Case]:
    yield from _kept("StatsPlain", "statistics", _STATS, _STATS)
    text = {**_STATS, "viewed": "40", "updated": 3.0}
    yield from _kept("StatsText", "statistics with numbers as text", text, _STATS)
    none = {**dict.fromkeys(_STATS), "created": 12}
    yield from _kept(
        "StatsNull", "statistics of which most are null", none, {**dict.fromkeys(_STATS, 0), "created": 12}
    )
    bad = {
        "StatsNegative": ("negative", {**_STATS, "viewed": -1}, "a counter below zero"),
        "StatsHalf": ("wrong_field", {**_STATS, "viewed": 0.5}, "no whole number"),
        "StatsBeyond": ("out_of_range", {**_STATS, "viewed": 2**63}, "beyond bigint"),
        "StatsArray": ("wrong_shape", [1, 2], "an array instead of an object"),
    }
    for slug, (reason, value, note) in bad.items():
        yield USER.accept(slug, f"the user of statistics with {note}")
        yield refused(_entry(slug, json.dumps(value).encode()), note, "thread_stats", reason)
    for slug, note in (
        ("Nobody", "statistics of nobody"),
        ("TieIndexLoser", "statistics of a user who lost the address"),
    ):
        yield refused(_entry(slug, json.dumps(_STATS).encode()), note, "thread_stats", "orphan")
    yield refused(_entry("StatsPlainCut", b'{"created": 1'), "malformed", "thread_stats", "malformed_json")
    lower = "9c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77"
    yield USER.accept("StatsUuid", "a user whose id is a UUID", {"user_id": lower}, {"id": lower, "legacy_id": lower})
    spelled = Entry(f"threadr:thread_stats:{lower}".encode(), "string", json.dumps(_STATS).encode(), 30 * DAY_MS)
    yield written(spelled, "statistics by a UUID", "thread_stats", "user_thread_stats", {"user_id": lower, **_STATS})
    other = Entry(f"threadr:thread_stats:{lower.upper()}".encode(), "string", spelled.value, 30 * DAY_MS)
    yield refused(other, "the same UUID in upper case", "thread_stats", "duplicate_uuid")
