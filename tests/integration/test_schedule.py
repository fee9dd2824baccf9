"""The schedule on a host: what the role writes, what cron makes of it, and what it says in a sentence."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import pytest

from lab.host import started
from operators import Operator
from plugins.filter.schedule import Unreadable, intervals

PLAYBOOK = "playbooks/configure_schedule.yml"
SITE_PACKAGES = Path(sys.executable).parent.parent / f"lib/python3.{sys.version_info.minor}/site-packages"
METRICS = "/var/lib/prometheus/node-exporter"
FOREVER = {"playbook": "check_schedule.yml", "when": "0 0 1 1 *", "time_limit_s": 60, "late_s": 60}
EVERYWHERE = ("/etc/cron.d", "/etc/logrotate.d", "/etc/postgresql-schedule.json", "/usr/local/lib/postgresql-schedule",
              "/var/lib/postgresql-schedule", "/var/log/postgresql-schedule", METRICS)  # fmt: skip
# The host has Ansible the way a scheduler has, with an inventory in which it reaches itself.
ANSIBLE = '#!/bin/sh\nexport PYTHONPATH=/opt/ansible\nexec python3 -m ansible.cli.playbook "$@"\n'
INVENTORY = {
    "postgresql": {"hosts": {"pg1": {}}},
    "scheduler": {"hosts": {"pg1": {"ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3"}}},
}


@pytest.fixture(scope="module")
def scheduler():
    with started("schedule", f"{SITE_PACKAGES}:/opt/ansible:ro") as host:
        host.run("useradd", "--create-home", "ansible")
        host.run(
            "sh", "-c", "cat >/usr/local/bin/ansible-playbook; chmod 755 /usr/local/bin/ansible-playbook", stdin=ANSIBLE
        )
        host.run("sh", "-c", "echo 'ansible ALL=(ALL) NOPASSWD: ALL' >/etc/sudoers.d/ansible")
        # The project as a scheduler has it, beside an inventory that is not for others to write.
        host.run("sh", "-c", "mkdir /opt/inventory && cat >/opt/inventory/hosts.json", stdin=json.dumps(INVENTORY))
        yield host


@pytest.fixture
def operator(scheduler, tmp_path):
    """Someone whose inventory has the scheduler; configure(entries, *arguments, **inputs) applies the role."""
    someone = Operator(scheduler, tmp_path)
    hosts = json.loads((tmp_path / "hosts.json").read_text())
    hosts["scheduler"] = {"hosts": {"pg1": {}}}
    (tmp_path / "hosts.json").write_text(json.dumps(hosts))
    return someone


def inputs(*entries: dict, **more) -> dict:
    return {
        "schedule_entries": list(entries),
        "schedule_directory": "/src",
        "schedule_inventory": "../opt/inventory/hosts.json",
        "schedule_program": "/usr/local/bin/ansible-playbook",
        "schedule_user": "ansible",
        "schedule_metrics_directory": METRICS,
        **more,
    }


def configure(operator, *arguments: str, **variables) -> tuple[int, int, str]:
    """Exit status, how many tasks changed something, and the words."""
    code, words, _result = operator.play(PLAYBOOK, *arguments, **variables)
    changed = re.search(r"changed=(\d+)", words)
    return code, int(changed[1]) if changed else 0, words


def there(host) -> str:
    """All files of the schedule, with their checksums; of logs only that they are there."""
    script = (
        'for place; do [ -e "$place" ] && find "$place" -type f ! -name "*.log" -exec sha256sum {} +; done | sort -k 2'
    )
    return host.run("sh", "-c", script, "sh", *EVERYWHERE, check=False).stdout


def test_four_runs_and_what_is_taken_out_is_gone(operator, scheduler):
    both = inputs(FOREVER | {"name": "alpha"}, FOREVER | {"name": "omega", "variables": {"output": "/tmp/a b"}})
    for arguments, changes in ((["--check", "--diff"], True), ([], True), (["--check", "--diff"], False), ([], False)):
        before = there(scheduler)
        code, changed, words = configure(operator, *arguments, **both)
        assert (code, changed > 0) == (0, changes), words
        assert (there(scheduler) != before) == (changes and not arguments)
    written = there(scheduler)
    for path in (f"{METRICS}/postgresql-schedule_omega.prom", "/var/lib/postgresql-schedule/omega.json"):
        assert path in written
    assert scheduler.run("logrotate", "--debug", "/etc/logrotate.d/postgresql-schedule").returncode == 0
    assert scheduler.run("grep", "-rl", "omega", "/etc").stdout.count("\n") == 3
    code, _changed, words = configure(operator, "--diff", **inputs(FOREVER | {"name": "alpha"}))
    assert (code, "omega: known" in words) == (0, True), words
    assert scheduler.run("grep", "-rl", "omega", *EVERYWHERE, check=False).stdout == ""
    assert "alpha" in there(scheduler)
    assert "omega" not in there(scheduler)


MISTAKES = [
    ({"name": "playbook", "playbook": "run_dayly.yml"}, "Job playbook: there is no playbook run_dayly.yml."),
    ({"name": "time", "when": "0 25 * * *"}, "Job time: when is 0 25 * * *; cron does not read it: bad hour."),
    ({"name": "long", "when": "* * * * *", "time_limit_s": 61}, "and is due again after 60 s;"),
    ({"name": "twin"}, "There are 2 jobs twin; give each a name of its own."),
    ({"name": "twin"}, "Nothing was changed."),
]


@pytest.mark.parametrize(
    ("entries", "changes", "sentences"),
    [
        ([entry for entry, _sentence in MISTAKES], {}, [sentence for _entry, sentence in MISTAKES]),
        ([], {"schedule_user": "nobody_here"}, ["There is no user nobody_here on pg1; correct schedule_user. Nothing was changed."]),
        ([], {"schedule_program": "/srv/none"}, ["pg1 has no /srv/none. Put this project and Ansible there"]),
    ],
)  # fmt: skip
def test_bad_input_is_a_sentence_and_nothing_is_done(operator, scheduler, entries, changes, sentences):
    before = there(scheduler)
    code, changed, words = configure(operator, **inputs(*(FOREVER | entry for entry in entries), **changes))
    assert (code, changed) == (2, 0), words
    for sentence in sentences:
        assert sentence in " ".join(words.split())
    assert "Traceback" not in words
    assert there(scheduler) == before


TIMES = (
    "* * * * *", "*/5 * * * *", "0 1,5 * * *", "30 8-10/2 * * MON-FRI", "0 5 * * 0", "0 5 * * 7", "0 9 1 jan,jul *", "0 0 1 * 1",
    "0 0 29 2 *", "*/7,3 1-5,9 */2 * sun", "5/15 * * * *", "61 1 * * *", "0 24 * * *", "0 1 0 * *", "0 1 * 13 *", "0 1 * * 8", "0 1 L * *",
    "*/0 * * * *", "0 1 * *", "1-2-3 * * * *", "-1 * * * *", "0 1 * * 5#2", "0 1 * * 5L", "0 5-1 * * *",
)  # fmt: skip
# Which cron takes for another time, the rest of it for a part of the command, or for one that never is.
MISREAD = ["1-2-3 * * * *", "0 1 * * 5#2", "0 5-1 * * *"]


def taken(when: str) -> bool:
    try:
        return bool(intervals(when))
    except Unreadable:
        return False


def test_what_is_taken_for_a_time_is_one_to_cron(scheduler):
    """Debian's cron itself is the witness."""
    read = [when for when in TIMES if not scheduler.run("crontab", "-", stdin=f"{when} true\n", check=False).returncode]
    scheduler.run("crontab", "-r", check=False)
    assert [when for when in TIMES if taken(when)] == [when for when in read if when not in MISREAD]
    assert [when for when in read if not taken(when)] == MISREAD


def metrics_of(host, name: str) -> dict[str, float]:
    text = host.run("cat", f"{METRICS}/postgresql-schedule_{name}.prom", check=False).stdout
    samples = re.findall(r"^pgops_schedule_(\w+)\{\S+\} (\S+)$", text, re.MULTILINE)
    return {sample: float(value) for sample, value in samples}


def test_cron_runs_a_playbook_as_its_user_and_how_it_went_is_told(operator, scheduler):
    """The one that is due every minute is of real cron; a second one, that fails, is run by hand, as is told to do."""
    every = {"when": "* * * * *", "time_limit_s": 50, "late_s": 60}
    watch = {"name": "watch", "playbook": "check_schedule.yml", "variables": {"output": "/tmp/watch.json"}, **every}
    fails = FOREVER | {"name": "fails", "variables": {"schedule_name": "none-there"}}
    assert configure(operator, **inputs(watch, fails))[0] == 0
    assert "runs_total" in metrics_of(scheduler, "watch")
    end = time.monotonic() + 300
    while metrics_of(scheduler, "watch").get("last_success_timestamp_seconds") is None:
        assert time.monotonic() < end, scheduler.run(
            "cat", "/var/log/postgresql-schedule/watch.log", check=False
        ).stdout
        time.sleep(1)
    told = metrics_of(scheduler, "watch")
    assert (told["exit_status"], told["failures_total"]) == (0, 0)
    assert told["duration_seconds"] > 0
    assert scheduler.run("stat", "--format=%U", "/tmp/watch.json").stdout == "ansible\n"
    code, words, schedule = operator.play("playbooks/check_schedule.yml")
    verdicts = {job["name"]: job["verdict"] for job in schedule["jobs"]}
    assert (code, verdicts["fails"]) == (0, "waiting"), words
    assert verdicts["watch"] in ("ok", "running")

    done = scheduler.run(
        "/usr/local/lib/postgresql-schedule/run_job", "/etc/postgresql-schedule.json", "fails", check=False
    )
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    log = scheduler.run("cat", "/var/log/postgresql-schedule/fails.log").stdout
    assert "There is no schedule /etc/none-there.json. Run configure_schedule.yml" in log
    assert metrics_of(scheduler, "fails")["exit_status"] == 2
    code, words, schedule = operator.play("playbooks/check_schedule.yml")
    assert (code, schedule["healthy"]) == (2, False)
    assert schedule["problems"][0].startswith("fails: It ended ")
    assert (
        "to run it again: /usr/local/lib/postgresql-schedule/run_job /etc/postgresql-schedule.json fails"
        in schedule["problems"][0]
    )

    # An account that is gone is a failure of the job, and not only a word to cron.
    other = """sed 's/"user": "ansible"/"user": "nobody_here"/' /etc/postgresql-schedule.json >/tmp/other.json"""
    scheduler.run("sh", "-c", other)
    done = scheduler.run("/usr/local/lib/postgresql-schedule/run_job", "/tmp/other.json", "fails", check=False)
    assert done.returncode == 126
    assert "There is no user nobody_here" in scheduler.run("cat", "/var/log/postgresql-schedule/fails.log").stdout
    assert metrics_of(scheduler, "fails")["exit_status"] == 126
