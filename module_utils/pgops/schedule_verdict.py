"""Whether the jobs of a schedule run: late, failed, never run or lost is what a person must look at."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

from .errors import PgopsError
from .health import duration
from .schedule_state import SUCCESS, late_after, read_state, state_path

# What a job may take to end beyond its time limit: it is killed after a minute.
GRACE_S = 120
HEALTHY = ("ok", "running", "waiting")


def read_schedule(path: Path) -> dict:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise PgopsError(f"There is no schedule {path}. Run configure_schedule.yml, which writes it.") from None
    except (OSError, ValueError) as error:
        raise PgopsError(f"The schedule {path} cannot be read: {error}. configure_schedule.yml writes it.") from error
    if not isinstance(found, dict) or "jobs" not in found:
        raise PgopsError(f"{path} is no schedule. configure_schedule.yml writes it.")
    return found


def judge(path: Path, now_s: float) -> dict:
    """The result of schedule_info."""
    schedule = read_schedule(path)
    directory = Path(schedule["state_directory"])
    jobs = []
    for name, job in sorted(schedule["jobs"].items()):
        try:
            state = read_state(state_path(directory, name))
        except OSError as error:
            raise PgopsError(f"What is known of job {name} cannot be read: {error}. Run this as root.") from error
        again = f"See {schedule['log_directory']}/{name}.log; to run it again: {schedule['program']} {path} {name}"
        jobs.append(one(name, job, state, again, now_s))
    problems = [f"{job['name']}: {job['finding']}" for job in jobs if job["verdict"] not in HEALTHY]
    return {"healthy": problems == [], "problems": problems, "jobs": jobs}


def one(name: str, job: dict, state: dict | None, again: str, now_s: float) -> dict:
    declared = {"name": name, "when": job["when"], "playbook": job["playbook"]}
    if state is None:
        return {**declared, "verdict": "unknown", "finding": "What is known of it is gone. Run configure_schedule.yml."}
    verdict, finding = verdict_of(job, state, again, now_s)
    times = {f"{field}_at": at(state[field]) for field in ("began", "ended", "succeeded")}
    numbers = {field: state[field] for field in ("duration_s", "exit_status", "result", "runs", "failures", "skipped")}
    late = at(late_after(state, job["permitted_age_s"]))
    return {**declared, "verdict": verdict, "finding": finding, **times, **numbers, "late_after": late}


def verdict_of(job: dict, state: dict, again: str, now_s: float) -> tuple[str, str]:
    """Of a job that runs its end will tell; otherwise a routine that judges the schedule would be judged by its own past."""
    running = state["began"] is not None and (state["ended"] is None or state["ended"] < state["began"])
    longest = job["jitter_s"] + job["wait_s"] + job["time_limit_s"] + GRACE_S
    if running and now_s <= state["began"] + longest:
        return "running", f"It began {at(state['began'])}."
    if running:
        return "lost", f"It began {at(state['began'])} and did not say how it ended: it or its host was killed. {again}"
    if state["result"] not in (None, SUCCESS):
        how = f"{state['result']}, exit status {state['exit_status']}"
        return "failed", f"It ended {at(state['ended'])} with {how}. {again}"
    if now_s > late_after(state, job["permitted_age_s"]):
        return "late", f"{last_success(state)} See whether cron runs on this host. {again}"
    if state["began"] is None:
        return "waiting", f"It has not run yet; it is late after {at(late_after(state, job['permitted_age_s']))}."
    return "ok", f"It succeeded {at(state['ended'])}, in {duration(state['duration_s'])}."


def last_success(state: dict) -> str:
    skipped = f" It was skipped {state['skipped']} times, as its lock was held." if state["skipped"] else ""
    if state["succeeded"] is not None:
        return f"It last succeeded in the run that was due {at(state['succeeded'])}.{skipped}"
    return f"It has not run since it was scheduled, {at(state['since'])}.{skipped}"


def at(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="seconds")
