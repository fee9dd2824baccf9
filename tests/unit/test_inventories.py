"""The example environments: complete, and refused before any host is reached until their placeholders are replaced."""

import os
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
EXAMPLES = ["production", "staging"]


def site(environment: str, *options: str) -> subprocess.CompletedProcess:
    command = ["ansible-playbook", "-i", f"inventories/{environment}", "playbooks/site.yml", *options]
    surroundings = {**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    return subprocess.run(command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("environment", EXAMPLES)
def test_an_example_without_secrets_is_refused(environment):
    done = site(environment)
    assert done.returncode != 0
    missing = ["threadr_app_password", "threadr_backup_passphrase", "threadr_redis_password"]
    sentence = "; ".join(f"{name} is missing" for name in missing)
    assert f"{sentence}. Set it in the vault" in done.stdout + done.stderr


@pytest.mark.parametrize("environment", EXAMPLES)
def test_an_example_whose_placeholders_stand_is_refused(environment):
    done = site(environment, "-e", f"@inventories/{environment}/group_vars/all/secrets.yml.example")
    assert done.returncode != 0
    assert "threadr_app_password is still a placeholder" in done.stdout + done.stderr


@pytest.mark.parametrize("environment", EXAMPLES)
def test_no_secret_of_an_example_is_committed(environment):
    files = sorted(path.name for path in (PROJECT / "inventories" / environment / "group_vars/all").iterdir())
    assert files == ["secrets.yml.example"]


@pytest.mark.parametrize("environment", EXAMPLES)
def test_the_application_of_an_example_is_told_of_its_database(environment):
    template = "{{ threadr_application_hosts | first }} {{ threadr_application_port }} {{ threadr_application_variables.DB_POOL_SIZE }}"
    command = [
        "ansible",
        "-i",
        f"inventories/{environment}",
        "application",
        "-m",
        "ansible.builtin.debug",
        "-a",
        f"msg='{template}'",
    ]
    surroundings = {**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=True)
    host = {"production": "postgresql1.example.com", "staging": "postgresql1.staging.example.com"}[environment]
    assert f"msg: {host} 5432 10" in done.stdout
