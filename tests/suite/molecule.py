"""The molecule scenarios and the demo, two at a time, each on one of two labs of containers, which are removed whatever happens."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from hashlib import sha256
from pathlib import Path
from queue import SimpleQueue

from . import demo
from .part import LOGS, PROJECT, Outcome, fresh_log, run_logged, stop_all

# Ansible mostly waits for one host or the other: on two cores two labs do in three hours what one does in four.
LABS = 2
# Journeys with both hosts. They take longest: begun last they would run alone. Neither leaves pg1 the primary that others
# begin with.
JOURNEYS = ("recover_from_loss", "replication")
LIMIT_S = 65 * 60
DESTROY_LIMIT_S = 5 * 60


def lab_name(project: Path = PROJECT, process: int | None = None) -> str:
    """First part of the names of this run's containers and networks; no other checkout or run has it."""
    digest = sha256(str(project).encode()).hexdigest()[:8]
    return f"threadr-molecule-{digest}-{os.getpid() if process is None else process}"


def scenarios(folder: Path = PROJECT / "molecule") -> list[str]:
    """All that there are, but C(default), which only makes and removes the containers."""
    return sorted(file.parent.name for file in folder.glob("*/molecule.yml") if file.parent.name != "default")


def journeys_first(names: Sequence[str]) -> list[str]:
    return sorted(names, key=lambda name: name not in JOURNEYS)


def run(names: Sequence[str]) -> Iterator[Outcome]:
    subprocess.run([sys.executable, "-m", "lab.passwords", "molecule/inventory"], cwd=PROJECT, check=True)
    deadline = time.monotonic() + LIMIT_S
    labs = [f"{lab_name()}-{number}" for number in range(1, min(LABS, len(names)) + 1)]
    idle: SimpleQueue[str] = SimpleQueue()
    for lab in labs:
        idle.put(lab)
    pool = ThreadPoolExecutor(len(labs))
    runs = [pool.submit(on_idle_lab, name, idle, deadline) for name in journeys_first(names)]
    try:
        for done in as_completed(runs):
            yield done.result()
    finally:
        # Interrupted, what has not begun never does, and what runs ends first.
        pool.shutdown(wait=False, cancel_futures=True)
        while wait(runs, timeout=1).not_done:
            stop_all()
        for lab in labs:
            destroy(lab)
            if demo.NAME in names:
                demo.destroy(lab)
        shutil.rmtree(notes(), ignore_errors=True)


def on_idle_lab(name: str, idle: SimpleQueue[str], deadline: float) -> Outcome:
    lab = idle.get()
    try:
        return demo.one(lab, deadline) if name == demo.NAME else one(name, lab, deadline)
    finally:
        if name in JOURNEYS:
            # Whoever comes next makes containers of its own.
            destroy(lab)
        idle.put(lab)


def one(name: str, lab: str, deadline: float) -> Outcome:
    log = fresh_log(f"molecule-{name}")
    started = time.monotonic()
    # The first one makes the containers, the last destroys nothing: that is done for all of them, in the end.
    command = ["molecule", "test", "--scenario-name", name, "--destroy=never"]
    code = run_logged(command, log, max(deadline - started, 1), environment(name, lab))
    return Outcome(f"molecule {name}", int(code == 0), int(code != 0), time.monotonic() - started, log)


def destroy(lab: str) -> None:
    command = ["molecule", "destroy", "--scenario-name", "default"]
    run_logged(command, fresh_log(f"molecule-destroy-{lab}"), DESTROY_LIMIT_S, environment("default", lab))


def notes() -> Path:
    return LOGS / lab_name()


def environment(scenario: str, lab: str) -> dict[str, str]:
    """Molecule's notes on what is prepared lie apart for each scenario: else only the first would be."""
    return {"THREADR_LAB": lab, "MOLECULE_EPHEMERAL_DIRECTORY": str(notes() / lab / scenario)}
