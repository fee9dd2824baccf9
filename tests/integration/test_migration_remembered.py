"""Values that are as they were when they were migrated are not converted again: what comes of it is the same.

Each case is run twice, in two databases that one first run has made: with what it remembers of the values, and without.
"""

from __future__ import annotations

import json

import pytest

from backups import session
from faults import Running, staged, wait_until
from lab.keyspace.entry import Entry, string
from lab.keyspace.hostile.base import SUBSCRIBER, THREAD, USER, address, reader, thread_id, user_id
from migration import believable, contents, load, migrate, params, target

MARK = "taken from the target"
LEDGER = """
    SELECT table_name, row_key, written, previous, source_key::text AS source_key, run_id
    FROM migration.migration_rows ORDER BY 1, 2
"""
TOLD = ("changed", "accounting", "tables", "rejects", "skipped_by", "notes", "conflicts", "gone", "diff")
ANN, BEN, CAT, DAN, EVE, IDA = (user_id(name) for name in ("Ann", "Ben", "Cat", "Dan", "Eve", "Ida"))
CROWD = believable(users=6, threads=12)
UPPER = thread_id("Up").upper()


def owned(name: str, owner: str, **changes) -> Entry:
    return THREAD.entry(name, {"user_id": owner, **changes})


def analytics(owner: str, thread: str) -> Entry:
    fields = {"user_id": owner, "thread_id": thread, "created_at": "2025-08-05T00:00:00", "total_likes": 3}
    return string(f"analytics:{owner}:thread:{thread}", json.dumps(fields))


def spelled(thread: str) -> Entry:
    lower = THREAD.entry("Up", {"user_id": ANN, "id": thread})
    return Entry(f"threadr:thread:{thread}".encode(), "string", lower.value)


def thread_is_gone(name: str) -> str:
    return f"DELETE FROM threads WHERE id = '{thread_id(name)}';"


STAYING = [
    *CROWD,
    owned("Two", ANN),
    owned("Three", BEN),
    owned("Four", EVE),
    owned("Five", CAT),
    analytics(ANN, thread_id("One")),
    analytics(BEN, thread_id("Three")),
    USER.entry("Ben"),
    SUBSCRIBER.entry("Tim"),
    spelled(UPPER),
]
BEFORE = [
    *STAYING,
    owned("One", ANN),
    USER.entry("Ann"),
    USER.entry("Cat"),
    USER.entry("Dan"),
    USER.entry("Eve"),
    USER.entry("Ida", {"email": address("Twin"), "last_login_at": "2026-01-01T00:00:00"}),
    USER.entry("Ira", {"email": address("Twin")}),
    SUBSCRIBER.entry("Sue"),
    SUBSCRIBER.entry("Tom"),
]
# Ann's value changed; Ben's row, and Cat's on both sides; Dan's time that is left. Eve's value is broken, Ida is gone, who
# had Ira's address. Thread One has another owner, whom its analytics do not know; another key spells Up; Tom is gone.
AFTER = [
    *STAYING,
    owned("One", BEN),
    USER.entry("Ann", {"login_count": 77, "updated_at": "2099-01-01T00:00:00"}),
    USER.entry("Cat", {"login_count": 78, "updated_at": "2099-01-01T00:00:00"}),
    Entry(USER.entry("Dan").key, "string", USER.entry("Dan").value, 123_456_789),
    string(f"threadr:user:{EVE}", "{"),
    USER.entry("Ira", {"email": address("Twin")}),
    USER.entry("New", {"email": address("Dan"), "last_login_at": "2099-01-01T00:00:00"}),
    SUBSCRIBER.entry("Sue", {"source": "elsewhere"}),
    spelled(UPPER.lower()),
]
ANN_ANEW, DAN_ANEW = USER.entry("Ann", {"login_count": 77}), USER.entry("Dan", {"unheard_of": None})
# One time of change in both databases.
CHANGED = f"""
    SET threadr.keep_updated_at = on;
    UPDATE users SET role = 'admin' WHERE legacy_id IN ('{BEN}', '{CAT}');
    UPDATE email_subscribers SET source = 'app' WHERE email = '{reader("Tim")}';
    {thread_is_gone("Five")}
"""


@pytest.fixture(scope="module")
def migrated(host):
    """A database after its first run."""
    database = "test_remembered"
    host.execute(f"CREATE DATABASE {database};")
    target(host, database)
    load(host, BEFORE)
    migrate(host, database)
    yield database
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


@pytest.fixture
def copies(host, migrated):
    """Two of it: in the second one nothing is remembered of the values."""
    names = (f"{migrated}_with", f"{migrated}_without")
    for name in names:
        host.execute(f"CREATE DATABASE {name} TEMPLATE {migrated};")
    host.execute("UPDATE migration.migration_rows SET digest = NULL;", db=names[1])
    yield names
    for name in names:
        host.execute(f"DROP DATABASE {name} WITH (FORCE);")


def told(result: dict) -> dict:
    return {name: result[name] for name in TOLD}


@pytest.mark.parametrize("policy", ["source_wins", "target_wins", "newer"])
def test_all_is_decided_as_if_every_value_were_converted(host, copies, policy):
    load(host, AFTER)
    for database in copies:
        host.execute(CHANGED, db=database)
    # The third one finds what the second one left, and the fourth one nothing to do.
    for check_mode in (True, False, True, False):
        ran = [migrate(host, database, check_mode, conflicts=policy) for database in copies]
        assert told(ran[0]) == told(ran[1])
        states = [(contents(host, database), host.query(LEDGER, db=database)) for database in copies]
        assert states[0] == states[1]
    assert ran[0]["changed"] is False
    assert set(ran[0]["rejects"]) >= {"orphan", "duplicate_uuid", "email_taken", "malformed_json"}


def test_the_run_stops_at_the_same_rows(host, copies):
    load(host, BEFORE)
    for database in copies:
        host.execute(CHANGED, db=database)
    answers = [host.module("redis_migrate", params(database)) for database in copies]
    assert answers[0]["failed"] is True
    assert (answers[0]["msg"], answers[0]["conflicts"]) == (answers[1]["msg"], answers[1]["conflicts"])


def marked(host, database: str) -> int:
    """How many rows of values that are remembered the run has taken from the target; from now on each says so."""
    host.execute(f"UPDATE migration.migration_rows SET notes = '{{{MARK}}}' WHERE digest IS NOT NULL;", db=database)
    return host.query("SELECT count(*) FROM migration.migration_rows WHERE digest IS NOT NULL", db=database)[0][0]


def test_what_is_as_it_was_is_taken_and_what_changed_is_remembered_anew(host, copies):
    database, _ = copies
    load(host, BEFORE)
    known = marked(host, database)
    tables = host.query(
        "SELECT DISTINCT table_name FROM migration.migration_rows WHERE digest IS NOT NULL ORDER BY 1", db=database
    )
    assert {name for (name,) in tables} == {
        "email_subscribers", "thread_analytics", "threads", "user_thread_stats", "users"
    }  # fmt: skip
    assert migrate(host, database)["notes"][MARK] == known
    load(host, [*BEFORE, ANN_ANEW, DAN_ANEW])
    assert migrate(host, database)["notes"][MARK] == known - 2
    # Both values are remembered by now, with what was said of them.
    marked(host, database)
    assert migrate(host, database)["notes"][MARK] == known
    # So is one that comes to the same row, where the run has nothing to write.
    spaced = Entry(DAN_ANEW.key, "string", b" " + DAN_ANEW.value)
    load(host, [*BEFORE, ANN_ANEW, spaced])
    assert migrate(host, database)["changed"] is False
    marked(host, database)
    assert migrate(host, database)["notes"][MARK] == known


def test_other_rules_make_every_row_anew(host, copies):
    database, _ = copies
    load(host, BEFORE)
    known = marked(host, database)
    assert (
        MARK
        not in migrate(host, database, check_mode=True, source_zone="Europe/Berlin", conflicts="source_wins")["notes"]
    )
    assert migrate(host, database)["notes"][MARK] == known


WAITS = "SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgops%' AND wait_event_type = 'Lock'"
CHANGED_MEANWHILE = f"BEGIN; UPDATE users SET role = 'admin' WHERE legacy_id = '{ANN}';"


@pytest.mark.parametrize("policy", ["stop", "target_wins", "source_wins"])
def test_a_row_that_is_changed_after_it_was_taken_is_compared(host, copies, policy):
    """Whoever changes it has not ended when the run reads the row, and has when the run locks the table."""
    load(host, BEFORE)
    for database in copies:
        with session(host, database, CHANGED_MEANWHILE) as writer:
            run = Running(host, database, conflicts=policy)
            wait_until(lambda: bool(host.query(WAITS)))
            writer.execute("COMMIT;")
            answer = run.result()
        if policy == "stop":
            assert answer["failed"] is True
        conflicts = answer["conflicts"]
        side = "overwritten" if policy == "source_wins" else "kept"
        assert conflicts[side] == {"users": {"changed": 1}}
        assert conflicts["samples"][0]["columns"] == ["role", "updated_at"]
        role = "user" if policy == "source_wins" else "admin"
        assert host.query(f"SELECT role FROM users WHERE legacy_id = '{ANN}'", db=database) == [[role]]


def test_a_killed_run_that_remembers_is_continued(host, copies):
    database, _ = copies
    load(host, BEFORE)
    before, known = contents(host, database), marked(host, database)
    run = Running(host, database, batch_keys=10, max_keys_per_s=60)
    wait_until(lambda: staged(host, database) > 20)
    assert run.kill()
    result = migrate(host, database)
    assert (result["resumed"], result["changed"], result["notes"][MARK]) == (True, False, known)
    assert contents(host, database) == before


def test_a_row_that_undo_took_away_is_made_again(host, copies):
    database, _ = copies
    load(host, BEFORE)
    before = contents(host, database)
    undone = host.module(
        "migration_undo", {"login_db": database, "login_role": "threadr_migration", "confirm": database}
    )
    assert not undone.get("failed"), undone["msg"]
    migrate(host, database)
    assert contents(host, database) == before
