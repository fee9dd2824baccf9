"""Keys that repeat, change or vanish in the middle of a run: each is accounted for once, by what was read of it."""

from __future__ import annotations

import json

import pytest

from disturbed import disturbed
from lab.keyspace.entry import Entry
from lab.keyspace.hostile.base import SUBSCRIBER, THREAD, USER, address, user_id
from lab.keyspace.subscribers import LIST
from migration import TABLES, believable, load, migrate, target, validate

OWNER, ORPHAN = USER.entry("Owns"), THREAD.entry("Lost", {"user_id": user_id("Nobody")})
SECOND = THREAD.entry("Own", {"user_id": user_id("Owns")})
# SCAN gives every key twice; between the two answers something happens to Redis.
TWICE = """
def twice(source, cursor, count):
    keys = scan(source, 0, 100000)[1]
    if cursor == 1:
        {between}
    return (1 - cursor, keys)
RedisSource.scan = twice
"""
# Something happens to Redis after everything is read and before anything is decided.
AFTERWARDS = """
prepare = resolving.Resolver.prepare
def late(self, source, pace):
    {between}
    return prepare(self, source, pace)
resolving.Resolver.prepare = late
"""


@pytest.fixture(scope="module")
def schema(host):
    database = "test_disturbed"
    host.execute(f"CREATE DATABASE {database};")
    yield target(host, database)
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


@pytest.fixture
def ready(host, schema):
    """An empty target, and one user, his thread and a thread of nobody in Redis."""
    host.execute(
        f"TRUNCATE {', '.join(TABLES)}, migration.migration_rows, migration.migration_rejects CASCADE",
        db=schema,
    )
    load(host, [OWNER, SECOND, ORPHAN])
    return schema


def quarantine(host, database: str) -> list[list]:
    asked = "SELECT convert_from(key, 'UTF8') AS k, reason_code, convert_from(value, 'UTF8') AS v"
    return host.query(
        f"{asked} FROM migration.migration_rejects WHERE resolved_run_id IS NULL ORDER BY key", db=database
    )


def lines(result: dict) -> dict[str, dict[str, int]]:
    assert not result.get("failed"), result["msg"]
    return {
        pattern: {outcome: keys for outcome, keys in line.items() if keys}
        for pattern, line in result["accounting"]["patterns"].items()
    }


def test_a_repeated_key_counts_once_and_so_do_its_notes(host, ready):
    plain = migrate(host, ready, check_mode=True)
    found = disturbed(host, "redis_migrate", ready, TWICE.format(between="pass"))
    assert found["repeated_keys"] == 3
    assert lines(found) == lines(plain)
    assert found["notes"] == plain["notes"]


def test_notes_are_of_rows_that_stand(host, ready):
    bare = {"user_id": user_id("Nobody")}
    load(
        host, [OWNER, THREAD.entry("Lost", bare, drop=("view_count",)), THREAD.entry("Bare", bare, drop=("metadata",))]
    )
    assert migrate(host, ready)["notes"] == {}


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_was_read_well_is_kept_though_a_second_answer_finds_it_gone(host, ready, check_mode):
    key = SECOND.key.decode()
    found = disturbed(
        host, "redis_migrate", ready, TWICE.format(between=f"command(source, 'DEL', {key!r})"), check_mode
    )
    assert lines(found)["thread"] == {"scanned": 2, "written": 1, "quarantined": 1}


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_key_that_vanishes_before_it_is_read_is_counted(host, ready, check_mode):
    patch = """
def late(source, keys, **options):
    command(source, 'DEL', {key!r})
    return read(source, keys, **options)
RedisSource.read = late
"""
    load(host, [OWNER, SECOND, ORPHAN])
    found = disturbed(host, "redis_migrate", ready, patch.format(key=SECOND.key.decode()), check_mode)
    assert lines(found)["thread"] == {"scanned": 2, "quarantined": 1, "vanished": 1}


@pytest.mark.parametrize(
    "between",
    [
        "command(source, 'DEL', {key!r})",
        "command(source, 'SET', {key!r}, 'by now')",
        "(command(source, 'DEL', {key!r}), command(source, 'LPUSH', {key!r}, 'by now'))",
    ],
    ids=["expires", "changes", "gets-another-type"],
)
def test_a_value_refused_late_is_kept_as_it_was_judged(host, ready, between):
    patch = AFTERWARDS.format(between=between.format(key=ORPHAN.key.decode()))
    found = disturbed(host, "redis_migrate", ready, patch)
    assert lines(found)["thread"] == {"scanned": 2, "written": 1, "quarantined": 1}
    assert quarantine(host, ready) == [[ORPHAN.key.decode(), "orphan", ORPHAN.value.decode()]]


# The key is what it was when its type was asked, and a list when its members are.
TURNING = """
def turning(source, entries):
    global turned
    entries = list(entries)
    if not turned and {key!r}.encode() in [entry.key for entry in entries]:
        turned = True
        command(source, 'DEL', {key!r})
        command(source, 'LPUSH', {key!r}, 'turned')
    yield from first_members(source, entries)
turned = False
RedisSource.first_members = turning
"""


@pytest.mark.parametrize("module", ["redis_migrate", "migration_info"])
@pytest.mark.parametrize(
    ("before", "pattern"),
    [
        (Entry(LIST, "set", (b"a@example.com",)), "subscriber_list"),
        (Entry(b"threadr:user:x", "hash", ((b"a", b"b"),)), "user"),
    ],
    ids=["a-set-of-members", "a-hash-to-be-kept"],
)
def test_a_key_that_changes_its_type_is_looked_at_anew(host, ready, module, before, pattern):
    load(host, [OWNER, before])
    found = disturbed(host, module, ready, TURNING.format(key=before.key.decode()))
    if module == "migration_info":
        assert found["refused"] == {pattern: 1}
        return
    assert lines(found)[pattern]["quarantined"] == 1
    assert quarantine(host, ready) == [[before.key.decode(), "wrong_type", '["turned"]']]


def test_many_collections_are_asked_for_together_and_large_ones_bit_by_bit(host, ready):
    """Sets of 300 and 7 members a question, collections two at a time: the same rows as with one question each."""
    addresses = tuple(b"m%d@example.com" % number for number in range(300))
    load(host, [*believable(users=40, threads=40), Entry(LIST, "set", addresses)])
    bit_by_bit = "redis_source.MEMBERS_PER_CALL, redis_source.COLLECTIONS_PER_CALL = 7, 2"
    found = disturbed(host, "redis_migrate", ready, bit_by_bit)
    assert lines(found)["subscriber_list.member"]["scanned"] >= 300
    assert lines(found)["timeseries"]["merged"] > 3
    assert migrate(host, ready)["changed"] is False
    assert disturbed(host, "migration_info", ready, bit_by_bit)["problems"] == []


def test_what_is_too_large_to_be_kept_is_refused_without_its_value(host, ready):
    load(host, [OWNER, Entry(b"threadr:user:x", "set", tuple(b"m%d" % number for number in range(500)))])
    small = "lossless.KEPT_BYTES = 1000"
    assert disturbed(host, "redis_migrate", ready, small)["rejects"] == {"wrong_type": 1}
    asked = "SELECT value IS NULL AS none, reason FROM migration.migration_rejects"
    assert host.query(asked, db=ready) == [
        [True, "The key holds a set where a string is expected. It is too large to be kept here."]
    ]
    assert disturbed(host, "redis_migrate", ready, small)["changed"] is False
    assert disturbed(host, "migration_info", ready, small)["problems"] == []


def test_whom_the_source_names_is_asked_in_portions_at_the_pace_and_before_any_lock(host, ready):
    """Seven contested addresses, asked three at a time; what locks comes after, and may not ask any more."""
    pairs = [USER.entry(f"Pair{n}{side}", {"email": address(f"Pair{n}")}) for n in range(7) for side in "ab"]
    index = [USER.entry("x", key=f"email:{address(f'Pair{n}')}", raw=user_id(f"Pair{n}b").encode()) for n in range(7)]
    load(host, [*pairs, *index])
    patch = """
from ansible.module_utils.pgops import rivals
rivals.PORTION, asked = 3, []
def counting(source, keys):
    keys = list(keys)
    asked.append(len(keys))
    return read(source, keys)
RedisSource.read = counting
prepare = resolving.Resolver.prepare
def early(self, source, pace):
    asked.clear()
    dropped = prepare(self, source, pace)
    assert asked == [3, 3, 1], asked
    RedisSource.read = None
    return dropped
resolving.Resolver.prepare = early
"""
    found = disturbed(host, "redis_migrate", ready, patch)
    assert lines(found)["user"] == {"scanned": 14, "written": 7, "quarantined": 7}
    kept = host.query("SELECT legacy_id FROM users ORDER BY 1", db=ready)
    assert kept == [[user_id(f"Pair{n}b")] for n in range(7)]


def test_the_validation_holds_no_more_than_some_members_at_a_time(host, ready):
    load(host, [OWNER, Entry(LIST, "set", tuple(b"m%d@example.com" % number for number in range(20_000)))])
    patch = """
flush, most = expectations.Expectations.flush, []
def measured(self):
    most.append(sum(map(len, self.lines.values())))
    flush(self)
expectations.Expectations.flush = measured
import atexit
atexit.register(lambda: print(max(most), file=sys.stderr) if max(most) < 5000 else print(max(most)))
"""
    migrate(host, ready)
    assert disturbed(host, "migration_info", ready, patch)["healthy"] is True


def test_a_record_counts_as_excused_only_by_the_value_that_was_refused(host, ready):
    broken, also = USER.entry("Broken", raw=b"{"), USER.entry("Also", raw=b"{")
    load(host, [OWNER, broken, also])
    migrate(host, ready)
    assert validate(host, ready)["problems"] == []
    load(host, [OWNER, USER.entry("Broken"), USER.entry("Also", raw=b"[1]")])
    missing, changed = validate(host, ready)["problems"]
    assert missing.endswith(f"is missing (key {broken.key.decode()} has changed since it was refused; migrate again).")
    assert changed == "1 keys of the pattern user are refused, and have changed since they were; migrate again."
    migrate(host, ready)
    assert validate(host, ready)["problems"] == []


def test_accounts_made_since_do_not_make_a_subscriber_wrong(host, ready):
    record = SUBSCRIBER.entry("Joins")
    load(host, [OWNER, record])
    migrate(host, ready)
    mail = json.loads(record.value)["email"]
    host.execute(f"INSERT INTO users (email, password_hash) VALUES ('{mail}', 'x');", db=ready)
    assert validate(host, ready)["problems"] == []
    host.execute(
        "UPDATE email_subscribers SET user_id = (SELECT min(id::text)::uuid FROM users WHERE legacy_id <> '')", db=ready
    )
    assert validate(host, ready)["problems"] == ["email_subscribers: 1 rows have another user_id than users says."]
