"""The migration interrupted for real: killed, servers restarted, a second one beside it. The next run always finishes."""

from __future__ import annotations

import json
import random
import subprocess
import time

import pytest

from migration import believable, contents, load, migrate, params, target

CHANCE = random.Random(20)
# Shares of an undisturbed run's duration, one in each fifth of it.
MOMENTS = [round(CHANCE.uniform(fifth / 5, (fifth + 1) / 5), 3) for fifth in range(5)]


class Running:
    """A migration in the background of HOST, or another MODULE with its OPTIONS."""

    def __init__(
        self, host, database: str, module: str = "redis_migrate", options: dict | None = None, **changes
    ) -> None:
        self.host, self.module = host, module
        command = [
            "podman",
            "exec",
            "--interactive",
            "--user",
            "postgres",
            host.name,
            "python3",
            "/src/tests/module_runner.py",
        ]
        self.process = subprocess.Popen([*command, module], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.process.stdin.write(json.dumps({"params": options or params(database, **changes)}))
        self.process.stdin.close()
        self.process.stdin = None

    def kill(self) -> bool:
        """SIGKILL; whether it was still running."""
        killed = self.host.run("pkill", "-KILL", "-f", f"module_runner.py {self.module}", check=False).returncode == 0
        self.process.wait(timeout=30)
        return killed

    def result(self) -> dict:
        return json.loads(self.process.communicate(timeout=60)[0])


def wait_until(question, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def staged(host, database: str) -> int:
    """Keys read so far by the run in the background; what is committed only."""
    if host.query("SELECT to_regclass('migration.stage_entry') IS NULL AS missing", db=database) == [[True]]:
        return 0
    return host.query("SELECT count(*) FROM migration.stage_entry", db=database)[0][0]


@pytest.fixture(scope="module")
def undisturbed(host):
    """The contents after a run that nobody disturbs, and how long it takes, in seconds."""
    database = "test_undisturbed"
    host.execute(f"CREATE DATABASE {database};")
    target(host, database)
    load(host, believable(users=200, threads=1200))
    started = time.monotonic()
    migrate(host, database, batch_keys=50)
    duration = time.monotonic() - started
    yield contents(host, database), duration
    host.execute(f"DROP DATABASE {database} WITH (FORCE);")


@pytest.mark.parametrize("moment", MOMENTS)
def test_killed_at_a_moment_the_next_run_ends_with_the_same_contents(host, database, undisturbed, moment):
    expected, duration = undisturbed
    target(host, database)
    for _ in range(5):
        run = Running(host, database, batch_keys=50)
        # Not a wait for something: the moment of the kill is the fault that is injected.
        time.sleep(duration * moment)
        if run.kill():
            break
        moment *= 0.8
        host.execute(
            "TRUNCATE users, threads, email_subscribers, migration.migration_rows CASCADE;"
            "DELETE FROM migration.migration_rejects;",
            db=database,
        )
    else:
        raise AssertionError("the run always ended before it could be killed")
    migrate(host, database, batch_keys=50)
    assert contents(host, database) == expected
    assert migrate(host, database)["changed"] is False
    states = [
        state for (state,) in host.query("SELECT state FROM migration.migration_runs ORDER BY run_id", db=database)
    ]
    assert states[-2:] == ["finished", "finished"]
    assert "running" not in states


def test_a_killed_run_is_continued_and_not_begun_again(host, database, undisturbed):
    expected, _ = undisturbed
    target(host, database)
    run = Running(host, database, batch_keys=50, max_keys_per_s=1000)
    wait_until(lambda: staged(host, database) > 300)
    assert run.kill()
    result = migrate(host, database)
    assert result["resumed"] is True
    assert result["accounting"]["total"]["scanned"] >= int(host.redis("DBSIZE"))
    assert contents(host, database) == expected


def test_what_was_read_too_long_ago_is_read_again(host, database, undisturbed):
    expected, _ = undisturbed
    target(host, database)
    run = Running(host, database, batch_keys=50, max_keys_per_s=1000)
    wait_until(lambda: staged(host, database) > 300)
    assert run.kill()
    assert migrate(host, database, resume_within_s=0)["resumed"] is False
    assert contents(host, database) == expected


def test_a_crash_of_postgresql_fails_the_run_in_one_sentence_and_the_next_one_starts_over(host, database, undisturbed):
    expected, _ = undisturbed
    target(host, database)
    run = Running(host, database, batch_keys=50, max_keys_per_s=1000)
    wait_until(lambda: staged(host, database) > 300)
    # What systemd would do is a clean restart; this is none.
    host.run("sh", "-c", "kill -QUIT $(head -1 /var/lib/postgresql/15/main/postmaster.pid)")
    answer = run.result()
    wait_until(lambda: host.run("pgrep", "-x", "postgres", check=False).returncode == 1)
    host.run("systemctl", "restart", "postgresql@15-main")
    assert answer["failed"] is True
    assert answer["msg"].startswith("PostgreSQL postgres@")
    assert "\n" not in answer["msg"]
    # Unlogged tables are emptied by the crash recovery, the cursor among them.
    assert migrate(host, database)["resumed"] is False
    assert contents(host, database) == expected


def test_a_restart_of_redis_makes_the_cursor_worthless(host, database, undisturbed):
    expected, _ = undisturbed
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
    run = Running(host, database, batch_keys=50, max_keys_per_s=500, operator="mira")
    wait_until(lambda: staged(host, database) > 50)
    refused = host.module("redis_migrate", params(database))
    assert refused["failed"] is True
    assert refused["msg"].startswith("Another migration is running: run 1 of mira, started 20")
    dry = host.module("redis_migrate", params(database), check_mode=True)
    assert not dry.get("failed")
    run.kill()
    assert migrate(host, database)["changed"] is True
