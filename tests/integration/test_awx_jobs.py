"""Playbooks as AWX runs them: by ansible-runner, in the project, with the answers of a survey as extra variables."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

import awx_job
from sessions import clients

PROJECT = Path(__file__).resolve().parents[2]
VERBS = {verb["name"]: verb for verb in yaml.safe_load((PROJECT / "group_vars/awx/awx.yml").read_text())["awx_verbs"]}


@pytest.fixture
def launch(host, tmp_path):
    """launch(verb, **answers) runs a job template; the finished job. Whoever does not answer a question leaves its default."""
    reached = {
        "ansible_connection": "container",
        "ansible_host": host.name,
        "ansible_python_interpreter": "/usr/bin/python3",
    }
    (tmp_path / "group_vars/postgresql").mkdir(parents=True)
    (tmp_path / "group_vars/postgresql/common").symlink_to(PROJECT / "group_vars/postgresql")
    inventory = {"postgresql": {"hosts": {"pg1": {**reached, "threadr_database": "postgres"}}}}
    (tmp_path / "hosts.json").write_text(json.dumps(inventory))

    def run(name: str, limit: str | None = None, **answers):
        verb = VERBS[name]
        defaults = {question["variable"]: question["default"] for question in verb["survey"]}
        return awx_job.finished(
            verb["playbook"], tmp_path / "hosts.json", tmp_path / "runner", defaults | answers, limit
        )

    return run


def test_inspecting_what_goes_on(launch):
    job = launch("inspect activity", inspect_largest=3)
    assert (job.status, job.rc) == ("successful", 0), awx_job.said(job)
    assert job.stats["changed"] == {}
    assert "pg1" in job.stats["ok"]


def test_ending_a_session_is_planned_only_until_the_host_is_named(launch, host, database):
    with clients(host, database, "awx_witness") as [client]:
        [[number]] = host.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'awx_witness'")
        job = launch("end sessions", limit="pg1", end_sessions=str(number))
        assert (job.status, job.rc) == ("successful", 0), awx_job.said(job)
        assert f"{number}-" in awx_job.said(job)
        assert "Nothing was done." in awx_job.said(job)
        assert client.states() == ["idle"]


def test_an_answer_that_is_none_is_a_sentence(launch):
    job = launch("end sessions", limit="pg1", end_sessions="all of them")
    assert (job.status, job.rc) == ("failed", 2)
    assert "all of them" in awx_job.said(job)
    assert "Traceback" not in awx_job.said(job)
