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


@pytest.mark.parametrize("arguments", [[], ["--check", "--diff"]])
def test_the_history_of_both_kinds_is_a_page_and_json(operator, arguments):
    page = operator.folder / "history.html"
    page.unlink(missing_ok=True)
    words, told = operator.succeed("playbooks/backup_history.yml", *arguments, page=str(page))
    assert {(one["kind"], one["present"]) for one in told["backups"]} == {("logical", True), ("physical", True)}
    assert [one["passed"] for one in told["drills"]] == [True, True]
    assert told["healthy"] is True and "changed=0" in words
    text = page.read_text(encoding="utf-8")
    assert (text.count('<figure class="plot">'), page.stat().st_mode & 0o777) == (10, 0o640)
    assert told["backups"][-1]["name"] in text


def readings(operator) -> list[list]:
    return operator.host.query("SELECT kind, passed, backups FROM operations.verifications ORDER BY 1", db=DATABASE)


def test_what_was_read_to_its_end_is_kept_for_health(operator):
    words, _ = operator.succeed("playbooks/verify_backups.yml", "--check", "--diff")
    assert "1 physical backups on pg1 were read to their end: good" in words and "changed=1" in words
    assert readings(operator) == []
    words, result = operator.succeed("playbooks/verify_backups.yml")
    assert "changed=1" in words
    assert [one["passed"] for one in result["verifications"]] == [True, True]
    assert readings(operator) == [["logical", True, 2], ["physical", True, 1]]
    _, _, health = operator.play("playbooks/check_health.yml")
    verdicts = {one["name"]: one["verdict"] for one in health["checks"]}
    names = ("verification_logical", "verification_physical", "physical_full", "wal_arrival", "wal_archive")
    assert [verdicts.get(name) for name in names] == ["ok"] * 5, health["checks"]
    assert not [name for name in verdicts if name.startswith("offsite")]


def test_damage_that_was_read_is_a_problem(operator):
    archive = operator.host.run("sh", "-c", f"ls -d {DUMPS}/threadr_full_*/archive.dump.zst | tail -1").stdout.strip()
    script = f"f = open({archive!r}, 'r+b'); f.seek(100); b = f.read(1)[0]; f.seek(100); f.write(bytes([b ^ 255]))"
    operator.host.run("python3", "-c", script)
    try:
        code, words, _ = operator.play("playbooks/verify_backups.yml")
        assert code == 2 and "does not have the SHA-256 of its manifest" in words
        _, words, health = operator.play("playbooks/check_health.yml")
        assert any(
            one.startswith("verification_logical: Not all backups that pg1 read are good.")
            for one in health["problems"]
        )
    finally:
        operator.host.run("python3", "-c", script)


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


def test_a_backup_counts_even_where_the_history_cannot_be_kept(operator):
    operator.host.execute("ALTER TABLE operations.backups RENAME TO elsewhere;", db=DATABASE)
    try:
        words, result = operator.succeed("playbooks/backup_postgresql.yml")
    finally:
        operator.host.execute("ALTER TABLE operations.elsewhere RENAME TO backups;", db=DATABASE)
    assert "is not in the history yet; the next one adds it." in words
    assert "has no table operations.backups: its schema is too old" in words
    name = next(one["name"] for one in result["backups"] if one["type"] == "full")
    kept = f"SELECT count(*) FROM operations.backups WHERE name = '{name}'"
    assert operator.host.query(kept, db=DATABASE) == [[0]]
    operator.succeed("playbooks/backup_postgresql.yml")
    assert operator.host.query(kept, db=DATABASE) == [[1]]
