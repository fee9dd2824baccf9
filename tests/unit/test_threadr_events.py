"""The usage log: one event a generation; when and who by the value, the key where the value is silent."""

import json

import pytest
from ansible.module_utils.pgops.profile import Entry, Refusal, Settings, names
from ansible.module_utils.pgops.threadr.events import TABLE
from ansible.module_utils.pgops.threadr.profile import PROFILE

KEY = "2001:db8::1f:1754294531.00421"
VALUE = {
    "timestamp": "2025-08-04T08:02:11.004210", "client_ip": "2001:db8::1f", "email": None,
    "date": "2025-08-04", "month": "2025-08",
}  # fmt: skip


def row(value: object, rest: str | bytes = KEY, zone: str = "UTC") -> dict:
    key = b"threadr:usage:log:" + (rest.encode() if isinstance(rest, str) else rest)
    pattern = PROFILE.including(["usage_log"]).classify(key)
    assert pattern.name == "usage_log"
    value = value if isinstance(value, bytes) else json.dumps(value).encode()
    made = pattern.convert(Entry(key, "string", None, value), pattern.suffix(key), Settings(zone))
    assert made.table == TABLE.name
    return dict(zip(names(TABLE.columns), made.cells, strict=True)) | {"notes": made.notes}


def test_an_anonymous_event_of_the_application():
    made = row(VALUE)
    assert made.pop("id")
    assert made == {
        "occurred_at": "2025-08-04T08:02:11.004210+00:00", "user_id": None, "ip_address": "2001:db8::1f",
        "ip_raw": None, "email": None, "metadata": {}, "notes": (),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "zone", "moment"),
    [
        ("2025-08-04T08:02:11.004210", "Europe/Berlin", "2025-08-04T06:02:11.004210+00:00"),
        ("2025-08-04 08:02:11", "UTC", "2025-08-04T08:02:11.000000+00:00"),
        ("2025-08-04T08:02:11.0042109", "UTC", "2025-08-04T08:02:11.004210+00:00"),
        ("2025-08-04T08:02:11Z", "Europe/Berlin", "2025-08-04T08:02:11.000000+00:00"),
        ("2025-08-04T08:02:11+10:00", "Europe/Berlin", "2025-08-03T22:02:11.000000+00:00"),
        ("2025-08-04T08:02:11-0130", "UTC", "2025-08-04T09:32:11.000000+00:00"),
        (None, "Europe/Berlin", "2025-08-04T08:02:11.004210+00:00"),
    ],
)
def test_the_time_is_the_value_s_in_the_source_s_zone(found, zone, moment):
    assert row({**VALUE, "timestamp": found}, zone=zone)["occurred_at"] == moment


@pytest.mark.parametrize("found", [{"date": "1999-01-01"}, {"month": "x"}, {"date": None}, {"date": "2025-08"}])
def test_what_the_time_does_not_say_is_kept(found):
    assert row({**VALUE, **found})["metadata"] == {"redis_extra": found}


@pytest.mark.parametrize(
    ("rest", "moment"),
    [
        ("x:1754294531", "2025-08-04T08:02:11.000000+00:00"),
        ("x:1754294531.5", "2025-08-04T08:02:11.500000+00:00"),
        ("x:1754294531.0042104", "2025-08-04T08:02:11.004210+00:00"),
        ("198.51.100.9:4711:1754294531.00421", "2025-08-04T08:02:11.004210+00:00"),
        (":0", "1970-01-01T00:00:00.000000+00:00"),
        ("x:253402300799", "9999-12-31T23:59:59.000000+00:00"),
    ],
)
def test_the_key_s_time_is_the_fallback(rest, moment):
    assert row({}, rest)["occurred_at"] == moment


@pytest.mark.parametrize(
    ("rest", "found", "address", "raw"),
    [
        ("198.51.100.9:1", "198.51.100.9", "198.51.100.9", None),
        ("198.51.100.9:1", "203.0.113.7", "203.0.113.7", None),
        ("198.51.100.9:1", None, "198.51.100.9", None),
        ("198.51.100.9:1", "", None, None),
        ("198.51.100.9:4711:1", None, "198.51.100.9", "198.51.100.9:4711"),
        ("x:1", "[2001:DB8:0::7]:443", "2001:db8::7", "[2001:DB8:0::7]:443"),
        ("x:1", " 198.51.100.9 ", "198.51.100.9", None),
        ("x:1", "0.0.0.0", "0.0.0.0", None),
        ("x:1", "198.51.100.9/32", None, "198.51.100.9/32"),
        ("x:1", "fe80::1%eth0", None, "fe80::1%eth0"),
        ("unknown:1", None, None, "unknown"),
        (":1", None, None, None),
    ],
)
def test_the_address_is_the_value_s_else_the_key_s(rest, found, address, raw):
    made = row({**VALUE, "client_ip": found}, rest)
    assert (made["ip_address"], made["ip_raw"]) == (address, raw)


@pytest.mark.parametrize(
    ("found", "email"), [(" A@Example.com\n", "a@example.com"), ("a@" + "x" * 252, "a@" + "x" * 252), (None, None)]
)
def test_the_mail_address_is_trimmed_and_lower_cased(found, email):
    assert row({**VALUE, "email": found})["email"] == email


@pytest.mark.parametrize(
    ("fields", "metadata", "notes"),
    [
        ({"note": [1, None], "user_id": "user_x"}, {"redis_extra": {"note": [1, None], "user_id": "user_x"}}, ()),
        ({"note": None}, {"redis_extra": {"note": None}}, ()),
        ({"note": "a\0b"}, {"redis_extra": {"note": "ab"}}, ("stripped U+0000",)),
        ({"note": "\ud800b"}, {"redis_extra": {"note": "\ufffdb"}}, ("replaced lone surrogates",)),
        ({"note": "\U0001f319"}, {"redis_extra": {"note": "\U0001f319"}}, ()),
    ],
)
def test_what_no_column_takes_is_kept(fields, metadata, notes):
    made = row({**VALUE, **fields})
    assert (made["metadata"], made["notes"]) == (metadata, notes)


def test_an_event_is_its_key():
    keys = ("x:1", "x:1.0", "x:2", "y:1", ":1", "x:1:1")
    assert len({row(VALUE, key)["id"] for key in keys}) == len(keys)
    assert row(VALUE)["id"] == row({})["id"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"timestamp": "2025-02-30T08:02:11"}, "bad_timestamp"),
        ({"timestamp": "2025-08-04T08:02:60"}, "bad_timestamp"),
        ({"timestamp": "0000-08-04T08:02:11"}, "bad_timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+00:01"}, "bad_timestamp"),
        ({"timestamp": "2025-08-04"}, "bad_timestamp"),
        ({"timestamp": ""}, "bad_timestamp"),
        ({"timestamp": 1754294531.5}, "wrong_field"),
        ({"client_ip": 5}, "wrong_field"),
        ({"client_ip": False}, "wrong_field"),
        ({"email": ""}, "bad_email"),
        ({"email": "nobody"}, "bad_email"),
        ({"email": "a@" + "x" * 253}, "bad_email"),
        ({"email": ["a@x"]}, "wrong_field"),
    ],
)
def test_a_field_that_says_something_else_is_refused(fields, code):
    with pytest.raises(Refusal) as caught:
        row({**VALUE, **fields})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("value", "rest", "code"),
    [
        (b"{", KEY, "malformed_json"),
        (b'{"note": Infinity}', KEY, "malformed_json"),
        (b"\xef\xbb\xbf{}", KEY, "malformed_json"),
        (b'{"note": "\xff"}', KEY, "not_utf8"),
        (b"[]", KEY, "wrong_shape"),
        ({}, "x:253402300800", "bad_timestamp"),
        ({}, "x:" + "9" * 400, "bad_timestamp"),
        (VALUE, b"\xff:1", "not_utf8"),
        (VALUE, "a\0b:1", "malformed_key"),
    ],
)
def test_what_is_no_event_is_refused(value, rest, code):
    with pytest.raises(Refusal) as caught:
        row(value, rest)
    assert caught.value.code == code


@pytest.mark.parametrize("rest", ["1754294531", "x:", "x:1.", "x:.5", "x:-1", "x:1e9", "x:1\n", "x:\u0661", ""])
def test_a_log_without_its_time_is_a_malformed_key(rest):
    assert PROFILE.classify(f"threadr:usage:log:{rest}".encode()).name == "usage_malformed"
