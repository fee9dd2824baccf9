"""The well-formed keyspace: every pattern of the application, references that hold, any size."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import datetime, timedelta, timezone

import pytest

from lab.keyspace import Sizes, World, generate
from lab.keyspace.clock import REFERENCE

SIZES = Sizes.of(users=130, threads=400)
DAY = 86_400_000
USER = r"user_[A-Za-z0-9_-]{22}"
UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
MAIL = r"[A-Za-z0-9.]+@[Ee]xample\.([Cc]om|[Oo]rg|[Nn]et)"
IP = r"(192\.0\.2|198\.51\.100|203\.0\.113)\.\d+|2001:db8:[0-9a-f:]+"
DATE, MONTH = r"20\d\d-\d\d-\d\d", r"20\d\d-\d\d"
# Key, type, longest TTL in ms (None: none at all), and how the value is written.
PATTERNS = {
    "user": (rf"threadr:user:{USER}", "string", 730 * DAY, "compact"),
    "user_email_index": (rf"threadr:user:email:{MAIL}", "string", 730 * DAY, "plain"),
    "session": (rf"threadr:session:{USER}", "string", 3_900_000, "spaced"),
    "failed_login": (rf"threadr:failed_login:{MAIL}:({IP})", "string", 5_400_000, "spaced"),
    "thread": (rf"threadr:thread:{UUID}", "string", 365 * DAY, "spaced"),
    "user_threads": (rf"threadr:user_threads:{USER}", "string", 365 * DAY, "spaced"),
    "thread_stats": (rf"threadr:thread_stats:{USER}", "string", 30 * DAY, "spaced"),
    "subscriber": (rf"threadr:email:{MAIL}", "string", 730 * DAY, "spaced"),
    "subscriber_list": (r"threadr:emails:list", "set", 730 * DAY, None),
    "premium_ip": (rf"threadr:premium:ip:({IP}|None)", "string", 372 * DAY, "spaced"),
    "premium_email": (rf"threadr:premium:email:{MAIL}", "string", 372 * DAY, "spaced"),
    "subscription": (rf"threadr:subscription:user:({USER}|{MAIL})", "string", 372 * DAY, "spaced"),
    "subscriptions_active": (r"threadr:subscriptions:active", "set", None, None),
    "usage_ip_daily": (rf"threadr:usage:ip:({IP}):daily:{DATE}", "string", 30 * DAY, "plain"),
    "usage_ip_monthly": (rf"threadr:usage:ip:({IP}):monthly:{MONTH}", "string", 365 * DAY, "plain"),
    "usage_email_daily": (rf"threadr:usage:email:{MAIL}:daily:{DATE}", "string", 30 * DAY, "plain"),
    "usage_email_monthly": (rf"threadr:usage:email:{MAIL}:monthly:{MONTH}", "string", 365 * DAY, "plain"),
    "usage_user_daily": (rf"threadr:usage:user:{USER}:daily:{DATE}", "string", DAY, "plain"),
    "usage_user_monthly": (rf"threadr:usage:user:{USER}:monthly:{MONTH}", "string", 31 * DAY, "plain"),
    "usage_log": (rf"threadr:usage:log:({IP}):\d{{10}}(\.\d+)?", "string", 7 * DAY, "spaced"),
    "usage_stats": (r"threadr:usage:stats", "hash", 365 * DAY, None),
    "ratelimit": (rf"threadr:ratelimit:({IP})", "string", 3_600_000, "plain"),
    "thread_analytics": (rf"analytics:{USER}:thread:{UUID}", "string", 90 * DAY, "compact"),
    "analytics_threads": (rf"analytics:{USER}:threads", "zset", None, None),
    "timeseries": (
        rf"analytics:{USER}:timeseries:(impressions|engagement_rate):(MetricPeriod\.DAY|day)",
        "zset",
        None,
        None,
    ),
}


@pytest.fixture(scope="module")
def entries():
    return list(generate(World(1, SIZES)))


@pytest.fixture(scope="module")
def values(entries):
    """{pattern: {what the key holds after its prefix: decoded JSON or entry value}}"""
    return {name: {e.key.decode(): decoded(e) for e in entries if pattern_of(e) == name} for name in PATTERNS}


def pattern_of(entry) -> str:
    key = entry.key.decode()
    matches = [name for name, (expression, *_rest) in PATTERNS.items() if re.fullmatch(expression, key)]
    assert len(matches) == 1, (key, matches)
    return matches[0]


def decoded(entry):
    style = PATTERNS[pattern_of(entry)][3]
    return json.loads(entry.value) if style in ("compact", "spaced") else entry.value


def rest(key: str) -> str:
    return key.rsplit(":", 1)[1]


def test_every_pattern_is_there_with_its_type_and_a_ttl_within_bounds(entries):
    seen = Counter(pattern_of(entry) for entry in entries)
    assert set(seen) == set(PATTERNS)
    for entry in entries:
        _expression, kind, longest_ms, _style = PATTERNS[pattern_of(entry)]
        assert entry.type == kind, entry.key
        if longest_ms is None:
            assert entry.ttl_ms is None, entry.key
        else:
            assert 60_000 <= entry.ttl_ms <= longest_ms, entry.key


@pytest.mark.parametrize(
    ("kinds", "shorter_ms"),
    [(("usage_ip_daily", "usage_email_daily"), DAY), (("usage_ip_monthly", "usage_email_monthly"), 31 * DAY)],
)
def test_counters_have_the_ttl_of_either_writer(entries, kinds, shorter_ms):
    lives = [entry.ttl_ms for entry in entries if pattern_of(entry) in kinds]
    assert min(lives) <= shorter_ms < max(lives)


def test_subscriptions_under_a_users_id_live_a_week_longer_than_their_period(entries):
    now = datetime.fromisoformat(REFERENCE)
    found = [entry for entry in entries if re.fullmatch(rf"threadr:subscription:user:{USER}", entry.key.decode())]
    for entry in found:
        end = datetime.fromisoformat(json.loads(entry.value)["current_period_end"]).replace(tzinfo=timezone.utc)
        assert entry.ttl_ms == max((end - now + timedelta(days=7)) // timedelta(milliseconds=1), DAY)
    assert {DAY} < {entry.ttl_ms for entry in found}


def test_json_is_written_the_way_each_writer_writes_it(entries):
    for entry in entries:
        style = PATTERNS[pattern_of(entry)][3]
        if style == "compact":
            plain = json.dumps(json.loads(entry.value), ensure_ascii=False, separators=(",", ":"))
            assert entry.value.decode() == plain
        elif style == "spaced":
            assert entry.value.decode() == json.dumps(json.loads(entry.value))


def test_timestamps_have_the_form_of_their_writer(values):
    naive = r"\d{4}-\d\d-\d\d%s\d\d:\d\d:\d\d(\.\d{6})?"
    users = values["user"].values()
    assert all(re.fullmatch(naive % "T" + "Z?", user["created_at"]) for user in users)
    assert all(re.fullmatch(naive % " ", thread["created_at"]) for thread in values["thread"].values())
    assert all(re.fullmatch(naive % "T", one["subscribed_at"]) for one in values["subscriber"].values())
    ends = [one["current_period_end"] for one in values["subscription"].values()]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", end) for end in ends)


def test_users_their_index_sessions_and_statistics_agree(values):
    users = {user["user_id"]: user for user in values["user"].values()}
    assert len(users) == len({user["email"] for user in users.values()}) == SIZES.users
    assert {key.removeprefix("threadr:user:") for key in values["user"]} == set(users)
    index = {
        key.removeprefix("threadr:user:email:"): value.decode() for key, value in values["user_email_index"].items()
    }
    assert index == {user["email"]: identity for identity, user in users.items()}
    for key, session in values["session"].items():
        assert users[rest(key)]["email"] == session["email"]
    for name in ("user_threads", "thread_stats"):
        assert {rest(key) for key in values[name]} == {thread["user_id"] for thread in values["thread"].values()}


def test_threads_belong_to_users_and_are_listed_newest_first(values):
    threads = {thread["id"]: thread for thread in values["thread"].values()}
    users = {rest(key) for key in values["user"]}
    assert len(threads) == SIZES.threads
    assert {thread["user_id"] for thread in threads.values()} <= users
    listed = {rest(key): value for key, value in values["user_threads"].items()}
    assert Counter(identity for ids in listed.values() for identity in ids) == Counter(dict.fromkeys(threads, 1))
    for owner, ids in listed.items():
        assert {threads[identity]["user_id"] for identity in ids} == {owner}
        created = [threads[identity]["created_at"][:19] for identity in ids]
        assert created == sorted(created, reverse=True)


def test_threads_look_like_threads(values):
    threads = list(values["thread"].values())
    tweets = [len(thread["tweets"]) for thread in threads]
    assert 4 < sum(tweets) / len(tweets) < 6
    assert 1000 < sum(len(thread["original_content"]) for thread in threads) / len(threads) < 2500
    assert any(not thread["original_content"].isascii() for thread in threads)
    for thread in threads:
        assert 1 <= len(thread["title"]) <= 200
        assert thread["metadata"]["content_length"] == len(thread["original_content"])
        assert [tweet["order"] for tweet in thread["tweets"]] == list(range(1, len(thread["tweets"]) + 1))
        assert all(tweet["character_count"] == len(tweet["content"]) <= 280 for tweet in thread["tweets"])


def test_subscribers_are_all_in_the_set_and_some_are_users(values):
    members = {member.decode() for member in values["subscriber_list"]["threadr:emails:list"]}
    records = {one["email"] for one in values["subscriber"].values()}
    users = {user["email"] for user in values["user"].values()}
    assert len(members) == SIZES.subscribers
    assert records < members
    assert records & users


def test_premium_twins_hold_the_same_object(values):
    by_mail = {json.dumps(value) for value in values["premium_email"].values()}
    for key, value in values["premium_ip"].items():
        assert value["email"] is None or json.dumps(value) in by_mail, key
        assert value["client_ip"] is None or key == f"threadr:premium:ip:{value['client_ip']}"
    now = REFERENCE[:19]
    assert any(value["expires_at"] < now for value in values["premium_ip"].values())


def test_subscriptions_belong_to_users(values):
    names = {rest(key) for key in values["user"]} | {user["email"] for user in values["user"].values()}
    suffixes = {rest(key) for key in values["subscription"]}
    assert {suffix if suffix in names else suffix.lower() for suffix in suffixes} <= names
    assert {member.decode() for member in values["subscriptions_active"]["threadr:subscriptions:active"]} == suffixes


def test_analytics_are_of_existing_threads_with_their_owner(values):
    owners = {thread["id"]: thread["user_id"] for thread in values["thread"].values()}
    records = values["thread_analytics"]
    assert len(records) == SIZES.analytics
    for key, value in records.items():
        assert owners[value["thread_id"]] == value["user_id"] == key.split(":")[1]
    indexed = {member.decode() for members in values["analytics_threads"].values() for member, _score in members}
    assert indexed == {rest(key) for key in records}
    points = [point for points in values["timeseries"].values() for point in points]
    assert len(points) == 2 * SIZES.analytics
    assert {key.rsplit(":", 1)[1] for key in values["timeseries"]} == {"MetricPeriod.DAY", "day"}


@pytest.mark.parametrize(
    "sizes",
    [
        pytest.param(Sizes.of(0, 0), id="nothing"),
        pytest.param(Sizes.of(1, 1), id="one-user"),
        pytest.param(Sizes.of(3, 900, premium=800, counters=5000), id="few-users-much-of-the-rest"),
        pytest.param(Sizes.of(200, 0), id="no-threads"),
        pytest.param(Sizes.of(65, 64 * 5), id="a-block-and-one"),
    ],
)
def test_any_size_has_each_key_once_and_as_many_as_asked_for(sizes):
    keys = Counter(pattern_of(entry) for entry in generate(World(3, sizes)))
    single = Counter(entry.key for entry in generate(World(3, sizes)) if entry.type == "string")
    assert single.total() == len(single)
    assert (keys["user"], keys["thread"]) == (sizes.users, sizes.threads)
    assert (
        sum(count for name, count in keys.items() if name.startswith(("usage_ip", "usage_email", "usage_user")))
        == sizes.counters
    )
    assert keys["usage_log"] == sizes.log
