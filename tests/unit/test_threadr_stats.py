"""A user's thread statistics, and the totals of the whole application."""

import json

import pytest
from ansible.module_utils.pgops.profile import Entry, Refusal, Settings, names
from ansible.module_utils.pgops.threadr.profile import PROFILE
from ansible.module_utils.pgops.threadr.stats import COUNTERS, TABLE, TOTALS
from ansible.module_utils.pgops.threadr.users import uuid_of

USER = "user_k3Qw9ZrT1xYb-7uVn_0aMg"
UUID = "7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77"
VALUE = {"created": 12, "viewed": 40, "updated": 3, "deleted": 1, "copied": 9}
BIGGEST = 2**63 - 1


def stats(value: object, user: str | bytes = USER) -> dict:
    key = b"threadr:thread_stats:" + (user.encode() if isinstance(user, str) else user)
    pattern = PROFILE.classify(key)
    value = value if isinstance(value, bytes) else json.dumps(value).encode()
    made = pattern.convert(Entry(key, "string", None, value), pattern.suffix(key), Settings())
    assert made.table == TABLE.name
    cells = dict(zip(names(TABLE.columns), made.cells, strict=True))
    return cells | {"preference": made.preference, "notes": made.notes}


def total(name: bytes, value: bytes = b"5") -> dict:
    key = b"threadr:usage:stats"
    pattern = PROFILE.classify(key)
    made = pattern.member(pattern.context(key), (name, value), Settings())
    assert made.table == TOTALS.name
    return dict(zip(names(TOTALS.columns), made.cells, strict=True)) | {"preference": made.preference}


@pytest.mark.parametrize(
    ("user", "uuid"), [(USER, uuid_of(USER)), (UUID.upper(), UUID), (UUID.replace("-", ""), uuid_of(UUID.replace("-", "")))]
)  # fmt: skip
def test_five_counters_of_a_user(user, uuid):
    made = stats(VALUE, user)
    assert {name: made[name] for name in COUNTERS} == VALUE
    assert (made["user_id"], made["owner"], made["as_of"], made["notes"]) == (uuid, user, None, ())


def test_of_two_spellings_of_a_user_the_lower_case_one_stays():
    lower, upper = stats(VALUE, UUID), stats(VALUE, UUID.upper())
    assert lower["user_id"] == upper["user_id"] != stats(VALUE)["user_id"]
    assert lower["preference"] < upper["preference"]


@pytest.mark.parametrize(
    ("found", "count"),
    [(0, 0), (BIGGEST, BIGGEST), (7.0, 7), (1e3, 1000), ("12", 12), ("007", 7), ("-0", 0), (str(BIGGEST), BIGGEST)],
)
def test_what_counts(found, count):
    assert stats({**VALUE, "viewed": found})["viewed"] == count


@pytest.mark.parametrize(
    ("value", "viewed", "notes"),
    [
        ({}, 0, [f"defaulted user_thread_stats.{name}" for name in COUNTERS]),
        ({**VALUE, "viewed": None}, 0, ["defaulted user_thread_stats.viewed"]),
        ({**VALUE, "as_of": "2025-08-04"}, 40, ["ignored user_thread_stats.as_of"]),
        ({**VALUE, "x" * 81: None}, 40, ["ignored user_thread_stats." + "x" * 80]),
        ({**VALUE, "viewed": "4\0"}, 4, ["stripped U+0000"]),
        ({**VALUE, "\ud800": 1}, 40, ["replaced lone surrogates", "ignored user_thread_stats.\ufffd"]),
        ({**VALUE, "\U0001f319": 1}, 40, ["ignored user_thread_stats.\U0001f319"]),
        (json.dumps(VALUE).encode().replace(b"40", b'1, "viewed": 2'), 2, []),
        (json.dumps(VALUE).encode().replace(b"40", b"2.00000000000000000001"), 2, ["rounded numbers"]),
    ],
)
def test_what_is_done_to_a_value_is_noted(value, viewed, notes):
    made = stats(value)
    assert (made["viewed"], list(made["notes"])) == (viewed, notes)


@pytest.mark.parametrize(
    ("found", "code"),
    [
        (-1, "negative"),
        ("-1", "negative"),
        (2**63, "out_of_range"),
        (str(2**63), "out_of_range"),
        (1e19, "out_of_range"),
        (-(2**63) - 1, "out_of_range"),
        (1.5, "wrong_field"),
        ("1.0", "wrong_field"),
        ("+1", "wrong_field"),
        (" 1", "wrong_field"),
        ("1\n", "wrong_field"),
        ("", "wrong_field"),
        ("\u0665", "wrong_field"),
        (True, "wrong_field"),
        ("true", "wrong_field"),
        ([1], "wrong_field"),
        ({}, "wrong_field"),
    ],
)
@pytest.mark.parametrize("name", COUNTERS)
def test_what_is_no_count_is_refused(name, found, code):
    with pytest.raises(Refusal) as caught:
        stats({**VALUE, name: found})
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("value", "user", "code"),
    [
        (b"", USER, "malformed_json"),
        (b"{", USER, "malformed_json"),
        (b'{"viewed": NaN}', USER, "malformed_json"),
        (b'{"viewed": -Infinity}', USER, "malformed_json"),
        (b'{"note": 1e309}', USER, "malformed_json"),
        (b'{"note": 1' + b"0" * 309 + b"}", USER, "malformed_json"),
        (b"\xef\xbb\xbf{}", USER, "malformed_json"),
        (b'{"note": "\0"}', USER, "malformed_json"),
        (b'{"note": "\xff"}', USER, "not_utf8"),
        (b"[]", USER, "wrong_shape"),
        (b"null", USER, "wrong_shape"),
        (b"5", USER, "wrong_shape"),
        (VALUE, b"user_\xff", "not_utf8"),
        (VALUE, "user_\0", "malformed_key"),
        (VALUE, "\u00e9" * 501, "out_of_range"),
    ],
)
def test_what_is_no_statistics_is_refused(value, user, code):
    with pytest.raises(Refusal) as caught:
        stats(value, user)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("name", "metric", "period"),
    [
        ("total_threads", "threads", ("total", "1970-01-01")),
        ("total_premium_grants", "premium_grants", ("total", "1970-01-01")),
        ("total_", "total_", ("total", "1970-01-01")),
        ("_2025-08", "_2025-08", ("total", "1970-01-01")),
        ("threads_2025-08-04", "threads", ("day", "2025-08-04")),
        ("threads_2024-02-29", "threads", ("day", "2024-02-29")),
        ("premium_grants_2025-08", "premium_grants", ("month", "2025-08-01")),
        ("threads_0001-01", "threads", ("month", "0001-01-01")),
        ("threads_9999-12-31", "threads", ("day", "9999-12-31")),
        ("\u5e74_2025-08", "\u5e74", ("month", "2025-08-01")),
        ("a\nb_2025-08", "a\nb", ("month", "2025-08-01")),
        ("other", "other", ("total", "1970-01-01")),
        ("Total_threads", "Total_threads", ("total", "1970-01-01")),
        ("threads_2025-8-4", "threads_2025-8-4", ("total", "1970-01-01")),
        ("threads_2025-08-04\n", "threads_2025-08-04\n", ("total", "1970-01-01")),
        ("threads_2025-08-04x", "threads_2025-08-04x", ("total", "1970-01-01")),
        ("threads_\u0662\u0660\u0662\u0665-08", "threads_\u0662\u0660\u0662\u0665-08", ("total", "1970-01-01")),
        ("2025-08-04", "2025-08-04", ("total", "1970-01-01")),
        ("x" * 1000, "x" * 1000, ("total", "1970-01-01")),
    ],
)
def test_a_total_is_called_by_its_field(name, metric, period):
    made = total(name.encode())
    assert (made["metric"], made["period_type"], made["period_start"], made["value"]) == (metric, *period, 5)


def test_a_total_under_two_names_is_one_row_and_the_application_s_own_name_stays():
    own, other = total(b"total_threads"), total(b"threads")
    assert own["id"] == other["id"]
    assert own["preference"] < other["preference"]


def test_metrics_and_periods_are_never_mixed():
    fields = (b"total_threads", b"threads_2025-08-01", b"threads_2025-08", b"threads_2025-09", b"threads_1970-01-01",
              b"threads_1970-01", b"total_grants", b"grants_2025-08")  # fmt: skip
    assert len({total(field)["id"] for field in fields}) == len(fields)
    assert total(b"total_threads", b"1")["id"] == total(b"total_threads", b"2")["id"]


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        (b"threads_2025-02-29", b"5", "malformed_key"),
        (b"threads_2025-13", b"5", "malformed_key"),
        (b"threads_2025-00-01", b"5", "malformed_key"),
        (b"threads_0000-01", b"5", "malformed_key"),
        (b"total_\0", b"5", "malformed_key"),
        (b"total_\xff", b"5", "not_utf8"),
        (b"x" * 1001, b"5", "out_of_range"),
        (b"total_threads", b"\xff", "not_utf8"),
        (b"total_threads", b"-1", "negative"),
        (b"total_threads", b"9223372036854775808", "out_of_range"),
        (b"total_threads", b"9" * 5000, "out_of_range"),
        (b"total_threads", b"", "wrong_field"),
        (b"total_threads", b"abc", "wrong_field"),
        (b"total_threads", b"1.0", "wrong_field"),
        (b"total_threads", b"5\n", "wrong_field"),
        (b"total_threads", "\u0665".encode(), "wrong_field"),
    ],
)
def test_what_is_no_total_is_refused(name, value, code):
    with pytest.raises(Refusal) as caught:
        total(name, value)
    assert caught.value.code == code


def test_the_largest_total_fits():
    assert total(b"total_threads", b"9223372036854775807")["value"] == BIGGEST
