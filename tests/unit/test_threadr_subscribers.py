"""Subscribers: records, and the members of the set of their addresses."""

import pytest
from ansible.module_utils.pgops.profile import Refusal, Settings, names
from ansible.module_utils.pgops.threadr.subscribers import TABLE, convert, convert_member

from converting import Conversion

VALUE = {"email": "reader@example.org", "subscribed_at": "2025-08-01T20:03:55.310977"}
MADE = Conversion(TABLE, convert, VALUE, "reader@example.org")
converted, row = MADE.converted, MADE.row


@pytest.mark.parametrize(
    ("fields", "cells"),
    [
        ({}, {"email": "reader@example.org", "subscribed_at": "2025-08-01T20:03:55.310977+00:00", "user_id": None}),
        ({}, {"client_ip": None, "client_ip_raw": None, "user_agent": None, "referrer": None, "source": None, "metadata": {}}),
        ({"zone": "Europe/Berlin"}, {"subscribed_at": "2025-08-01T18:03:55.310977+00:00"}),
        ({"zone": "Europe/Berlin", "subscribed_at": "2025-08-01T20:03:55Z"}, {"subscribed_at": "2025-08-01T20:03:55.000000+00:00"}),
        ({"subscribed_at": None}, {"subscribed_at": None}),
        ({"suffix": "Reader@Example.ORG", "email": "READER@example.org"}, {"email": "reader@example.org"}),
        ({"client_ip": "203.0.113.77"}, {"client_ip": "203.0.113.77", "client_ip_raw": None}),
        ({"client_ip": "198.51.100.9:4711"}, {"client_ip": "198.51.100.9", "client_ip_raw": "198.51.100.9:4711"}),
        ({"client_ip": "unknown"}, {"client_ip": None, "client_ip_raw": "unknown"}),
        ({"user_agent": "", "referrer": ""}, {"user_agent": "", "referrer": ""}),
        ({"source": "dual_write", "user_id": "x"}, {"source": "dual_write", "metadata": {"redis_extra": {"user_id": "x"}}}),
    ],
)  # fmt: skip
def test_cells(fields, cells):
    made = row(**fields)
    assert {name: made[name] for name in cells} == cells


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"email": None}, "missing_field"),
        ({"email": "reader"}, "bad_email"),
        ({"email": "other@example.org"}, "identity_mismatch"),
        ({"suffix": "no address"}, "bad_email"),
        ({"subscribed_at": "once"}, "bad_timestamp"),
        ({"user_agent": 7}, "wrong_field"),
    ],
)
def test_refusals(fields, code):
    with pytest.raises(Refusal) as refusal:
        converted(**fields)
    assert refusal.value.code == code


def test_a_member_of_the_set_makes_a_row_and_never_changes_one():
    made = convert_member("", b" Reader@Example.org", Settings())
    assert dict(zip(names(TABLE.columns), made.cells, strict=True))["email"] == "reader@example.org"
    assert made.insert_only is True


@pytest.mark.parametrize(
    ("member", "code"), [(b"reader", "bad_email"), (b"a\0@x", "bad_email"), (b"\xff@x", "not_utf8")]
)
def test_members_that_are_no_address(member, code):
    with pytest.raises(Refusal) as refusal:
        convert_member("", member, Settings())
    assert refusal.value.code == code


def test_a_record_is_preferred_to_a_bare_address_and_one_with_a_time_to_one_without():
    timed, untimed, bare = (
        converted(),
        converted(subscribed_at=None),
        convert_member("", b"reader@example.org", Settings()),
    )
    assert timed.preference < untimed.preference < bare.preference
