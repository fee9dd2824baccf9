"""Runs that fail: the record says why, nothing is half done, nothing secret is told, and the next run is not spoiled."""

from __future__ import annotations

import pytest

from disturbed import disturbed
from lab.keyspace.entry import string
from lab.keyspace.hostile.base import HASH, USER, address, user_id
from lab.keyspace.hostile.case import user_uuid
from migration import load, migrate, params, target

FIRST, SECOND = USER.entry("First"), USER.entry("Second", {"login_count": 99})
FAILING = """
def failing(source, keys):
    {problem}
RedisSource.read = failing
"""


@pytest.fixture(scope="module")
def schema(host):
    database = "test_failures"
    host.execute(f"CREATE DATABASE {database};")
    yield target(host, database)
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


@pytest.fixture
def ready(host, schema):
    host.execute(
        "TRUNCATE users, migration.migration_rows, migration.migration_rejects, migration.migration_runs CASCADE",
        db=schema,
    )
    load(host, [FIRST, SECOND])
    return schema


@pytest.fixture
def strict(host, ready):
    """A database whose administrator allows nobody to have logged in often; nothing in the schema says so."""
    host.execute("ALTER TABLE users ADD CONSTRAINT dba CHECK (login_count < 50)", db=ready)
    yield ready
    host.execute("ALTER TABLE users DROP CONSTRAINT dba", db=ready)


def recorded(host, database: str) -> list[list]:
    return host.query("SELECT state, message FROM migration.migration_runs ORDER BY run_id", db=database)


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        ("command(source, 'NOSUCH')", "Redis 127.0.0.1:6379/0: unknown command 'NOSUCH'"),
        ("raise redis_source.redis.exceptions.ResponseError('NOPERM no')", "The migration needs +@read"),
    ],
)
def test_a_failure_of_redis_is_recorded_as_it_is_told(host, ready, problem, told):
    answer = disturbed(host, "redis_migrate", ready, FAILING.format(problem=problem))
    assert told in answer["msg"]
    assert recorded(host, ready) == [["failed", answer["msg"]]]


def test_a_bug_is_recorded_before_its_traceback(host, ready):
    with pytest.raises(AssertionError, match="ZeroDivisionError"):
        disturbed(host, "redis_migrate", ready, FAILING.format(problem="1 / 0"))
    assert recorded(host, ready) == [["failed", "ZeroDivisionError: division by zero"]]


def test_a_violated_constraint_is_named_without_the_row(host, strict):
    answer = host.module("redis_migrate", params(strict))
    assert answer["msg"].endswith('new row for relation "users" violates check constraint "dba".')
    assert HASH not in answer["msg"]
    assert recorded(host, strict) == [["failed", answer["msg"]]]


def test_values_that_failed_are_read_again_once_they_were_mended(host, strict):
    assert host.module("redis_migrate", params(strict))["failed"] is True
    load(host, [FIRST, USER.entry("Second")])
    again = migrate(host, strict)
    assert (again["resumed"], again["tables"]["users"]["inserted"]) == (False, 2)


def test_values_are_kept_when_only_a_lock_was_in_the_way(host, ready):
    patch = """
migration.planning.SETTINGS["lock_timeout"] = "1ms"
lock = migration.Merger.lock
def held(self):
    other = migration.failure.psycopg2.connect(dbname={database!r})
    other.cursor().execute("LOCK TABLE public.users")
    try:
        lock(self)
    finally:
        other.close()
migration.Merger.lock = held
"""
    answer = disturbed(host, "redis_migrate", ready, patch.format(database=ready))
    assert "lock timeout" in answer["msg"]
    assert migrate(host, ready)["resumed"] is True


def test_the_id_of_an_account_made_since_is_refused_alone(host, ready):
    other = "11111111-1111-1111-1111-111111111111"
    host.execute(
        f"INSERT INTO users (id, legacy_id, email, password_hash) VALUES ('{other}', '{user_id('First')}', 'z@example.com', 'x')",
        db=ready,
    )
    result = migrate(host, ready)
    assert (result["rejects"], result["tables"]["users"]["inserted"]) == ({"duplicate_legacy_id": 1}, 1)
    [[reason]] = host.query("SELECT reason FROM migration.migration_rejects", db=ready)
    assert reason == f"The id belongs to account {other}, who is in the database already."
    assert migrate(host, ready)["changed"] is False


def test_an_account_refused_for_its_id_takes_part_in_no_contest(host, ready):
    mail = address("First")
    host.execute(
        f"INSERT INTO users (legacy_id, email, password_hash) VALUES ('{user_id('First')}', 'z@example.com', 'x')",
        db=ready,
    )
    load(host, [USER.entry("First", {"last_login_at": "2025-09-01T00:00:00"}), USER.entry("Second", {"email": mail})])
    assert migrate(host, ready)["rejects"] == {"duplicate_legacy_id": 1}
    assert host.query(f"SELECT id::text FROM users WHERE email = '{mail}'", db=ready) == [
        [user_uuid(user_id("Second"))]
    ]


@pytest.mark.parametrize("module", ["redis_migrate", "migration_info"])
def test_a_batch_has_at_least_one_key(host, ready, module):
    answer = host.module(module, params(ready, batch_keys=0))
    assert answer["msg"] == "batch_keys is 0; it must be at least 1."


def test_unknown_keys_are_reported_by_prefix_or_kept_and_stay_kept(host, ready):
    unknown = [string("team:data:1", "one"), string("team:data:2", "two"), string("dummy", "three")]
    load(host, [FIRST, *unknown])
    kept = "SELECT convert_from(key, 'UTF8') AS k, convert_from(value, 'UTF8') AS v, reason_code, resolved_run_id IS NULL AS open"
    kept += " FROM migration.migration_rejects ORDER BY key"
    result = migrate(host, ready)
    assert result["unknown_prefixes"] == {"team:data:": 2, "dummy": 1}
    assert result["unknown_samples"] == ["dummy", "team:data:1", "team:data:2"]
    assert (result["accounting"]["total"]["unknown"], host.query(kept, db=ready)) == (3, [])
    for check_mode, changed in ((True, True), (False, True), (True, False), (False, False)):
        result = migrate(host, ready, check_mode, unknown_keys="quarantine")
        assert result["changed"] is changed
        assert result["accounting"]["patterns"]["unknown"]["quarantined"] == 3
    stored = [[e.key.decode(), e.value.decode(), "unknown_key", True] for e in sorted(unknown)]
    assert host.query(kept, db=ready) == stored
    assert migrate(host, ready)["changed"] is False
    assert host.query(kept, db=ready) == stored


def test_a_run_that_loses_a_key_fails_and_writes_nothing(host, ready):
    patch = """
note = reading.Reader.note
def losing(self, pattern, key, **facts):
    if key != KEY:
        return note(self, pattern, key, **facts)
    self.next_id += 1
    return self.next_id - 1
reading.Reader.note = losing
"""
    lost, other = USER.entry("Lost"), USER.entry("Other")
    load(host, [lost, other])
    answer = disturbed(host, "redis_migrate", ready, patch.replace("KEY", repr(lost.key)))
    assert answer["failed"] is True
    assert answer["msg"].startswith("The accounting does not balance, so nothing was written: user: 2 scanned, but 1 ")
    assert host.query("SELECT count(*) FROM users", db=ready) == [[0]]
    assert host.query("SELECT state FROM migration.migration_runs ORDER BY run_id DESC LIMIT 1", db=ready) == [
        ["failed"]
    ]
