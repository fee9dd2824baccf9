"""``make demo`` as a new user starts it, and tests of the whole platform that it leaves, on a lab of its own, which is removed whatever happens."""

from __future__ import annotations

import sys
import time

from . import report
from .part import LOGS, Outcome, fresh_log, run_logged

NAME = "demo"
DESTROY_LIMIT_S = 5 * 60


def one(lab: str, deadline: float) -> Outcome:
    """The demo, and on what it has left, if it ended well, the tests that need the whole platform."""
    log, counted = fresh_log(NAME), LOGS / f"{NAME}.xml"
    counted.unlink(missing_ok=True)
    tests = [sys.executable, "-m", "pytest", "--quiet", "tests/platform", f"--junit-xml={counted}"]
    started = time.monotonic()
    passed, failed = 0, 1
    try:
        if run_logged([sys.executable, "-m", "lab.demo"], log, max(deadline - started, 1), environment(lab)) == 0:
            code = run_logged(tests, log, max(deadline - time.monotonic(), 1), environment(lab))
            passed, failed = report.judge_pytest(*report.count_junit(counted), code)
            passed += 1
    finally:
        destroy(lab)
    return Outcome(NAME, passed, failed, time.monotonic() - started, log)


def destroy(lab: str) -> None:
    command = ["ansible-playbook", "-i", "inventories/lab", "lab/destroy.yml"]
    run_logged(command, fresh_log(f"{NAME}-destroy"), DESTROY_LIMIT_S, environment(lab))


def environment(lab: str) -> dict[str, str]:
    """A demo that is being looked at keeps its containers and its results."""
    return {"THREADR_LAB": f"{lab}-{NAME}", "THREADR_DEMO_RESULTS": str(LOGS)}
