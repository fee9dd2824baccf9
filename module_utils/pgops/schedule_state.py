"""What is known of a job of the schedule: when it ran and how that ended; as a file, and as metrics of Prometheus.

The program that cron starts has a copy of this file beside it, so it imports nothing of ours.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

# Times are seconds since 1970. Of a job that never ran they are None, except since: when it was first scheduled.
# SUCCEEDED is when the last run that succeeded was due; BEGAN, ENDED and what follows are of the last run that was not skipped.
NEVER_RAN: dict = {
    "since": None, "began": None, "ended": None, "succeeded": None, "result": None, "exit_status": None,
    "duration_s": None, "runs": 0, "failures": 0, "skipped": 0,
}  # fmt: skip
SUCCESS, FAILURE, TIMEOUT, KILLED = "success", "failure", "timeout", "killed"

# Name, type, what it says, and how it is read from a state.
METRICS = (
    ("scheduled_timestamp_seconds", "gauge", "When the job was first put into the schedule.", "since"),
    ("last_start_timestamp_seconds", "gauge", "When the last run was due.", "began"),
    ("last_end_timestamp_seconds", "gauge", "When a run last ended.", "ended"),
    ("last_success_timestamp_seconds", "gauge", "When the last run that succeeded was due.", "succeeded"),
    ("duration_seconds", "gauge", "How long the last run that ended took.", "duration_s"),
    ("exit_status", "gauge", "Exit status of the last run that ended; 0 is success.", "exit_status"),
    ("runs_total", "counter", "Runs that began.", "runs"),
    ("failures_total", "counter", "Runs that failed, took too long or were killed.", "failures"),
    ("skipped_total", "counter", "Times that the job was due while its lock was held.", "skipped"),
)
LATE = ("late_after_timestamp_seconds", "gauge", "From when on the job is late, unless it succeeds before.")


def late_after(state: dict, permitted_age_s: float) -> float:
    return (state["since"] if state["succeeded"] is None else state["succeeded"]) + permitted_age_s


def exposition(schedule: str, job: str, state: dict, permitted_age_s: float) -> str:
    """Text of Prometheus; what is not known yet is left out."""
    values = [(name, kind, text, state[field]) for name, kind, text, field in METRICS]
    values.append((*LATE, late_after(state, permitted_age_s)))
    return "".join(
        f"# HELP pgops_schedule_{name} {text}\n# TYPE pgops_schedule_{name} {kind}\n"
        f'pgops_schedule_{name}{{schedule="{schedule}",entry="{job}"}} {number(value)}\n'
        for name, kind, text, value in values
        if value is not None
    )


def number(value: float) -> str:
    """With thousandths at most."""
    return f"{float(value):.3f}".rstrip("0").rstrip(".")


def read_state(path: Path) -> dict | None:
    """None where there is none, or where it is not one."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return None
    complete = isinstance(found, dict) and NEVER_RAN.keys() <= found.keys() and isinstance(found["since"], (int, float))
    return found if complete else None


def write(path: Path, text: str, mode: int = 0o644) -> None:
    """Whoever reads it sees all of it, or all of what it was before."""
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with open(beside, "x", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.rename(beside, path)


def state_path(directory: Path, job: str) -> Path:
    return directory / f"{job}.json"


def metrics_path(directory: Path, schedule: str, job: str) -> Path:
    return directory / f"{schedule}_{job}.prom"


def write_state(directory: Path, job: str, state: dict) -> None:
    write(state_path(directory, job), json.dumps(state, indent=1) + "\n")


@contextmanager
def alone(directory: Path) -> Iterator[None]:
    """While this holds, nobody else changes what is known of jobs."""
    opened = os.open(directory, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(opened, fcntl.LOCK_EX)
        yield
    finally:
        os.close(opened)
