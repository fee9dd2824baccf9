"""The molecule scenarios, one after the other on the same containers, which are removed whatever happens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from hashlib import sha256
from pathlib import Path

from .part import LOGS, PROJECT, Outcome, fresh_log, run_logged

LIMIT_S = 65 * 60
DESTROY_LIMIT_S = 5 * 60


def lab_name(project: Path = PROJECT, process: int | None = None) -> str:
    """First part of the names of this run's containers and network; no other checkout or run has it."""
    digest = sha256(str(project).encode()).hexdigest()[:8]
    return f"threadr-molecule-{digest}-{os.getpid() if process is None else process}"


def scenarios(folder: Path = PROJECT / "molecule") -> list[str]:
    """All that there are, but C(default), which only makes and removes the containers."""
    return sorted(file.parent.name for file in folder.glob("*/molecule.yml") if file.parent.name != "default")


def run(names: Sequence[str]) -> Iterator[Outcome]:
    subprocess.run([sys.executable, "-m", "lab.passwords", "molecule/inventory"], cwd=PROJECT, check=True)
    deadline = time.monotonic() + LIMIT_S
    try:
        for name in names:
            yield one(name, deadline)
    finally:
        destroy()


def one(name: str, deadline: float) -> Outcome:
    log = fresh_log(f"molecule-{name}")
    started = time.monotonic()
    # The first one makes the containers, the last destroys nothing: that is done for all of them, in the end.
    command = ["molecule", "test", "--scenario-name", name, "--destroy=never"]
    code = run_logged(command, log, max(deadline - started, 1), environment(name))
    return Outcome(f"molecule {name}", int(code == 0), int(code != 0), time.monotonic() - started, log)


def destroy() -> None:
    command = ["molecule", "destroy", "--scenario-name", "default"]
    run_logged(command, fresh_log("molecule-destroy"), DESTROY_LIMIT_S, environment("default"))
    shutil.rmtree(notes(), ignore_errors=True)


def notes() -> Path:
    return LOGS / lab_name()


def environment(scenario: str) -> dict[str, str]:
    """Molecule's notes on what is prepared lie apart for each scenario: else only the first would be."""
    return {"THREADR_LAB": lab_name(), "MOLECULE_EPHEMERAL_DIRECTORY": str(notes() / scenario)}
