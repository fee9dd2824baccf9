"""The migration interrupted for real: killed, servers restarted, a second one beside it. The next run always finishes."""

from __future__ import annotations

import pytest

from faults import FAULTS, Running, Trials, moments, staged, start_postgresql, wait_until
from migration import believable, contents, load, migrate, params, target

# More of them: make faults-migration.
CASES = [(name, place) for name in FAULTS for place in moments(5 if name == "killed" else 1, seed=20)]


@pytest.fixture(scope="module")
def trials(host):
    made = Trials(host)
    yield made
    made.remove()


@pytest.mark.parametrize(("name", "place"), CASES, ids=[f"{name} at {place:.2f}" for name, place in CASES])
def test_disturbed_at_a_moment_the_next_run_ends_with_the_same_contents(host, trials, name, place):
    assert trials.ends_equal(FAULTS[name], place)
    asked = "SELECT state FROM migration.migration_runs ORDER BY run_id"
    states = [state for (state,) in host.query(asked, db=trials.database)]
    assert states[-2:] == ["finished", "finished"]
    assert "running" not in states


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("network_cut", "Redis 127.0.0.1:6379/0: "),
        ("disk_full", "PostgreSQL postgres@"),
        ("postgresql_restarted", "PostgreSQL postgres@"),
        ("reader_killed", "A process that reads the source has died with status -9. "),
    ],
)
def test_what_happened_is_told_in_one_sentence(trials, name, told):
    message = trials.disturb(FAULTS[name], 0.4)["msg"]
    assert message.startswith(told)
    assert "\n" not in message


@pytest.fixture(scope="module")
def undisturbed(host):
    """The contents after a run that nobody disturbs."""
    database = "test_undisturbed"
    host.execute(f"CREATE DATABASE {database};")
    target(host, database)
    load(host, believable(users=200, threads=1200))
    migrate(host, database, batch_keys=50)
    yield contents(host, database)
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


def test_a_killed_run_is_continued_and_not_begun_again(host, database, undisturbed):
    expected = undisturbed
    target(host, database)
    run = Running(host, database, batch_keys=50, max_keys_per_s=1000)
    wait_until(lambda: staged(host, database) > 300)
    assert run.kill()
    result = migrate(host, database)
    assert result["resumed"] is True
    assert result["accounting"]["total"]["scanned"] >= int(host.redis("DBSIZE"))
    assert contents(host, database) == expected


def test_a_run_that_its_operator_ends_is_continued(host, database, undisturbed):
    expected = undisturbed
    target(host, database)
    run = Running(host, database, batch_keys=50, max_keys_per_s=1000)
    wait_until(lambda: staged(host, database) > 300)
    # As docs/migration.md says it.
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    ended += "WHERE application_name = 'pgops redis_migrate' AND datname = current_database()"
    assert host.query(ended, db=database) == [[True]]
    answer = run.result()
    assert answer["failed"] is True
    assert answer["msg"].startswith("PostgreSQL postgres@")
    assert "\n" not in answer["msg"]
    assert migrate(host, database)["resumed"] is True
    assert contents(host, database) == expected


def test_what_was_read_too_long_ago_is_read_again(host, database, undisturbed):
    expected = undisturbed
    target(host, database)
    run = Running(host, database, batch_keys=50, max_keys_per_s=1000)
    wait_until(lambda: staged(host, database) > 300)
    assert run.kill()
    assert migrate(host, database, resume_within_s=0)["resumed"] is False
    assert contents(host, database) == expected


def test_a_crash_of_postgresql_fails_the_run_in_one_sentence_and_the_next_one_starts_over(host, database, undisturbed):
    expected = undisturbed
    target(host, database)
    run = Running(host, database, batch_keys=50, max_keys_per_s=1000)
    wait_until(lambda: staged(host, database) > 300)
    # What systemd would do is a clean restart; this is none.
    host.run("sh", "-c", "kill -QUIT $(head -1 /var/lib/postgresql/15/main/postmaster.pid)")
    answer = run.result()
    start_postgresql(host)
    assert answer["failed"] is True
    assert answer["msg"].startswith("PostgreSQL postgres@")
    assert "\n" not in answer["msg"]
    # Unlogged tables are emptied by the crash recovery, the cursor among them.
    assert migrate(host, database)["resumed"] is False
    assert contents(host, database) == expected


def test_a_restart_of_redis_makes_the_cursor_worthless(host, database, undisturbed):
    expected = undisturbed
    target(host, database)
    run = Running(host, database, batch_keys=50, max_keys_per_s=1000)
    wait_until(lambda: staged(host, database) > 300)
    host.run("systemctl", "restart", "redis-server")
    answer = run.result()
    assert answer["failed"] is True
    assert answer["msg"].startswith("Redis 127.0.0.1:6379/0")
    wait_until(lambda: host.run("redis-cli", "ping", check=False).stdout.strip() == "PONG")
    assert migrate(host, database)["resumed"] is False
    assert contents(host, database) == expected


def test_a_second_migration_is_refused_with_the_name_and_start_of_the_first(host, database, undisturbed):
    target(host, database)
    run = Running(host, database, batch_keys=50, max_keys_per_s=100, operator="mira")
    wait_until(lambda: staged(host, database) > 50)
    refused = host.module("redis_migrate", params(database))
    assert refused["failed"] is True
    assert refused["msg"].startswith("Another migration is running: run 1 of mira, started 20")
    dry = host.module("redis_migrate", params(database), check_mode=True)
    assert not dry.get("failed")
    run.kill()
    assert migrate(host, database)["changed"] is True
