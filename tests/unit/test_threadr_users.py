"""Users: what becomes of every field, present, absent or broken."""

import pytest
from ansible.module_utils.pgops.profile import Refusal
from ansible.module_utils.pgops.threadr.users import TABLE, convert, uuid_of

from converting import Conversion

CREATED = "2025-08-02T09:15:30"
VALUE = {"user_id": "user_x", "email": "Ann@Example.com", "password_hash": "$2b$12$x", "created_at": CREATED}
UTC = "2025-08-02T09:15:30.000000+00:00"

MADE = Conversion(TABLE, convert, VALUE, "user_x")
converted, row = MADE.converted, MADE.row


@pytest.mark.parametrize(
    ("fields", "cells"),
    [
        ({}, {"id": uuid_of("user_x"), "legacy_id": "user_x", "email": "ann@example.com", "password_hash": "$2b$12$x"}),
        ({}, {"role": "user", "status": "active", "login_count": 0, "failed_login_attempts": 0, "metadata": {}}),
        ({}, {"is_email_verified": False, "last_login_at": None, "password_reset_expires": None}),
        ({}, {"created_at": UTC, "updated_at": UTC}),
        ({"email": "  A@x "}, {"email": "a@x"}),
        ({"role": None, "status": None, "login_count": None}, {"role": "user", "status": "active", "login_count": 0}),
        ({"role": "premium", "status": "suspended"}, {"role": "premium", "status": "suspended"}),
        ({"login_count": "7", "failed_login_attempts": 2.0}, {"login_count": 7, "failed_login_attempts": 2}),
        ({"is_email_verified": "true"}, {"is_email_verified": True}),
        ({"created_at": "2025-08-02 11:15:30+02:00"}, {"created_at": UTC, "updated_at": UTC}),
        ({"updated_at": "2025-08-03T00:00:00Z"}, {"created_at": UTC, "updated_at": "2025-08-03T00:00:00.000000+00:00"}),
        ({"last_login_at": "2025-08-02 09:15:30.5"}, {"last_login_at": "2025-08-02T09:15:30.500000+00:00"}),
        ({"metadata": {"a": 1}, "x": 2}, {"metadata": {"a": 1, "redis_extra": {"x": 2}}}),
        ({"metadata": {"redis_extra": 3}, "x": 2}, {"metadata": {"redis_extra": {"x": 2, "metadata": {"redis_extra": 3}}}}),
    ],
)  # fmt: skip
def test_cells(fields, cells):
    made = row(**fields)
    assert {name: made[name] for name in cells} == cells


def test_their_times_are_in_utc_wherever_the_application_ran():
    assert row(zone="Europe/Berlin") == row()


@pytest.mark.parametrize("name", ["email_verification_token", "password_reset_token"])
def test_no_token_is_kept_as_it_is(name):
    assert row(**{name: "secret"})[name] not in (None, "secret")


def test_what_is_defaulted_is_noted():
    notes = converted(metadata={}, role="admin", status=None).notes
    assert sorted(notes) == [
        "defaulted users.failed_login_attempts", "defaulted users.is_email_verified", "defaulted users.login_count",
        "defaulted users.status", "defaulted users.updated_at",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"drop": ("user_id",)}, "missing_field"),
        ({"drop": ("email",)}, "missing_field"),
        ({"email": None}, "missing_field"),
        ({"drop": ("password_hash",)}, "missing_field"),
        ({"drop": ("created_at",)}, "missing_field"),
        ({"user_id": "user_y"}, "identity_mismatch"),
        ({"user_id": 7}, "wrong_field"),
        ({"email": "nobody"}, "bad_email"),
        ({"email": "a" * 253 + "@x"}, "bad_email"),
        ({"email": ["a@x"]}, "wrong_field"),
        ({"role": "root"}, "bad_enumeration"),
        ({"status": "Active"}, "bad_enumeration"),
        ({"login_count": -1}, "negative"),
        ({"login_count": True}, "wrong_field"),
        ({"login_count": 1.5}, "wrong_field"),
        ({"failed_login_attempts": 2**63}, "out_of_range"),
        ({"is_email_verified": 1}, "wrong_field"),
        ({"created_at": "yesterday"}, "bad_timestamp"),
        ({"last_login_at": "2025-02-30T00:00:00"}, "bad_timestamp"),
        ({"metadata": []}, "wrong_field"),
    ],
)
def test_refusals(fields, code):
    with pytest.raises(Refusal) as refusal:
        converted(**fields)
    assert refusal.value.code == code


def test_of_two_spellings_of_one_uuid_the_lower_case_one_is_preferred():
    upper = "7C0B5F1E-9D42-4C1A-8B1D-2F6A3E905C77"
    one, other = (converted(spelled, user_id=spelled) for spelled in (upper.lower(), upper))
    assert one.cells[0] == other.cells[0]
    assert one.preference < other.preference
