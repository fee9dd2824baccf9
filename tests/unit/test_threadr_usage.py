"""Usage counters: subject and period by the key, the count by the value."""

import pytest
from ansible.module_utils.pgops.profile import Entry, Refusal, Settings, names
from ansible.module_utils.pgops.threadr.profile import PROFILE
from ansible.module_utils.pgops.threadr.usage import TABLE
from ansible.module_utils.pgops.threadr.users import uuid_of


def row(rest: str, value: bytes = b"5"):
    key = f"threadr:usage:{rest}".encode()
    pattern = PROFILE.classify(key)
    made = pattern.convert(Entry(key, "string", None, value), pattern.suffix(key), Settings())
    return dict(zip(names(TABLE.columns), made.cells, strict=True)) | {"preference": made.preference}


@pytest.mark.parametrize(
    ("rest", "subject", "period"),
    [
        ("ip:198.51.100.9:daily:2025-08-04", {"ip_address": "198.51.100.9"}, ("day", "2025-08-04")),
        ("ip:[2001:DB8::7]:443:monthly:2025-08", {"ip_address": "2001:db8::7"}, ("month", "2025-08-01")),
        ("ip:0.0.0.0:daily:2025-08-04", {"ip_address": "0.0.0.0"}, ("day", "2025-08-04")),
        ("ip::daily:2025-08-04", {"subject_raw": ""}, ("day", "2025-08-04")),
        ("ip:unknown:monthly:2024-02", {"subject_raw": "unknown"}, ("month", "2024-02-01")),
        ("email: A@Example.com:daily:2024-02-29", {"email": "a@example.com"}, ("day", "2024-02-29")),
        ("user:user_x:daily:2025-08-04", {"claimed": uuid_of("user_x"), "claimant": "user_x"}, ("day", "2025-08-04")),
    ],
)
def test_subject_and_period(rest, subject, period):
    made = row(rest)
    columns = ("user_id", "ip_address", "email", "subject_raw", "claimed", "claimant")
    assert {name: made[name] for name in columns} == {**dict.fromkeys(columns), **subject}
    assert (made["period_type"], made["period_start"], made["count"]) == (*period, 5)


@pytest.mark.parametrize(
    "rests",
    [
        ("ip:2001:db8::7:daily:2025-08-04", "ip:2001:DB8:0::7:daily:2025-08-04", "ip:[2001:db8::7]:1:daily:2025-08-04"),
        ("email:a@x:monthly:2025-08", "email:A@x :monthly:2025-08"),
    ],
)
def test_spellings_of_one_subject_are_one_row(rests):
    rows = [row(rest) for rest in rests]
    assert len({made["id"] for made in rows}) == 1
    assert rows[0]["preference"] < min(made["preference"] for made in rows[1:])


def test_subjects_and_periods_are_never_mixed():
    rests = ("ip:x", "ip:y", "email:x@y", "user:x", "user:x@y", "ip:x@y")
    periods = ("daily:2025-08-01", "daily:2025-08-02", "monthly:2025-08")
    assert len({row(f"{rest}:{period}")["id"] for rest in rests for period in periods}) == len(rests) * len(periods)


@pytest.mark.parametrize(
    ("rest", "value", "code"),
    [
        ("ip:x:daily:2025-02-30", b"5", "malformed_key"),
        ("ip:x:monthly:2025-13", b"5", "malformed_key"),
        ("ip:x:monthly:0000-01", b"5", "malformed_key"),
        ("ip:x\0:daily:2025-08-04", b"5", "malformed_key"),
        ("ip:" + "x" * 1001 + ":daily:2025-08-04", b"5", "out_of_range"),
        ("email:nobody:daily:2025-08-04", b"5", "bad_email"),
        ("ip:x:weekly:2025-W31", b"5", "malformed_key"),
        ("ip:x:daily:2025-08-04", b"", "wrong_field"),
        ("ip:x:daily:2025-08-04", b"1.0", "wrong_field"),
        ("ip:x:daily:2025-08-04", b"-1", "negative"),
        ("ip:x:daily:2025-08-04", b"9223372036854775808", "out_of_range"),
        ("ip:x:daily:2025-08-04", b"\xff", "not_utf8"),
    ],
)
def test_what_counts_nothing_is_refused(rest, value, code):
    with pytest.raises(Refusal) as caught:
        row(rest, value)
    assert caught.value.code == code
