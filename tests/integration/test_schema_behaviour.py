"""What the schema does by itself: triggers, clean-up, deletions, upserts; and what its catalog must never show."""

import pytest

from schema import deploy
from schema_rows import ADA, BEA, SEED, TEAM, THREAD, insert

UNINDEXED_FOREIGN_KEYS = """
    SELECT c.conrelid::regclass || ' ' || c.conname
    FROM pg_constraint c
    WHERE c.contype = 'f' AND NOT EXISTS (
        SELECT FROM pg_index i
        WHERE i.indrelid = c.conrelid AND i.indkey[0] = c.conkey[1]
          AND (i.indpred IS NULL OR pg_get_expr(i.indpred, i.indrelid) LIKE '%IS NOT NULL%')
    )
"""
# Indexes whose columns another full index begins with.
REDUNDANT_INDEXES = """
    SELECT a.indexrelid::regclass || ' is covered by ' || b.indexrelid::regclass
    FROM pg_index a
    JOIN pg_index b ON b.indrelid = a.indrelid AND b.indexrelid <> a.indexrelid AND b.indpred IS NULL
    JOIN pg_class c ON c.oid = a.indrelid AND c.relnamespace IN ('public'::regnamespace, 'migration'::regnamespace, 'operations'::regnamespace)
    WHERE NOT a.indisunique AND a.indexprs IS NULL AND b.indexprs IS NULL
      AND (b.indkey::text || ' ') LIKE (a.indkey::text || ' %')
"""
UNFIXED_FUNCTIONS = """
    SELECT proname FROM pg_proc
    WHERE pronamespace = 'public'::regnamespace
      AND (proconfig IS NULL OR prosecdef OR has_function_privilege('public', oid, 'EXECUTE'))
"""
UNTYPICAL_COLUMNS = """
    SELECT table_name || '.' || column_name FROM information_schema.columns
    WHERE table_schema IN ('public', 'migration', 'operations') AND table_name <> 'alembic_version'
      AND data_type IN ('character varying', 'timestamp without time zone', 'json', 'real')
"""


@pytest.fixture(scope="module")
def seeded(host):
    """A deployed database with a few rows, which no test changes for good."""
    host.execute("CREATE DATABASE schema_seeded;")
    deploy(host, "schema_seeded")
    host.execute(SEED, db="schema_seeded")
    yield "schema_seeded"
    host.execute("DROP DATABASE schema_seeded WITH (FORCE);")


@pytest.fixture
def tell(host, seeded):
    """tell(STATEMENTS) runs them in a transaction that is rolled back, and returns the rows they print as lines."""
    return lambda statements: host.execute(f"BEGIN; {statements} ROLLBACK;", db=seeded).splitlines()


@pytest.fixture
def refusal(host, seeded):
    """refusal(STATEMENTS) returns what the server says against them."""

    def ask(statements: str) -> str:
        command = ["psql", "-X", "-v", "ON_ERROR_STOP=1", "-d", seeded, "-c", statements]
        return host.run(*command, user="postgres", check=False).stderr

    return ask


@pytest.mark.parametrize(
    ("setting", "expected"),
    [
        ("", "now"),
        ("SET LOCAL threadr.keep_updated_at = 'on';", "kept"),
        ("SET LOCAL threadr.keep_updated_at = 'off';", "now"),
    ],
)
@pytest.mark.parametrize(
    "table", ["users", "threads", "teams", "team_memberships", "subscriptions", "thread_analytics"]
)
def test_updated_at_is_the_present_unless_it_is_to_be_kept(tell, table, setting, expected):
    row = {"users": "", "threads": "", "teams": ""}.get(table, insert(table))
    update = f"UPDATE {table} SET updated_at = '2020-02-02 00:00+00';"
    state = "CASE updated_at WHEN now() THEN 'now' WHEN '2020-02-02 00:00+00' THEN 'kept' END"
    assert tell(f"{row} {setting} {update} SELECT DISTINCT {state} FROM {table};") == [expected]


def test_expired_sessions_are_marked_once(tell):
    expired = insert("user_sessions", created_at="'2020-01-01'", expires_at="'2020-01-02'")
    valid = insert("user_sessions", session_token="repeat('cd', 32)")
    twice = "SELECT cleanup_expired_sessions();" * 2
    marked = "SELECT is_active, revoked_at IS NOT NULL FROM user_sessions ORDER BY expires_at;"
    assert tell(f"{expired} {valid} {twice} {marked}") == ["1", "0", "f|t", "t|f"]


def test_a_second_invite_of_one_address_expires_too(tell):
    old = {"created_at": "'2020-01-01'", "expires_at": "'2020-01-08'"}
    first, second = (insert("team_invites", token=f"repeat('{token}', 32)", **old) for token in ("01", "02"))
    clean_up = "SELECT cleanup_expired_invites();"
    counted = "SELECT status, count(*) FROM team_invites GROUP BY 1 ORDER BY 1;"
    lines = tell(f"{first} {clean_up} {second} {clean_up} {insert('team_invites')} {clean_up} {counted}")
    assert lines == ["1", "1", "0", "expired|2", "pending|1"]


def test_clean_up_finds_its_tables_whatever_the_search_path(tell):
    decoy = "CREATE TEMPORARY TABLE team_invites (); SET LOCAL search_path = pg_temp;"
    assert tell(f"{decoy} SELECT public.cleanup_expired_invites();") == ["0"]


def test_the_application_may_not_run_the_clean_up(refusal):
    said = refusal("SET ROLE threadr_app; SELECT cleanup_expired_sessions();")
    assert "permission denied for function cleanup_expired_sessions" in said


@pytest.mark.parametrize(
    ("prepare", "delete", "left"),
    [
        pytest.param(
            f"UPDATE threads SET team_id = {TEAM};",
            "DELETE FROM teams",
            "threads WHERE team_id IS NULL",
            id="team",
        ),
        pytest.param(
            f"UPDATE threads SET assigned_to_id = {BEA}, submitted_by_id = {BEA}, reviewed_by_id = {BEA};",
            f"DELETE FROM users WHERE id = {BEA}",
            "threads WHERE num_nonnulls(assigned_to_id, submitted_by_id, reviewed_by_id) = 0",
            id="reviewer",
        ),
        pytest.param(
            insert("threads", parent_version_id=THREAD),
            f"DELETE FROM threads WHERE id = {THREAD}",
            "threads WHERE parent_version_id IS NULL",
            id="earlier-version",
        ),
        pytest.param(
            insert("team_invites", invited_by_user_id=BEA) + insert("team_activities", user_id=BEA),
            f"DELETE FROM users WHERE id = {BEA}",
            "team_invites i JOIN team_activities a USING (team_id) WHERE num_nonnulls(invited_by_user_id, user_id) = 0",
            id="history-of-a-person",
        ),
        pytest.param(
            insert("email_subscribers", user_id=BEA) + insert("premium_grants", user_id=BEA),
            f"DELETE FROM users WHERE id = {BEA}",
            "email_subscribers e, premium_grants p WHERE num_nonnulls(e.user_id, p.user_id) = 0",
            id="subscriber-and-payer",
        ),
        pytest.param(insert("threads", user_id=BEA), f"DELETE FROM users WHERE id = {BEA}", "threads", id="author"),
    ],
)
def test_a_deletion_leaves_what_outlives_it(tell, prepare, delete, left):
    assert tell(f"{prepare} {delete}; SELECT count(*) FROM {left};") == ["1"]


@pytest.mark.parametrize(
    ("prepare", "refused_by"),
    [
        pytest.param("", "teams_owner_id_fkey", id="owner-of-a-team"),
        pytest.param("DELETE FROM teams;" + insert("subscriptions"), "subscriptions_user_id_fkey", id="payer"),
    ],
)
def test_a_deletion_that_would_lose_something_is_refused(refusal, prepare, refused_by):
    assert refused_by in refusal(f"{prepare} DELETE FROM users WHERE id = {ADA};")


def test_a_repeated_count_adds_up_in_one_row(tell):
    upsert = insert("usage_counters").rstrip(";") + (
        " ON CONFLICT ON CONSTRAINT usage_counters_key DO UPDATE SET count = usage_counters.count + EXCLUDED.count;"
    )
    assert tell(f"{upsert * 3} SELECT count FROM usage_counters;") == ["3"]


def test_premium_follows_the_time(tell):
    ends = ("NULL", "now() + interval '1 h'", "now() - interval '1 h'")
    rows = [insert("subscriptions", premium_expires_at=end) for end in ends] + [
        insert("subscriptions", status="'canceled'")
    ]
    premium = "SELECT is_premium, count(*) FROM subscription_premium GROUP BY 1 ORDER BY 1;"
    assert tell(f"{' '.join(rows)} {premium}") == ["f|2", "t|2"]


def test_tweets_are_counted(tell):
    assert tell("SELECT tweet_count FROM threads;") == ["1"]


@pytest.mark.parametrize("query", [UNINDEXED_FOREIGN_KEYS, REDUNDANT_INDEXES, UNFIXED_FUNCTIONS, UNTYPICAL_COLUMNS])
def test_the_catalog_shows_none_of_these(host, seeded, query):
    assert host.query(query, db=seeded) == []
