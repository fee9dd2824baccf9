"""redis_migrate and migration_info against real servers: four runs, convergence, refusals."""

from __future__ import annotations

import json

import pytest

from lab.keyspace.entry import Entry, string
from migration import EMPTY, TABLES, add, believable, contents, load, migrate, params, target, validate


def user(name: str, email: str, **changes) -> Entry:
    fields = {"user_id": name, "email": email, "password_hash": "x", "created_at": "2025-08-02T09:15:30", **changes}
    return string(f"threadr:user:{name}", json.dumps(fields))


def rows(host, database: str) -> dict[str, int]:
    counted = ", ".join(f"(SELECT count(*) FROM public.{table}) AS {table}" for table in TABLES)
    return dict(zip(TABLES, host.query(f"SELECT {counted}", db=database)[0], strict=True))


def test_four_runs(host, database):
    target(host, database)
    load(host, believable(users=40, threads=120))
    runs = host.four_runs("redis_migrate", params(database), lambda: contents(host, database))
    assert [result["changed"] for result, _ in runs] == [True, True, False, False]
    dry, done, dry_again, done_again = (state for _, state in runs)
    assert dry != done
    assert done == dry_again == done_again
    for one, other in ((runs[0][0], runs[1][0]), (runs[2][0], runs[3][0])):
        assert (one["accounting"], one["tables"], one["diff"]) == (other["accounting"], other["tables"], other["diff"])
    assert runs[3][0]["diff"] == {"before": "", "after": ""}


def test_a_dry_run_leaves_no_table_no_run_and_no_row_behind(host, database):
    target(host, database)
    load(host, believable(users=5, threads=5))
    migrate(host, database, check_mode=True)
    assert rows(host, database) == dict.fromkeys(TABLES, 0)
    assert host.query("SELECT run_id FROM migration.migration_runs", db=database) == []
    assert host.query("SELECT relname FROM pg_class WHERE relname LIKE 'stage%'", db=database) == []


def test_the_run_is_recorded_with_its_accounting(host, database):
    target(host, database)
    load(host, believable(users=5, threads=5))
    done = migrate(host, database, operator="mira")
    [[state, operator, accounting]] = host.query(
        "SELECT state, operator, accounting FROM migration.migration_runs", db=database
    )
    assert (state, operator, accounting) == ("finished", "mira", done["accounting"]["patterns"])
    assert host.query("SELECT relname FROM pg_class WHERE relname LIKE 'stage%'", db=database) == []


def test_a_zone_that_is_corrected_moves_the_times_of_the_same_rows(host, database):
    target(host, database)
    load(host, believable(users=60, threads=20))
    migrate(host, database)
    before = contents(host, database)
    corrected = migrate(host, database, source_zone="Europe/Berlin")
    moved = {table for table, digest in contents(host, database).items() if digest != before[table]}
    assert moved == {"premium_grants", "email_subscribers", "subscriptions"}
    assert corrected["gone"] == {}
    assert {table for table, counts in corrected["tables"].items() if counts["updated"]} == moved
    assert sum(counts["inserted"] for counts in corrected["tables"].values()) == 0
    expected = contents(host, database)
    host.execute(EMPTY, db=database)
    migrate(host, database, source_zone="Europe/Berlin")
    assert contents(host, database) == expected
    assert validate(host, database, source_zone="Europe/Berlin")["problems"] == []


def test_the_source_is_never_written_to(host, database):
    target(host, database)
    load(host, believable(users=20, threads=40))
    before = host.redis("INFO", "persistence").split("rdb_changes_since_last_save:")[1].split()[0]
    migrate(host, database)
    validate(host, database)
    assert host.redis("INFO", "persistence").split("rdb_changes_since_last_save:")[1].split()[0] == before


def test_changed_keys_update_their_rows_and_gone_keys_keep_theirs(host, database):
    target(host, database)
    load(host, [user("user_a", "a@example.com"), user("user_b", "b@example.com"), user("user_c", "c@example.com")])
    migrate(host, database)
    load(host, [user("user_a", "a@example.com", login_count=9), user("user_b", "b@example.com")])
    result = migrate(host, database)
    assert result["tables"]["users"] == {"inserted": 0, "updated": 1, "unchanged": 1}
    assert "login_count=0" in result["diff"]["before"]
    assert host.query("SELECT legacy_id, login_count FROM users ORDER BY 1", db=database) == [
        ["user_a", 9],
        ["user_b", 0],
        ["user_c", 0],
    ]
    assert validate(host, database)["tables"]["users"]["extra"] == 1


def test_migrated_times_survive_an_update(host, database):
    target(host, database)
    load(host, [user("user_a", "a@example.com", updated_at="2025-08-03T00:00:00")])
    migrate(host, database)
    load(host, [user("user_a", "a@example.com", updated_at="2025-08-03T00:00:00", login_count=1)])
    migrate(host, database)
    assert host.query("SELECT updated_at::text FROM users", db=database) == [["2025-08-03 00:00:00+00"]]


def test_users_may_swap_and_pass_on_addresses(host, database):
    target(host, database)
    load(host, [user("user_a", "a@example.com"), user("user_b", "b@example.com"), user("user_c", "c@example.com")])
    migrate(host, database)
    load(host, [user("user_a", "b@example.com"), user("user_b", "c@example.com"), user("user_c", "a@example.com")])
    assert migrate(host, database)["tables"]["users"]["updated"] == 3
    found = host.query("SELECT legacy_id, email FROM users ORDER BY 1", db=database)
    assert found == [["user_a", "b@example.com"], ["user_b", "c@example.com"], ["user_c", "a@example.com"]]
    assert migrate(host, database)["changed"] is False


def test_an_address_held_by_a_row_whose_key_is_gone_is_refused_with_its_holder(host, database):
    target(host, database)
    load(host, [user("user_a", "a@example.com")])
    migrate(host, database)
    load(host, [user("user_new", "a@example.com"), user("user_c", "c@example.com")])
    result = migrate(host, database)
    assert result["rejects"] == {"email_taken": 1}
    [[reason]] = host.query("SELECT reason FROM migration.migration_rejects", db=database)
    assert "user_a" in reason


def test_a_dry_run_shows_the_refusals_that_are_new_and_those_that_are_settled(host, database):
    target(host, database)
    standing = [string(f"threadr:user:user_{number}", "{") for number in range(9)]
    load(host, standing)
    migrate(host, database)
    load(host, [*standing[1:], user("user_0", "a@example.com"), string("threadr:user:user_z", "[")])
    dry = migrate(host, database, check_mode=True)
    assert dry["quarantine"] == {"opened": 1, "closed": 1}
    assert dry["diff"]["after"].startswith("users: 1 rows to insert, 0 to update, 0 unchanged\n")
    refused = {side: [line for line in text.splitlines() if "refused" in line] for side, text in dry["diff"].items()}
    assert [line.partition(":")[0] for line in refused["before"]] == ["refused user threadr"]
    assert ("user_0" in refused["before"][0], "user_z" in refused["after"][0], len(refused["after"])) == (True, True, 1)
    assert migrate(host, database)["diff"] == dry["diff"]
    assert migrate(host, database)["quarantine"] == {"opened": 0, "closed": 0}


def test_a_repaired_value_leaves_the_quarantine_and_a_gone_one_stays(host, database):
    target(host, database)
    broken = [string("threadr:user:user_a", "{"), string("threadr:user:user_gone", "[")]
    load(host, [*broken, user("user_b", "b@example.com")])
    assert migrate(host, database)["accounting"]["patterns"]["user"]["quarantined"] == 2
    load(host, [user("user_a", "a@example.com"), user("user_b", "b@example.com")])
    assert migrate(host, database)["changed"] is True
    still_open = host.query(
        "SELECT convert_from(key, 'UTF8') AS k, convert_from(value, 'UTF8') AS v FROM migration.migration_rejects"
        " WHERE resolved_run_id IS NULL",
        db=database,
    )
    assert still_open == [["threadr:user:user_gone", "["]]


def test_the_application_role_cannot_read_the_quarantine(host, database):
    target(host, database)
    done = host.run(
        "psql",
        "-XAtqd",
        database,
        "-c",
        "SET ROLE threadr_app; TABLE migration.migration_rejects",
        user="postgres",
        check=False,
    )
    assert "permission denied" in done.stderr


def test_two_thirds_of_the_rows_may_arrive_later(host, database):
    target(host, database)
    everything = believable(users=30, threads=60)
    load(host, everything[::3])
    migrate(host, database)
    add(host, everything)
    migrate(host, database)
    late = contents(host, database)
    host.execute(
        f"TRUNCATE {', '.join(TABLES)}, migration.migration_rows CASCADE; DELETE FROM migration.migration_rejects;",
        db=database,
    )
    migrate(host, database)
    assert {table: late[table] for table in TABLES} == {table: contents(host, database)[table] for table in TABLES}


def test_a_missing_row_and_a_missing_reject_are_named(host, database):
    target(host, database)
    load(host, [user("user_a", "a@example.com"), user("user_b", "b@example.com"), string("threadr:user:user_x", "{")])
    migrate(host, database)
    host.execute("DELETE FROM users WHERE legacy_id = 'user_a'; DELETE FROM migration.migration_rejects;", db=database)
    missing, unrecorded = validate(host, database)["problems"]
    assert "is missing (key threadr:user:user_a)" in missing
    assert unrecorded == "1 keys of the pattern user are refused, but not in the quarantine."


@pytest.mark.parametrize("module", ["redis_keyspace_info", "migration_info"])
def test_reading_modules_change_nothing_four_times(host, database, module):
    target(host, database)
    load(host, believable(users=10, threads=20))
    migrate(host, database)
    options = {"redis": {}} if module == "redis_keyspace_info" else params(database)
    before = contents(host, database)
    runs = host.four_runs(module, options, lambda: contents(host, database))
    assert [(result["changed"], state) for result, state in runs] == [(False, before)] * 4


def test_the_audit_counts_what_redis_counts(host):
    load(host, [*believable(users=10, threads=20), string("team:data:1", "x")])
    found = host.module("redis_keyspace_info", {"redis": {}})
    assert found["keys"] == int(host.redis("DBSIZE"))
    assert found["unknown"]["prefixes"] == {"team:data:": 1}
    threads = next(line for line in found["patterns"] if line["pattern"] == "thread")
    assert threads["keys"] == 20
    assert threads["types"] == {"string": 20}
    assert 0 < threads["min_ttl_s"] <= threads["max_ttl_s"] <= 31_536_000
