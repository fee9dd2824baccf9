"""A job as AWX runs it: by ansible-runner, in the project, with the answers of a survey as extra variables."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import ansible_runner

PROJECT = Path(__file__).resolve().parents[1]


def finished(
    playbook: str,
    inventory: Path,
    folder: Path,
    variables: dict,
    limit: str | None = None,
    job_type: str = "run",
):
    """The finished job; FOLDER is where ansible-runner keeps its artifacts."""
    folder.mkdir(exist_ok=True)
    return ansible_runner.run(
        private_data_dir=str(folder),
        project_dir=str(PROJECT),
        playbook=f"playbooks/{playbook}",
        inventory=str(inventory),
        extravars=variables,
        limit=limit,
        cmdline="--check --diff" if job_type == "check" else None,
        envvars={"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
        quiet=True,
    )


def said(job) -> str:
    return " ".join(event["stdout"] for event in job.events)
