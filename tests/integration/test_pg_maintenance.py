"""pg_maintenance on a real server: what it chooses, does, leaves and foretells; the server is the witness."""

import pytest

from faults import Running, wait_until
from schema import OWNER, deploy
from sessions import clients

# What a test measures has to be small, and to be there at once.
GENERAL = {
    "pause_ms": 0,
    "lock_timeout_s": 1,
    "thresholds": {"vacuum_min_dead_rows": 100, "analyze_min_changed_rows": 100, "reindex_min_bytes": 200_000},
}
PARAMS = {**GENERAL, "profile": "threadr", "rows_role": OWNER}
QUIET = "ALTER TABLE user_sessions SET (autovacuum_enabled = off);"
USER = "INSERT INTO users (id, email, password_hash) VALUES ('00000000-0000-4000-8000-000000000001', 'a@example.com', 'x');"
TEAM = """
    INSERT INTO teams (id, name, slug, owner_id)
    VALUES ('00000000-0000-4000-8000-000000000002', 'one', 'one', '00000000-0000-4000-8000-000000000001');
"""
SESSIONS = """
    INSERT INTO user_sessions (user_id, session_token, refresh_token, created_at, expires_at)
    SELECT '00000000-0000-4000-8000-000000000001', encode(sha256(('s' || n)::bytea), 'hex'), encode(sha256(('r' || n)::bytea), 'hex'),
           now() - interval '400 days', now() + CASE WHEN n <= {over} THEN interval '-1 day' ELSE interval '1 day' END
    FROM generate_series(1, {rows}) n;
"""
# The same address was invited before in each of them, in vain: what the published function fails of.
INVITES = """
    INSERT INTO team_invites (team_id, email, role, token, status, created_at, expires_at)
    SELECT '00000000-0000-4000-8000-000000000002', 'b' || n || '@example.com', 'viewer', encode(sha256((s || n)::bytea), 'hex'), s,
           now() - interval '9 days', now() - interval '2 days'
    FROM generate_series(1, 5) n, unnest(ARRAY['expired', 'pending']) s;
"""
USAGE = """
    INSERT INTO usage_counters (email, endpoint, action, period_type, period_start, count)
    SELECT 'c@example.com', '/api/generate', 'generate', p, date_trunc(p, now() - age)::date, 1
    FROM (VALUES ('day', interval '40 days'), ('day', interval '20 days'), ('month', interval '20 months'),
                 ('month', interval '1 month'), ('day', interval '0')) v (p, age);
    INSERT INTO usage_events (occurred_at, email) VALUES (now() - interval '8 days', 'c@example.com'), (now(), 'c@example.com');
"""
INVALID = "SELECT c.relname FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE NOT i.indisvalid ORDER BY 1"


@pytest.fixture(scope="module")
def deployed(host):
    """A database with the schema, which the tests of this file share."""
    host.execute("CREATE DATABASE test_maintenance;")
    deploy(host, "test_maintenance")
    host.execute(QUIET, "test_maintenance")
    yield "test_maintenance"
    host.execute("DROP DATABASE test_maintenance WITH (FORCE);")


@pytest.fixture
def threadr(host, deployed):
    """Empty, but for a user and a team."""
    host.execute(
        f"DROP TABLE IF EXISTS shop; TRUNCATE users, usage_counters, usage_events CASCADE; {USER} {TEAM}", deployed
    )
    return deployed


def maintain(host, database: str, check_mode: bool = False, usual: dict = PARAMS, **changes) -> dict:
    result = host.module("pg_maintenance", {**usual, "login_db": database, **changes}, check_mode)
    assert not result.get("failed"), result["msg"]
    return result


def general(host, database: str, check_mode: bool = False, **changes) -> dict:
    """Without a profile."""
    return maintain(host, database, check_mode, GENERAL, **changes)


def refusal(host, check_mode: bool = False, **params) -> str:
    result = host.module("pg_maintenance", params, check_mode)
    assert result.get("failed"), result
    assert "\n" not in result["msg"] and "Nothing was done." in result["msg"]
    return result["msg"]


def task(result: dict, name: str) -> dict:
    return next(one for one in result["tasks"] if one["task"] == name)


def bloated(host, database: str, rows: int = 20_000, vacuumed: bool = True) -> None:
    """A table with an index whose pages are nearly empty, or will be once it is VACUUMED."""
    host.execute(
        f"CREATE EXTENSION IF NOT EXISTS pgstattuple; CREATE TABLE shop (id int PRIMARY KEY, name text) WITH (autovacuum_enabled = off);"
        f"INSERT INTO shop SELECT n, 'name ' || n FROM generate_series(1, {rows}) n; DELETE FROM shop WHERE id % 10 <> 0;",
        database,
    )
    host.execute("VACUUM (ANALYZE) shop;" if vacuumed else "ANALYZE shop;", database)


def test_all_tasks_in_four_runs(host, threadr):
    host.execute(SESSIONS.format(over=300, rows=1000) + INVITES + USAGE, threadr)
    # VACUUM is going to make its index bloated, and the same run then makes it anew.
    bloated(host, threadr, vacuumed=False)
    host.execute("ANALYZE", threadr)
    params = {**PARAMS, "login_db": threadr, "batch_rows": 70}

    def witness() -> list:
        sessions = "(SELECT count(*) FROM user_sessions WHERE NOT is_active AND revoked_at <= now())"
        invites = "(SELECT string_agg(DISTINCT status, ' ') || count(*) FROM team_invites)"
        usage = "(SELECT count(*) FROM usage_counters) AS e, (SELECT count(*) FROM usage_events) AS f"
        index = "(SELECT pg_relation_size('shop_pkey') < 100000)"
        dead = "(SELECT n_dead_tup FROM pg_stat_user_tables WHERE relname = 'user_sessions')"
        return host.query(f"SELECT {sessions} AS a, {invites} AS b, {usage}, {index} AS c, {dead} AS d", threadr)[0]

    runs = host.four_runs("pg_maintenance", params, witness)
    assert [run.get("msg") for run, _ in runs] == [None] * 4
    assert [run["changed"] for run, _ in runs] == [True, True, False, False], [run["plan"] for run, _ in runs]
    assert runs[0][0]["plan"] == runs[1][0]["plan"]
    assert [run["left"] + run["problems"] for run, _ in runs] == [[]] * 4
    before, after = runs[0][1], runs[1][1]
    assert before[:2] == [0, "expired pending10"]
    assert after == runs[3][1]
    assert (before[2:], after) == ([5, 2, False, 0], [300, "expired10", 3, 1, True, 0])
    done = runs[1][0]
    assert [(one["what"], one["subject"], one["rows"]) for one in task(done, "expire_usage")["steps"]] == [
        ("delete", "public.usage_counters", 1), ("delete", "public.usage_counters", 1), ("delete", "public.usage_events", 1),
    ]  # fmt: skip
    # Rows that the run itself has written are foreseen as dead ones.
    assert "vacuum public.user_sessions: 300 of 1300 rows are dead" in " ".join(done["plan"])
    assert [one["outcome"] for one in task(done, "reindex")["steps"]] == ["done"]


def test_rows_that_are_over_for_long_go_when_days_are_given(host, threadr):
    host.execute(SESSIONS.format(over=10, rows=20) + INVITES, threadr)
    host.execute(
        "UPDATE user_sessions SET expires_at = created_at + interval '1 day', is_active = false WHERE session_token < '8'",
        threadr,
    )
    [[over]] = host.query("SELECT count(*) FROM user_sessions WHERE NOT is_active", threadr)
    options = {"tasks": ["cleanup_sessions", "cleanup_invites"], "keep_days": {"sessions": 30, "invites": 1}}
    foretold = maintain(host, threadr, True, **options)
    done = maintain(host, threadr, **options)
    assert done["plan"] == foretold["plan"]
    assert host.query("SELECT count(*) FROM user_sessions", threadr) == [[20 - over]]
    # Those that would be marked and are old enough go at once: the next run finds nothing.
    assert host.query("SELECT count(*) FROM team_invites", threadr) == [[0]]
    assert maintain(host, threadr, True, **options)["changed"] is False


def test_one_that_is_killed_in_a_cleanup_is_continued(host, threadr):
    host.execute(SESSIONS.format(over=500, rows=500), threadr)
    marked = "SELECT count(*) FROM user_sessions WHERE NOT is_active"
    slow = {**PARAMS, "login_db": threadr, "tasks": ["cleanup_sessions"], "batch_rows": 10, "pause_ms": 100}
    run = Running(host, threadr, "pg_maintenance", slow)
    wait_until(lambda: host.query(marked, threadr) > [[0]])
    assert run.kill()
    wait_until(lambda: host.query("SELECT FROM pg_stat_activity WHERE application_name = 'pg_maintenance'") == [])
    [[done]] = host.query(marked, threadr)
    assert 0 < done < 500
    [step] = task(maintain(host, threadr, tasks=["cleanup_sessions"]), "cleanup_sessions")["steps"]
    assert (step["rows"], step["outcome"]) == (500 - done, "done")
    assert host.query(marked, threadr) == [[500]]


def test_one_that_is_killed_in_a_reindex_is_tidied_up_and_done_again(host, database):
    bloated(host, database)
    options = {"tasks": ["reindex"]}
    patient = {**GENERAL, **options, "login_db": database, "lock_timeout_s": 600}
    at_work = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_maintenance'"
    with clients(host, database, "looks") as (looks,):
        looks.say("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;", "idle in transaction")
        run = Running(host, database, "pg_maintenance", patient)
        wait_until(lambda: host.query(INVALID, database) == [["shop_pkey_ccnew"]])
        assert run.kill()
        # The server goes on with the statement of a client that is gone.
        assert "is running already: process" in refusal(host, login_db=database, **options)
        host.query(
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE application_name = 'pg_maintenance'"
        )
        wait_until(lambda: host.query(at_work) == [])
        assert host.query(INVALID, database) == [["shop_pkey_ccnew"]]
    runs = host.four_runs(
        "pg_maintenance", {**GENERAL, **options, "login_db": database}, lambda: host.query(INVALID, database)
    )
    assert [run["changed"] for run, _ in runs] == [True, True, False, False]
    assert [found for _, found in runs] == [[["shop_pkey_ccnew"]], [], [], []]
    steps = task(runs[1][0], "reindex")["steps"]
    assert [(one["what"], one["subject"], one["outcome"]) for one in steps] == [
        ("drop", "public.shop_pkey_ccnew", "done"), ("reindex", "public.shop_pkey", "done"),
    ]  # fmt: skip


def test_an_index_that_others_would_have_to_be_waited_for_is_left_without_remains(host, database):
    bloated(host, database)
    options = {"tasks": ["reindex"]}
    with clients(host, database, "writes") as (writes,):
        writes.say("BEGIN; INSERT INTO shop VALUES (0, 'nothing');", "idle in transaction")
        # Who has been there for as long as locks are waited for is known to be in the way before anything is begun.
        old = "SELECT FROM pg_stat_activity WHERE application_name = 'writes' AND clock_timestamp() - xact_start > interval '1 s'"
        wait_until(lambda: host.query(old))
        told = general(host, database, **options)
        assert (told["changed"], len(told["left"])) == (False, 1)
        assert "of postgres in " in told["left"][0] and "(writes)" in told["left"][0]
        assert host.query(INVALID, database) == []
    assert general(host, database, **options)["changed"] is True


def test_invalid_indexes_are_made_anew_or_named(host, database):
    host.execute("CREATE TABLE t (id int, other int); INSERT INTO t VALUES (1, 1), (1, 2);", database)
    options = {"tasks": ["reindex"]}
    host.run(
        "psql",
        "-Xq",
        "-d",
        database,
        "-c",
        "CREATE UNIQUE INDEX CONCURRENTLY t_id ON t (id)",
        user="postgres",
        check=False,
    )
    assert host.query(INVALID, database) == [["t_id"]]
    told = general(host, database, **options)
    assert (told["changed"], told["problems"]) == (
        False, ["reindex public.t_id: could not create unique index \"t_id_ccnew\"."],
    )  # fmt: skip
    # What it began has gone with it.
    assert host.query(INVALID, database) == [["t_id"]]
    host.execute("DELETE FROM t WHERE other = 2; ALTER TABLE t ADD COLUMN more int;", database)
    assert general(host, database, **options)["changed"] is True
    assert host.query(INVALID, database) == []
    # A leftover by its name, and yet like none of its table.
    host.execute("CREATE TABLE u (id int); INSERT INTO u VALUES (1), (1);", database)
    host.run(
        "psql",
        "-Xq",
        "-d",
        database,
        "-c",
        "CREATE UNIQUE INDEX CONCURRENTLY u_ccnew ON u (id)",
        user="postgres",
        check=False,
    )
    told = general(host, database, **options)
    assert told["changed"] is False and "looks left over, but public.u has none like it" in told["problems"][0]


def test_what_is_locked_is_left_and_who_holds_it_is_named(host, threadr):
    host.execute(SESSIONS.format(over=5, rows=5), threadr)
    bloated(host, threadr)
    host.execute("DELETE FROM shop WHERE id % 20 = 0;", threadr)
    with clients(host, threadr, "holds", "edits") as (holds, edits):
        holds.say("BEGIN; LOCK TABLE shop IN SHARE MODE; LOCK TABLE usage_events;", "idle in transaction")
        edits.say("BEGIN; SELECT id FROM user_sessions ORDER BY id LIMIT 1 FOR UPDATE;", "idle in transaction")
        told = maintain(host, threadr, tasks=["cleanup_sessions", "expire_usage", "vacuum"])
        assert told["changed"] is True
        [events] = task(told, "expire_usage")["left"]
        assert events.startswith("delete public.usage_events: locked for 1 s by ") and "(holds)" in events
        [rows], [vacuum] = task(told, "cleanup_sessions")["left"], task(told, "vacuum")["left"]
        assert rows.startswith("update public.user_sessions: 1 rows are held by ") and "(edits)" in rows
        assert vacuum.startswith("vacuum public.shop: locked for 1 s by ") and "(holds)" in vacuum
        assert host.query("SELECT count(*) FROM user_sessions WHERE is_active", threadr) == [[1]]
    assert maintain(host, threadr, tasks=["cleanup_sessions", "vacuum"])["left"] == []


def test_what_the_time_does_not_suffice_for_is_left_for_the_next_run(host, threadr):
    host.execute(SESSIONS.format(over=500, rows=500), threadr)
    told = maintain(host, threadr, time_budget_s=1, batch_rows=1, pause_ms=100)
    assert told["duration_s"] < 10
    assert told["left"][0] == "update public.user_sessions: out of time."
    [step] = task(told, "cleanup_sessions")["steps"]
    assert (step["outcome"], 0 < step["rows"] < 500) == ("in part", True)
    assert {one["outcome"] for one in task(told, "analyze")["steps"]} == {"left"}
    assert maintain(host, threadr)["left"] == []
    assert host.query("SELECT count(*) FROM user_sessions WHERE is_active", threadr) == [[0]]


def test_rows_that_an_old_transaction_may_see_are_no_change(host, database):
    bloated(host, database)
    options = {"tasks": ["vacuum"]}
    with clients(host, database, "looks") as (looks,):
        looks.say("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1;", "idle in transaction")
        host.execute("DELETE FROM shop;", database)
        told = general(host, database, **options)
        assert told["changed"] is False and "may still see them" in told["left"][0]
    assert general(host, database, **options)["changed"] is True
    assert general(host, database, True, **options)["changed"] is False


def test_old_tables_are_frozen(host, database):
    bloated(host, database, 100)
    limits = {**GENERAL["thresholds"], "vacuum_max_age_xids": 50}
    options = {"tasks": ["vacuum"], "thresholds": limits, "login_db": database}
    host.execute("DO $$ BEGIN FOR n IN 1..100 LOOP PERFORM txid_current(); COMMIT; END LOOP; END $$;", database)
    age = "SELECT max(age(relfrozenxid)) < 50 FROM pg_class WHERE relname = 'shop'"
    runs = host.four_runs("pg_maintenance", {**GENERAL, **options}, lambda: host.query(age, database))
    assert [(run["changed"], seen) for run, seen in runs] == [
        (True, [[False]]),
        (True, [[True]]),
        (False, [[True]]),
        (False, [[True]]),
    ]


def test_partitions_are_made_ahead_and_what_is_no_calendar_is_told(host, database):
    host.execute(
        "CREATE TABLE events (at timestamptz NOT NULL, name text) PARTITION BY RANGE (at);"
        "CREATE TABLE events_default PARTITION OF events DEFAULT;"
        "CREATE TABLE odd (at date) PARTITION BY RANGE (at);"
        "CREATE TABLE odd_1 PARTITION OF odd FOR VALUES FROM ('2026-01-01') TO ('2026-01-11');"
        "DO $$ BEGIN EXECUTE format('CREATE TABLE events_first PARTITION OF events FOR VALUES FROM (%L) TO (%L)',"
        " date_trunc('month', now()), date_trunc('month', now()) + interval '1 month'); END $$;",
        database,
    )
    options = {"tasks": ["partitions"], "login_db": database}
    count = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'events'::regclass"
    runs = host.four_runs("pg_maintenance", {**GENERAL, **options}, lambda: host.query(count, database)[0][0])
    assert [run["changed"] for run, _ in runs] == [True, True, False, False]
    made = len(runs[0][0]["plan"])
    assert [seen for _, seen in runs] == [2, 2 + made, 2 + made, 2 + made]
    assert ["public.odd" in problem for problem in runs[1][0]["problems"]] == [True]
    host.execute(
        "INSERT INTO events VALUES (now() + interval '50 days', 'ahead'), (now() - interval '2 years', 'lost');",
        database,
    )
    assert host.query("SELECT name FROM events_default", database) == [["lost"]]
    assert any(
        "public.events_default has rows" in problem for problem in general(host, database, True, **options)["problems"]
    )


def test_statistics_are_reset_only_when_that_was_asked_for(host, database):
    host.execute("CREATE TABLE t AS SELECT 1 AS id;", database)
    inserted = "SELECT n_tup_ins FROM pg_stat_user_tables WHERE relname = 't'"
    assert all(one["task"] != "reset_statistics" for one in general(host, database)["tasks"])
    general(host, database, True, tasks=["reset_statistics"])
    assert host.query(inserted, database) == [[1]]
    assert general(host, database, tasks=["reset_statistics"])["changed"] is True
    assert host.query(inserted, database) == [[0]]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"rows_role": "nobody_there"}, "rows_role is nobody_there, which is no role that this login may take on."),
        ({}, "Task cleanup_sessions is about public.user_sessions, which this database does not have."),
    ],
)
def test_what_the_server_does_not_have_is_refused(host, changes, sentence):
    assert sentence in refusal(host, True, profile="threadr", **changes)
