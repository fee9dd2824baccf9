"""The operator's verb: drill_restore.yml with both kinds, its exit status, the history, Prometheus, and list_backups.yml."""

from __future__ import annotations

import json

import pytest

from backups import wait_until
from lab.host import started
from operators import Operator
from physical import opened
from schema import deploy

DATABASE = "threadr"
METRICS = "/var/tmp/metrics"
DUMPS = "/var/backups/postgresql"
# What site.yml does of it.
HEARTBEAT = [{"hosts": "postgresql", "gather_facts": False, "roles": ["postgresql_heartbeat"]}]
PLAYED = "SELECT kind, passed, host, rpo_s < 400 AS fresh FROM operations.drills ORDER BY drill_id"


class Drilling(Operator):
    """Whose drills are remembered."""

    def history(self) -> list[list]:
        return self.host.query(PLAYED, db=DATABASE)

    def metrics(self) -> str:
        return self.host.run("sh", "-c", f"cat {METRICS}/*.prom", check=False).stdout


@pytest.fixture(scope="module")
def operator(tmp_path_factory):
    folder = tmp_path_factory.mktemp("operator")
    with started("operator") as host, opened(host) as archive:
        host.execute(f"CREATE DATABASE {DATABASE};")
        deploy(host, DATABASE)
        archive.stanza()
        made = Drilling(
            host,
            folder,
            threadr_physical_backups_enabled=True,
            threadr_metrics_directory=METRICS,
            threadr_drill_keep_free_ratio=0,
            drill_timeout_s=60,
        )
        playbook = folder / "heartbeat.yml"
        playbook.write_text(json.dumps(HEARTBEAT))
        made.succeed(playbook, "--check")
        made.succeed(playbook)
        words, _ = made.succeed(playbook)
        assert "changed=0" in words
        beats = "SELECT count(*) FROM operations.heartbeat"
        wait_until(lambda: host.query(beats, db=DATABASE) == [[1]])
        made.succeed("playbooks/backup_postgresql.yml")
        archive.back_up(type="full")
        archive.switch()
        archive.wait_until_archived()
        yield made


def test_a_dry_run_shows_the_plan_and_leaves_nothing(operator):
    words, result = operator.succeed("playbooks/drill_restore.yml", "--check", "--diff")
    assert "replay WAL from" in words
    assert f"restore database {DATABASE} in it" in words
    assert "changed=0" in words
    assert (result["drills"], operator.history(), operator.metrics()) == ([], [], "")
    assert [len(plan) > 3 for plan in result["plans"]] == [True, True]


def test_both_kinds_pass_and_are_remembered(operator):
    words, result = operator.succeed("playbooks/drill_restore.yml")
    assert [drill["kind"] for drill in result["drills"]] == ["logical", "physical"]
    assert {check["verdict"] for drill in result["drills"] for check in drill["checks"]} == {"passed"}
    assert "newest threads of a user" in [check["name"] for check in result["drills"][0]["checks"]]
    assert operator.history() == [["logical", True, "pg1", True], ["physical", True, "pg1", True]]
    assert 'pgops_drill_last_run_passed{kind="physical"} 1\n' in operator.metrics()
    assert "drill " in words
    listed, backups = operator.succeed("playbooks/list_backups.yml")
    assert listed.count(" s ago") == 2, listed
    assert {one["kind"] for one in backups["restored"]} == {"logical", "physical"}


def test_a_backup_that_does_not_serve_ends_with_a_sentence(operator):
    before = len(operator.history())
    operator.succeed("playbooks/backup_postgresql.yml")
    operator.host.run("sh", "-c", f"truncate --size=-9 $(ls -d {DUMPS}/threadr_full_* | tail -1)/archive.dump.zst")
    try:
        code, words, result = operator.play("playbooks/drill_restore.yml")
    finally:
        operator.host.run("sh", "-c", f"rm -r $(ls -d {DUMPS}/threadr_full_* | tail -1)")
    assert code != 0
    assert [drill["passed"] for drill in result["drills"]] == [False, True]
    assert "Traceback" not in words
    assert "The archive of backup threadr_full_" in words.partition("fatal:")[2]
    assert [row[1] for row in operator.history()[before:]] == [False, True]
    assert 'pgops_drill_last_run_passed{kind="logical"} 0\n' in operator.metrics()


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        ({"drill_kind": "daily"}, "The kinds are daily. Give drill_kind: logical, physical or all. Nothing was done."),
        ({"drill_backup": "x"}, "drill_backup is x; say with drill_kind which kind that is. Nothing was done."),
        ({"drill_kind": "logical", "drill_backup": "x"}, "There is no backup x in /var/backups/postgresql."),
        ({"drill_kind": "physical", "threadr_physical_backups_enabled": False}, "There are no physical backups here."),
    ],
)
@pytest.mark.parametrize("arguments", [["--check"], []])
def test_bad_input_is_refused_and_nothing_is_changed(operator, extra, sentence, arguments):
    before = operator.history(), operator.metrics()
    code, words, _ = operator.play("playbooks/drill_restore.yml", *arguments, **extra)
    assert code != 0
    assert sentence in words
    assert "Traceback" not in words
    assert (operator.history(), operator.metrics()) == before


def test_a_database_that_is_gone_does_not_keep_backups_from_being_listed(operator):
    words, backups = operator.succeed("playbooks/list_backups.yml", threadr_database="gone")
    assert "Which of them were restored is unknown: " in words
    assert sorted(one["type"] for one in backups["backups"]) == ["full", "globals", "globals"]
