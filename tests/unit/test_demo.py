"""The demo's pure parts: what it makes of a playbook's output and of the steps' results."""

import subprocess
from contextlib import nullcontext
from pathlib import Path

import pytest

from lab import demo, passwords, summary
from lab.playbook_log import changed_tasks, reason

LONG = """
TASK [Refuse to call it healthy] ***
[ERROR]: Task failed: Action failed: disk: 97 % of / are used.
memory: 95 % are used.
Origin: playbooks/check_health.yml:60:7

60       register: health
"""
FAILED = """
TASK [Read, decide and write] **************************************************
[ERROR]: Task failed: Module failed: Redis redis1:6379/0: the server refuses this password. Check login_password.
Origin: playbooks/migrate_redis.yml:15:7

fatal: [pg1]: FAILED! =>
    changed: false

PLAY RECAP *********************************************************************
pg1                        : ok=0    changed=0    unreachable=0    failed=1    skipped=0    rescued=0    ignored=0
"""
RECAP = """
pg1                        : ok=4    changed=2    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
redis1                     : ok=2    changed=1    unreachable=0    failed=0    skipped=0    rescued=0    ignored=0
"""


@pytest.mark.parametrize(
    ("log", "said"),
    [
        (
            FAILED,
            "Redis redis1:6379/0: the server refuses this password. Check login_password. (task 'Read, decide and write')",
        ),
        ("[ERROR]: the playbook: x.yml could not be found\n", "the playbook: x.yml could not be found"),
        ("TASK [Ask] ***\nfatal: [pg1]: UNREACHABLE! => \n", "pg1 cannot be reached. (task 'Ask')"),
        (LONG, "disk: 97 % of / are used.\nmemory: 95 % are used. (task 'Refuse to call it healthy')"),
        ("some traceback\nlast line\n", "some traceback\nlast line"),
        ("", "It ended without any output."),
    ],
)
def test_the_reason_of_a_failure_is_found_in_the_output(log, said):
    assert reason(log) == said


def test_changed_tasks_are_summed_over_hosts():
    assert changed_tasks(RECAP) == 3
    assert changed_tasks(FAILED) == 0


@pytest.mark.parametrize(
    ("wanted", "tasks", "changed", "refused"),
    [
        (False, 0, False, False),
        (False, 1, False, True),
        (False, 0, True, True),
        (True, 1, True, False),
        (True, 0, True, True),
        (True, 0, False, True),
    ],
)
def test_recap_and_result_must_both_say_what_was_wanted(wanted, tasks, changed, refused):
    with pytest.raises(demo.StepError) if refused else nullcontext():
        demo.require_change(wanted, tasks, changed)


def test_results_are_found_by_the_name_of_their_step(tmp_path: Path):
    (tmp_path / "08-dry_run.json").write_text('{"changed": true}')
    (tmp_path / "08-dry_run.log").write_text("not JSON")
    assert summary.read_results(tmp_path) == {"dry_run": {"changed": True}}


def test_demo_and_inventory_derive_the_same_name(monkeypatch):
    monkeypatch.delenv("THREADR_LAB", raising=False)
    ask = ["ansible", "redis1", "-i", str(demo.INVENTORY), "-m", "ansible.builtin.debug", "-a", "var=ansible_host"]
    answer = subprocess.run(
        ask, cwd=demo.PROJECT, env=demo.ENVIRONMENT, check=True, capture_output=True, text=True
    ).stdout
    assert f"ansible_host: {demo.prefix()}-redis1" in answer


def total(**keys) -> dict:
    return {"total": {**dict.fromkeys(summary.OUTCOMES, 0), **keys}}


def results(dry_written: int = 7) -> dict:
    run = {
        "accounting": total(scanned=9, written=7, quarantined=2),
        "tables": {"users": {"inserted": 7, "updated": 0, "unchanged": 0}},
        "rejects": {"orphan": 1, "bad_email": 1},
        "duration_s": 1.5,
    }
    return {
        "audit": {"keys": 11, "bytes": 2048, "patterns": [{}, {}], "unknown": {"keys": 3}},
        "migrate": run,
        "dry_run": {**run, "accounting": total(scanned=9, written=dry_written, quarantined=2)},
        "again": {**run, "accounting": total(scanned=9, unchanged=7, quarantined=2), "duration_s": 0.5},
        "validate": {"tables": {"users": {"equal": 7}}, "problems": [], "digest": "d1"},
        "backup": {
            "backups": [
                {
                    "name": "b1",
                    "size_bytes": 1536,
                    "database_size_bytes": 9 * 2**20,
                    "duration_s": 2.0,
                    "sha256": "s1",
                }
            ]
        },
        "restore": {"database": "threadr_restored", "duration_s": 3.0, "verified": True},
        "switch_over": {"from": "pg1", "to": "pg2", "timeline": 2, "pause": {"by_hosts_s": 1.25, "at_most_s": 4.5}},
        "health.pg2": {"healthy": True, "problems": [], "checks": [{"verdict": "ok"}]},
        "health.pg1": {
            "healthy": False,
            "problems": ["Disk is 90 % full."],
            "checks": [{"verdict": "ok"}, {"verdict": "critical"}],
        },
        "application": {
            "document": {
                "status": "healthy",
                "user": "threadr_app",
                "host": "pg1",
                "database": "threadr",
                "tls": "TLSv1.3",
                "pooled": True,
                "pool": {"size": 10, "max_overflow": 20},
            },
            "drivers": [{"driver": "SQLAlchemy 1.4.46 with psycopg2 2.9.5", "tried": 16, "refused": 15}],
            "problems": ["It could drop a table."],
        },
    }


def test_the_summary_shows_figures_of_the_results_and_nothing_wider_than_the_page():
    text = summary.of(results(), {"Migrate": 4.2, "Back up": 0.8}, 6.3)
    for shown in (
        "4.2 s",
        "6.3 s",
        "11 keys, 2.0 KiB",
        "3 keys are of none",
        "1.5 KiB of a database of 9.0 MiB",
        "exactly these counts",
        "pg2 took over from pg1",
        "paused for 1.25 s",
        "pg1: NOT healthy, 1 ok, 1 critical",
        "pg2: healthy, 1 ok",
        "Disk is 90 %",
        "healthy: threadr_app@pg1/threadr, TLSv1.3",
        "psycopg2 2.9.5: 15 of 16 forbidden things refused",
        "It could drop a table.",
    ):
        assert shown in text
    assert max(map(len, text.splitlines())) <= summary.WIDTH


def test_a_dry_run_that_was_wrong_is_not_called_right():
    assert "foretold other counts" in summary.of(results(dry_written=6), {}, 0)


@pytest.mark.parametrize(("size", "shown"), [(0, "0 B"), (1023, "1023 B"), (1024, "1.0 KiB"), (5 * 2**40, "5.0 TiB")])
def test_sizes_for_people(size, shown):
    assert summary.human_bytes(size) == shown


def test_long_lists_are_broken_at_commas():
    lines = summary.wrapped("quarantined: " + ", ".join(f"{n} reason_number_{n}" for n in range(20)))
    assert len(lines) > 1
    assert all(len(line) <= summary.WIDTH for line in lines)


def test_passwords_are_made_once_for_the_owner_alone_and_differ(tmp_path: Path):
    (tmp_path / "group_vars" / "all").mkdir(parents=True)
    path = passwords.write_once(tmp_path)
    text = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    values = [line.split(": ")[1] for line in text.splitlines() if ": " in line]
    assert len(set(values)) == len(passwords.NAMES)
    assert passwords.write_once(tmp_path).read_text() == text


def test_passwords_from_before_are_kept_and_joined_by_new_ones(tmp_path: Path):
    (tmp_path / "group_vars" / "all").mkdir(parents=True)
    path = tmp_path / passwords.FILE
    path.write_text("---\nthreadr_app_password: as-it-was\n")
    lines = passwords.write_once(tmp_path).read_text().splitlines()
    assert lines[:2] == ["---", "threadr_app_password: as-it-was"]
    assert sorted(line.split(": ")[0] for line in lines[1:]) == sorted(passwords.NAMES)
