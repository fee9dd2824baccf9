"""Teams, which no code that works writes: what becomes of their keys where somebody did, and chose to migrate them."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from lab.keyspace.entry import Entry
from lab.keyspace.hostile.base import OWNER, USER, thread_id, user_id
from lab.keyspace.hostile.case import Case, refused, user_uuid
from lab.keyspace.hostile.hashes import HashKind
from lab.keyspace.hostile.kind import spaced

MADE, CELL = "2025-08-03T07:44:02.991200", "2025-08-03T07:44:02.991200+00:00"
ENDS, ENDS_CELL = "2025-08-10T07:44:02.991200", "2025-08-10T07:44:02.991200+00:00"
EDITOR = user_id("TeamEditor")


def team_id(slug: str) -> str:
    return thread_id(f"Team{slug}")


TIDE = team_id("Tide")
_TEAM = {
    "name": "Tide",
    "description": None,
    "plan": "pro",
    "billing_email": "Billing@Example.com",
    "stripe_customer_id": "cus_00Synthetic01",
    "stripe_subscription_id": None,
    "settings": {"theme": "dark"},
    "features": {"analytics": True},
    "max_members": 50,
    "max_monthly_threads": 2000,
    "is_active": True,
    "suspended_at": None,
    "suspended_reason": None,
}


def _team(slug: str) -> dict:
    own = {"id": team_id(slug), "slug": f"hostile-{slug.lower()}", "owner_id": OWNER}
    return {**own, **_TEAM, "created_at": MADE, "updated_at": ENDS}


def _team_row(slug: str) -> dict:
    return {**_team(slug), "owner_id": user_uuid(OWNER), "created_at": CELL, "updated_at": ENDS_CELL}


_PLACE = {"role": "editor", "is_active": True, "last_activity_at": None, "thread_count": 3}


def _membership(slug: str) -> dict:
    own = {"id": thread_id(f"Member{slug}"), "team_id": team_id(slug), "user_id": EDITOR, "permissions": ["b", "a"]}
    return {**own, **_PLACE, "joined_at": MADE, "updated_at": ENDS}


def _membership_row(slug: str) -> dict:
    cells = {"user_id": user_uuid(EDITOR), "permissions": ["a", "b"], "joined_at": CELL, "updated_at": ENDS_CELL}
    return {**_membership(slug), **cells}


_INVITE = {"role": "viewer", "message": None, "status": "pending", "accepted_at": None, "revoked_at": None}


def token(slug: str) -> str:
    return thread_id(f"Token{slug}")


def _invite(slug: str) -> dict:
    own = {"id": thread_id(f"Invite{slug}"), "team_id": TIDE, "invited_by_user_id": OWNER, "token": token(slug)}
    return {**own, "email": f"Invited.{slug}@example.com", **_INVITE, "created_at": MADE, "expires_at": ENDS}


def _invite_row(slug: str) -> dict:
    cells = {"invited_by_user_id": user_uuid(OWNER), "token": sha256(token(slug).encode()).hexdigest()}
    return {**_invite(slug), **cells, "created_at": CELL, "expires_at": ENDS_CELL}


TEAM = HashKind("team", "teams", "team:data:", b"team", _team, _team_row, lambda value: value["id"])
MEMBERSHIP = HashKind(
    "team_membership", "team_memberships", "team:membership:", b"membership", _membership, _membership_row,
    lambda value: f"{value['team_id']}:{value['user_id']}",
)  # fmt: skip
INVITE = HashKind("team_invite", "team_invites", "team:invite:", b"invite", _invite, _invite_row, lambda v: v["id"])


def cases() -> Iterator[Case]:
    yield USER.accept("TeamEditor", "a member of teams")
    yield from _teams()
    yield from _memberships()
    yield from _invites()


def _teams() -> Iterator[Case]:
    yield TEAM.with_field(TEAM.accept("Tide", "a field besides the one that is known"), b"cached", b"1")
    null: dict = dict.fromkeys(("plan", "settings", "features", "max_members", "max_monthly_threads", "is_active"))
    defaults = {"plan": "free", "settings": {}, "features": {}, "max_members": 5, "max_monthly_threads": 100}
    yield TEAM.accept("Null", "what may be defaulted", null, {**defaults, "is_active": True})
    upper = team_id("Upper")
    yield TEAM.accept("Upper", "an id in upper case", {"id": upper.upper()}, {"id": upper})
    yield TEAM.accept("Twin", "two spellings of one id: the lower-case one stays")
    yield TEAM.refuse("Twin", "duplicate_uuid", "the same id in upper case", {"id": team_id("Twin").upper()})
    yield TEAM.accept("First", "two teams with one slug: the earlier one keeps it")
    later = {"slug": "hostile-first", "created_at": ENDS}
    yield TEAM.refuse("Second", "duplicate_slug", "the slug of an earlier team", later)
    bad: dict[str, tuple[str, dict]] = {
        "NoName": ("missing_field", {"name": None}),
        "NoOwner": ("missing_field", {"owner_id": None}),
        "LongName": ("out_of_range", {"name": "n" * 101}),
        "BadSlug": ("wrong_field", {"slug": "Not a slug"}),
        "BadPlan": ("bad_enumeration", {"plan": "gold"}),
        "Beyond": ("out_of_range", {"max_members": 2**31}),
        "Minus": ("negative", {"max_monthly_threads": -1}),
        "BadTime": ("bad_timestamp", {"created_at": "soon"}),
        "Orphan": ("orphan", {"owner_id": "user_hNeverThere"}),
        "OfLoser": ("orphan", {"owner_id": user_id("TieIndexLoser")}),
    }
    for slug, (reason, changes) in bad.items():
        yield TEAM.refuse(slug, reason, "a team that is refused", changes)
    yield TEAM.refuse("Other", "identity_mismatch", "another id in the value", rest=team_id("Another"))
    yield TEAM.refuse("Cut", "malformed_json", "not JSON", raw=b"{", rest=team_id("Cut"))
    yield TEAM.refuse("Array", "wrong_shape", "an array", raw=b"[]", rest=team_id("Array"))
    yield TEAM.refuse("Latin", "not_utf8", "not UTF-8", raw=b'{"name": "\xe9"}', rest=team_id("Latin"))
    yield refused(TEAM.entry("Words", None, "tide"), "a key without a UUID", "team", "bad_uuid")
    typed = Entry(f"team:data:{team_id('Typed')}".encode(), "string", spaced(_team("Typed")))
    yield refused(typed, "a string where a hash is expected", "team", "wrong_type")


def _memberships() -> Iterator[Case]:
    yield MEMBERSHIP.accept("Tide", "permissions come in any order")
    owns = {"user_id": OWNER, "role": "owner", "id": thread_id("MemberOwner")}
    yield MEMBERSHIP.accept("Tide", "the owner whom the team names", owns, {**owns, "user_id": user_uuid(OWNER)})
    yield MEMBERSHIP.refuse("First", "orphan", "an owner whom the team does not name", {"role": "owner"})
    yield MEMBERSHIP.accept("Twin", "two records of one place: the lower-case one stays")
    shouted, again = team_id("Twin").upper(), {"id": thread_id("MemberAgain")}
    yield MEMBERSHIP.refuse(
        "Twin", "duplicate_member", "its team in upper case, another id", again, rest=f"{shouted}:{EDITOR}"
    )
    yield MEMBERSHIP.refuse("Null", "bad_enumeration", "no such role", {"role": "guest"})
    yield MEMBERSHIP.refuse("Orphan", "orphan", "its team is refused")
    yield MEMBERSHIP.refuse("Null", "orphan", "nobody's", {"user_id": "user_hNeverThere"})
    yield MEMBERSHIP.refuse("Upper", "missing_field", "no joined_at", {"joined_at": None})
    mismatch = f"{team_id('First')}:{OWNER}"
    yield MEMBERSHIP.refuse("First", "identity_mismatch", "another user in the value", rest=mismatch)
    yield refused(MEMBERSHIP.entry("Tide", None, TIDE), "names no user", "team_membership", "malformed_key")


def _invites() -> Iterator[Case]:
    yield INVITE.accept("Plain", "the local part as it was typed", {"email": " In.Vited@Example.COM "},
                        {"email": "In.Vited@example.com"})  # fmt: skip
    yield INVITE.accept("Nobody", "by nobody", {"invited_by_user_id": None}, {"invited_by_user_id": None})
    late = {"email": "in.vited@example.com", "created_at": "2025-08-04T00:00:00"}
    yield INVITE.refuse("Again", "duplicate_invite", "a second open one for an address", late)
    closed = {**late, "status": "expired"}
    yield INVITE.accept("Closed", "closed ones are as many as they like", closed,
                        {**closed, "created_at": "2025-08-04T00:00:00+00:00"})  # fmt: skip
    same = {"token": token("Plain"), "created_at": "2025-08-04T00:00:00"}
    yield INVITE.refuse("Token", "duplicate_token", "the token of an earlier one", same)
    bad: dict[str, tuple[str, dict]] = {
        "Owner": ("bad_enumeration", {"role": "owner"}),
        "Status": ("bad_enumeration", {"status": "open"}),
        "NoToken": ("missing_field", {"token": None}),
        "Ended": ("bad_timestamp", {"expires_at": MADE}),
        "Address": ("bad_email", {"email": "nobody"}),
        "Team": ("orphan", {"team_id": team_id("NeverThere")}),
        "Inviter": ("orphan", {"invited_by_user_id": "user_hNeverThere"}),
        "TeamId": ("bad_uuid", {"team_id": "tide"}),
    }
    for slug, (reason, changes) in bad.items():
        yield INVITE.refuse(slug, reason, "an invite that is refused", changes)
