"""``make demo`` as a new user starts it, on a lab of its own, which is removed whatever happens."""

from __future__ import annotations

import sys
import time

from .part import LOGS, Outcome, fresh_log, run_logged

NAME = "demo"
DESTROY_LIMIT_S = 5 * 60


def one(lab: str, deadline: float) -> Outcome:
    log = fresh_log(NAME)
    started = time.monotonic()
    try:
        code = run_logged([sys.executable, "-m", "lab.demo"], log, max(deadline - started, 1), environment(lab))
    finally:
        destroy(lab)
    return Outcome(NAME, int(code == 0), int(code != 0), time.monotonic() - started, log)


def destroy(lab: str) -> None:
    command = ["ansible-playbook", "-i", "inventories/lab", "lab/destroy.yml"]
    run_logged(command, fresh_log(f"{NAME}-destroy"), DESTROY_LIMIT_S, environment(lab))


def environment(lab: str) -> dict[str, str]:
    """A demo that is being looked at keeps its containers and its results."""
    return {"THREADR_LAB": f"{lab}-{NAME}", "THREADR_DEMO_RESULTS": str(LOGS / NAME)}
