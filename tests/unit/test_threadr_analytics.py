"""Analytics of a thread: whose they are, numbers as they come, and what stays of the rest."""

import json

import pytest
from ansible.module_utils.pgops.profile import Entry, Refusal, Settings, names
from ansible.module_utils.pgops.threadr.analytics import CONTENT_TYPES, COUNTS, POSITIONS, RATES, TABLE
from ansible.module_utils.pgops.threadr.profile import PROFILE
from ansible.module_utils.pgops.threadr.users import uuid_of

USER, UUID = "user_k3Qw9ZrT1xYb-7uVn_0aMg", "0f6f6a0c-2f57-4f0e-9a57-51f7a3b1c001"
THREAD, OTHER = "7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77", "e0a8a9ff-4c55-4c8e-9f0e-6f4d1b0c2a10"
TIME, MOMENT = "2025-08-03T07:44:02.991200", "2025-08-03T07:44:02.991200+00:00"
NUMBERS = {
    **{name: place for place, name in enumerate(COUNTS)}, **{name: place + 0.5 for place, name in enumerate(RATES)},
    **{name: place + 20 for place, name in enumerate(POSITIONS)},
}  # fmt: skip
VALUE = {
    "user_id": USER, "thread_id": THREAD, "created_at": TIME, "posted_at": TIME,
    "content_type": "news", **NUMBERS, "tweet_metrics": [{"position": 1}],
    "peak_engagement_hour": 23, "peak_engagement_day": "Wednesday",
}  # fmt: skip


def row(value: object = VALUE, rest: str | bytes = f"{USER}:thread:{THREAD}", zone: str = "UTC") -> dict:
    key = b"analytics:" + (rest.encode() if isinstance(rest, str) else rest)
    pattern = PROFILE.classify(key)
    value = value if isinstance(value, bytes) else json.dumps(value).encode()
    made = pattern.convert(Entry(key, "string", None, value), pattern.suffix(key), Settings(zone))
    assert made.table == TABLE.name
    cells = dict(zip(names(TABLE.columns), made.cells, strict=True))
    return cells | {"preference": made.preference, "notes": list(made.notes)}


def of(user: str, thread: str) -> dict:
    return row({**VALUE, "user_id": user, "thread_id": thread}, f"{user}:thread:{thread}")


def test_a_record_of_the_application():
    made = row()
    assert made.pop("id")
    assert made.pop("preference")
    assert made == {
        "thread_id": THREAD, "user_id": uuid_of(USER), **NUMBERS, "content_type": "news", "posted_at": MOMENT,
        "peak_engagement_hour": 23, "peak_engagement_day": "Wednesday", "tweet_metrics": [{"position": 1}],
        "created_at": MOMENT, "updated_at": MOMENT, "named": f"{THREAD} of {USER}", "notes": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("in_value", "in_key", "user", "thread"),
    [
        ((USER, THREAD), (USER, THREAD), uuid_of(USER), THREAD),
        ((UUID, THREAD.upper()), (UUID.upper(), THREAD), UUID, THREAD),
        ((UUID.upper(), THREAD), (UUID, THREAD.upper()), UUID, THREAD),
        ((UUID.replace("-", ""), THREAD), (UUID.replace("-", ""), THREAD), uuid_of(UUID.replace("-", "")), THREAD),
    ],
)
def test_uuids_in_value_and_key_are_compared_in_any_case(in_value, in_key, user, thread):
    made = row({**VALUE, "user_id": in_value[0], "thread_id": in_value[1]}, ":thread:".join(in_key))
    assert (made["user_id"], made["thread_id"]) == (user, thread)


def test_a_row_is_its_thread():
    assert of(USER, THREAD)["id"] == of("user_x", THREAD.upper())["id"] != of(USER, OTHER)["id"]


@pytest.mark.parametrize(
    "user",
    [
        UUID,
        "user_x",
        USER,
    ],
)
def test_of_two_spellings_of_a_thread_the_lower_case_one_stays(user):
    assert of(user, THREAD)["preference"] < of(user, THREAD.upper())["preference"]


@pytest.mark.parametrize("name", COUNTS + POSITIONS)
@pytest.mark.parametrize(
    ("found", "number"),
    [(-7, -7), ("-7", -7), ("012", 12), (45.0, 45), (2**63 - 1, 2**63 - 1), (-(2**63), -(2**63))],
)
def test_whole_numbers_are_taken_as_they_are(name, found, number):
    assert row({**VALUE, name: found})[name] == number


@pytest.mark.parametrize("name", RATES)
@pytest.mark.parametrize(
    ("found", "number"),
    [(250.0, 250.0), (-3.5, -3.5), (45, 45.0), ("-7", -7.0), (1.7e308, 1.7e308), (2**64, 2.0**64), (5e-324, 5e-324)],
)
def test_rates_are_taken_as_they_are(name, found, number):
    made = row({**VALUE, name: found})[name]
    assert (made, type(made)) == (number, float)


@pytest.mark.parametrize("found", CONTENT_TYPES)
def test_a_known_type_of_content_stays(found):
    made = row({**VALUE, "content_type": found})
    assert (made["content_type"], made["notes"]) == (found, [])


@pytest.mark.parametrize("found", ["poetry", "News", "news ", ""])
def test_an_unknown_type_of_content_is_other(found):
    made = row({**VALUE, "content_type": found})
    assert (made["content_type"], made["notes"]) == ("other", ["replaced thread_analytics.content_type"])


DEFAULTS = {**dict.fromkeys(COUNTS, 0), **dict.fromkeys(RATES, 0.0), "content_type": "other", "tweet_metrics": []}
NULLABLE = (*POSITIONS, "posted_at", "peak_engagement_hour", "peak_engagement_day")


@pytest.mark.parametrize(("name", "default"), DEFAULTS.items())
@pytest.mark.parametrize("null", [True, False])
def test_a_field_without_value_takes_the_column_s_default_and_is_counted(name, default, null):
    value = {**VALUE, name: None}
    made = row(value if null else {field: found for field, found in value.items() if field != name})
    assert (made[name], made["notes"]) == (default, [f"defaulted thread_analytics.{name}"])


@pytest.mark.parametrize("name", NULLABLE)
@pytest.mark.parametrize("null", [True, False])
def test_a_nullable_field_stays_null(name, null):
    value = {**VALUE, name: None}
    made = row(value if null else {field: found for field, found in value.items() if field != name})
    assert (made[name], made["notes"]) == (None, [])


@pytest.mark.parametrize(
    ("found", "moment"),
    [
        ("2025-08-03 07:44:02", "2025-08-03T07:44:02.000000+00:00"),
        ("2025-08-03T07:44:02.5Z", "2025-08-03T07:44:02.500000+00:00"),
        ("2025-08-03T07:44:02.1234567+10:00", "2025-08-02T21:44:02.123456+00:00"),
        ("2025-08-03T07:44:02-0130", "2025-08-03T09:14:02.000000+00:00"),
    ],
)
@pytest.mark.parametrize("name", ["created_at", "posted_at"])
def test_times_are_utc_whatever_the_source_s_zone(name, found, moment):
    assert row({**VALUE, name: found}, zone="Europe/Berlin")[name] == moment


@pytest.mark.parametrize("hour", [0, 23, "0", 12.0])
def test_an_hour_of_the_day(hour):
    assert row({**VALUE, "peak_engagement_hour": hour})["peak_engagement_hour"] == int(hour)


@pytest.mark.parametrize(
    ("fields", "cells", "notes"),
    [
        ({"note": 1, "z" * 81: 2}, {}, ["ignored thread_analytics.note", "ignored thread_analytics." + "z" * 80]),
        ({"peak_engagement_day": "Fri\0"}, {"peak_engagement_day": "Fri"}, ["stripped U+0000"]),
        ({"tweet_metrics": ["\ud83c", "\ud83c\udf19"]}, {"tweet_metrics": ["\ufffd", "\U0001f319"]},
         ["replaced lone surrogates"]),
        ({"tweet_metrics": [{"a\0": "\udf19\0"}]}, {"tweet_metrics": [{"a": "\ufffd"}]},
         ["stripped U+0000", "replaced lone surrogates", "stripped U+0000"]),
        ({"peak_engagement_day": "d" * 2000}, {"peak_engagement_day": "d" * 2000}, []),
    ],
)  # fmt: skip
def test_what_is_done_to_a_value_is_noted(fields, cells, notes):
    made = row({**VALUE, **fields})
    assert ({name: made[name] for name in cells}, made["notes"]) == (cells, notes)


def test_what_no_column_takes_is_counted_as_ignored():
    of_the_thread = {"title": "t", "source_url": None, "tweet_count": 2, "total_character_count": 40}
    assert row({**VALUE, **of_the_thread})["notes"] == [f"ignored thread_analytics.{name}" for name in of_the_thread]


def test_a_user_id_may_be_long():
    assert of("u" * 1500, THREAD)["user_id"] == uuid_of("u" * 1500)


@pytest.mark.parametrize(
    ("found", "rate", "notes"),
    [(b'1, "engagement_rate": 2.5', 2.5, []), (b"0.1000000000000000000001", 0.1, ["rounded numbers"])],
)
def test_numbers_of_the_json(found, rate, notes):
    made = row(json.dumps({**VALUE, "engagement_rate": "@"}).encode().replace(b'"@"', found))
    assert (made["engagement_rate"], made["notes"]) == (rate, notes)


@pytest.mark.parametrize(
    ("fields", "found", "code"),
    [
        (COUNTS + POSITIONS, 2**63, "out_of_range"),
        (COUNTS + POSITIONS, str(-(2**63) - 1), "out_of_range"),
        (COUNTS + POSITIONS, 1.5, "wrong_field"),
        (COUNTS + POSITIONS, "12.0", "wrong_field"),
        (COUNTS + POSITIONS + RATES + ("peak_engagement_hour",), True, "wrong_field"),
        (COUNTS + POSITIONS + RATES + ("peak_engagement_hour",), "true", "wrong_field"),
        (COUNTS + POSITIONS + RATES, [], "wrong_field"),
        (RATES, "9" * 310, "out_of_range"),
        (RATES, "high", "wrong_field"),
        (RATES, "NaN", "wrong_field"),
        (("peak_engagement_hour",), 24, "out_of_range"),
        (("peak_engagement_hour",), -1, "out_of_range"),
        (("peak_engagement_hour",), "24", "out_of_range"),
        (("peak_engagement_hour",), 1.5, "wrong_field"),
        (("peak_engagement_day", "content_type"), 3, "wrong_field"),
        (("tweet_metrics",), {}, "wrong_field"),
        (("tweet_metrics",), "[]", "wrong_field"),
        (("created_at", "posted_at"), "soon", "bad_timestamp"),
        (("created_at", "posted_at"), "2025-02-29T00:00:00", "bad_timestamp"),
        (("created_at", "posted_at"), "2025-08-03T07:44:60", "bad_timestamp"),
        (("created_at", "posted_at"), "9999-12-31T23:59:59-00:01", "bad_timestamp"),
        (("created_at", "posted_at"), 1754207042, "wrong_field"),
        (("created_at", "user_id", "thread_id"), None, "missing_field"),
        (("user_id", "thread_id"), 5, "wrong_field"),
        (("user_id", "thread_id"), "", "identity_mismatch"),
        (("user_id", "thread_id"), OTHER, "identity_mismatch"),
        (("user_id",), USER.lower(), "identity_mismatch"),
        (("thread_id",), THREAD + " ", "identity_mismatch"),
    ],
)
def test_a_field_that_says_something_else_is_refused(fields, found, code):
    for name in fields:
        with pytest.raises(Refusal) as caught:
            row({**VALUE, name: found})
        assert caught.value.code == code


@pytest.mark.parametrize(
    "thread", ["not-a-uuid", THREAD.replace("-", ""), f"{{{THREAD}}}", f"urn:uuid:{THREAD}", THREAD + "\n", ""]
)
def test_a_thread_without_uuid_is_refused(thread):
    with pytest.raises(Refusal) as caught:
        of(USER, thread)
    assert caught.value.code == "bad_uuid"


@pytest.mark.parametrize(
    ("value", "rest", "code"),
    [
        (b"{", f"{USER}:thread:{THREAD}", "malformed_json"),
        (b'{"engagement_rate": NaN}', f"{USER}:thread:{THREAD}", "malformed_json"),
        (b'{"engagement_rate": 1e309}', f"{USER}:thread:{THREAD}", "malformed_json"),
        (b"\xef\xbb\xbf{}", f"{USER}:thread:{THREAD}", "malformed_json"),
        (b'{"title": "\xff"}', f"{USER}:thread:{THREAD}", "not_utf8"),
        (b"[]", f"{USER}:thread:{THREAD}", "wrong_shape"),
        (VALUE, f"{USER}\0:thread:{THREAD}", "malformed_key"),
        (VALUE, f"{USER}:thread:{THREAD}\0", "malformed_key"),
        (VALUE, b"\xff:thread:" + THREAD.encode(), "not_utf8"),
    ],
)
def test_what_is_no_record_is_refused(value, rest, code):
    with pytest.raises(Refusal) as caught:
        row(value, rest)
    assert caught.value.code == code
