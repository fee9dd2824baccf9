"""For each job of a schedule there is what is known of it, and metrics; for a job that is in it no more there is neither."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import PgopsError
from .schedule_state import NEVER_RAN, alone, exposition, metrics_path, read_state, state_path, write, write_state

NAME = re.compile(r"[a-z][a-z0-9_]*")
# Where metrics go that nobody wants.
NOWHERE = Path("/dev/null")


def keep(params: dict, now_s: float, check_mode: bool) -> dict:
    """The result of schedule_jobs."""
    directory, jobs = Path(params["state_directory"]), params["jobs"]
    try:
        if not directory.is_dir():  # it is made by a task that a dry run has not done
            missing = sorted(jobs)
            if missing and not check_mode:
                raise PgopsError(f"There is no directory {directory}. Make it first.")
            return report(missing, [], [])
        with alone(directory):
            return keep_alone(directory, params, now_s, check_mode)
    except OSError as error:
        raise PgopsError(
            f"What is known of jobs cannot be kept: {error}. Run this as root, and see to the disk."
        ) from error


def keep_alone(directory: Path, params: dict, now_s: float, check_mode: bool) -> dict:
    jobs, schedule = params["jobs"], params["schedule"]
    metrics = Path(params["metrics_directory"] or NOWHERE)
    found = {name: read_state(state_path(directory, name)) for name in jobs}
    states = {name: state or {**NEVER_RAN, "since": now_s} for name, state in found.items()}
    added = sorted(name for name, state in found.items() if state is None)
    texts = {} if metrics == NOWHERE else {
        name: exposition(schedule, name, state, float(jobs[name]["permitted_age_s"])) for name, state in states.items()
    }  # fmt: skip
    # Of a job that is new the metrics are as well, which need not be said.
    stale = [name for name in sorted(texts) if not same(metrics_path(metrics, schedule, name), texts[name])]
    known = [path for path in sorted(directory.glob("*.json")) if path.stem not in jobs]
    shown = [path for path in leftover(metrics, schedule) if job_of(path, schedule) not in jobs]
    if not check_mode:
        for name in added:
            write_state(directory, name, states[name])
        for name in stale:
            write_metrics(metrics_path(metrics, schedule, name), texts[name])
        for path in [*known, *shown]:
            path.unlink(missing_ok=True)
    removed = sorted({*(path.stem for path in known), *(job_of(path, schedule) for path in shown)})
    return report(added, removed, [name for name in stale if name not in added])


def write_metrics(path: Path, text: str) -> None:
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    write(path, text)


def leftover(metrics: Path, schedule: str) -> list[Path]:
    found = [] if metrics == NOWHERE else sorted(metrics.glob(f"{schedule}_*.prom"))
    return [path for path in found if NAME.fullmatch(job_of(path, schedule))]


def job_of(path: Path, schedule: str) -> str:
    return path.stem.removeprefix(f"{schedule}_")


def same(path: Path, text: str) -> bool:
    return path.exists() and path.read_text(encoding="utf-8") == text


def report(added: list[str], removed: list[str], stale: list[str]) -> dict:
    before = [f"{name}: known\n" for name in removed]
    after = [f"{name}: never ran\n" for name in added] + [f"{name}: metrics\n" for name in stale]
    changed = bool(added or removed or stale)
    return {
        "changed": changed,
        "added": added,
        "removed": removed,
        "diff": {"before": "".join(before), "after": "".join(after)},
    }
