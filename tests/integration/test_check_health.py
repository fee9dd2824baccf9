"""The operator's verb: exit status, words and JSON."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def check_health(host, tmp_path_factory):
    """Runs the playbook with extra variables; the finished process and the JSON that it wrote, by host if there are OTHERS."""
    made = host.query("SELECT FROM pg_roles WHERE rolname = 'threadr_monitor'") == []
    if made:
        host.execute("CREATE ROLE threadr_monitor IN ROLE pg_monitor;")
    folder = tmp_path_factory.mktemp("check_health")
    variables = {
        "ansible_connection": "container",
        "ansible_host": host.name,
        "threadr_database": "postgres",
        "threadr_backup_directory": "/var/tmp/small",
    }

    def run(*arguments: str, others: dict | None = None, **extra) -> tuple[subprocess.CompletedProcess, dict]:
        inventory = folder / "hosts.json"
        inventory.write_text(json.dumps({"postgresql": {"hosts": {"pg1": {}, **(others or {})}, "vars": variables}}))
        output = folder / "health.json"
        command = [
            Path(sys.executable).with_name("ansible-playbook"),
            "-i",
            inventory,
            *arguments,
            "playbooks/check_health.yml",
        ]
        for each in folder.glob("health*.json"):
            each.unlink()
        extra_variables = json.dumps({"output": str(output), **extra})
        environment = {**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg")}
        done = subprocess.run(
            [*command, "-e", extra_variables], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        written = {path.name: json.loads(path.read_text()) for path in folder.glob("health*.json")}
        return done, written if others else written.get("health.json", {})

    yield run
    if made:
        host.execute("DROP ROLE threadr_monitor;")


@pytest.fixture
def dead_host():
    """Variables of a host whose port takes connections and never says a word, as a hanging machine's does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield {
            "ansible_connection": "ssh",
            "ansible_host": "127.0.0.1",
            "ansible_port": listener.getsockname()[1],
            "ansible_timeout": 2,
        }


@pytest.mark.parametrize("arguments", [[], ["--check", "--diff"]])
def test_a_healthy_server_ends_with_zero_and_its_checks(check_health, arguments):
    done, health = check_health(*arguments)
    assert (done.returncode, health["healthy"]) == (0, True), done.stdout
    assert "changed=0" in done.stdout
    assert "disk_backup" in done.stdout


def test_a_problem_ends_with_a_sentence_and_the_result_is_written_all_the_same(check_health):
    done, health = check_health(health_connections_warning_ratio="0.01")
    assert done.returncode == 2
    assert (health["healthy"], health["verdict"]) == (False, "warning")
    assert health["problems"][0].startswith("connections: ")
    assert "Action failed: connections: " in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("extra", "sentence"),
    [
        (
            {"health_disk_warning_ratio": 0.99},
            "disk_warning_ratio is 0.99 and disk_critical_ratio is 0.95: give 0 < warning",
        ),
        (
            {"health_disc_warning_ratio": 0.8},
            "There is no threshold disc_warning_ratio; did you mean disk_warning_ratio?",
        ),
        (
            {"output": "/nonexistent/health.json"},
            "The result cannot be written to /nonexistent/health.json: it has to be a",
        ),
        ({"output": "/tmp"}, "The result cannot be written to /tmp: it has to be a file, in a directory that exists"),
    ],
)
def test_bad_input_ends_with_a_sentence_and_nothing_is_asked_or_written(check_health, extra, sentence):
    done, health = check_health(**extra)
    said = " ".join((done.stdout + done.stderr).split())
    assert (done.returncode, health) == (2, {})
    assert sentence in said
    assert "Traceback" not in said
    assert "Show every check" not in said


def test_a_file_that_cannot_be_written_after_all_ends_with_a_sentence(check_health):
    """Root may write anywhere, says its system, and so in /proc, until it does."""
    done, _health = check_health(output="/proc/health.json")
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 2
    assert "The result could not be written to /proc/health.json: " in said
    assert "Traceback" not in said


def test_a_host_that_is_dead_is_critical_and_the_others_are_told(check_health, dead_host):
    done, health = check_health(others={"pg9": dead_host})
    assert done.returncode != 0
    assert health.keys() == {"health.pg1.json", "health.pg9.json"}
    assert health["health.pg1.json"]["healthy"] is True
    dead = health["health.pg9.json"]
    assert (dead["verdict"], [each["name"] for each in dead["checks"]]) == ("critical", ["reachable"])
    assert dead["problems"][0].startswith("reachable: pg9 did not answer: ")
    assert dead["checked_at"] >= health["health.pg1.json"]["checked_at"][:10]


def test_a_host_that_takes_too_long_is_critical(check_health, host):
    postmaster = host.run("head", "-1", "/var/lib/postgresql/15/main/postmaster.pid").stdout.strip()
    host.run("kill", "-STOP", postmaster)
    try:
        done, health = check_health(health_time_limit_s=2)
    finally:
        host.run("kill", "-CONT", postmaster)
    assert (done.returncode, health["verdict"]) == (2, "critical")
    assert health["problems"][0].startswith("reachable: pg1 did not answer: Timed out after 2 second(s).")
