"""Rows for tests of the schema's rules: what every table accepts, changed where a case says so."""

from __future__ import annotations

ADA, BEA = "'00000000-0000-0000-0000-00000000000a'", "'00000000-0000-0000-0000-00000000000b'"
TEAM, THREAD = "'00000000-0000-0000-0000-0000000000c0'", "'00000000-0000-0000-0000-0000000000d0'"
DIGEST = "repeat('ab', 32)"
TWEETS = """'[{"order": 1, "content": "one"}]'"""

# Two users; Ada owns a team and wrote a thread.
SEED = f"""
    INSERT INTO users (id, email, password_hash)
        VALUES ({ADA}, 'ada@example.com', 'x'), ({BEA}, 'bea@example.com', 'x');
    INSERT INTO teams (id, name, slug, owner_id) VALUES ({TEAM}, 'Tides', 'tides', {ADA});
    INSERT INTO threads (id, user_id, title, original_content, tweets) VALUES ({THREAD}, {ADA}, '', '', {TWEETS});
"""

# SQL expressions of a row that is accepted after SEED.
ACCEPTED = {
    "users": {"email": "'new@example.com'", "password_hash": "'x'"},
    "teams": {"name": "'Moon'", "slug": "'moon'", "owner_id": BEA},
    "team_memberships": {"team_id": TEAM, "user_id": BEA, "role": "'editor'"},
    "team_invites": {"team_id": TEAM, "email": "'new@example.com'", "role": "'viewer'", "token": DIGEST},
    "team_activities": {"team_id": TEAM, "action": "'joined'", "resource_type": "'member'"},
    "threads": {"user_id": ADA, "title": "''", "original_content": "''", "tweets": TWEETS},
    "subscriptions": {
        "user_id": ADA,
        "status": "'active'",
        "plan_name": "'unknown'",
        "billing_cycle": "'monthly'",
        "amount_cents": "0",
        "current_period_start": "'2025-08-05'",
        "current_period_end": "'2025-09-05'",
    },
    "premium_grants": {"ip_address": "'203.0.113.9'", "granted_at": "'2025-08-02'", "expires_at": "'2025-09-01'"},
    "email_subscribers": {"email": "'reader@example.org'"},
    "usage_counters": {
        "ip_address": "'203.0.113.9'",
        "endpoint": "'/api/generate'",
        "action": "'generate_thread'",
        "period_type": "'day'",
        "period_start": "'2025-08-04'",
        "count": "1",
    },
    "usage_events": {"ip_raw": "'unknown'"},
    "app_counters": {"metric": "'threads'", "period_type": "'day'", "period_start": "'2025-08-04'"},
    "user_thread_stats": {"user_id": ADA},
    "user_sessions": {"user_id": ADA, "session_token": DIGEST, "expires_at": "now() + interval '1 day'"},
    "thread_analytics": {"thread_id": THREAD, "user_id": ADA},
    "analytics_timeseries": {
        "user_id": ADA,
        "metric_name": "'impressions'",
        "metric_value": "123456789",
        "bucket_at": "'2025-08-03'",
        "period_type": "'day'",
    },
}


def insert(table: str, **changes: str | None) -> str:
    """An INSERT of the accepted row with CHANGES, SQL expressions; None leaves the column out."""
    row = {column: value for column, value in {**ACCEPTED[table], **changes}.items() if value is not None}
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({', '.join(row.values())});"
