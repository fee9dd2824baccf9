"""The operator's verb: exit status, table and JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture
def audit_security(host, tmp_path):
    """Runs the playbook with extra variables; the finished process and the JSON that it wrote."""
    variables = {
        "ansible_connection": "container",
        "ansible_host": host.name,
        "threadr_database": "postgres",
        "threadr_postgresql": {},
    }
    inventory = tmp_path / "hosts.json"
    inventory.write_text(json.dumps({"postgresql": {"hosts": {"pg1": variables}}}))

    def run(*arguments: str, **extra) -> tuple[subprocess.CompletedProcess, dict]:
        output = tmp_path / "security.json"
        program = Path(sys.executable).with_name("ansible-playbook")
        extra_variables = json.dumps({"output": str(output), **extra})
        done = subprocess.run(
            [program, "-i", inventory, *arguments, "playbooks/audit_security.yml", "-e", extra_variables],
            cwd=PROJECT,
            env={**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg")},
            capture_output=True,
            text=True,
            check=False,
        )
        return done, json.loads(output.read_text()) if output.exists() else {}

    return run


def test_a_bare_server_fails_with_every_remedy(audit_security):
    done, security = audit_security()
    assert (done.returncode, security["healthy"]) == (2, False)
    failing = [row for row in security["items"] if row["verdict"] == "fail"]
    assert len(failing) == len(security["problems"]) > 5
    assert all(problem in done.stdout for problem in security["problems"])
    assert "CIS 6.8     pass            TLS is on" in done.stdout


def test_waivers_of_the_inventory_make_it_end_with_zero_in_a_dry_run_too(audit_security):
    _done, before = audit_security()
    waivers = {row["id"]: "A server of the tests." for row in before["items"] if row["verdict"] == "fail"}
    done, security = audit_security("--check", "--diff", threadr_security_waivers=waivers)
    assert (done.returncode, security["healthy"]) == (0, True), done.stdout
    assert security["counts"]["waived"] == len(waivers)
    assert "changed=0" in done.stdout
