"""Hostile usage: counters by every kind of subject, malformed keys, the log and the totals."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lab.keyspace.entry import DAY_MS, Entry
from lab.keyspace.hostile import case
from lab.keyspace.hostile.base import USER, address, user_id
from lab.keyspace.hostile.case import Case, Expectation, user_uuid
from lab.keyspace.usage import STATS

_SUBJECTS = ("user_id", "ip_address", "email", "subject_raw")
_DAY, _MONTH = ("daily", "2025-08-04"), ("monthly", "2025-08")


def cases() -> Iterator[Case]:
    yield from _subjects()
    yield from _summed()
    yield from _values()
    yield from _keys()
    yield from _log()
    yield from _totals()


def _entry(subject: str, period: tuple[str, str], value: bytes) -> Entry:
    return Entry(f"threadr:usage:{subject}:{':'.join(period)}".encode(), "string", value, 20 * DAY_MS)


def _pattern(subject: str, period: tuple[str, str]) -> str:
    return f"usage_{subject.split(':', maxsplit=1)[0]}_{period[0]}"


def _row(column: str, subject: str, period: tuple[str, str], count: int) -> dict:
    start = period[1] if period[0] == "daily" else f"{period[1]}-01"
    return {
        **dict.fromkeys(_SUBJECTS), column: subject, "endpoint": "/api/generate", "action": "generate_thread",
        "period_type": "day" if period[0] == "daily" else "month", "period_start": start, "count": count,
    }  # fmt: skip


def _counted(subject: str, period: tuple[str, str], column: str, stored: str, note: str, value: bytes = b"5") -> Case:
    row = _row(column, stored, period, int(value))
    return case.written(_entry(subject, period, value), note, _pattern(subject, period), "usage_counters", row)


def _subjects() -> Iterator[Case]:
    yield USER.accept("Usage", "a user whose use is counted")
    loser = user_id("TieIndexLoser")
    table = {
        "ip:198.51.100.250": ("ip_address", "198.51.100.250", "IPv4"),
        "ip:2001:db8::50": ("ip_address", "2001:db8::50", "IPv6: colons in the subject"),
        "ip:198.51.100.251:4711": ("ip_address", "198.51.100.251", "with a port"),
        "ip:[2001:db8::51]": ("ip_address", "2001:db8::51", "in brackets"),
        "ip:0.0.0.0": ("ip_address", "0.0.0.0", "dual-write's placeholder is an address here"),
        "ip:unknown": ("subject_raw", "unknown", "no address"),
        "ip:": ("subject_raw", "", "empty"),
        "ip:junk:daily:2025-08-01": ("subject_raw", "junk:daily:2025-08-01", "the last period is the period"),
        "email:usage@example.com": ("email", "usage@example.com", "an address"),
        f"user:{user_id('Usage')}": ("user_id", user_uuid(user_id("Usage")), "a user"),
        "user:user_hGone": ("subject_raw", "user_hGone", "a user who is not there"),
        f"user:{loser}": ("subject_raw", loser, "a user who lost the address"),
    }
    for subject, (column, stored, note) in table.items():
        yield _counted(subject, _DAY, column, stored, f"{note}, by the day")
        yield _counted(subject, _MONTH, column, stored, f"{note}, by the month", b"9223372036854775807")


def _summed() -> Iterator[Case]:
    spellings = {
        "ip_address": (("ip:2001:db8::7", "ip:2001:DB8:0::7", "ip:[2001:db8::7]:443"), "2001:db8::7"),
        "email": (("email:Sum@Example.com", "email:sum@example.com", "email: SUM@example.com "), "sum@example.com"),
    }
    for column, (subjects, stored) in spellings.items():
        first = case.written(
            _entry(subjects[0], _DAY, b"1"),
            "spellings of one subject are summed",
            _pattern(subjects[0], _DAY),
            "usage_counters",
            _row(column, stored, _DAY, 111),
        )
        yield first
        for subject, value in zip(subjects[1:], (b"10", b"100"), strict=True):
            yield case.merged(_entry(subject, _DAY, value), "another spelling", _pattern(subject, _DAY))
    for subject in ("ip:2001:db8::8", "ip:2001:DB8::8"):
        entry = _entry(subject, _DAY, b"9223372036854775807")
        yield case.refused(entry, "their sum is beyond bigint", _pattern(subject, _DAY), "out_of_range")


def _values() -> Iterator[Case]:
    bad = {
        b"abc": "wrong_field", b"": "wrong_field", b"1.0": "wrong_field", b" 5": "wrong_field", b"+5": "wrong_field",
        b"0x10": "wrong_field", b'"5"': "wrong_field", "\u0665".encode(): "wrong_field", b"\xff": "not_utf8",
        b"-1": "negative", b"9223372036854775808": "out_of_range",
    }  # fmt: skip
    for number, (value, reason) in enumerate(bad.items()):
        subject = f"ip:198.51.100.{230 + number}"
        yield case.refused(_entry(subject, _DAY, value), f"the counter {value!r}", _pattern(subject, _DAY), reason)
    typed = Entry(b"threadr:usage:email:typed@example.com:monthly:2025-08", "hash", ((b"count", b"1"),), DAY_MS)
    yield case.refused(typed, "a hash", "usage_email_monthly", "wrong_type")
    for number, mail in enumerate(("noat", "", "m" * 255 + "@example.com")):
        subject = f"email:{mail}"
        yield case.refused(
            _entry(subject, _DAY, b"%d" % number), "no usable address", _pattern(subject, _DAY), "bad_email"
        )


def _keys() -> Iterator[Case]:
    malformed = (
        "ip:198.51.100.209",
        "ip:198.51.100.209:daily",
        "ip:198.51.100.209:daily:2025-08",
        "ip:198.51.100.209:monthly:2025-08-01",
        "ip:198.51.100.209:daily:2025-8-1",
        "ip:198.51.100.209:daily:2025-08-01\n",
        "ip:198.51.100.209:daily:2025-08-01 ",
        "ip:198.51.100.209:weekly:2025-W31",
        "ip:198.51.100.209:daily:\u0662\u0660\u0662\u0665-08-01",
        "ip:daily:2025-08-01",
        "team:1:daily:2025-08-01",
        "ip",
        "",
        "stats:old",
    )
    for rest in malformed:
        entry = Entry(f"threadr:usage:{rest}".encode(), "string", b"5", DAY_MS)
        yield case.refused(entry, "nothing that a counter is called", "usage_malformed", "malformed_key")
    ip = "ip:198.51.100.209"
    for subject, period in (
        (ip, ("daily", "2025-02-30")),
        (ip, ("monthly", "2025-13")),
        ("email:usage@example.com", ("daily", "0000-01-01")),
    ):
        entry = _entry(subject, period, b"5")
        yield case.refused(entry, "a date that does not exist", _pattern(subject, period), "malformed_key")


def _log() -> Iterator[Case]:
    value = {
        "timestamp": "2025-08-04T08:02:11.004210",
        "client_ip": "2001:db8::1f",
        "email": None,
        "date": "2025-08-04",
        "month": "2025-08",
    }
    row = {
        "occurred_at": "2025-08-04T08:02:11.004210+00:00",
        "ip_address": "2001:db8::1f",
        "ip_raw": None,
        "email": None,
        "user_id": None,
    }
    users = {"email": address("Usage").upper()}
    found = {"email": address("Usage"), "user_id": user_uuid(user_id("Usage"))}
    for key, changes, cells, note in (
        ("2001:db8::1f:1754294531.00421", {}, row, "anonymous, IPv6"),
        (
            "198.51.100.223:1754294532",
            {"client_ip": "198.51.100.223", **users},
            row | found | {"ip_address": "198.51.100.223"},
            "a user",
        ),
        (
            "unknown:1754294533.5",
            {"client_ip": "unknown"},
            row | {"ip_address": None, "ip_raw": "unknown"},
            "no address",
        ),
    ):
        entry = Entry(
            f"threadr:usage:log:{key}".encode(), "string", json.dumps({**value, **changes}).encode(), 6 * DAY_MS
        )
        yield case.written(entry, note, "usage_log", "usage_events", cells)
    # For logs the key is the fallback.
    bare = {name: content for name, content in value.items() if name != "timestamp"}
    entry = Entry(b"threadr:usage:log:2001:db8::1f:1754294536.25", "string", json.dumps(bare).encode(), 6 * DAY_MS)
    moment = {"occurred_at": "2025-08-04T08:02:16.250000+00:00"}
    yield case.written(entry, "without timestamp: the key's", "usage_log", "usage_events", row | moment)
    for key, raw, reason in (("::1:1754294534.1", b"[]", "wrong_shape"), ("::1:1754294535.1", b"{", "malformed_json")):
        entry = Entry(f"threadr:usage:log:{key}".encode(), "string", raw, 6 * DAY_MS)
        yield case.refused(entry, "a log entry that cannot be read", "usage_log", reason)


def _totals() -> Iterator[Case]:
    kept = {
        b"total_hostile_things": (b"1312", ("hostile_things", "total", "1970-01-01")),
        b"hostile_things_2025-08-04": (b"57", ("hostile_things", "day", "2025-08-04")),
        b"hostile_things_2025-08": (b"4", ("hostile_things", "month", "2025-08-01")),
        b"hostile_other": (b"0", ("hostile_other", "total", "1970-01-01")),
        b"total_hostile_big": (b"9223372036854775807", ("hostile_big", "total", "1970-01-01")),
    }
    bad = {
        b"hostile_things_2025-02-30": (b"1", "malformed_key"),
        b"hostile_things_2025-13": (b"1", "malformed_key"),
        b"hostile_text": (b"abc", "wrong_field"),
        b"hostile_float": (b"1.5", "wrong_field"),
        b"hostile_minus": (b"-1", "negative"),
        b"hostile_beyond": (b"9223372036854775808", "out_of_range"),
        b"hostile_\xff": (b"1", "not_utf8"),
    }
    truths = [Expectation(STATS, "usage_stats", "merged")]
    for field, (value, (metric, period, start)) in kept.items():
        cells = {"metric": metric, "period_type": period, "period_start": start, "value": int(value)}
        truths.append(Expectation(STATS, "usage_stats.member", "written", None, (("app_counters", cells),), field))
    truths += [
        Expectation(STATS, "usage_stats.member", "quarantined", why, (), field) for field, (_value, why) in bad.items()
    ]
    fields = tuple((field, value) for field, (value, _rest) in {**kept, **bad}.items())
    yield Case(Entry(STATS, "hash", fields), "totals, without TTL; each field is accounted for", tuple(truths))
