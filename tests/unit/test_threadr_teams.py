"""Teams: the fields of three kinds of hashes and the elements of a list, refused or rows."""

import json

import pytest
from ansible.module_utils.pgops.profile import Refusal, Settings, names
from ansible.module_utils.pgops.threadr.identities import row_id
from ansible.module_utils.pgops.threadr.profile import PROFILE
from ansible.module_utils.pgops.threadr.users import uuid_of
from ansible.module_utils.pgops.values import as_digest
from hypothesis import given
from hypothesis import strategies as st

TEAM, INVITE, OTHER = (f"7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c{digits}" for digits in ("77", "78", "79"))
MADE, LATER = "2025-08-03T07:44:02.991200", "2025-08-10T07:44:02.991200"
CELL, LATER_CELL = f"{MADE}+00:00", f"{LATER}+00:00"
PATTERNS = {pattern.name: pattern for pattern in PROFILE.additions["teams"]}
VALUES = {
    "team": {"id": TEAM, "name": "Tide", "slug": "tide-1", "owner_id": "user_x", "created_at": MADE},
    "team_membership": {"team_id": TEAM, "user_id": "user_x", "role": "editor", "joined_at": MADE},
    "team_invite": {
        "id": INVITE, "team_id": TEAM, "email": "a@x", "role": "viewer", "token": "t", "created_at": MADE,
        "expires_at": LATER,
    },
    "team_activity": {"team_id": TEAM, "action": "joined", "resource_type": "member", "timestamp": MADE},
}  # fmt: skip
TABLES = ("teams", "team_memberships", "team_invites", "team_activities")
REST = {"team": TEAM, "team_membership": f"{TEAM}:user_x", "team_invite": INVITE, "team_activity": TEAM}
FIELD = {"team": b"team", "team_membership": b"membership", "team_invite": b"invite"}


def converted(kind: str, value: bytes, rest: str | None = None, field: bytes | None = None):
    pattern = PATTERNS[kind]
    context = pattern.context(pattern.prefix + (REST[kind] if rest is None else rest).encode())
    member = value if kind == "team_activity" else (FIELD[kind] if field is None else field, value)
    return pattern.member(context, member, Settings())


def made(kind: str, rest: str | None = None, **changes) -> dict:
    row = converted(kind, json.dumps({**VALUES[kind], **changes}).encode(), rest)
    cells = dict(zip(names(PROFILE.table(row.table).columns), row.cells, strict=True))
    return {**cells, "preference": row.preference, "notes": sorted(row.notes)}


@pytest.mark.parametrize(
    ("kind", "changes", "cells"),
    [
        (
            "team",
            {},
            {"id": TEAM, "owner_id": uuid_of("user_x"), "owner": "user_x", "plan": "free", "updated_at": CELL},
        ),
        ("team", {}, {"max_members": 5, "max_monthly_threads": 100, "settings": {}, "features": {}, "is_active": True}),
        ("team", {"max_members": "50", "plan": "pro", "is_active": "false"}, {"max_members": 50, "is_active": False}),
        ("team", {"name": "\u00e9" * 100, "slug": "-" * 50}, {"name": "\u00e9" * 100, "slug": "-" * 50}),
        ("team", {"created_at": "2025-08-03 09:44:02+02:00"}, {"created_at": "2025-08-03T07:44:02.000000+00:00"}),
        ("team_membership", {}, {"id": row_id("team_memberships", TEAM, uuid_of("user_x")), "owned": None}),
        ("team_membership", {"id": OTHER.upper()}, {"id": OTHER, "thread_count": 0, "updated_at": CELL}),
        ("team_membership", {"role": "owner"}, {"role": "owner", "owned": TEAM, "ownership": f"{TEAM} of user_x"}),
        ("team_membership", {"permissions": ["b", "a", "b"]}, {"permissions": ["a", "b"]}),
        ("team_invite", {}, {"token": as_digest("t", "token"), "status": "pending", "invited_by_user_id": None}),
        ("team_invite", {"email": " A.B@Example.COM"}, {"email": "A.B@example.com", "expires_at": LATER_CELL}),
        (
            "team_invite",
            {"invited_by_user_id": "user_x"},
            {"invited_by_user_id": uuid_of("user_x"), "inviter": "user_x"},
        ),
        ("team_activity", {}, {"user_id": None, "details": {}, "occurred_at": CELL, "ip_address": None}),
        ("team_activity", {"id": OTHER, "resource_id": "user_y"}, {"id": OTHER, "resource_id": "user_y"}),
        ("team_activity", {"ip_address": "unknown"}, {"ip_address": None}),
        ("team_activity", {"user_id": "user_x", "ip_address": "2001:DB8::7"}, {"ip_address": "2001:db8::7"}),
    ],
)
def test_what_the_columns_get(kind, changes, cells):
    found = made(kind, **changes)
    assert {name: found[name] for name in cells} == cells


@pytest.mark.parametrize(
    ("kind", "changes", "code"),
    [
        *((kind, {field: None}, "missing_field") for kind in VALUES for field in VALUES[kind]),
        ("team", {"id": OTHER}, "identity_mismatch"),
        ("team", {"name": ""}, "out_of_range"),
        ("team", {"name": "n" * 101}, "out_of_range"),
        ("team", {"slug": "ab"}, "wrong_field"),
        ("team", {"slug": "tide\n"}, "wrong_field"),
        ("team", {"slug": "Tide"}, "wrong_field"),
        ("team", {"slug": "tid\u00e9"}, "wrong_field"),
        ("team", {"plan": "gold"}, "bad_enumeration"),
        ("team", {"max_members": 0}, "out_of_range"),
        ("team", {"max_members": 2**31}, "out_of_range"),
        ("team", {"max_monthly_threads": -1}, "negative"),
        ("team", {"settings": []}, "wrong_field"),
        ("team", {"suspended_at": "soon"}, "bad_timestamp"),
        ("team_membership", {"team_id": OTHER}, "identity_mismatch"),
        ("team_membership", {"user_id": "user_y"}, "identity_mismatch"),
        ("team_membership", {"id": "1"}, "bad_uuid"),
        ("team_membership", {"role": "guest"}, "bad_enumeration"),
        ("team_membership", {"permissions": {"a": True}}, "wrong_field"),
        ("team_invite", {"id": OTHER}, "identity_mismatch"),
        ("team_invite", {"team_id": "1"}, "bad_uuid"),
        ("team_invite", {"role": "owner"}, "bad_enumeration"),
        ("team_invite", {"status": "open"}, "bad_enumeration"),
        ("team_invite", {"email": "nobody"}, "bad_email"),
        ("team_invite", {"token": ""}, "missing_field"),
        ("team_invite", {"expires_at": MADE}, "bad_timestamp"),
        ("team_activity", {"team_id": OTHER}, "identity_mismatch"),
        ("team_activity", {"id": 5}, "wrong_field"),
        ("team_activity", {"action": "a" * 51}, "out_of_range"),
        ("team_activity", {"resource_type": "r" * 21}, "out_of_range"),
        ("team_activity", {"details": "text"}, "wrong_field"),
        ("team_activity", {"ip_address": "junk"}, "wrong_field"),
    ],
)
def test_what_is_refused(kind, changes, code):
    with pytest.raises(Refusal) as caught:
        made(kind, **changes)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("kind", "rest", "code"),
    [
        ("team", "1", "bad_uuid"),
        ("team", TEAM.replace("-", ""), "bad_uuid"),
        ("team", "", "bad_uuid"),
        ("team_membership", TEAM, "malformed_key"),
        ("team_membership", "1:user_x", "bad_uuid"),
        ("team_membership", f"{TEAM}:user\0", "malformed_key"),
        ("team_invite", f"{INVITE}:1", "bad_uuid"),
        ("team_activity", "all", "bad_uuid"),
    ],
)
def test_keys_that_name_nothing(kind, rest, code):
    with pytest.raises(Refusal) as caught:
        converted(kind, b"{}", rest)
    assert caught.value.code == code


@pytest.mark.parametrize("kind", FIELD)
@pytest.mark.parametrize("field", [b"", b"data", b"TEAM", b"\xff"])
def test_other_fields_of_a_hash_are_refused(kind, field):
    with pytest.raises(Refusal) as caught:
        converted(kind, b"{}", field=field)
    assert caught.value.code == "unknown_field"


@pytest.mark.parametrize(
    ("kind", "changes", "notes"),
    [
        ("team", {"color": 1}, ["ignored teams.color"]),
        ("team_membership", {"id": OTHER, "color": 1}, ["ignored team_memberships.color"]),
        ("team_invite", {"color": 1}, ["ignored team_invites.color"]),
        ("team_activity", {"color": 1}, ["ignored team_activities.color"]),
        ("team_activity", {"ip_address": "[::1]:80"}, ["replaced team_activities.ip_address"]),
    ],
)
def test_what_no_column_takes_is_counted(kind, changes, notes):
    found = [note for note in made(kind, **changes)["notes"] if not note.startswith("defaulted ")]
    assert found == notes


def test_a_lower_case_spelling_is_preferred_then_who_came_first():
    lower, upper = made("team"), made("team", TEAM.upper(), id=TEAM.upper(), created_at="2025-08-01T00:00:00")
    later = made("team", OTHER, id=OTHER, created_at=LATER)
    assert lower["id"] == upper["id"]
    assert lower["preference"] < later["preference"] < upper["preference"]
    member = made("team_membership")
    shouted = made("team_membership", f"{TEAM.upper()}:user_x", team_id=TEAM)
    assert (member["id"], member["preference"] < shouted["preference"]) == (shouted["id"], True)


def test_equal_elements_are_one_event_and_others_are_not():
    ids = [made("team_activity", **changes)["id"] for changes in ({}, {}, {"timestamp": LATER}, {"details": {"n": 1}})]
    assert (ids[0], len(set(ids))) == (ids[1], 3)


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
ANY = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2))


@pytest.mark.parametrize("kind", VALUES)
@given(data=st.data())
def test_any_value_becomes_a_row_or_a_refusal(kind, data):
    changes = data.draw(
        st.dictionaries(st.sampled_from([*VALUES[kind], "id", "settings", "ip_address", "permissions"]), ANY)
    )
    value = data.draw(st.binary() | st.just(json.dumps({**VALUES[kind], **changes}).encode()))
    try:
        row = converted(kind, value)
    except Refusal as refusal:
        assert refusal.code and refusal.sentence
    else:
        assert len(row.cells) == len(names(PROFILE.table(row.table).columns))
