"""Members of a user's series: the key says what is measured, the member when and how much."""

import json

import pytest
from ansible.module_utils.pgops.profile import Refusal, Settings, names
from ansible.module_utils.pgops.threadr.profile import PROFILE
from ansible.module_utils.pgops.threadr.series import TABLE
from ansible.module_utils.pgops.threadr.users import uuid_of

USER, UUID = "user_k3Qw9ZrT1xYb-7uVn_0aMg", "0f6f6a0c-2f57-4f0e-9a57-51f7a3b1c001"
VALUE = {"timestamp": "2025-08-03T07:44:02.991200", "value": 412.0, "period": "day"}
SCORE, MOMENT = b"1754207042.9912", "2025-08-03T07:44:02.991200+00:00"
DAY = f"{USER}:timeseries:impressions:day"


def row(value: object = VALUE, rest: str | bytes = DAY, score: bytes = SCORE, zone: str = "UTC") -> dict:
    key = b"analytics:" + (rest.encode() if isinstance(rest, str) else rest)
    pattern = PROFILE.classify(key)
    value = value if isinstance(value, bytes) else json.dumps(value).encode()
    made = pattern.member(pattern.context(key), (value, score), Settings(zone))
    assert made.table == TABLE.name
    return dict(zip(names(TABLE.columns), made.cells, strict=True)) | {"notes": list(made.notes)}


def test_a_member_of_the_application():
    made = row()
    assert made.pop("id")
    assert made == {
        "user_id": uuid_of(USER), "thread_id": None, "metric_name": "impressions", "metric_value": 412.0,
        "bucket_at": MOMENT, "period_type": "day", "metadata": {}, "owner": USER, "notes": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("found", "period"),
    [
        ("hour", "hour"),
        ("day", "day"),
        ("week", "week"),
        ("month", "month"),
        ("DAY", "day"),
        ("Week", "week"),
        ("MetricPeriod.HOUR", "hour"),
        ("MetricPeriod.DAY", "day"),
        ("MetricPeriod.week", "week"),
        ("METRICPERIOD.Month", "month"),
        ("metricperiod.day", "day"),
    ],
)
def test_a_period_has_two_spellings_in_any_case(found, period):
    made = row(rest=f"{USER}:timeseries:impressions:{found}")
    assert made["period_type"] == period
    assert made["id"] == row(rest=f"{USER}:timeseries:impressions:{period}")["id"]


@pytest.mark.parametrize(
    "found",
    ["all_time", "year", "wee\u212a", "METR\u0130CPERIOD.day", "MetricPeriod.YEAR", "MetricPeriod.MetricPeriod.DAY", "MetricPeriod.", "MetricPeriodDAY",
     "Period.DAY", "day ", " day", "day\n", "days", ""],
)  # fmt: skip
def test_another_period_is_refused_with_the_whole_key(found):
    key = f"analytics:{USER}:timeseries:impressions:{found}".encode()
    with pytest.raises(Refusal) as caught:
        PROFILE.classify(key).context(key)
    assert caught.value.code == "bad_enumeration"


@pytest.mark.parametrize(
    ("found", "metadata"),
    [
        ("day", {}),
        ("MetricPeriod.DAY", {}),
        *((other, {"redis_extra": {"period": other}}) for other in ("week", "da", None, 1)),
    ],
)
def test_a_period_that_the_key_does_not_say_is_kept(found, metadata):
    assert row({**VALUE, "period": found})["metadata"] == metadata


@pytest.mark.parametrize(
    ("rest", "user", "metric"),
    [
        ("user_x:timeseries:engagement_rate:day", uuid_of("user_x"), "engagement_rate"),
        (f"{UUID.upper()}:timeseries:impressions:day", UUID, "impressions"),
        ("user_x:timeseries:a:b:day", uuid_of("user_x"), "a:b"),
        ("user_x:timeseries:Impressions :day", uuid_of("user_x"), "Impressions "),
        ("user_x:timeseries::timeseries:x:day", uuid_of("user_x"), ":timeseries:x"),
    ],
)
def test_whose_and_which_by_the_key(rest, user, metric):
    made = row(rest=rest)
    assert (made["user_id"], made["metric_name"]) == (user, metric)


@pytest.mark.parametrize(
    ("found", "number"),
    [(0, 0.0), (-3.5, -3.5), (250, 250.0), ("12", 12.0), ("-12", -12.0), (2**64, 2.0**64), (1.7e308, 1.7e308)],
)
def test_values_are_taken_as_they_are(found, number):
    made = row({**VALUE, "value": found})["metric_value"]
    assert (made, type(made)) == (number, float)


@pytest.mark.parametrize(
    ("found", "moment"),
    [
        ("2025-08-03T07:44:02.991200", MOMENT),
        ("2025-08-03 07:44:02", "2025-08-03T07:44:02.000000+00:00"),
        ("2025-08-03T07:44:02Z", "2025-08-03T07:44:02.000000+00:00"),
        ("2025-08-03T07:44:02.1234567+10:00", "2025-08-02T21:44:02.123456+00:00"),
        ("2025-08-03T07:44:02-0130", "2025-08-03T09:14:02.000000+00:00"),
    ],
)
def test_the_time_is_the_member_s_whatever_score_and_zone(found, moment):
    assert row({**VALUE, "timestamp": found}, score=b"nan", zone="Europe/Berlin")["bucket_at"] == moment


@pytest.mark.parametrize(
    ("score", "moment"),
    [
        (SCORE, MOMENT),
        (b"1754207042.9912000656", MOMENT),
        (b"1.7542070429912e+9", MOMENT),
        (b"1754207042", "2025-08-03T07:44:02.000000+00:00"),
        (b"1754207042.9999996", "2025-08-03T07:44:03.000000+00:00"),
        (b"0", "1970-01-01T00:00:00.000000+00:00"),
        (b"-1.5", "1969-12-31T23:59:58.500000+00:00"),
        (b"-62135596800", "0001-01-01T00:00:00.000000+00:00"),
        (b"253402300799", "9999-12-31T23:59:59.000000+00:00"),
    ],
)
@pytest.mark.parametrize("value", [{"value": 7}, {"value": 7, "timestamp": None}])
def test_without_a_time_the_score_is_one(value, score, moment):
    assert row(value, score=score, zone="Europe/Berlin")["bucket_at"] == moment


def test_a_point_is_user_metric_period_and_time():
    rests = [f"{user}:timeseries:{metric}:{period}" for user in ("x", "y") for metric in ("a", "b")
             for period in ("hour", "day", "week", "month")]  # fmt: skip
    times = ["2025-08-03T07:44:02", "2025-08-03T07:44:02.000001"]
    points = {row({**VALUE, "timestamp": time}, rest)["id"] for time in times for rest in rests}
    assert len(points) == len(rests) * len(times)


@pytest.mark.parametrize(
    ("value", "rest", "score"),
    [
        ({**VALUE, "value": 500}, DAY, SCORE),
        ({"value": 7}, DAY, SCORE),
        (VALUE, DAY, b"1"),
        ({**VALUE, "timestamp": "2025-08-03T09:44:02.9912+02:00"}, DAY, SCORE),
        ({**VALUE, "note": 1}, DAY.replace("day", "MetricPeriod.DAY"), SCORE),
    ],
)
def test_two_members_at_one_time_are_one_point(value, rest, score):
    assert row(value, rest, score)["id"] == row()["id"]


def test_spellings_of_one_user_are_one_series():
    lower, upper = (row(rest=f"{user}:timeseries:x:day") for user in (UUID, UUID.upper()))
    assert lower["id"] == upper["id"]


@pytest.mark.parametrize(
    ("fields", "metadata", "notes"),
    [
        ({"note": [1, None]}, {"redis_extra": {"note": [1, None]}}, []),
        ({"thread_id": "x"}, {"redis_extra": {"thread_id": "x"}}, []),
        ({"note": "a\0b"}, {"redis_extra": {"note": "ab"}}, ["stripped U+0000"]),
        ({"note": "\udf19\ud83c"}, {"redis_extra": {"note": "\ufffd\ufffd"}}, ["replaced lone surrogates"]),
        ({"note": "\ud83c\udf19"}, {"redis_extra": {"note": "\U0001f319"}}, []),
    ],
)
def test_what_no_column_takes_is_kept(fields, metadata, notes):
    made = row({**VALUE, **fields})
    assert (made["metadata"], made["notes"]) == (metadata, notes)


@pytest.mark.parametrize(
    ("raw", "number", "notes"),
    [
        (b'{"value": 1, "value": 2}', 2.0, []),
        (b'{"value": null, "value": 2}', 2.0, []),
        (b'{"value": 0.1000000000000000000001}', 0.1, ["rounded numbers"]),
        (b'{"value": "1\\u0000"}', 1.0, ["stripped U+0000"]),
    ],
)
def test_numbers_of_the_json(raw, number, notes):
    made = row(raw)
    assert (made["metric_value"], made["notes"]) == (number, notes)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ({**VALUE, "value": None}, "missing_field"),
        ({"timestamp": VALUE["timestamp"]}, "missing_field"),
        (b'{"value": 2, "value": null}', "missing_field"),
        ({**VALUE, "value": True}, "wrong_field"),
        ({**VALUE, "value": "12.5"}, "wrong_field"),
        ({**VALUE, "value": "x"}, "wrong_field"),
        ({**VALUE, "value": [1]}, "wrong_field"),
        ({**VALUE, "value": "9" * 310}, "out_of_range"),
        ({**VALUE, "timestamp": ""}, "bad_timestamp"),
        ({**VALUE, "timestamp": "2025-02-29T00:00:00"}, "bad_timestamp"),
        ({**VALUE, "timestamp": "2025-08-03T07:44:60"}, "bad_timestamp"),
        ({**VALUE, "timestamp": 1754207042.5}, "wrong_field"),
        (b'{"value": NaN}', "malformed_json"),
        (b'{"value": -Infinity}', "malformed_json"),
        (b'{"value": 1e309}', "malformed_json"),
        (b'{"value": 1' + b"0" * 309 + b"}", "malformed_json"),
        (b'\xef\xbb\xbf{"value": 1}', "malformed_json"),
        (b"", "malformed_json"),
        (b'{"value": 1, "note": "\xff"}', "not_utf8"),
        (b"[1]", "wrong_shape"),
        (b"412.0", "wrong_shape"),
    ],
)
def test_what_is_no_point_is_refused(value, code):
    with pytest.raises(Refusal) as caught:
        row(value)
    assert caught.value.code == code


@pytest.mark.parametrize(
    "score", [b"nan", b"inf", b"-inf", b"1e308", b"253402300800", b"-62135596800.000001", b"", b"x", b"\xff"]
)
def test_a_score_that_is_no_time_is_refused_where_it_is_needed(score):
    with pytest.raises(Refusal) as caught:
        row({"value": 7}, score=score)
    assert caught.value.code == "bad_timestamp"


@pytest.mark.parametrize(
    ("rest", "code"),
    [
        (b"\xff:timeseries:x:day", "not_utf8"),
        (b"user_\0:timeseries:x:day", "malformed_key"),
        (b"user_x:timeseries:\0:day", "malformed_key"),
        (b"user_x:timeseries:day", "malformed_key"),
        (b"user_x:timeseries::day", "malformed_key"),
        (b"user_x:timeseries:" + b"x" * 1001 + b":day", "out_of_range"),
    ],
)
def test_a_key_that_names_no_series_is_refused(rest, code):
    key = b"analytics:" + rest
    pattern = PROFILE.classify(key)
    with pytest.raises(Refusal) as caught:
        pattern.context(key)
    assert caught.value.code == code
