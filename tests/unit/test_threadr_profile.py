"""Threadr's patterns: each key belongs to one, whatever stands inside identifiers."""

import json

import pytest
from ansible.module_utils.pgops.preview import row_lines
from ansible.module_utils.pgops.profile import SKIP_RULES, Entry, Refusal, Row, Settings, names
from ansible.module_utils.pgops.threadr.profile import PATTERNS, PROFILE, TEAM_PATTERNS
from ansible.module_utils.pgops.threadr.users import uuid_of
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (b"threadr:user:user_k3Qw9ZrT1xYb-7uVn_0aMg", "user"),
        (b"threadr:user:email:mira.holt@example.com", "user_email_index"),
        (b"threadr:session:user_x", "session"),
        (b"threadr:failed_login:a@example.com:2001:db8::1f", "failed_login"),
        (b"threadr:thread:7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77", "thread"),
        (b"threadr:user_threads:user_x", "user_threads"),
        (b"threadr:thread_stats:user_x", "thread_stats"),
        (b"threadr:email:a:b@example.com", "subscriber"),
        (b"threadr:emails:list", "subscriber_list"),
        (b"threadr:emails:list2", None),
        (b"threadr:premium:ip:None", "premium_ip"),
        (b"threadr:premium:email:A@example.com", "premium_email"),
        (b"threadr:subscription:user:A@example.com", "subscription"),
        (b"threadr:subscriptions:active", "subscriptions_active"),
        (b"threadr:usage:ip:2001:db8::1f:daily:2025-08-02", "usage_ip_daily"),
        (b"threadr:usage:ip::monthly:2025-08", "usage_ip_monthly"),
        (b"threadr:usage:ip:198.51.100.9:4711:daily:2025-08-02", "usage_ip_daily"),
        (b"threadr:usage:email:a@example.com:daily:2025-08-02", "usage_email_daily"),
        (b"threadr:usage:email:a@example.com:monthly:2025-08", "usage_email_monthly"),
        (b"threadr:usage:user:user_x:daily:2025-08-02", "usage_user_daily"),
        (b"threadr:usage:user:user_x:monthly:2025-08", "usage_user_monthly"),
        (b"threadr:usage:ip:x:daily:2025-08", "usage_malformed"),
        (b"threadr:usage:ip:x:daily:2025-08-02\n", "usage_malformed"),
        (b"threadr:usage:log:2001:db8::1f:1754294531.00421", "usage_log"),
        (b"threadr:usage:stats", "usage_stats"),
        (b"threadr:ratelimit:198.51.100.23", "ratelimit"),
        (b"analytics:user_x:thread:7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77", "thread_analytics"),
        (b"analytics:user_x:threads", "analytics_threads"),
        (b"analytics:user_x:timeseries:impressions:MetricPeriod.DAY", "timeseries"),
        (b"analytics:user_x", None),
        (b"team:data:1", None),
        (b"threadr:cache:url:https://example.com/", None),
        (b"threadr:thread_index:x", None),
        (b"", None),
        (b"\xff\xfe", None),
    ],
)
def test_keys_find_their_pattern(key, name):
    pattern = PROFILE.classify(key)
    assert (pattern.name if pattern else None) == name


TEAM = "7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77"


@pytest.mark.parametrize(
    ("key", "name"),
    [
        (f"team:data:{TEAM}", "team"),
        (f"team:membership:{TEAM}:user_x", "team_membership"),
        (f"team:invite:{TEAM}", "team_invite"),
        (f"team:activity:{TEAM}", "team_activity"),
        ("team:slug:tide", "team_slug"),
        ("team:all", "team_list"),
        ("team:all2", None),
        (f"team:members:{TEAM}", "team_members"),
        ("user:teams:user_x", "user_teams"),
        (f"team:invite_token:{TEAM}", "team_invite_token"),
        (f"team:invites:{TEAM}", "team_invites"),
        (f"team:settings:{TEAM}", None),
        ("team", None),
        ("user:user_x", None),
    ],
)
def test_keys_of_teams_are_known_only_when_chosen(key, name):
    assert PROFILE.including([]).classify(key.encode()) is None
    assert PROFILE.including(["usage_log"]).classify(key.encode()) is None
    pattern = PROFILE.including(["teams"]).classify(key.encode())
    assert (pattern.name if pattern else None) == name


def test_every_pattern_says_exactly_one_thing_to_do():
    for pattern in (*PATTERNS, *TEAM_PATTERNS):
        assert sum(map(bool, (pattern.skip, pattern.convert, pattern.member))) == 1, pattern.name
        assert not pattern.skip or pattern.skip in SKIP_RULES
    assert len({pattern.name for pattern in (*PATTERNS, *TEAM_PATTERNS)}) == len(PATTERNS) + len(TEAM_PATTERNS)


def test_user_ids_map_to_the_same_uuid_for_ever():
    assert uuid_of("user_k3Qw9ZrT1xYb-7uVn_0aMg") == "8d589cde-0389-5920-ab6a-442c44a01bb9"
    assert uuid_of("7C0B5F1E-9D42-4C1A-8B1D-2F6A3E905C77") == "7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77"
    assert uuid_of("7c0b5f1e9d424c1a8b1d2f6a3e905c77") != "7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77"


def test_what_is_masked_in_a_diff():
    """Passwords, tokens, payments, and the objects beside them."""
    masked = {(table.name, c.name) for table in PROFILE.tables for c in table.columns if c.secret}
    assert masked == {
        ("users", "password_hash"), ("users", "email_verification_token"), ("users", "password_reset_token"),
        ("users", "metadata"), ("email_subscribers", "metadata"), ("premium_grants", "payment_reference"),
        ("premium_grants", "amount_cents"), ("premium_grants", "currency"), ("premium_grants", "payment_info"),
        ("premium_grants", "metadata"), ("subscriptions", "stripe_subscription_id"), ("subscriptions", "amount_cents"),
        ("subscriptions", "currency"), ("subscriptions", "metadata"), ("teams", "stripe_customer_id"),
        ("teams", "stripe_subscription_id"), ("teams", "settings"), ("team_invites", "token"),
    }  # fmt: skip


def test_the_metadata_of_users_is_masked_wherever_secrets_are():
    before, after = row_lines(PROFILE.table("users"), "1", ("new",) * 17, ("old",) * 17, "updated")
    assert "metadata=********" in after
    assert [before.count("old"), after.count("new")] == [13, 13]


IDENTITY = {
    "user": "user_x", "thread": "7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77", "subscriber": "a@example.com",
    "premium_ip": "192.0.2.1", "premium_email": "A@example.com", "subscription": "user_x",
}  # fmt: skip
SCALARS = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.text(alphabet="0-9T: Z")
)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
FIELDS = st.sampled_from(
    ["user_id", "id", "email", "password_hash", "title", "original_content", "tweets", "metadata", "created_at",
     "updated_at", "role", "status", "login_count", "view_count", "client_ip", "subscribed_at", "is_favorite",
     "granted_at", "expires_at", "payment_info", "current_period_start", "current_period_end", "monthly_price"]
)  # fmt: skip


@pytest.mark.parametrize("name", sorted(IDENTITY))
@given(data=st.binary() | st.dictionaries(FIELDS, VALUES).map(lambda found: json.dumps(found).encode()))
def test_any_value_becomes_a_row_or_a_refusal(name, data):
    pattern = next(pattern for pattern in PATTERNS if pattern.name == name)
    entry = Entry(pattern.prefix + IDENTITY[name].encode(), "string", None, data)
    try:
        row = pattern.convert(entry, pattern.suffix(entry.key), Settings())
    except Refusal as refusal:
        assert refusal.code and refusal.sentence
    else:
        assert isinstance(row, Row)
        assert len(row.cells) == len(names(PROFILE.table(row.table).columns))


@given(suffix=st.binary())
def test_any_key_is_known_or_unknown_and_any_suffix_is_text_or_refused(suffix):
    for prefix in {pattern.prefix for pattern in PATTERNS}:
        pattern = PROFILE.classify(prefix + suffix)
        if pattern:
            try:
                assert isinstance(pattern.suffix(prefix + suffix), str)
            except Refusal as refusal:
                assert refusal.code == "not_utf8"


@given(member=st.binary())
def test_any_member_of_the_list_becomes_a_row_or_a_refusal(member):
    pattern = next(pattern for pattern in PATTERNS if pattern.member)
    try:
        address = pattern.member("", member, Settings()).cells[0]
        assert address == address.lower()
    except Refusal as refusal:
        assert refusal.code in ("bad_email", "not_utf8")
