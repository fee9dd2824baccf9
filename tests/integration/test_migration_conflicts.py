"""Rows that the application changed, deleted or made in PostgreSQL: nothing of it is overwritten unasked, all is told."""

from __future__ import annotations

import pytest

from lab.keyspace.entry import Entry, string
from lab.keyspace.hostile.base import SUBSCRIBER, THREAD, USER, address, reader, thread_id, user_id
from lab.keyspace.hostile.case import user_uuid
from lab.keyspace.usage import STATS
from migration import EMPTY, contents, load, migrate, params, target, validate

EARLY, LATE = "2025-08-03T00:00:00", "2099-01-01T00:00:00"
ANN, BEN, CAT = (user_id(name) for name in ("Ann", "Ben", "Cat"))
OWNED = {"user_id": ANN}


@pytest.fixture(scope="module")
def schema(host):
    database = "test_conflicts"
    host.execute(f"CREATE DATABASE {database};")
    yield target(host, database)
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


@pytest.fixture
def changed(host, schema):
    """Two users, a thread and a subscriber, migrated; then one user changed on both sides, the subscriber in PostgreSQL only."""
    host.execute(EMPTY, db=schema)
    keyspace = [USER.entry("Ben"), THREAD.entry("One", OWNED), SUBSCRIBER.entry("Sue")]
    load(host, [*keyspace, USER.entry("Ann", {"updated_at": EARLY})])
    migrate(host, schema)
    host.execute(
        f"UPDATE users SET role = 'admin' WHERE legacy_id = '{ANN}';"
        f"UPDATE email_subscribers SET source = 'app' WHERE email = '{reader('Sue')}';",
        db=schema,
    )
    load(host, [*keyspace, USER.entry("Ann", {"updated_at": EARLY, "login_count": 77})])
    return schema


def ann(host, database: str) -> list:
    return host.query(f"SELECT role, login_count FROM users WHERE legacy_id = '{ANN}'", db=database)[0]


def sue(host, database: str) -> str:
    return host.query(f"SELECT source FROM email_subscribers WHERE email = '{reader('Sue')}'", db=database)[0][0]


@pytest.mark.parametrize("check_mode", [True, False])
def test_by_default_the_run_stops_and_names_the_rows_and_their_columns(host, changed, check_mode):
    before = contents(host, changed)
    answer = host.module("redis_migrate", params(changed), check_mode)
    assert answer["failed"] is True
    assert answer["msg"].startswith(
        "2 rows are not as the migration left them in PostgreSQL, and the source says otherwise: "
        f"email_subscribers {reader('Sue')} (changed, source), users {user_uuid(ANN)} (changed, role, login_count, updated_at)."
    )
    found = [(s["table"], s["source_changed"], s["columns"]) for s in answer["conflicts"]["samples"]]
    assert found == [
        ("email_subscribers", False, ["source"]),
        ("users", True, ["role", "login_count", "updated_at"]),
    ]
    assert contents(host, changed) == before
    recorded = host.query(
        "SELECT state, message, conflicts FROM migration.migration_runs ORDER BY run_id OFFSET 1", db=changed
    )
    assert recorded == ([] if check_mode else [["failed", answer["msg"], answer["conflicts"]]])


@pytest.mark.parametrize(
    ("policy", "user", "subscriber", "kept"),
    [
        ("source_wins", ["user", 77], "newsletter", {}),
        ("target_wins", ["admin", None], "app", {"users": {"changed": 1}, "email_subscribers": {"changed": 1}}),
        # The trigger's time of the change in PostgreSQL is later; subscribers have none, so the live row stays.
        ("newer", ["admin", None], "app", {"users": {"changed": 1}, "email_subscribers": {"changed": 1}}),
    ],
)
def test_each_policy_four_times(host, changed, policy, user, subscriber, kept):
    login_count, source = USER.row("Ann")["login_count"], SUBSCRIBER.row("Sue")["source"]
    runs = host.four_runs("redis_migrate", params(changed, conflicts=policy), lambda: contents(host, changed))
    assert [result["changed"] for result, _ in runs] == [True, True, False, False], runs[0][0]
    for one, other in ((runs[0][0], runs[1][0]), (runs[2][0], runs[3][0])):
        for part in ("accounting", "tables", "rejects", "conflicts", "gone", "diff"):
            assert one[part] == other[part], part
    done = runs[1][0]
    assert done["conflicts"]["kept"] == kept
    assert done["rejects"] == ({"changed_in_target": 2} if kept else {})
    total = done["accounting"]["total"]
    assert (total["written"], total["quarantined"], total["unchanged"]) == ((0, 2, 2) if kept else (2, 0, 2))
    assert ann(host, changed) == [user[0], login_count if user[1] is None else user[1]]
    assert sue(host, changed) == (source if subscriber == "newsletter" else subscriber)
    [[recorded]] = host.query(
        "SELECT conflicts FROM migration.migration_runs ORDER BY run_id OFFSET 1 LIMIT 1", db=changed
    )
    assert recorded == done["conflicts"]
    assert validate(host, changed)["problems"] == []


def test_the_newer_side_wins_by_its_own_time(host, changed):
    load(host, [USER.entry("Ann", {"updated_at": LATE, "login_count": 78})])
    done = migrate(host, changed, conflicts="newer")
    assert done["conflicts"]["overwritten"] == {"users": {"changed": 1}}
    assert ann(host, changed) == ["user", 78]


def test_the_decision_may_be_taken_back_later(host, changed):
    migrate(host, changed, conflicts="target_wins")
    assert migrate(host, changed, conflicts="source_wins")["conflicts"]["overwritten"] == {
        "email_subscribers": {"changed": 1},
        "users": {"changed": 1},
    }
    open_rejects = "SELECT count(*) FROM migration.migration_rejects WHERE resolved_run_id IS NULL"
    assert host.query(open_rejects, db=changed) == [[0]]
    assert migrate(host, changed)["changed"] is False


def test_what_others_deleted_is_not_made_again_and_neither_is_what_hangs_on_it(host, changed):
    host.execute(f"DELETE FROM users WHERE legacy_id = '{ANN}'", db=changed)
    answer = host.module("redis_migrate", params(changed))
    assert "(deleted)" in answer["msg"]
    done = migrate(host, changed, conflicts="target_wins")
    assert done["conflicts"]["kept"]["users"] == {"deleted": 1}
    assert done["rejects"] == {"changed_in_target": 1, "deleted_in_target": 2}
    assert host.query("SELECT count(*) FROM threads", db=changed) == [[0]]
    assert migrate(host, changed, conflicts="target_wins")["changed"] is False
    assert validate(host, changed)["problems"] == []
    done = migrate(host, changed, conflicts="source_wins")
    assert done["tables"]["users"]["inserted"] == done["tables"]["threads"]["inserted"] == 1


def test_a_row_that_no_run_wrote_is_not_overwritten_either(host, schema):
    host.execute(EMPTY, db=schema)
    host.execute(
        f"INSERT INTO email_subscribers (email, source) VALUES ('{reader('Sue')}', 'app');"
        f"INSERT INTO users (id, legacy_id, email, password_hash) VALUES ('{user_uuid(CAT)}', '{CAT}', 'c@example.com', 'x');",
        db=schema,
    )
    load(host, [SUBSCRIBER.entry("Sue"), USER.entry("Cat"), USER.entry("Ben")])
    assert "(made, " in host.module("redis_migrate", params(schema))["msg"]
    done = migrate(host, schema, conflicts="target_wins")
    assert done["conflicts"]["kept"] == {"email_subscribers": {"made": 1}, "users": {"made": 1}}
    assert sue(host, schema) == "app"
    written = "SELECT table_name, row_key FROM migration.migration_rows"
    assert host.query(written, db=schema) == [["users", user_uuid(BEN)]]
    migrate(host, schema, conflicts="source_wins")
    kept = "SELECT previous ->> 'source' AS s FROM migration.migration_rows WHERE table_name = 'email_subscribers'"
    assert host.query(kept, db=schema) == [["app"]]


def test_an_address_that_stays_with_a_changed_row_is_free_for_nobody(host, schema):
    """By the source Ann gives her address to Ben; in PostgreSQL she was changed and keeps it."""
    host.execute(EMPTY, db=schema)
    load(host, [USER.entry("Ann"), USER.entry("Cat")])
    migrate(host, schema)
    host.execute(f"UPDATE users SET role = 'admin' WHERE legacy_id = '{ANN}'", db=schema)
    load(host, [USER.entry("Ann", {"email": "new@example.com"}), USER.entry("Ben", {"email": address("Ann")})])
    done = migrate(host, schema, conflicts="target_wins")
    assert done["rejects"] == {"changed_in_target": 1, "email_taken": 1}
    assert migrate(host, schema, conflicts="source_wins")["tables"]["users"] == {
        "inserted": 1, "updated": 1, "unchanged": 0,
    }  # fmt: skip


def test_a_link_that_follows_another_table_makes_no_conflict(host, schema):
    """An account made since gets the subscriber's row; that is nobody's change of what came from the source."""
    host.execute(EMPTY, db=schema)
    load(host, [SUBSCRIBER.entry("Sue"), USER.entry("Ben")])
    migrate(host, schema)
    host.execute(
        f"INSERT INTO users (email, password_hash) VALUES ('{reader('Sue')}', 'x');"
        "UPDATE email_subscribers s SET user_id = u.id FROM users u WHERE u.email = s.email;",
        db=schema,
    )
    load(host, [SUBSCRIBER.entry("Sue", {"source": "other"}), USER.entry("Ben")])
    assert migrate(host, schema)["tables"]["email_subscribers"]["updated"] == 1


def test_rows_gone_from_the_source_are_told_and_left_alone(host, schema):
    host.execute(EMPTY, db=schema)
    load(host, [USER.entry("Ann"), USER.entry("Ben"), THREAD.entry("One", OWNED), SUBSCRIBER.entry("Sue")])
    migrate(host, schema)
    before = contents(host, schema)
    load(host, [USER.entry("Ann"), USER.entry("Ben", raw=b"{")])
    done = migrate(host, schema)
    assert done["gone"] == {
        "threads": {"rows": 1, "keys": [f"threadr:thread:{thread_id('One')}"]},
        "email_subscribers": {"rows": 1, "keys": [f"threadr:email:{reader('Sue')}"]},
    }
    assert {**contents(host, schema), "rejects": before["rejects"]} == before
    [[recorded]] = host.query("SELECT gone FROM migration.migration_runs ORDER BY run_id OFFSET 1", db=schema)
    assert recorded == done["gone"]


def test_a_log_that_is_not_moved_this_time_is_not_gone(host, schema):
    host.execute(EMPTY, db=schema)
    load(host, [string("threadr:usage:log:192.0.2.1:1754294536.25", "{}"), USER.entry("Ann")])
    assert migrate(host, schema, include=["usage_log"])["tables"]["usage_events"]["inserted"] == 1
    assert migrate(host, schema)["gone"] == {}


def test_a_broken_member_is_told_as_refused_and_not_as_gone(host, schema):
    host.execute(EMPTY, db=schema)
    load(host, [Entry(STATS, "hash", ((b"created", b"3"), (b"viewed", b"4")))])
    assert migrate(host, schema)["tables"]["app_counters"]["inserted"] == 2
    load(host, [Entry(STATS, "hash", ((b"created", b"3"), (b"viewed", b"many")))])
    dry = migrate(host, schema, check_mode=True)
    assert (dry["changed"], dry["gone"], dry["diff"]["before"]) == (True, {}, "")
    assert dry["diff"]["after"].startswith("refused usage_stats.member viewed: ")
    assert migrate(host, schema)["gone"] == {}
    assert migrate(host, schema)["diff"] == {"before": "", "after": ""}
