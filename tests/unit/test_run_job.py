"""The program that cron starts, as cron starts it: a process, with the file of a schedule and the name of a job."""

import fcntl
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
PATIENCE_S = 60


class Scheduler:
    """A directory with what role schedule puts on a host."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.file = folder, folder / "schedule.json"
        for directory in ("state", "log", "metrics", "library"):
            (folder / directory).mkdir()
        self.program = folder / "library/run_job"
        shutil.copy(PROJECT / "roles/schedule/files/run_job.py", self.program)
        shutil.copy(PROJECT / "module_utils/pgops/schedule_state.py", folder / "library")

    def schedule(self, *command: str, **changes) -> None:
        job = {"time_limit_s": 60, "jitter_s": 0, "wait_s": 0, "lock": "job", "permitted_age_s": 100, "environment": {}}
        self.declare({"job": {**job, "command": list(command), **changes}})

    def declare(self, jobs: dict) -> None:
        declared = {f"{what}_directory": str(self.folder / what) for what in ("state", "log", "metrics", "lock")}
        user = subprocess.run(["id", "-un"], check=True, capture_output=True, text=True).stdout.strip()
        self.file.write_text(json.dumps({"name": "test", "directory": "/", "user": user, "jobs": jobs, **declared}))

    def start(self, *words: str) -> subprocess.Popen:
        arguments = words or (str(self.file), "job")
        return subprocess.Popen(
            [sys.executable, self.program, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def run(self, *words: str) -> tuple[int, str]:
        process = self.start(*words)
        out, errors = process.communicate(timeout=PATIENCE_S)
        assert out == ""
        assert "Traceback" not in errors
        return process.returncode, errors

    @property
    def state(self) -> dict:
        return json.loads((self.folder / "state/job.json").read_text())

    @property
    def metrics(self) -> dict:
        lines = (self.folder / "metrics/test_job.prom").read_text().splitlines()
        return {line.split("{")[0]: line.rpartition(" ")[2] for line in lines if not line.startswith("#")}

    @property
    def log(self) -> str:
        return (self.folder / "log/job.log").read_text()


@pytest.fixture
def scheduler(tmp_path):
    return Scheduler(tmp_path)


def until(question, what: str):
    end = time.monotonic() + PATIENCE_S
    while time.monotonic() < end:
        if answer := question():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"{what} did not happen in {PATIENCE_S} s")


@pytest.mark.parametrize(
    ("script", "changes", "status", "result"),
    [
        pytest.param("echo done", {}, 0, "success", id="succeeds"),
        pytest.param("exit 2", {}, 2, "failure", id="fails"),
        pytest.param("exec sleep 60", {"time_limit_s": 0.2}, 124, "timeout", id="takes-too-long"),
        pytest.param("kill -SEGV $$", {}, 139, "killed", id="crashes"),
        pytest.param(
            'test "$COLOUR" = blue', {"environment": {"COLOUR": "blue"}}, 0, "success", id="has-its-surroundings"
        ),
    ],
)
def test_how_it_ended_is_known(scheduler, script, changes, status, result):
    scheduler.schedule("sh", "-c", script, **changes)
    before = time.time()
    code, words = scheduler.run()
    state = scheduler.state
    assert (code, state["exit_status"], state["result"]) == (status, status, result), words
    assert (state["runs"], state["failures"], state["skipped"]) == (1, int(status != 0), 0)
    assert before <= state["began"] <= state["ended"] <= time.time()
    assert state["succeeded"] == (state["began"] if status == 0 else None)
    assert words == (
        ""
        if status == 0
        else f"Job job ended with {result}, exit status {status}; see {scheduler.folder}/log/job.log.\n"
    )
    assert scheduler.metrics["pgops_schedule_exit_status"] == str(status)
    assert ("pgops_schedule_last_success_timestamp_seconds" in scheduler.metrics) == (status == 0)


def test_a_success_counts_from_when_it_was_due_and_a_failure_after_it_leaves_that(scheduler):
    scheduler.schedule("true")
    scheduler.run()
    first = scheduler.state
    scheduler.schedule("false")
    scheduler.run()
    assert scheduler.state["succeeded"] == first["succeeded"] < scheduler.state["began"]
    assert float(scheduler.metrics["pgops_schedule_late_after_timestamp_seconds"]) == pytest.approx(
        first["succeeded"] + 100, abs=0.01
    )


def test_words_go_to_the_log_one_run_after_the_other(scheduler):
    scheduler.schedule("sh", "-c", "echo out; echo err >&2")
    scheduler.run()
    scheduler.run()
    assert [line for line in scheduler.log.splitlines() if not line.startswith("---")] == ["out", "err"] * 2
    assert scheduler.log.count("job ends: success, exit status 0") == 2


@contextmanager
def held(scheduler: Scheduler):
    (scheduler.folder / "lock").mkdir(exist_ok=True)
    with open(scheduler.folder / "lock/job.lock", "w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.mark.parametrize("wait_s", [0, 0.2])
def test_a_job_whose_lock_is_held_is_skipped_and_that_is_no_failure(scheduler, wait_s):
    scheduler.schedule("touch", str(scheduler.folder / "ran"), wait_s=wait_s)
    with held(scheduler):
        assert scheduler.run() == (0, "")
    assert not (scheduler.folder / "ran").exists()
    assert (scheduler.state["skipped"], scheduler.state["runs"], scheduler.state["began"]) == (1, 0, None)
    assert scheduler.metrics["pgops_schedule_skipped_total"] == "1"


def test_a_job_that_may_wait_runs_once_the_lock_is_free(scheduler):
    scheduler.schedule("true", wait_s=PATIENCE_S)
    with held(scheduler):
        process = scheduler.start()
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.3)
    assert process.wait(PATIENCE_S) == 0
    assert scheduler.state["result"] == "success"


def test_what_ends_the_program_ends_the_job_and_is_known(scheduler):
    ready = scheduler.folder / "ready"
    scheduler.schedule("sh", "-c", f"trap 'echo told; exit 3' TERM; touch {ready}; while :; do sleep 0.05; done")
    process = scheduler.start()
    until(ready.exists, "the job")
    process.send_signal(signal.SIGTERM)
    assert process.wait(PATIENCE_S) == 3
    assert "told" in scheduler.log
    assert (scheduler.state["result"], scheduler.state["failures"]) == ("killed", 1)


def test_a_program_that_is_killed_leaves_lock_and_time_limit_with_the_job(scheduler):
    pid = scheduler.folder / "pid"
    scheduler.schedule(
        "sh", "-c", f"echo $$ >{pid}.new; mv {pid}.new {pid}; while :; do sleep 0.05; done", time_limit_s=2
    )
    process = scheduler.start()
    until(pid.exists, "the job")
    process.kill()
    process.wait(PATIENCE_S)
    job = int(pid.read_text())
    assert scheduler.run() == (0, "")
    assert scheduler.state["skipped"] == 1
    until(
        lambda: not Path(f"/proc/{job}").exists() or "Z" in Path(f"/proc/{job}/stat").read_text().split()[2], "its end"
    )
    scheduler.schedule("true", wait_s=PATIENCE_S)
    assert scheduler.run() == (0, "")
    # The one that was lost counts as one that failed.
    assert (scheduler.state["result"], scheduler.state["runs"], scheduler.state["failures"]) == ("success", 2, 1)


def test_a_job_that_was_taken_out_while_it_ran_is_not_written_down_again(scheduler):
    go = scheduler.folder / "go"
    scheduler.schedule("sh", "-c", f"touch {go}; while [ -e {go} ]; do sleep 0.05; done")
    process = scheduler.start()
    until(go.exists, "the job")
    scheduler.declare({})
    (scheduler.folder / "state/job.json").unlink()
    go.unlink()
    assert process.wait(PATIENCE_S) == 0
    assert not (scheduler.folder / "state/job.json").exists()


def test_a_job_whose_project_is_gone_is_a_failure(scheduler):
    scheduler.schedule("true")
    scheduler.file.write_text(scheduler.file.read_text().replace('"directory": "/"', '"directory": "/nonexistent"'))
    code, _words = scheduler.run()
    assert (code, scheduler.state["result"]) == (126, "failure")
    assert "It cannot be started: " in scheduler.log


def test_a_job_that_cannot_be_started_is_a_failure(scheduler):
    scheduler.schedule("/nonexistent/ansible-playbook")
    code, words = scheduler.run()
    assert (code, scheduler.state["result"]) == (127, "failure")
    assert "ended with failure, exit status 127" in words
    assert "/nonexistent/ansible-playbook" in scheduler.log


def test_a_job_runs_although_nothing_can_be_written_down(scheduler):
    scheduler.schedule("touch", str(scheduler.folder / "ran"))
    for directory in ("state", "log"):
        os.rmdir(scheduler.folder / directory)
    code, words = scheduler.run()
    assert code == 0
    assert (scheduler.folder / "ran").exists()
    assert "What is known of job job cannot be kept" in words
    assert "cannot be written" in words


def test_what_is_known_and_damaged_begins_anew(scheduler):
    scheduler.schedule("true")
    (scheduler.folder / "state/job.json").write_text('{"since": ')
    assert scheduler.run() == (0, "")
    assert scheduler.state["runs"] == 1


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ((), "Usage: run_job SCHEDULE.json JOB"),
        (("{file}", "other"), "has no job other; it has job."),
        (("/nonexistent.json", "job"), "The schedule /nonexistent.json cannot be read"),
        (("{library}/run_job", "job"), "cannot be read"),
    ],
)
def test_whoever_calls_it_wrongly_is_told_in_a_sentence(scheduler, words, sentence):
    scheduler.schedule("true")
    filled = [word.format(file=scheduler.file, library=scheduler.folder / "library") for word in words] or ["one"]
    code, errors = scheduler.run(*filled)
    assert code == 2
    assert sentence in errors
    assert errors.count("\n") == 1
