"""What teams have besides records: the list of their events, and keys that follow from the records."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace.entry import Entry
from lab.keyspace.hostile.base import OWNER, thread_id
from lab.keyspace.hostile.case import Case, Expectation, refused, skipped, user_uuid
from lab.keyspace.hostile.kind import spaced
from lab.keyspace.hostile.teams import CELL, EDITOR, ENDS, ENDS_CELL, MADE, TIDE, team_id, token


def cases() -> Iterator[Case]:
    yield from _activities()
    yield from _derived()


def _activities() -> Iterator[Case]:
    value = {
        "id": thread_id("ActivityPlain"), "team_id": TIDE, "user_id": OWNER, "action": "member_added",
        "resource_type": "member", "resource_id": EDITOR, "details": {"role": "editor"}, "ip_address": "2001:db8::1f",
        "user_agent": None, "timestamp": MADE,
    }  # fmt: skip
    row = {
        **{name: cell for name, cell in value.items() if name not in ("id", "timestamp")},
        "user_id": user_uuid(OWNER),
    }
    bare = {"id": None, "user_id": None, "details": None, "ip_address": "unknown", "timestamp": ENDS}
    nobody = {**row, "user_id": None, "details": {}, "ip_address": None, "occurred_at": ENDS_CELL}
    members = {
        spaced(value): ("written", None, {**row, "occurred_at": CELL}),
        spaced({**value, **bare}): ("written", None, nobody),
        spaced({**value, "id": thread_id("ActivityLost"), "user_id": "user_hNeverThere"}): (
            "quarantined",
            "orphan",
            None,
        ),
        spaced({**value, "team_id": team_id("First")}): ("quarantined", "identity_mismatch", None),
        spaced({**value, "ip_address": "junk"}): ("quarantined", "wrong_field", None),
        spaced({**value, "action": "a" * 51}): ("quarantined", "out_of_range", None),
        b"{": ("quarantined", "malformed_json", None),
        b"\xff": ("quarantined", "not_utf8", None),
        b"": ("quarantined", "malformed_json", None),
    }
    key, name = f"team:activity:{TIDE}".encode(), "team_activity.member"
    truths = [Expectation(key, "team_activity", "merged")]
    for member, (outcome, reason, cells) in members.items():
        rows = () if cells is None else (("team_activities", cells),)
        truths.append(Expectation(key, name, outcome, reason, rows, member))
    # The same event twice is one: the second is no member of its own.
    yield Case(Entry(key, "list", (*members, *members)), "events, each of them twice", tuple(truths))
    lost = f"team:activity:{team_id('Orphan')}".encode()
    event = spaced({**value, "id": None, "team_id": team_id("Orphan")})
    truth = Expectation(lost, name, "quarantined", "orphan", (), event)
    yield Case(
        Entry(lost, "list", (event,)), "its team is refused", (Expectation(lost, "team_activity", "merged"), truth)
    )
    yield refused(Entry(b"team:activity:all", "list", (b"{}",)), "names no team", "team_activity", "bad_uuid")


def _derived() -> Iterator[Case]:
    derived: dict[str, tuple[str, str, bytes | tuple]] = {
        "team:slug:hostile-tide": ("team_slug", "string", TIDE.encode()),
        "team:all": ("team_list", "set", (TIDE.encode(), b"\xff")),
        f"team:members:{TIDE}": ("team_members", "set", (OWNER.encode(),)),
        f"user:teams:{OWNER}": ("user_teams", "hash", ((b"of", b"another type"),)),
        f"team:invite_token:{token('Plain')}": ("team_invite_token", "string", b"nothing"),
        f"team:invites:{TIDE}": ("team_invites", "set", (b"",)),
    }
    for key, (pattern, type_, value) in derived.items():
        yield skipped(Entry(key.encode(), type_, value), "derived: type and value are not looked at", pattern)
