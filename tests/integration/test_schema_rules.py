"""What the tables accept and what they refuse, by the constraint that refuses it."""

import json

import pytest

from schema import deploy
from schema_rows import ACCEPTED, ADA, BEA, DIGEST, SEED, TEAM, THREAD, insert

OK = "accepted"
BIG = "9223372036854775807"
# A thousand bytes that no compression makes shorter.
NOISE = "(SELECT left(string_agg(md5(n::text), ''), 1000) FROM generate_series(1, 40) n)"

# (statements, verdict): accepted, or the constraint, the column or the SQLSTATE that refuses.
CASES = {
    **{f"the plain row of {table}": (insert(table), OK) for table in ACCEPTED},
    # Identity
    "a user id of Redis as UUID": (insert("users", id="'user_k3Qw9ZrT1xYb-7uVn_0aMg'"), "22P02"),
    "a user id of Redis as legacy id": (insert("users", legacy_id="'user_k3Qw9ZrT1xYb-7uVn_0aMg'"), OK),
    "one legacy id twice": (
        insert("users", legacy_id="'u1'") + insert("users", legacy_id="'u1'", email="'other@example.com'"),
        "users_legacy_id_key",
    ),
    "many users without legacy id": (insert("users") + insert("users", email="'other@example.com'"), OK),
    "a user id of Redis as resource": (insert("team_activities", resource_id="'user_k3Qw9ZrT1xYb-7uVn_0aMg'"), OK),
    "a long legacy id": (insert("users", legacy_id=NOISE), OK),
    "a legacy id too long for an index": (insert("users", legacy_id=f"{NOISE} || 'x'"), "users_legacy_id_length_check"),
    # E-mail addresses
    "an upper-case address of a user": (insert("users", email="'Z@example.com'"), "users_email_lower_check"),
    "one address twice": (insert("users", email="'ada@example.com'"), "users_email_key"),
    "an address without @": (insert("users", email="'nobody'"), "users_email_form_check"),
    "an empty address": (insert("users", email="''"), "users_email_form_check"),
    "an address of 254": (insert("users", email="repeat('x', 242) || '@example.com'"), OK),
    "an address of 255": (insert("users", email="repeat('x', 243) || '@example.com'"), "users_email_form_check"),
    "an upper-case subscriber": (
        insert("email_subscribers", email="'Z@example.com'"),
        "email_subscribers_email_lower_check",
    ),
    "an upper-case payer": (insert("premium_grants", email="'Pay.Er@Example.com'"), "premium_grants_email_lower_check"),
    # Tokens
    "a token in the clear": (insert("users", password_reset_token="'secret'"), "users_password_reset_token_check"),
    "an upper-case digest": (
        insert("users", email_verification_token=f"upper({DIGEST})"),
        "users_email_verification_token_check",
    ),
    "digests": (insert("users", password_reset_token=DIGEST, email_verification_token=DIGEST), OK),
    "a session token in the clear": (
        insert("user_sessions", session_token="repeat('x', 261)"),
        "user_sessions_session_token_check",
    ),
    "one invite token twice": (
        insert("team_invites") + insert("team_invites", email="'b@example.com'"),
        "team_invites_token_key",
    ),
    # Counters
    "the widest counter": (insert("users", login_count=BIG), OK),
    "a negative counter": (insert("users", login_count="-1"), "users_login_count_check"),
    "a negative view count": (insert("threads", view_count="-1"), "threads_view_count_check"),
    "a negative usage counter": (insert("usage_counters", count="-1"), "usage_counters_count_check"),
    "a negative statistic": (insert("user_thread_stats", viewed="-1"), "user_thread_stats_counters_check"),
    "a negative number of analytics": (insert("thread_analytics", total_likes="-5", engagement_rate="112.5"), OK),
    "percentages": (insert("thread_analytics", thread_completion_rate="45.0", engagement_rate="12.5"), OK),
    # Threads
    "tweets as an object": (insert("threads", tweets="'{}'"), "threads_tweets_check"),
    "tweets as JSON null": (insert("threads", tweets="'null'"), "threads_tweets_check"),
    "no tweets": (insert("threads", tweets="'[]'"), "threads_tweets_check"),
    "source type in capitals": (insert("threads", source_type="'URL'"), "threads_source_type_check"),
    "a title over 200": (insert("threads", title="repeat('x', 5000)"), OK),
    "a model of 50": (insert("threads", ai_model="repeat('x', 50)"), OK),
    "a model of 51": (insert("threads", ai_model="repeat('x', 51)"), "threads_ai_model_check"),
    "tags null": (insert("threads", tags="NULL"), "tags"),
    "status null": (insert("threads", status="NULL"), "status"),
    "U+0000 in text": (insert("threads", title=r"E'\x00'"), "22021"),
    "content type null": (insert("thread_analytics", content_type="NULL"), "content_type"),
    "peak hour 24": (
        insert("thread_analytics", peak_engagement_hour="24"),
        "thread_analytics_peak_engagement_hour_check",
    ),
    # Addresses of clients
    "an IP address with a mask": (
        insert("email_subscribers", client_ip="'203.0.113.9/24'"),
        "email_subscribers_client_ip_check",
    ),
    "an IPv6 address": (insert("email_subscribers", client_ip="'2001:db8::7'"), OK),
    "an IPv6 network": (insert("user_sessions", ip_address="'2001:db8::/64'"), "user_sessions_ip_address_check"),
    "what is no address": (insert("email_subscribers", client_ip="'unknown'"), "22P02"),
    "what is no address, raw": (insert("email_subscribers", client_ip_raw="'198.51.100.9:4711'"), OK),
    "a tag of any length": (insert("threads", tags=f"ARRAY[{NOISE} || {NOISE} || {NOISE} || {NOISE}]"), OK),
    # Premium and subscriptions
    "a payment reference of any length": (
        insert("premium_grants", payment_reference=f"{NOISE} || {NOISE} || {NOISE}"),
        OK,
    ),
    "a negative amount": (insert("premium_grants", amount_cents="-1"), "premium_grants_amount_cents_check"),
    "a negative duration": (insert("premium_grants", duration_days="-1"), "premium_grants_duration_days_check"),
    "a grant to a user alone": (insert("premium_grants", ip_address=None, user_id=ADA), "premium_grants_subject_check"),
    "a Stripe id too long for an index": (
        insert("subscriptions", stripe_subscription_id=f"{NOISE} || 'x'"),
        "subscriptions_stripe_subscription_id_length_check",
    ),
    "a grant by IP": (insert("premium_grants"), OK),
    "a grant by an unknown address": (insert("premium_grants", ip_address=None, email="'pay.er@example.com'"), OK),
    "a grant to nobody": (insert("premium_grants", ip_address=None), "premium_grants_subject_check"),
    "a grant that ends first": (insert("premium_grants", expires_at="'2025-08-01'"), "premium_grants_expires_at_check"),
    "one payment reference twice": (insert("premium_grants", payment_reference="'hand'") * 2, OK),
    "currency in lower case": (insert("premium_grants", currency="'usd'"), "premium_grants_currency_check"),
    "a subscription without Stripe's ids": (insert("subscriptions"), OK),
    "one Stripe id twice": (
        insert("subscriptions", stripe_subscription_id="'sub_1'") * 2,
        "subscriptions_stripe_subscription_id_key",
    ),
    "British spelling": (insert("subscriptions", status="'cancelled'"), "subscriptions_status_check"),
    "Stripe's states": (
        "".join(insert("subscriptions", status=f"'{s}'") for s in ("paused", "incomplete", "incomplete_expired")),
        OK,
    ),
    "a negative price": (insert("subscriptions", amount_cents="-1"), "subscriptions_amount_cents_check"),
    "a period that ends first": (
        insert("subscriptions", current_period_end="'2025-08-04'"),
        "subscriptions_current_period_check",
    ),
    "a subscription of nobody": (insert("subscriptions", user_id=None), "subscriptions_owner_check"),
    "a subscription of two": (insert("subscriptions", team_id=TEAM), "subscriptions_owner_check"),
    # Usage
    "usage by address": (insert("usage_counters", ip_address=None, email="'ada@example.com'"), OK),
    "usage by what is no address": (
        insert("usage_counters", ip_address=None, email="'nobody'"),
        "usage_counters_email_form_check",
    ),
    "usage by a long subject": (insert("usage_counters", ip_address=None, subject_raw=NOISE), OK),
    "usage by a subject too long for an index": (
        insert("usage_counters", ip_address=None, subject_raw=f"{NOISE} || 'x'"),
        "usage_counters_subject_raw_length_check",
    ),
    "a metric too long for an index": (
        insert("app_counters", metric=f"{NOISE} || 'x'"),
        "app_counters_metric_length_check",
    ),
    "a series too long for an index": (
        insert("analytics_timeseries", metric_name=f"{NOISE} || 'x'"),
        "analytics_timeseries_metric_name_length_check",
    ),
    "usage of two subjects": (insert("usage_counters", email="'ada@example.com'"), "usage_counters_subject_check"),
    "usage of nobody": (insert("usage_counters", ip_address=None), "usage_counters_subject_check"),
    "one counter twice": (insert("usage_counters") * 2, "usage_counters_key"),
    "a day and a month of one client": (
        insert("usage_counters", period_start="'2025-08-01'")
        + insert("usage_counters", period_start="'2025-08-01'", period_type="'month'"),
        OK,
    ),
    "a month that starts on the fourth": (
        insert("usage_counters", period_type="'month'"),
        "usage_counters_period_start_check",
    ),
    "a total of a day": (insert("app_counters", period_type="'total'"), "app_counters_period_start_check"),
    "a total": (insert("app_counters", period_type="'total'", period_start="'1970-01-01'"), OK),
    # Series
    "one point twice": (insert("analytics_timeseries") * 2, "analytics_timeseries_key"),
    "one point overall and of a thread": (
        insert("analytics_timeseries") + insert("analytics_timeseries", thread_id=THREAD),
        OK,
    ),
    "period all_time": (
        insert("analytics_timeseries", period_type="'all_time'"),
        "analytics_timeseries_period_type_check",
    ),
    # Teams
    "an invite as owner": (insert("team_invites", role="'owner'"), "team_invites_role_check"),
    "an open invite twice, spelt otherwise": (
        insert("team_invites") + insert("team_invites", email="'NEW@example.com'", token="repeat('cd', 32)"),
        "team_invites_pending_key",
    ),
    "closed invites and an open one": (
        insert("team_invites", status="'expired'", token="repeat('01', 32)")
        + insert("team_invites", status="'expired'", token="repeat('02', 32)")
        + insert("team_invites"),
        OK,
    ),
    "the team's owner as owner": (insert("team_memberships", user_id=ADA, role="'owner'"), OK),
    "another as owner": (insert("team_memberships", role="'owner'"), "team_memberships_owner_fkey"),
    "a second owner": (
        insert("team_memberships", user_id=ADA, role="'owner'") + insert("team_memberships", role="'owner'"),
        "team_memberships_owner_key",
    ),
    "a team handed over": (
        insert("team_memberships", user_id=ADA, role="'owner'")
        + insert("team_memberships")
        + f"UPDATE team_memberships SET role = 'admin' WHERE user_id = {ADA};"
        + f"UPDATE teams SET owner_id = {BEA};"
        + f"UPDATE team_memberships SET role = 'owner' WHERE user_id = {BEA};",
        OK,
    ),
    "a slug with capitals": (insert("teams", slug="'Moon'"), "teams_slug_check"),
    "a session that ends first": (insert("user_sessions", expires_at="'2020-01-01'"), "user_sessions_expires_at_check"),
}

# Runs a case, undoes it, and says how it went.
ATTEMPT = """
    CREATE FUNCTION pg_temp.attempt(statements text) RETURNS text LANGUAGE plpgsql AS $attempt$
    DECLARE
        refused_by text; of_column text; state text;
    BEGIN
        EXECUTE statements;
        SET CONSTRAINTS ALL IMMEDIATE;
        RAISE EXCEPTION USING ERRCODE = 'ZZ000', MESSAGE = 'undo';
    EXCEPTION
        WHEN SQLSTATE 'ZZ000' THEN
            RETURN 'accepted';
        WHEN OTHERS THEN
            GET STACKED DIAGNOSTICS refused_by = CONSTRAINT_NAME, of_column = COLUMN_NAME, state = RETURNED_SQLSTATE;
            RETURN coalesce(nullif(refused_by, ''), nullif(of_column, ''), state);
    END
    $attempt$;
"""


@pytest.fixture(scope="module")
def verdicts(host):
    """{case: verdict} of all cases, asked in one session."""
    host.execute("CREATE DATABASE schema_rules;")
    deploy(host, "schema_rules")
    asked = ", ".join(
        f"($case${name}$case$, pg_temp.attempt($case${statements}$case$))" for name, (statements, _) in CASES.items()
    )
    answer = host.execute(
        f"{SEED} {ATTEMPT} SELECT json_object_agg(name, verdict) FROM (VALUES {asked}) c (name, verdict);",
        "schema_rules",
    )
    yield json.loads(answer)
    host.execute("DROP DATABASE schema_rules WITH (FORCE);")


@pytest.mark.parametrize(
    ("case", "verdict"), [(case, verdict) for case, (_, verdict) in CASES.items()], ids=list(CASES)
)
def test_the_server_answers(verdicts, case, verdict):
    assert verdicts[case] == verdict
