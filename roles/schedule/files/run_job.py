#!/usr/bin/env python3
"""Runs one job of a schedule, as cron tells it to: run_job SCHEDULE.json JOB

One at a time, for as long as it may take, with its words in a log and how it ended in a file and in metrics. A job whose lock
is held is skipped, which is counted and is no failure. Whoever kills this program does not free the job of its lock or its
time limit: both are held by the job itself.
"""

from __future__ import annotations

import fcntl
import json
import os
import pwd
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import schedule_state as known

ENDING = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
# What timeout(1) says of a job that took too long, and for how long a job may clean up when it is told to end.
TOOK_TOO_LONG = 124
KILL_AFTER_S = 60
MISUSED = 2
CANNOT_START = 126


class Unusable(Exception):
    """A sentence for whoever called this."""


def read_schedule(path: str) -> dict:
    try:
        with open(path, encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError) as error:
        raise Unusable(f"The schedule {path} cannot be read: {error}. configure_schedule.yml writes it.") from error


def find_job(schedule: dict, path: str, name: str) -> dict:
    if name not in schedule["jobs"]:
        raise Unusable(f"{path} has no job {name}; it has {', '.join(sorted(schedule['jobs'])) or 'none'}.")
    return schedule["jobs"][name]


def say(sentence: str) -> None:
    """Cron sends it to whom MAILTO names."""
    print(sentence, file=sys.stderr, flush=True)


def acquire(path: Path, wait_s: float) -> int | None:
    """The lock, or None if another has it for longer. It is one of flock(1)."""

    def give_up(_signal, _frame):
        raise TimeoutError

    path.parent.mkdir(mode=0o755, exist_ok=True)
    opened = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    before = signal.signal(signal.SIGALRM, give_up)
    try:
        signal.setitimer(signal.ITIMER_REAL, wait_s)
        fcntl.flock(opened, fcntl.LOCK_EX | (0 if wait_s else fcntl.LOCK_NB))
        return opened
    except (BlockingIOError, TimeoutError):
        os.close(opened)
        return None
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


def change(path: str, name: str, changes: Callable[[dict], dict]) -> None:
    """Keep what is known of the job now, and tell Prometheus. That it cannot be kept does not keep the job from running."""
    try:
        schedule = read_schedule(path)
        if name not in schedule["jobs"]:
            return  # taken out of the schedule while it ran
        directory = Path(schedule["state_directory"])
        with known.alone(directory):
            before = known.read_state(known.state_path(directory, name)) or {**known.NEVER_RAN, "since": time.time()}
            state = {**before, **changes(before)}
            known.write_state(directory, name, state)
            if schedule["metrics_directory"]:
                text = known.exposition(schedule["name"], name, state, schedule["jobs"][name]["permitted_age_s"])
                known.write(known.metrics_path(Path(schedule["metrics_directory"]), schedule["name"], name), text)
    except (OSError, Unusable) as error:
        say(f"What is known of job {name} cannot be kept: {error}")


def begun(state: dict, due: float) -> dict:
    """We have the lock: a run that began and did not end never will."""
    lost = state["began"] is not None and (state["ended"] is None or state["ended"] < state["began"])
    return {"began": due, "runs": state["runs"] + 1, "failures": state["failures"] + lost}


def ended(state: dict, due: float, started: float, result: str, status: int) -> dict:
    failed = result != known.SUCCESS
    return {
        "began": due,
        "ended": time.time(),
        "duration_s": round(time.monotonic() - started, 3),
        "result": result,
        "exit_status": status,
        "failures": state["failures"] + failed,
        "succeeded": state["succeeded"] if failed else due,
    }


def command(job: dict, user: str) -> list[str]:
    """Only root can become somebody else. The time limit is the job's own, so that it outlives us."""
    limited = ["timeout", f"--kill-after={KILL_AFTER_S}", "--", str(job["time_limit_s"]), *job["command"]]
    surroundings = ["env", *(f"{name}={value}" for name, value in job["environment"].items())]
    if os.geteuid() != 0:
        return [*surroundings, *limited]
    try:
        account = pwd.getpwnam(user)
    except KeyError:
        raise Unusable(f"There is no user {user}, as whom jobs are to run.") from None
    become = [f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--init-groups", "--reset-env", "--"]
    return ["setpriv", *become, *surroundings, *limited]


def judge(returned: int, took_s: float, limit_s: float, told_to_end: bool) -> tuple[str, int]:
    """How it ended, and its exit status as a shell says it."""
    status = 128 - returned if returned < 0 else returned
    if status == 0:
        return known.SUCCESS, 0
    if told_to_end:
        return known.KILLED, status
    if status == TOOK_TOO_LONG or (status == 128 + signal.SIGKILL and took_s >= limit_s):
        return known.TIMEOUT, status
    return (known.KILLED if status > 128 else known.FAILURE), status


def opened_log(path: Path):
    try:
        return open(path, "a", encoding="utf-8", opener=lambda name, flags: os.open(name, flags, 0o640))
    except OSError as error:
        say(f"The log {path} cannot be written: {error}. The job runs without.")
        return open(os.devnull, "a", encoding="utf-8")


def note(log, sentence: str) -> None:
    try:
        log.write(f"--- {datetime.now(timezone.utc).isoformat(timespec='seconds')} {sentence}\n")
        log.flush()
    except OSError as error:
        say(f"The log cannot be written: {error}.")


def start_and_wait(words: list[str], directory: str, log, lock: int, told: list[int]) -> int:
    """Its exit status as Popen says it. What tells us to end tells the job, and is appended to TOLD."""
    child: subprocess.Popen | None = None

    def pass_on(number, _frame):
        told.append(number)
        if child is not None:
            child.send_signal(signal.SIGTERM)

    for number in ENDING:
        signal.signal(number, pass_on)
    try:
        # The job inherits the lock: it is free when the last of its processes has ended.
        child = subprocess.Popen(
            words, cwd=directory, stdin=subprocess.DEVNULL, stdout=log, stderr=log, pass_fds=[lock]
        )
    except OSError as error:
        note(log, f"It cannot be started: {error}.")
        return CANNOT_START
    if told:  # while it was being started
        child.send_signal(signal.SIGTERM)
    return child.wait()


def attempt(schedule: dict, job: dict, log, lock: int, told: list[int]) -> int:
    try:
        words = command(job, schedule["user"])
    except Unusable as problem:
        note(log, str(problem))
        return CANNOT_START
    return start_and_wait(words, schedule["directory"], log, lock, told)


def run(schedule: dict, path: str, name: str, lock: int, due: float) -> int:
    job = schedule["jobs"][name]
    told: list[int] = []
    with opened_log(Path(schedule["log_directory"]) / f"{name}.log") as log:
        note(log, f"{name} begins")
        change(path, name, lambda state: begun(state, due))
        started = time.monotonic()
        returned = attempt(schedule, job, log, lock, told)
        result, status = judge(returned, time.monotonic() - started, job["time_limit_s"], bool(told))
        change(path, name, lambda state: ended(state, due, started, result, status))
        note(log, f"{name} ends: {result}, exit status {status}")
    if result != known.SUCCESS:
        say(f"Job {name} ended with {result}, exit status {status}; see {schedule['log_directory']}/{name}.log.")
    return status


def main(words: list[str]) -> int:
    due = time.time()
    try:
        if len(words) != 2:
            raise Unusable("Usage: run_job SCHEDULE.json JOB")
        path, name = words
        schedule = read_schedule(path)
        job = find_job(schedule, path, name)
        time.sleep(random.uniform(0, job["jitter_s"]))  # so that not all schedulers begin at once
        lock = acquire(Path(schedule["lock_directory"]) / f"{job['lock']}.lock", job["wait_s"])
        if lock is None:
            change(path, name, lambda state: {"skipped": state["skipped"] + 1})
            return 0
        return run(schedule, path, name, lock, due)
    except (Unusable, OSError) as error:
        say(str(error))
        return MISUSED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
