"""Two hundred single values changed in the database, all over the migrated tables and columns: each one is found.

Many at a time, each in a row of its own, so that the validation has to name them all and nothing else.
"""

from __future__ import annotations

import random

import pytest

from lab.keyspace.entry import string
from migration import EMPTY, TABLES, TEAMS, believable, load, migrate, target, validate

ROUNDS = 5
ALL = {"include": ["usage_log"]}
# Of each table the validation names so many.
SAMPLES = 20
KEYS = {
    **dict.fromkeys(TABLES, "id"), "email_subscribers": "email", "user_thread_stats": "user_id", "thread_analytics": "thread_id",
}  # fmt: skip
LATER = "coalesce({column} + interval '1 microsecond', now())"
ONE_MORE, LONGER, OTHER_DIGEST = (
    "coalesce({column}, 0) + 1",
    "coalesce({column}, '') || 'x'",
    "encode(sha256('x'), 'hex')",
)
ANOTHER_USER = "(SELECT u.id FROM users u WHERE u.id <> t.user_id ORDER BY u.id LIMIT 1)"
FIRST_USER = "(SELECT min(u.id::text)::uuid FROM users u)"
COUNTS = (
    "total_impressions", "total_engagements", "total_likes", "total_retweets", "total_replies", "total_bookmarks",
    "total_quotes", "profile_visits", "link_clicks", "new_followers",
)  # fmt: skip
RATES = ("engagement_rate", "thread_completion_rate", "avg_time_on_thread", "virality_score")
POSITIONS = ("best_tweet_position", "worst_tweet_position", "optimal_length")
OTHER_CURRENCY = "CASE {column} WHEN 'USD' THEN 'EUR' ELSE 'USD' END"
MORE_JSON, OTHERWISE = "{column} || '{{\"x\": 1}}'", "NOT {column}"
# What differs from the value by as little as its type and the rules of its column allow.
CHANGED = {
    "users": {
        "id": "gen_random_uuid()", "legacy_id": LONGER, "email": "'x' || {column}", "password_hash": LONGER,
        "role": "CASE {column} WHEN 'user' THEN 'premium' ELSE 'user' END",
        "status": "CASE {column} WHEN 'active' THEN 'inactive' ELSE 'active' END",
        "login_count": ONE_MORE, "failed_login_attempts": ONE_MORE, "last_failed_login": LATER, "last_login_at": LATER,
        "is_email_verified": OTHERWISE, "email_verification_token": OTHER_DIGEST, "password_reset_token": OTHER_DIGEST,
        "password_reset_expires": LATER, "metadata": MORE_JSON, "created_at": LATER, "updated_at": LATER,
    },
    "threads": {
        "id": "gen_random_uuid()", "user_id": ANOTHER_USER,
        "title": LONGER, "original_content": LONGER, "tweets": "jsonb_set({column}, '{{0,order}}', '99')",
        "metadata": MORE_JSON, "source_url": LONGER,
        "source_type": "CASE {column} WHEN 'url' THEN 'text' ELSE 'url' END", "ai_model": LONGER,
        "generation_time_ms": ONE_MORE, "content_length": ONE_MORE, "tags": "{column} || 'x'::text",
        "view_count": ONE_MORE, "copy_count": ONE_MORE, "is_favorite": OTHERWISE, "is_archived": OTHERWISE,
        "created_at": LATER, "updated_at": LATER,
    },
    "email_subscribers": {
        "email": "'x' || {column}", "subscribed_at": LATER, "client_ip": "coalesce({column} + 1, '192.0.2.1')",
        "client_ip_raw": LONGER, "user_agent": LONGER, "referrer": LONGER, "source": LONGER, "metadata": MORE_JSON,
        "user_id": "(SELECT min(u.id::text)::uuid FROM users u)",
    },
    "subscriptions": {
        "id": "gen_random_uuid()", "user_id": ANOTHER_USER, "stripe_subscription_id": LONGER,
        "status": "CASE {column} WHEN 'active' THEN 'unpaid' ELSE 'active' END", "plan_name": LONGER,
        "billing_cycle": "CASE {column} WHEN 'yearly' THEN 'monthly' ELSE 'yearly' END", "amount_cents": ONE_MORE,
        "currency": OTHER_CURRENCY, "current_period_start": "{column} - interval '1 microsecond'",
        "current_period_end": LATER, "cancel_at_period_end": OTHERWISE, "premium_expires_at": LATER,
        "metadata": MORE_JSON, "created_at": LATER, "updated_at": LATER,
    },
    "premium_grants": {
        "id": "gen_random_uuid()", "user_id": "(SELECT min(u.id::text)::uuid FROM users u)", "email": "'x' || {column}",
        "ip_address": "coalesce({column} + 1, '192.0.2.1')", "subject_raw": LONGER, "plan": LONGER, "granted_at": LATER,
        "expires_at": LATER, "duration_days": ONE_MORE, "payment_reference": LONGER, "amount_cents": ONE_MORE,
        "currency": OTHER_CURRENCY, "payment_info": MORE_JSON, "metadata": MORE_JSON,
    },
    "usage_counters": {
        "id": "gen_random_uuid()", "user_id": ANOTHER_USER, "ip_address": "{column} + 1", "email": "'x' || {column}",
        "subject_raw": LONGER, "endpoint": LONGER, "action": LONGER,
        "period_type": "'day'", "period_start": "{column} + 10000", "count": ONE_MORE,
    },
    "usage_events": {
        "id": "gen_random_uuid()", "occurred_at": LATER, "user_id": FIRST_USER,
        "ip_address": "coalesce({column} + 1, '192.0.2.1')", "ip_raw": LONGER, "email": "'x@example.com'",
        "metadata": MORE_JSON,
    },
    "user_thread_stats": {
        "user_id": "(SELECT u.id FROM users u WHERE u.id NOT IN (SELECT o.user_id FROM user_thread_stats o) ORDER BY u.id LIMIT 1)",
        "as_of": LATER,
        **dict.fromkeys(("created", "viewed", "updated", "deleted", "copied"), ONE_MORE),
    },
    "app_counters": {
        "id": "gen_random_uuid()", "metric": LONGER, "period_type": "'day'",
        "period_start": "{column} + 10000", "value": ONE_MORE,
    },
    "thread_analytics": {
        "id": "gen_random_uuid()", "user_id": ANOTHER_USER,
        "thread_id": "(SELECT o.id FROM threads o WHERE NOT EXISTS (SELECT FROM thread_analytics a WHERE a.thread_id = o.id) LIMIT 1)",
        **dict.fromkeys(COUNTS, ONE_MORE), **dict.fromkeys(RATES, "{column} + 0.125"),
        "content_type": "CASE {column} WHEN 'news' THEN 'other' ELSE 'news' END", **dict.fromkeys(POSITIONS, ONE_MORE),
        "posted_at": LATER, "peak_engagement_hour": "CASE {column} WHEN 1 THEN 2 ELSE 1 END",
        "peak_engagement_day": LONGER, "tweet_metrics": "{column} || '[7]'", "created_at": LATER, "updated_at": LATER,
    },
    "analytics_timeseries": {
        "id": "gen_random_uuid()", "user_id": ANOTHER_USER, "thread_id": "(SELECT min(o.id::text)::uuid FROM threads o)",
        "metric_name": LONGER, "metric_value": "{column} + 0.125", "bucket_at": LATER,
        "period_type": "CASE {column} WHEN 'day' THEN 'week' ELSE 'day' END", "metadata": MORE_JSON,
    },
}  # fmt: skip
# Columns of the target that no key of the source fills.
ELSEWHERE = {
    "threads": {
        "team_id", "tweet_count", "status", "assigned_to_id", "submitted_at", "submitted_by_id", "reviewed_at",
        "reviewed_by_id", "review_notes", "version", "parent_version_id",
    },
    "users": {"email_verification_expires"},
    "email_subscribers": {"unsubscribed_at"},
    "subscriptions": {
        "team_id", "stripe_customer_id", "stripe_price_id", "stripe_product_id", "canceled_at", "ended_at",
        "trial_start", "trial_end",
    },
    "usage_counters": {"first_request_at", "last_request_at", "metadata"},
}  # fmt: skip
# Rows that nothing refers to, and subscribers without an account: their keys can change, and nobody else's row with them.
FREE = {
    "users": " AND ".join(
        f"NOT EXISTS (SELECT FROM {table} o WHERE o.user_id = t.id)"
        for table in TABLES
        if table not in ("users", "app_counters", *TEAMS)
    ),
    "threads": "NOT EXISTS (SELECT FROM thread_analytics o WHERE o.thread_id = t.id)",
    # With a record of their own: of those that are in the set alone, the source knows nothing but the address.
    "email_subscribers": "user_id IS NULL AND subscribed_at IS NOT NULL",
    "premium_grants": "user_id IS NULL AND email IS NOT NULL",
    "usage_events": "user_id IS NULL",
}
# Rows in which this column can be another one.
FIT = {
    ("usage_counters", "user_id"): "user_id IS NOT NULL",
    ("usage_counters", "ip_address"): "ip_address IS NOT NULL",
    ("usage_counters", "email"): "email IS NOT NULL",
    ("usage_counters", "subject_raw"): "subject_raw IS NOT NULL",
    ("usage_counters", "period_type"): "period_type = 'month'",
    ("usage_counters", "period_start"): "period_type = 'day'",
    ("app_counters", "period_type"): "period_type = 'month'",
    ("app_counters", "period_start"): "period_type = 'day'",
}


@pytest.fixture(scope="module")
def schema(host):
    database = "test_corruption"
    host.execute(f"CREATE DATABASE {database};")
    keyspace = believable(users=200, threads=400, subscriptions=40, premium=120, analytics=80)
    known = next(
        entry.key.decode().rpartition(":")[2] for entry in keyspace if entry.key.startswith(b"threadr:user:user_")
    )
    # Counters of kinds that the application itself does not write.
    counters = [string(f"threadr:usage:{subject}:daily:2025-08-04", "5") for subject in ("ip:unknown", f"user:{known}")]
    load(host, [*keyspace, *counters])
    yield target(host, database)
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


def test_every_migrated_column_is_corrupted(host, schema):
    # The believable keyspace has no teams.
    for table in (name for name in TABLES if name not in TEAMS):
        asked = (
            f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
        )
        columns = {name for (name,) in host.query(asked, db=schema)}
        assert columns - ELSEWHERE.get(table, set()) == set(CHANGED[table])


@pytest.mark.parametrize("number", range(ROUNDS))
def test_each_of_many_corruptions_is_named_and_nothing_else(host, schema, number):
    host.execute(EMPTY, db=schema)
    migrate(host, schema, **ALL)
    assert validate(host, schema, **ALL)["problems"] == []
    chance = random.Random(number)
    statements, expected = ["SET threadr.keep_updated_at = 'on'"], []
    for table, every in CHANGED.items():
        columns = in_turn(every, number)
        key, used = KEYS[table], set()
        # Those for whom few rows fit choose first.
        for column in sorted(columns, key=lambda column: (table, column) not in FIT):
            free, fit = FREE.get(table, "true"), FIT.get((table, column), "true")
            asked = f"SELECT {key}::text AS key FROM {table} t WHERE {free} AND {fit} ORDER BY key"
            rows = [row for (row,) in host.query(asked, db=schema) if row not in used]
            assert rows, (table, column)
            row = chance.choice(rows)
            used.add(row)
            changed = columns[column].format(column=column)
            statements.append(f"UPDATE {table} t SET {column} = {changed} WHERE {key}::text = '{row}'")
            expected.append(sentence(table, column, row))
    host.execute(";".join(statements), db=schema)
    found = [problem.split(" (key ")[0] for problem in validate(host, schema, **ALL)["problems"]]
    assert sorted(found) == sorted(expected)


def in_turn(columns: dict[str, str], number: int) -> dict[str, str]:
    """As many as the validation names of one table; the next round goes on where this one ends."""
    names = list(columns)
    return {name: columns[name] for name in (names * 2)[number * SAMPLES % len(names) :][: min(SAMPLES, len(names))]}


def test_two_hundred_corruptions_and_every_column_among_them():
    rounds = [{table: in_turn(every, number) for table, every in CHANGED.items()} for number in range(ROUNDS)]
    assert sum(len(columns) for tables in rounds for columns in tables.values()) >= 200
    for table, every in CHANGED.items():
        assert set(every) == {column for tables in rounds for column in tables[table]}


def sentence(table: str, column: str, row: str) -> str:
    if column == KEYS[table]:
        return f"{table} {row} is missing"
    if column == "user_id" and table in ("email_subscribers", "premium_grants", "usage_events"):
        return f"{table}: 1 rows have another user_id than users says."
    return f"{table} {row} differs in {column}."
