"""How far a migration is, seen from outside while it runs, ends, or is gone."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor

import pytest

from faults import Running, staged, wait_until
from migration import believable, load, migrate, target


@pytest.fixture
def ready(host, database):
    load(host, believable(users=60, threads=300))
    return target(host, database)


def look(host, database: str, **options) -> dict:
    params = {"login_db": database, "login_role": "threadr_migration", **options}
    result = host.module("migration_progress_info", params)
    assert not result.get("failed"), result["msg"]
    return result


def test_a_run_is_seen_from_its_start_to_its_end(host, ready):
    keys = int(host.redis("DBSIZE"))
    assert (look(host, ready)["phase"], look(host, ready)["run_id"]) == ("starting", 0)
    run = Running(host, ready, batch_keys=20, max_keys_per_s=40)
    wait_until(lambda: staged(host, ready) > 20)
    early = look(host, ready)
    wait_until(lambda: staged(host, ready) > early["scanned"] + 100)
    late = look(host, ready, scanned_before=early["scanned"], seconds_before=early["seconds"])
    assert (early["phase"], late["phase"], late["keys"]) == ("reading", "reading", keys)
    assert early["scanned"] < late["scanned"] <= keys
    assert late["scanned"] == sum(late["patterns"].values())
    gained, passed = late["scanned"] - early["scanned"], late["seconds"] - early["seconds"]
    # Batches end in bunches: the rate is that of the two looks, whose seconds are told to a tenth.
    assert gained / (passed + 0.1) - 1 <= late["keys_per_s"] <= gained / (passed - 0.1) + 1
    assert late["remaining_s"] > 0
    run.kill()
    assert (look(host, ready)["phase"], look(host, ready)["running"]) == ("interrupted", False)
    migrate(host, ready)
    assert look(host, ready, after_run=late["run_id"])["phase"] == "finished"


def test_a_run_that_ends_while_it_is_looked_at_is_no_error(host, ready):
    run = Running(host, ready, batch_keys=20, max_keys_per_s=40)
    wait_until(lambda: staged(host, ready) > 20)
    run.kill()
    # What a run does at its end, held open until the look waits for it.
    dropping = subprocess.Popen(
        ["podman", "exec", "-i", host.name, "runuser", "-u", "postgres", "--", "psql", "-qXd", ready],
        stdin=subprocess.PIPE,
        text=True,
    )
    with ThreadPoolExecutor(1) as pool:
        print("BEGIN; DROP TABLE migration.stage_progress;", file=dropping.stdin, flush=True)
        held = "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock' AND relation::regclass::text ~ 'stage_progress$'"
        wait_until(lambda: host.query(held, db=ready) == [[1]])
        looking = pool.submit(look, host, ready)
        wait_until(lambda: host.query("SELECT count(*) FROM pg_locks WHERE NOT granted", db=ready) == [[1]])
        print("COMMIT;", file=dropping.stdin, flush=True)
        assert looking.result(timeout=60)["phase"] == "interrupted"
    dropping.communicate(timeout=30)


def test_a_slow_source_is_spared_and_nothing_else_changes(host, ready):
    plain = migrate(host, ready, check_mode=True, max_latency_ms=60_000)
    assert plain["slowed_batches"] == 0
    # Redis itself lets everybody wait, again and again.
    words = "while redis-cli CLIENT PAUSE 30 ALL; do sleep 0.01; done"
    slow = subprocess.Popen(["podman", "exec", host.name, "sh", "-c", words], stdout=subprocess.DEVNULL)
    try:
        spared = migrate(host, ready, batch_keys=100, max_latency_ms=3)
    finally:
        host.run("pkill", "-f", "CLIENT PAUSE")
        slow.wait(timeout=30)
    assert spared["slowed_batches"] > 0
    assert spared["accounting"] == plain["accounting"]


def test_looking_four_times_changes_nothing(host, ready):
    migrate(host, ready)
    asked = "SELECT (SELECT count(*) FROM migration.migration_runs) AS runs, (SELECT max(run_id) FROM migration.migration_runs) AS newest"
    params = {"login_db": ready, "login_role": "threadr_migration"}
    runs = host.four_runs("migration_progress_info", params, lambda: host.query(asked, db=ready))
    assert [answer["changed"] for answer, _ in runs] == [False] * 4
    assert len({str(witness) for _, witness in runs}) == 1


def test_a_database_without_a_record_is_refused(host, database):
    answer = host.module("migration_progress_info", {"login_db": database})
    assert answer["failed"] is True
    assert "has no migration record" in answer["msg"]
