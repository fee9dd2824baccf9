"""migration_undo: exactly what the runs wrote goes, what others made or changed stays, at any moment all or nothing."""

from __future__ import annotations

import time

import pytest

from faults import Running, wait_until
from lab.keyspace.hostile.base import SUBSCRIBER, THREAD, USER, address, reader, thread_id, user_id
from lab.keyspace.hostile.case import user_uuid
from migration import EMPTY, believable, contents, load, migrate, target, validate

ANN, BEN, CAT = (user_id(name) for name in ("Ann", "Ben", "Cat"))
NOTHING = {"remove": 0, "restore": 0, "changed": 0, "deleted": 0, "referenced": 0, "taken": 0}
DATABASE = "test_undo"


@pytest.fixture(scope="module")
def schema(host):
    host.execute(f"CREATE DATABASE {DATABASE};")
    yield target(host, DATABASE)
    host.execute(f"DROP DATABASE {DATABASE} WITH (FORCE);")


@pytest.fixture
def ready(host, schema):
    host.execute(EMPTY, db=schema)
    return schema


def options(**changes) -> dict:
    return {"login_db": DATABASE, "login_role": "threadr_migration", "confirm": DATABASE, **changes}


def undo(host, check_mode: bool = False, **changes) -> dict:
    result = host.module("migration_undo", options(**changes), check_mode)
    assert not result.get("failed"), result["msg"]
    return result


def fates(**counts: int) -> dict[str, int]:
    return {**NOTHING, **counts}


def people(host) -> list:
    return host.query("SELECT legacy_id, email, role FROM users ORDER BY email", db=DATABASE)


def test_four_runs_and_then_a_migration_like_the_first(host, ready):
    load(host, believable(users=20, threads=60))
    empty = contents(host, ready)
    migrate(host, ready)
    full = contents(host, ready)
    runs = host.four_runs("migration_undo", options(), lambda: contents(host, ready))
    assert [result["changed"] for result, _ in runs] == [True, True, False, False], runs
    assert [state for _, state in runs] == [full, *[{**empty, "rejects": full["rejects"]}] * 3]
    for part in ("plan", "tables", "kept", "diff"):
        assert runs[0][0][part] == runs[1][0][part]
        assert runs[2][0][part] == runs[3][0][part]
    assert runs[1][0]["tables"]["users"] == fates(remove=20)
    assert runs[3][0]["diff"] == {"before": "", "after": ""}
    assert host.query("SELECT count(*) FROM migration.migration_rows", db=ready) == [[0]]
    recorded = "SELECT kind, state FROM migration.migration_runs ORDER BY run_id"
    assert host.query(recorded, db=ready) == [["migration", "finished"], ["undo", "finished"]]
    again = migrate(host, ready)
    assert again["conflicts"]["kept"] == again["gone"] == {}
    assert contents(host, ready) == full
    assert validate(host, ready)["problems"] == []


@pytest.mark.parametrize("confirm", [None, "threadr", ""])
def test_without_the_name_of_the_database_nothing_is_changed(host, ready, confirm):
    load(host, [USER.entry("Ann")])
    migrate(host, ready)
    before = contents(host, ready)
    answer = host.module("migration_undo", options(confirm=confirm))
    assert answer["failed"] is True
    assert answer["msg"].startswith(f"The migration into database {DATABASE} is to be undone (users: remove 1 rows)")
    assert answer["msg"].endswith(f"set confirm to {DATABASE}.")
    assert contents(host, ready) == before
    dry = host.module("migration_undo", options(confirm=confirm), check_mode=True)
    assert bool(dry.get("failed")) is (confirm is not None)


def test_what_others_changed_or_made_stays_and_so_does_what_it_refers_to(host, ready):
    owned = {"user_id": ANN}
    load(host, [USER.entry("Ann"), USER.entry("Ben"), USER.entry("Cat"), SUBSCRIBER.entry("Sue"), SUBSCRIBER.entry("Tom"),
                THREAD.entry("Kept", owned), THREAD.entry("Gone", owned), THREAD.entry("Also", {"user_id": BEN})])  # fmt: skip
    migrate(host, ready)
    host.execute(
        # A column that no run writes, a column that runs write, a row that refers, a row of nobody's.
        f"UPDATE threads SET status = 'draft' WHERE id = '{thread_id('Kept')}';"
        f"UPDATE email_subscribers SET source = 'app' WHERE email = '{reader('Sue')}';"
        "INSERT INTO user_sessions (user_id, session_token, expires_at)"
        f" VALUES ('{user_uuid(CAT)}', repeat('a', 64), now() + interval '1 day');"
        "INSERT INTO users (email, password_hash) VALUES ('new@example.com', 'x');",
        db=ready,
    )
    done = undo(host)
    assert {table: counts for table, counts in done["tables"].items() if counts != NOTHING} == {
        "users": fates(remove=1, referenced=2),
        "threads": fates(remove=2, changed=1),
        "email_subscribers": fates(remove=1, changed=1),
    }
    assert sorted((row["table"], row["fate"], row["by"]) for row in done["kept"]) == [
        ("email_subscribers", "changed", None),
        ("threads", "changed", None),
        ("users", "referenced", "threads"),
        ("users", "referenced", "user_sessions"),
    ]
    assert [email for _, email, _ in people(host)] == [address("Ann"), address("Cat"), "new@example.com"]
    assert host.query("SELECT count(*) FROM user_sessions", db=ready) == [[1]]
    assert undo(host)["changed"] is False
    again = migrate(host, ready, conflicts="target_wins")
    assert again["tables"]["users"] == {"inserted": 1, "updated": 0, "unchanged": 2}


def test_rows_that_were_there_before_are_put_back_as_they_were(host, ready):
    """Ann and Ben were there with each other's later addresses, Sue's row knew less; a run overwrote all of them."""
    host.execute(
        "INSERT INTO users (id, legacy_id, email, password_hash, role, updated_at) VALUES"
        f" ('{user_uuid(ANN)}', '{ANN}', '{address('Ben')}', 'x', 'admin', '2020-01-01'),"
        f" ('{user_uuid(BEN)}', '{BEN}', '{address('Ann')}', 'x', 'admin', '2020-01-01');"
        f"INSERT INTO email_subscribers (email, source) VALUES ('{reader('Sue')}', 'app');",
        db=ready,
    )
    before = contents(host, ready)
    load(host, [USER.entry("Ann"), USER.entry("Ben"), USER.entry("Cat"), SUBSCRIBER.entry("Sue")])
    migrate(host, ready, conflicts="source_wins")
    load(host, [USER.entry("Ann", {"login_count": 9}), USER.entry("Ben"), SUBSCRIBER.entry("Sue")])
    migrate(host, ready)
    done = undo(host)
    assert done["tables"]["users"] == fates(remove=1, restore=2)
    assert done["tables"]["email_subscribers"] == fates(restore=1)
    assert contents(host, ready) == before


def test_what_others_changed_before_a_run_overwrote_it_comes_back(host, ready):
    load(host, [USER.entry("Ann"), USER.entry("Ben")])
    migrate(host, ready)
    host.execute(f"UPDATE users SET role = 'admin' WHERE legacy_id = '{ANN}'", db=ready)
    migrate(host, ready, conflicts="source_wins")
    undo(host)
    assert people(host) == [[ANN, address("Ann"), "admin"]]


def test_a_former_address_that_is_taken_by_now_takes_nobody_away(host, ready):
    host.execute(
        f"INSERT INTO users (id, legacy_id, email, password_hash) VALUES ('{user_uuid(ANN)}', '{ANN}', 'old@example.com', 'x')",
        db=ready,
    )
    load(host, [USER.entry("Ann"), USER.entry("Ben")])
    migrate(host, ready, conflicts="source_wins")
    host.execute("INSERT INTO users (email, password_hash) VALUES ('old@example.com', 'x')", db=ready)
    done = undo(host)
    assert done["tables"]["users"] == fates(remove=1, taken=1)
    assert done["kept"] == [{"table": "users", "key": user_uuid(ANN), "fate": "taken", "by": "email"}]
    assert [email for _, email, _ in people(host)] == [address("Ann"), "old@example.com"]


def test_what_others_deleted_is_told(host, ready):
    load(host, [USER.entry("Ann"), USER.entry("Ben")])
    migrate(host, ready)
    host.execute(f"DELETE FROM users WHERE legacy_id = '{ANN}'", db=ready)
    assert undo(host)["tables"]["users"] == fates(remove=1, deleted=1)


def test_a_row_that_a_run_found_equal_is_not_its_own(host, ready):
    load(host, [USER.entry("Ann")])
    migrate(host, ready)
    host.execute("DELETE FROM migration.migration_rows", db=ready)
    migrate(host, ready)
    assert undo(host)["changed"] is False
    assert len(people(host)) == 1


class Undoing(Running):
    """An undo in the background of HOST."""

    def __init__(self, host) -> None:
        super().__init__(host, DATABASE, module="migration_undo", options=options())


@pytest.mark.parametrize("share", [0.35, 0.6, 0.85])
def test_killed_at_a_moment_leaves_all_or_nothing(host, ready, share):
    load(host, believable(users=150, threads=900))
    empty = contents(host, ready)
    migrate(host, ready)
    full = contents(host, ready)
    started = time.monotonic()
    undo(host)
    duration = time.monotonic() - started
    migrate(host, ready)
    run = Undoing(host)
    # Not a wait for something: the moment of the kill is the fault that is injected.
    time.sleep(duration * share)
    run.kill()
    # The server may have been told to commit already.
    alive = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'pgops migration_undo'"
    wait_until(lambda: host.query(alive) == [[0]])
    assert contents(host, ready) in (full, {**empty, "rejects": full["rejects"]})
    undo(host)
    assert contents(host, ready) == {**empty, "rejects": full["rejects"]}
    migrate(host, ready)
    assert contents(host, ready) == full
