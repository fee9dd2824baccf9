"""configure_awx.yml with the real modules of awx.awx, against a stand-in of AWX's API."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from awx_api import Server

PROJECT = Path(__file__).resolve().parents[2]
TOKEN = "a-token-of-this-test"
HEALTH = {"name": "health", "playbook": "check_health.yml"}
BACKUP = {"name": "physical backup", "playbook": "backup_postgresql.yml", "variables": {"backup_kind": "physical"}}
DAILY = {"name": "daily", "playbook": "run_daily.yml", "when": "0 1 * * *", "time_limit_s": 600, "late_s": 60}
WATCH = {"name": "watch", "playbook": "list_backups.yml", "when": "*/5 * * * *", "time_limit_s": 240, "late_s": 60}
QUESTION = {
    "variable": "inspect_largest",
    "question_name": "How many",
    "type": "integer",
    "min": 1,
    "max": 9,
    "default": 5,
    "required": False,
}
VERB = {"name": "inspect", "playbook": "inspect_activity.yml", "survey": [QUESTION]}


@pytest.fixture
def configure(tmp_path):
    """configure(*arguments, **variables) runs the playbook; exit status, how many tasks changed something, and the words. It has AWX's."""
    with Server(TOKEN) as server:
        inputs = {
            "awx_url": server.url, "awx_token": TOKEN, "awx_organization": "Threadr", "awx_prefix": "T: ", "awx_project_url": "https://git/t.git",
            "awx_inventory_path": "inventories/production/hosts.yml", "awx_routines": {"daily": [BACKUP, HEALTH]}, "awx_schedule": [DAILY, WATCH],
            "awx_secrets": ["threadr_app_password"], "awx_verbs": [VERB], "awx_credentials": ["ssh"], "awx_execution_environment": {"image": "x/y:1"},
            "awx_notification": {"type": "webhook", "configuration": {"url": "https://hook", "http_method": "POST", "headers": {}}},
            "ansible_python_interpreter": sys.executable,
        }  # fmt: skip
        server.awx.create("credentials", {"name": "ssh"})

        def run(*arguments: str, **variables) -> tuple[int, int, str]:
            inventory = tmp_path / "hosts.json"
            inventory.write_text(json.dumps({"awx": {"hosts": {"awx1": {}}, "vars": {**inputs, **variables}}}))
            program = Path(sys.executable).with_name("ansible-playbook")
            surroundings = {**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
            command = [program, "-i", inventory, "playbooks/configure_awx.yml", *arguments]
            done = subprocess.run(command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=False)
            words = done.stdout + done.stderr
            assert TOKEN not in words
            changed = re.search(r"changed=(\d+)", words)
            return done.returncode, int(changed[1]) if changed else 0, words

        run.awx = server.awx
        yield run


def shape(awx) -> dict:
    """What runs, what follows it, when, and with which variables."""
    templates = {
        name: (one["playbook"], json.loads(one["extra_vars"]), one["timeout"])
        for name, one in awx.named("job_templates").items()
    }
    numbers = {
        one["id"]: name for kind in ("job_templates", "workflow_job_templates") for name, one in awx.named(kind).items()
    }
    parts = awx.objects["workflow_job_template_nodes"]
    after = {
        one["identifier"]: [
            parts[number]["identifier"]
            for number in awx.associated.get(("workflow_job_template_nodes", one["id"], "always_nodes"), [])
        ]
        for one in parts.values()
    }
    schedules = {
        name: (numbers[one["unified_job_template"]], one["rrule"]) for name, one in awx.named("schedules").items()
    }
    return {
        "templates": templates,
        "workflows": sorted(awx.named("workflow_job_templates")),
        "parts": after,
        "schedules": schedules,
    }


def test_four_runs_and_what_is_taken_out_is_gone(configure):
    awx = configure.awx
    code, changed, words = configure("--check", "--diff")
    assert (code, changed > 0, awx.calls) == (0, True, []), words
    assert "What builds upon something that is not there yet was not looked at" in words
    code, changed, words = configure()
    assert (code, changed > 0) == (0, True), words
    made = shape(awx)
    assert made == {
        "templates": {
            "T: physical backup": ("playbooks/backup_postgresql.yml", {"backup_kind": "physical"}, 0),
            "T: health": ("playbooks/check_health.yml", {}, 0),
            "T: watch": ("playbooks/list_backups.yml", {}, 240),
            "T: inspect": ("playbooks/inspect_activity.yml", {}, 0),
        },
        "workflows": ["T: daily"],
        "parts": {"physical backup": ["health"], "health": []},
        "schedules": {
            "T: daily": (
                "T: daily",
                "DTSTART:20260101T000000Z RRULE:FREQ=DAILY;INTERVAL=1;BYHOUR=1;BYMINUTE=0;BYSECOND=0",
            ),
            "T: watch": ("T: watch", "DTSTART:20260101T000000Z RRULE:FREQ=MINUTELY;INTERVAL=5"),
        },
    }
    inspect = awx.named("job_templates")["T: inspect"]
    assert (inspect["survey_enabled"], awx.surveys[inspect["id"]]["spec"]) == (
        True,
        [QUESTION | {"question_description": ""}],
    )
    secrets = awx.named("credential_types")["T: secrets"]
    assert secrets["injectors"] == {"extra_vars": {"threadr_app_password": "{{ threadr_app_password }}"}}
    assert (
        len([key for key, numbers in awx.associated.items() if key[2] == "notification_templates_error" and numbers])
        == 5
    )
    for arguments in (["--check", "--diff"], []):
        before = len(awx.calls)
        code, changed, words = configure(*arguments)
        assert (code, changed, awx.calls[before:]) == (0, 0, []), words

    fewer = {"awx_routines": {"daily": [HEALTH]}, "awx_schedule": [DAILY | {"when": "0 2 * * *"}], "awx_verbs": []}
    code, changed, words = configure(**fewer)
    assert (code, changed > 0) == (0, True), words
    left = shape(awx)
    assert (list(left["templates"]), left["parts"], list(left["schedules"])) == (
        ["T: health"],
        {"health": []},
        ["T: daily"],
    )
    assert "BYHOUR=2" in left["schedules"]["T: daily"][1]


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"awx_schedule": [DAILY, DAILY]}, "There are 2 jobs daily; give each a name of its own. Nothing was changed."),
        (
            {"awx_verbs": [VERB | {"playbook": "none.yml"}]},
            "There is no playbook none.yml for inspect. Nothing was changed.",
        ),
        (
            {"awx_routines": {"daily": [HEALTH, BACKUP | {"name": "health"}]}},
            "Two operations are called health, and run ",
        ),
        ({"awx_token": "another"}, "Invalid authentication credentials for /api/v2/organizations/ (HTTP 401)."),
    ],
)
def test_bad_input_is_a_sentence_and_nothing_is_done(configure, variables, sentence):
    code, changed, words = configure(**variables)
    assert (code, changed, configure.awx.calls) == (2, 0, []), words
    assert sentence in " ".join(words.split())
    assert "Traceback" not in words
