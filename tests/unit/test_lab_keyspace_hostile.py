"""The hostile set and its oracle: complete, unambiguous, and consistent in itself."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timezone
from uuid import UUID

import pytest

from lab.keyspace import Sizes, World, accounting, cases, expected, generate, rows, standalone
from lab.keyspace.hostile.expected import MAPPED, OPTIONAL

REASONS = {
    "not_utf8",
    "malformed_json",
    "wrong_shape",
    "wrong_type",
    "missing_field",
    "wrong_field",
    "out_of_range",
    "negative",
    "bad_timestamp",
    "identity_mismatch",
    "bad_uuid",
    "duplicate_uuid",
    "bad_email",
    "duplicate_email",
    "orphan",
    "bad_enumeration",
    "malformed_key",
    "unknown_field",
    "duplicate_slug",
    "duplicate_member",
    "duplicate_token",
    "duplicate_invite",
}
PATTERNS = {
    "user",
    "user_email_index",
    "session",
    "failed_login",
    "thread",
    "user_threads",
    "thread_stats",
    "subscriber",
    "subscriber_list",
    "subscriber_list.member",
    "premium_ip",
    "premium_email",
    "subscription",
    "subscriptions_active",
    "usage_ip_daily",
    "usage_ip_monthly",
    "usage_email_daily",
    "usage_email_monthly",
    "usage_user_daily",
    "usage_user_monthly",
    "usage_log",
    "usage_stats",
    "usage_stats.member",
    "usage_malformed",
    "ratelimit",
    "thread_analytics",
    "analytics_threads",
    "timeseries",
    "timeseries.member",
    *OPTIONAL["teams"],
    "team.member",
    "team_membership.member",
    "team_invite.member",
    "team_activity.member",
}
KEYS = {
    "users": ("id",),
    "threads": ("id",),
    "email_subscribers": ("email",),
    "premium_grants": ("granted_at", "email", "ip_address", "subject_raw"),
    "subscriptions": ("user_id",),
    "usage_counters": ("user_id", "ip_address", "email", "subject_raw", "period_type", "period_start"),
    "usage_events": ("occurred_at", "ip_address"),
    "user_thread_stats": ("user_id",),
    "app_counters": ("metric", "period_type", "period_start"),
    "thread_analytics": ("thread_id",),
    "analytics_timeseries": ("user_id", "metric_name", "period_type", "bucket_at"),
    "teams": ("id",),
    "team_memberships": ("team_id", "user_id"),
    "team_invites": ("id",),
    "team_activities": ("team_id", "occurred_at"),
}


NO_UUIDS = {"legacy_id", "stripe_subscription_id", "stripe_customer_id", "resource_id"}


@pytest.fixture(scope="module")
def hostile():
    return list(cases())


@pytest.fixture(scope="module")
def truths(hostile):
    return [truth for case in hostile for truth in case.expected]


def table(truths, name):
    return rows(truths, name)


def test_no_two_cases_write_one_key(hostile):
    counts = Counter(case.entry.key for case in hostile)
    assert [key for key, count in counts.items() if count > 1] == []


def test_hostile_and_believable_keys_meet_only_where_they_must(hostile):
    believable = {
        entry.key for entry in generate(World(1, Sizes.of(300, 300, premium=900, counters=4000, ratelimits=900)))
    }
    shared = {case.entry.key for case in hostile} & believable
    # The last is overwritten by every checkout, in the application too.
    sets_and_totals = {b"threadr:emails:list", b"threadr:subscriptions:active", b"threadr:usage:stats"}
    assert shared == {*sets_and_totals, b"threadr:premium:ip:None"}


def test_each_key_has_exactly_one_expectation_and_each_member_at_most_one(hostile):
    for case in hostile:
        keys = [truth for truth in case.expected if truth.member is None]
        assert [truth.key for truth in keys] == [case.entry.key], case.note
        members = Counter(truth.member for truth in case.expected if truth.member is not None)
        assert all(count == 1 for count in members.values()), case.note


def test_accounted_members_are_the_members_that_are_written(hostile):
    for case in hostile:
        members = {truth.member for truth in case.expected if truth.member is not None}
        if members:
            written = {item if isinstance(item, bytes) else item[0] for item in case.entry.value}
            assert members == written, case.note


def test_expectations_speak_the_vocabulary(truths):
    for truth in truths:
        assert truth.outcome in {"written", "merged", "skipped", "quarantined", "unknown"}
        assert (truth.reason in REASONS) == (truth.outcome == "quarantined"), truth
        assert bool(truth.rows) == (truth.outcome == "written"), truth
        assert (truth.pattern is None) == (truth.outcome == "unknown"), truth


def test_every_reason_and_every_pattern_occurs(truths):
    assert {truth.reason for truth in truths} - {None} == REASONS
    assert {truth.pattern for truth in truths} - {None} == PATTERNS


@pytest.mark.parametrize("pattern", ["user", "thread", "subscriber"])
def test_the_mapped_patterns_are_covered_in_depth(truths, pattern):
    common = {
        "not_utf8",
        "malformed_json",
        "wrong_shape",
        "wrong_type",
        "missing_field",
        "wrong_field",
        "bad_timestamp",
    }
    own = {
        "user": {"out_of_range", "negative", "duplicate_uuid", "bad_email", "duplicate_email", "bad_enumeration"},
        "thread": {"out_of_range", "negative", "duplicate_uuid", "bad_uuid", "orphan"},
        "subscriber": {"bad_email"},
    }
    reasons = {truth.reason for truth in truths if truth.pattern == pattern and truth.reason}
    assert reasons == common | {"identity_mismatch"} | own[pattern]


@pytest.mark.parametrize(("name", "columns"), KEYS.items())
def test_no_two_rows_share_a_key_and_all_rows_have_the_same_columns(truths, name, columns):
    found = table(truths, name)
    assert found
    keys = Counter(tuple(row[column] for column in columns) for row in found)
    assert [key for key, count in keys.items() if count > 1] == []
    assert len({frozenset(row) for row in found}) == 1


@pytest.mark.parametrize("name", KEYS)
def test_cells_have_their_plain_form(truths, name):
    for row in table(truths, name):
        for column, cell in row.items():
            if cell is None:
                continue
            if column.endswith("_at"):
                moment = datetime.fromisoformat(cell)
                assert moment.astimezone(timezone.utc).isoformat() == cell
            elif column == "id" or (column.endswith("_id") and column not in NO_UUIDS):
                assert str(UUID(cell)) == cell
            elif column == "email" and name != "team_invites":
                assert cell == cell.strip().lower()


def test_references_hold(truths):
    users = {row["id"]: row for row in table(truths, "users")}
    addresses = {row["email"]: row["id"] for row in users.values()}
    assert len(addresses) == len(users)
    threads = {row["id"]: row["user_id"] for row in table(truths, "threads")}
    assert set(threads.values()) <= set(users)
    for row in table(truths, "email_subscribers"):
        assert row["user_id"] == addresses.get(row["email"]), row["email"]
    for row in table(truths, "thread_analytics"):
        assert threads[row["thread_id"]] == row["user_id"]
    for name in ("subscriptions", "user_thread_stats", "analytics_timeseries"):
        assert {row["user_id"] for row in table(truths, name)} <= set(users)


def test_references_of_teams_hold(truths):
    users = {row["id"] for row in table(truths, "users")}
    owners = {row["id"]: row["owner_id"] for row in table(truths, "teams")}
    assert set(owners.values()) <= users
    for name, column in (
        ("team_memberships", "user_id"),
        ("team_invites", "invited_by_user_id"),
        ("team_activities", "user_id"),
    ):
        for row in table(truths, name):
            assert row["team_id"] in owners
            assert row[column] in users | {None}
    for row in table(truths, "team_memberships"):
        assert row["role"] != "owner" or owners[row["team_id"]] == row["user_id"]


def test_keys_of_teams_are_unknown_while_they_are_not_mapped():
    chosen = {truth.key for truth in expected(MAPPED.union(*OPTIONAL.values())) if truth.pattern in OPTIONAL["teams"]}
    found = [truth for truth in expected() if truth.key in chosen]
    assert {(truth.pattern, truth.outcome, truth.member) for truth in found} == {(None, "unknown", None)}


def test_what_is_not_mapped_is_skipped_and_its_members_are_not_looked_at():
    mapped = {"user", "thread"}
    found = expected(mapped)
    assert all(
        truth.outcome == "skipped" for truth in found if truth.pattern and truth.pattern.split(".")[0] not in mapped
    )
    assert not any(
        truth.member for truth in found if truth.pattern and truth.pattern.startswith(("usage_stats", "timeseries"))
    )
    assert rows(found, "premium_grants") == []
    assert accounting(found)["unknown"] == {"unknown": sum(truth.outcome == "unknown" for truth in found)}


def test_everything_mapped_is_the_whole_truth(truths):
    assert expected({pattern.split(".")[0] for pattern in PATTERNS}) == tuple(truths)


def test_cases_that_stand_alone_are_of_one_key():
    alone = list(standalone())
    assert {case.entry.key for case in alone} == {b"threadr:emails:list"}
    assert {case.entry.type for case in alone} == {"string", "list", "hash", "zset"}


def test_every_case_says_why_it_is_there(hostile):
    assert all(case.note for case in hostile)
