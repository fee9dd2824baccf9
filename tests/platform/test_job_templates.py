"""Every job template of AWX, run as AWX runs it, on the whole platform that the demo has left; see tests/suite/demo.py.

Those that look at sessions and end them have tests of their own, in tests/integration/test_awx_jobs.py.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
import yaml

import awx_job
from plugins.filter.awx import awx_operations

PROJECT = Path(__file__).resolve().parents[2]
INVENTORY = PROJECT / "inventories" / "lab"
VERBS = yaml.safe_load((PROJECT / "group_vars/awx/awx.yml").read_text())["awx_verbs"]
ELSEWHERE = ("inspect activity", "end sessions")
# Where the default of a question is no answer for this lab: the demo ends with pg2 as the primary.
ANSWERS = {"restore a backup": {"restore_target": "threadr_by_awx"}, "switch over": {"new_primary": "pg1"}}


def templates() -> list[dict]:
    """Those of the routines and the schedule, in the order of the day, and those that operators start, last."""
    with TemporaryDirectory() as folder:
        output = Path(folder) / "declared.json"
        program = Path(sys.executable).with_name("ansible-playbook")
        command = [program, "-i", INVENTORY, Path(__file__).with_name("declared.yml"), "-e", f"output={output}"]
        done = subprocess.run(command, cwd=PROJECT, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
        declared = json.loads(output.read_text())
    made = awx_operations(declared["routines"], declared["schedule"], "")["templates"]
    started = [{**verb, "variables": answers(verb)} for verb in VERBS if verb["name"] not in ELSEWHERE]
    return [{**one, "playbook": one["playbook"].removeprefix("playbooks/")} for one in [*made, *started]]


def answers(verb: dict) -> dict:
    """Whoever does not answer a question leaves its default."""
    defaults = {question["variable"]: question["default"] for question in verb.get("survey", [])}
    return {**defaults, **ANSWERS.get(verb["name"], {})}


@pytest.mark.parametrize("template", templates(), ids=lambda template: template["name"])
def test_a_job_template_ends_well(template, tmp_path):
    job = awx_job.finished(
        template["playbook"], INVENTORY, tmp_path, template["variables"], job_type=template.get("job_type", "run")
    )
    words = awx_job.said(job)
    assert (job.status, job.rc) == ("successful", 0), words
    assert job.stats["ok"]
    assert not job.stats["failures"] | job.stats["dark"], words
    assert "Traceback" not in words
