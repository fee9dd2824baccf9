"""The operator's verb: exit status, words and JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def check_health(host, tmp_path_factory):
    """Runs the playbook with extra variables; the finished process and the JSON that it wrote."""
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
    inventory = folder / "hosts.json"
    inventory.write_text(json.dumps({"postgresql": {"hosts": {"pg1": variables}}}))

    def run(*arguments: str, **extra) -> tuple[subprocess.CompletedProcess, dict]:
        output = folder / "health.json"
        output.unlink(missing_ok=True)
        command = [
            Path(sys.executable).with_name("ansible-playbook"),
            "-i",
            inventory,
            *arguments,
            "playbooks/check_health.yml",
        ]
        extra_variables = json.dumps({"output": str(output), **extra})
        environment = {**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg")}
        done = subprocess.run(
            [*command, "-e", extra_variables], cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        return done, json.loads(output.read_text()) if output.exists() else {}

    yield run
    if made:
        host.execute("DROP ROLE threadr_monitor;")


@pytest.mark.parametrize("arguments", [[], ["--check", "--diff"]])
def test_a_healthy_server_ends_with_zero_and_its_checks(check_health, arguments):
    done, health = check_health(*arguments)
    assert (done.returncode, health["healthy"]) == (0, True), done.stdout
    assert "changed=0" in done.stdout
    assert "disk_backup" in done.stdout


def test_a_problem_ends_with_a_sentence_and_the_result_is_written_all_the_same(check_health):
    done, health = check_health(health_connections_warning_ratio=0.01)
    assert done.returncode == 2
    assert (health["healthy"], health["verdict"]) == (False, "warning")
    assert health["problems"][0].startswith("connections: ")
    assert "Action failed: connections: " in done.stdout + done.stderr


def test_limits_out_of_order_end_with_a_sentence(check_health):
    done, health = check_health(health_disk_warning_ratio=0.99)
    assert (done.returncode, health) == (2, {})
    assert "disk_warning_ratio is 0.99 and disk_critical_ratio is 0.95" in done.stdout + done.stderr
