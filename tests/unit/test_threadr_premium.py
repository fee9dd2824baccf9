"""Premium grants: whom they are for, and which keys hold one and the same."""

import json

import pytest
from ansible.module_utils.pgops.profile import Entry, Refusal, Settings, names
from ansible.module_utils.pgops.threadr.premium import TABLE, by_email, by_ip

TIMES = {"granted_at": "2025-08-02T11:00:00", "expires_at": "2025-09-01T11:00:00"}


def row(make, suffix, zone="UTC", **fields):
    entry = Entry(b"k", "string", None, json.dumps({**TIMES, **fields}).encode())
    made = make(entry, suffix, Settings(zone))
    return dict(zip(names(TABLE.columns), made.cells, strict=True)) | {"preference": made.preference}


@pytest.mark.parametrize(
    ("make", "suffix", "fields", "email", "address", "raw", "metadata"),
    [
        (by_ip, "192.0.2.1", {}, None, "192.0.2.1", None, {}),
        (by_ip, "192.0.2.1", {"client_ip": None, "email": None}, None, "192.0.2.1", None, {}),
        (by_ip, "2001:DB8:0::7", {}, None, "2001:db8::7", None, {"client_ip": "2001:DB8:0::7"}),
        (by_ip, "192.0.2.1:80", {"email": "A@x"}, "a@x", "192.0.2.1", None, {"client_ip": "192.0.2.1:80", "email": "A@x"}),
        (by_ip, "None", {"client_ip": "192.0.2.2"}, None, "192.0.2.2", None, {}),
        (by_ip, "0.0.0.0", {"email": "a@x"}, "a@x", None, None, {}),
        (by_ip, "127.0.0.1:80", {"email": "a@x"}, "a@x", None, None, {}),
        (by_ip, "junk", {"client_ip": "junk"}, None, None, "junk", {}),
        (by_ip, "junk", {"email": "Bob"}, None, None, "Bob", {"client_ip": "junk"}),
        (by_email, "A@x", {}, "a@x", None, None, {"email": "A@x"}),
        (by_email, "A@x", {"email": "b@x", "client_ip": "192.0.2.1"}, "b@x", "192.0.2.1", None, {}),
        (by_email, "A:b@x", {"note": 1}, "a:b@x", None, None, {"email": "A:b@x", "redis_extra": {"note": 1}}),
    ],
)  # fmt: skip
def test_whom_a_grant_is_for(make, suffix, fields, email, address, raw, metadata):
    made = row(make, suffix, **fields)
    assert (made["email"], made["ip_address"], made["subject_raw"]) == (email, address, raw)
    assert made["metadata"] == metadata


def test_both_keys_of_a_grant_are_one_row_and_the_one_with_an_address_stays():
    value = {"client_ip": "192.0.2.1", "email": "A@x"}
    ip, email = row(by_ip, "192.0.2.1", **value), row(by_email, "A@x", **value)
    assert ip["id"] == email["id"]
    assert ip["preference"] < email["preference"] < row(by_ip, "None", email="A@x")["preference"]


def test_a_grant_is_the_same_one_in_another_zone():
    here, there = (row(by_ip, "192.0.2.1", zone=zone) for zone in ("UTC", "Europe/Berlin"))
    assert (here["id"], here["granted_at"] == there["granted_at"]) == (there["id"], False)


def test_a_key_without_the_address_is_absorbed_by_the_one_that_has_it():
    ip, email = row(by_ip, "192.0.2.1", email="a@x"), row(by_email, "a@x")
    assert ip["id"] != email["id"]
    assert ip["granted_to"] == email["granted_to"]
    assert row(by_ip, "192.0.2.1")["granted_to"] is None


def test_times_are_those_of_the_source_and_payment_has_columns():
    made = row(
        by_ip, "192.0.2.1", "Europe/Berlin", payment_info={"amount": "499", "currency": "usd", "payment_reference": "r"}
    )
    assert made["granted_at"] == "2025-08-02T09:00:00.000000+00:00"
    assert (made["amount_cents"], made["currency"], made["payment_reference"]) == (499, "USD", "r")
    assert made["payment_info"] == {"amount": "499", "currency": "usd", "payment_reference": "r"}


@pytest.mark.parametrize(
    ("make", "suffix", "fields", "code"),
    [
        (by_ip, "unknown", {}, "missing_field"),
        (by_ip, "", {"email": ""}, "missing_field"),
        (by_ip, "a\0b", {}, "malformed_key"),
        (by_email, "x" * 1001, {}, "out_of_range"),
        (by_ip, "192.0.2.1", {"expires_at": "2025-08-02T10:59:59"}, "bad_timestamp"),
        (by_ip, "192.0.2.1", {"granted_at": None}, "missing_field"),
        (by_ip, "192.0.2.1", {"duration_days": -1}, "negative"),
        (by_ip, "192.0.2.1", {"email": 5}, "wrong_field"),
        (by_ip, "192.0.2.1", {"payment_info": {"currency": "euro"}}, "wrong_field"),
        (by_ip, "192.0.2.1", {"payment_info": {"amount": -1}}, "negative"),
    ],
)
def test_what_is_no_grant_is_refused(make, suffix, fields, code):
    with pytest.raises(Refusal) as caught:
        row(make, suffix, **fields)
    assert caught.value.code == code
