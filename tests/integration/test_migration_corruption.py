"""Two hundred single values changed in the database, all over the migrated tables and columns: each one is found.

Many at a time, each in a row of its own, so that the validation has to name them all and nothing else.
"""

from __future__ import annotations

import random

import pytest

from migration import EMPTY, TABLES, believable, load, migrate, target, validate

ROUNDS = 5
KEYS = {"users": "id", "threads": "id", "email_subscribers": "email"}
LATER = "coalesce({column} + interval '1 microsecond', now())"
ONE_MORE, LONGER, OTHER_DIGEST = (
    "coalesce({column}, 0) + 1",
    "coalesce({column}, '') || 'x'",
    "encode(sha256('x'), 'hex')",
)
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
        "id": "gen_random_uuid()", "user_id": "(SELECT u.id FROM users u WHERE u.id <> user_id ORDER BY u.id LIMIT 1)",
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
}  # fmt: skip
# Columns of the target that no key of the source fills.
ELSEWHERE = {
    "threads": {
        "team_id", "tweet_count", "status", "assigned_to_id", "submitted_at", "submitted_by_id", "reviewed_at",
        "reviewed_by_id", "review_notes", "version", "parent_version_id",
    },
    "users": {"email_verification_expires"},
    "email_subscribers": {"unsubscribed_at"},
}  # fmt: skip
# Rows that nothing refers to, and subscribers without an account: their keys can change, and nobody else's row with them.
FREE = {
    "users": "NOT EXISTS (SELECT FROM threads WHERE user_id = t.id) AND NOT EXISTS (SELECT FROM email_subscribers s WHERE s.email = t.email)",
    "threads": "true",
    # With a record of their own: of those that are in the set alone, the source knows nothing but the address.
    "email_subscribers": "user_id IS NULL AND subscribed_at IS NOT NULL",
}


@pytest.fixture(scope="module")
def schema(host):
    database = "test_corruption"
    host.execute(f"CREATE DATABASE {database};")
    load(host, believable(users=120, threads=200))
    yield target(host, database)
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


def test_every_migrated_column_is_corrupted(host, schema):
    for table in TABLES:
        asked = (
            f"SELECT attname FROM pg_attribute WHERE attrelid = '{table}'::regclass AND attnum > 0 AND NOT attisdropped"
        )
        columns = {name for (name,) in host.query(asked, db=schema)}
        assert columns - ELSEWHERE[table] == set(CHANGED[table])


@pytest.mark.parametrize("number", range(ROUNDS))
def test_each_of_many_corruptions_is_named_and_nothing_else(host, schema, number):
    assert ROUNDS * sum(map(len, CHANGED.values())) >= 200
    host.execute(EMPTY, db=schema)
    migrate(host, schema)
    assert validate(host, schema)["problems"] == []
    chance = random.Random(number)
    statements, expected = ["SET threadr.keep_updated_at = 'on'"], []
    for table, columns in CHANGED.items():
        key = KEYS[table]
        asked = f"SELECT {key}::text AS key FROM {table} t WHERE {FREE[table]} ORDER BY key"
        rows = [row for (row,) in host.query(asked, db=schema)]
        for row, (column, expression) in zip(chance.sample(rows, len(columns)), columns.items(), strict=True):
            changed = expression.format(column=column)
            statements.append(f"UPDATE {table} SET {column} = {changed} WHERE {key}::text = '{row}'")
            expected.append(sentence(table, column, row))
    host.execute(";".join(statements), db=schema)
    found = [problem.split(" (key ")[0] for problem in validate(host, schema)["problems"]]
    assert sorted(found) == sorted(expected)


def sentence(table: str, column: str, row: str) -> str:
    if column == KEYS[table]:
        return f"{table} {row} is missing"
    if (table, column) == ("email_subscribers", "user_id"):
        return "email_subscribers: 1 rows have another user_id than users says."
    return f"{table} {row} differs in {column}."
