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
    JOIN pg_class c ON c.oid = a.indrelid AND c.relnamespace IN ('public'::regnamespace, 'migration'::regnamespace)
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
    WHERE table_schema IN ('public', 'migration') AND table_name <> 'alembic_version'
      AND data_type IN ('character varying', 'timestamp without time zone', 'json', 'real')
"""


@pytest.fixture
def seeded(host, database):
    deploy(host, database)
    host.execute(SEED, db=database)
    return database


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
def test_updated_at_is_the_present_unless_it_is_to_be_kept(host, seeded, table, setting, expected):
    row = {"users": "", "threads": "", "teams": ""}.get(table, insert(table))
    update = f"UPDATE {table} SET updated_at = '2020-02-02 00:00+00';"
    state = f"SELECT DISTINCT CASE WHEN updated_at = now() THEN 'now' WHEN updated_at = '2020-02-02 00:00+00' THEN 'kept' END FROM {table};"
    assert host.execute(f"BEGIN; {row} {setting} {update} {state} COMMIT;", db=seeded).strip() == expected


def test_expired_sessions_are_marked_once(host, seeded):
    old = {"created_at": "'2020-01-01'", "expires_at": "'2020-01-02'"}
    host.execute(insert("user_sessions", **old) + insert("user_sessions", session_token="repeat('cd', 32)"), db=seeded)
    assert host.query("SELECT cleanup_expired_sessions()", db=seeded) == [[1]]
    assert host.query("SELECT cleanup_expired_sessions()", db=seeded) == [[0]]
    marked = "SELECT is_active, revoked_at IS NOT NULL AS revoked FROM user_sessions ORDER BY expires_at"
    assert host.query(marked, db=seeded) == [[False, True], [True, False]]


def test_a_second_invite_of_one_address_expires_too(host, seeded):
    old = {"created_at": "'2020-01-01'", "expires_at": "'2020-01-08'"}
    for token in ("01", "02"):
        host.execute(insert("team_invites", token=f"repeat('{token}', 32)", **old), db=seeded)
        assert host.query("SELECT cleanup_expired_invites()", db=seeded) == [[1]]
    host.execute(insert("team_invites"), db=seeded)
    assert host.query("SELECT cleanup_expired_invites()", db=seeded) == [[0]]
    counted = "SELECT status, count(*) FROM team_invites GROUP BY 1 ORDER BY 1"
    assert host.query(counted, db=seeded) == [["expired", 2], ["pending", 1]]


def test_clean_up_finds_its_tables_whatever_the_search_path(host, seeded):
    host.execute(
        "SET search_path = pg_temp; CREATE TABLE team_invites (); SELECT public.cleanup_expired_invites();", db=seeded
    )


def test_the_application_may_not_run_the_clean_up(host, seeded):
    done = host.run(
        "psql",
        "-d",
        seeded,
        "-c",
        "SET ROLE threadr_app",
        "-c",
        "SELECT cleanup_expired_sessions()",
        user="postgres",
        check=False,
    )
    assert "permission denied for function cleanup_expired_sessions" in done.stderr


@pytest.mark.parametrize(
    ("prepare", "delete", "left"),
    [
        pytest.param(
            f"UPDATE threads SET team_id = {TEAM};",
            "DELETE FROM teams",
            ("threads WHERE team_id IS NULL", 1),
            id="team",
        ),
        pytest.param(
            f"UPDATE threads SET assigned_to_id = {BEA}, submitted_by_id = {BEA}, reviewed_by_id = {BEA};",
            f"DELETE FROM users WHERE id = {BEA}",
            ("threads WHERE num_nonnulls(assigned_to_id, submitted_by_id, reviewed_by_id) = 0", 1),
            id="reviewer",
        ),
        pytest.param(
            insert("threads", parent_version_id=THREAD),
            f"DELETE FROM threads WHERE id = {THREAD}",
            ("threads WHERE parent_version_id IS NULL", 1),
            id="earlier-version",
        ),
        pytest.param(
            insert("team_invites", invited_by_user_id=BEA) + insert("team_activities", user_id=BEA),
            f"DELETE FROM users WHERE id = {BEA}",
            (
                "team_invites i JOIN team_activities a USING (team_id) WHERE num_nonnulls(invited_by_user_id, user_id) = 0",
                1,
            ),
            id="history-of-a-person",
        ),
        pytest.param(
            insert("email_subscribers", user_id=BEA) + insert("premium_grants", user_id=BEA),
            f"DELETE FROM users WHERE id = {BEA}",
            ("email_subscribers e, premium_grants p WHERE num_nonnulls(e.user_id, p.user_id) = 0", 1),
            id="subscriber-and-payer",
        ),
        pytest.param(
            insert("threads", user_id=BEA), f"DELETE FROM users WHERE id = {BEA}", ("threads", 1), id="author"
        ),
    ],
)
def test_a_deletion_leaves_what_outlives_it(host, seeded, prepare, delete, left):
    host.execute(f"{prepare} {delete};", db=seeded)
    rows, count = left
    assert host.query(f"SELECT count(*) FROM {rows}", db=seeded) == [[count]]


@pytest.mark.parametrize(
    ("prepare", "refused_by"),
    [
        pytest.param("", "teams_owner_id_fkey", id="owner-of-a-team"),
        pytest.param("DELETE FROM teams;" + insert("subscriptions"), "subscriptions_user_id_fkey", id="payer"),
    ],
)
def test_a_deletion_that_would_lose_something_is_refused(host, seeded, prepare, refused_by):
    statements = f"{prepare} DELETE FROM users WHERE id = {ADA};"
    done = host.run("psql", "-v", "ON_ERROR_STOP=1", "-d", seeded, "-c", statements, user="postgres", check=False)
    assert refused_by in done.stderr


def test_a_repeated_count_adds_up_in_one_row(host, seeded):
    upsert = insert("usage_counters").rstrip(";") + (
        " ON CONFLICT ON CONSTRAINT usage_counters_key DO UPDATE SET count = usage_counters.count + EXCLUDED.count;"
    )
    host.execute(upsert * 3, db=seeded)
    assert host.query("SELECT count FROM usage_counters", db=seeded) == [[3]]


def test_premium_follows_the_time(host, seeded):
    for expires in ("NULL", "now() + interval '1 h'", "now() - interval '1 h'"):
        host.execute(insert("subscriptions", premium_expires_at=expires), db=seeded)
    host.execute(insert("subscriptions", status="'canceled'"), db=seeded)
    premium = "SELECT is_premium, count(*) FROM subscription_premium GROUP BY 1 ORDER BY 1"
    assert host.query(premium, db=seeded) == [[False, 2], [True, 2]]


def test_tweets_are_counted(host, seeded):
    assert host.query("SELECT tweet_count FROM threads", db=seeded) == [[1]]


@pytest.mark.parametrize("query", [UNINDEXED_FOREIGN_KEYS, REDUNDANT_INDEXES, UNFIXED_FUNCTIONS, UNTYPICAL_COLUMNS])
def test_the_catalog_shows_none_of_these(host, seeded, query):
    assert host.query(query, db=seeded) == []
