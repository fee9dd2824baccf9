"""Subscriptions: whose they are, what they cost, and which of two stays."""

import json

import pytest
from ansible.module_utils.pgops.profile import Entry, Refusal, Settings, names
from ansible.module_utils.pgops.threadr.subscriptions import TABLE, convert
from ansible.module_utils.pgops.threadr.users import uuid_of

VALUE = {
    "status": "active", "current_period_start": "2025-08-05 10:00:00", "current_period_end": "2025-09-05 10:00:00"
}  # fmt: skip


def row(suffix="user_x", **fields):
    made = convert(Entry(b"k", "string", None, json.dumps({**VALUE, **fields}).encode()), suffix, Settings())
    return dict(zip(names(TABLE.columns), made.cells, strict=True)) | {"preference": made.preference}


@pytest.mark.parametrize(
    ("fields", "cells"),
    [
        ({}, {"plan_name": "unknown", "billing_cycle": "monthly", "amount_cents": 0, "cancel_at_period_end": False}),
        ({"status": "cancelled"}, {"status": "canceled"}),
        ({"is_annual": True, "monthly_price": 1, "annual_price": 10}, {"billing_cycle": "yearly", "amount_cents": 10}),
        ({"is_annual": None, "monthly_price": "1"}, {"billing_cycle": "monthly", "amount_cents": 1}),
        ({"subscription_id": "sub_1"}, {"stripe_subscription_id": "sub_1", "metadata": {"key_suffix": "user_x"}}),
        ({"subscription_id": "dual_1"}, {"stripe_subscription_id": None,
                                         "metadata": {"key_suffix": "user_x", "subscription_id": "dual_1"}}),
        ({"tier_level": 2}, {"metadata": {"tier_level": 2, "key_suffix": "user_x"}}),
        ({}, {"premium_expires_at": "2025-09-05T10:00:00.000000+00:00"}),
    ],
)  # fmt: skip
def test_cells(fields, cells):
    made = row(**fields)
    assert {name: made[name] for name in cells} == cells


@pytest.mark.parametrize(
    ("suffix", "mail"), [("A@Example.com", "a@example.com"), ("user_x", None), ("None", None), ("", None)]
)
def test_an_owner_is_looked_for_by_id_and_by_address(suffix, mail):
    made = row(suffix)
    assert (made["claimed"], made["mail"], made["named"]) == (uuid_of(suffix), mail, suffix)


def test_of_two_keys_with_one_subscription_the_later_period_stays():
    one = {"subscription_id": "sub_1"}
    later_end = row("z", **one, current_period_end="2025-09-05 10:00:00.000001")
    later_start = row("y", **one, current_period_start="2025-08-05 10:00:01")
    smaller, larger = row("a", **one), row("b", **one)
    assert len({made["id"] for made in (later_end, later_start, smaller, larger)}) == 1
    preferences = [made["preference"] for made in (later_end, later_start, smaller, larger)]
    assert preferences == sorted(preferences)
    assert row("a")["id"] != row("b")["id"]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"status": None}, "missing_field"),
        ({"status": "ACTIVE"}, "bad_enumeration"),
        ({"current_period_start": None}, "missing_field"),
        ({"current_period_end": "2025-08-05 09:59:59"}, "bad_timestamp"),
        ({"annual_price": -1}, "negative"),
        ({"monthly_price": 1.5}, "wrong_field"),
        ({"subscription_id": "s" * 1001}, "out_of_range"),
    ],
)
def test_what_is_no_subscription_is_refused(fields, code):
    with pytest.raises(Refusal) as caught:
        row(**fields)
    assert caught.value.code == code
