"""Late, failed, never run and lost jobs, and that what is known of jobs is kept for those that there are."""

import json
import os

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.metrics_file import require_exposition
from ansible.module_utils.pgops.schedule_state import NEVER_RAN, exposition
from ansible.module_utils.pgops.schedule_verdict import judge

import schedule_info
import schedule_jobs

NOW = 1_800_000_000
JOB = {
    "when": "0 1 * * *",
    "playbook": "run_daily.yml",
    "jitter_s": 10,
    "wait_s": 20,
    "time_limit_s": 70,
    "permitted_age_s": 1000,
}
RAN = {
    "began": NOW - 500,
    "ended": NOW - 400,
    "succeeded": NOW - 500,
    "result": "success",
    "exit_status": 0,
    "duration_s": 100.0,
    "runs": 1,
}
FAILED = RAN | {"result": "failure", "exit_status": 2, "succeeded": NOW - 600, "failures": 1}


@pytest.fixture
def schedule(tmp_path):
    """schedule(**states) writes a schedule with those jobs, and what is known of them; its file."""

    def write(**states):
        (tmp_path / "state").mkdir()
        file = tmp_path / "schedule.json"
        places = {
            "state_directory": str(tmp_path / "state"),
            "log_directory": "/var/log/x",
            "program": "/usr/local/lib/x/run_job",
        }
        file.write_text(json.dumps({"jobs": dict.fromkeys(states, JOB), **places}))
        for name, state in states.items():
            if state is not None:
                known = json.dumps({**NEVER_RAN, "since": NOW - 900, **state}) if isinstance(state, dict) else state
                (tmp_path / "state" / f"{name}.json").write_text(known)
        return file

    return write


@pytest.mark.parametrize(
    ("state", "verdict", "finding"),
    [
        (RAN, "ok", "It succeeded 2027-01-15T07:53:20+00:00, in 1 min 40 s."),
        (FAILED, "failed", "It ended 2027-01-15T07:53:20+00:00 with failure, exit status 2. See /var/log/x/daily.log; to run it again: "),
        (RAN | {"result": "timeout", "exit_status": 124}, "failed", "It ended 2027-01-15T07:53:20+00:00 with timeout, exit status 124."),
        ({}, "waiting", "It has not run yet; it is late after 2027-01-15T08:01:40+00:00."),
        ({"since": NOW - 1000}, "waiting", "It has not run yet; it is late after 2027-01-15T08:00:00+00:00."),
        ({"since": NOW - 1001}, "late", "It has not run since it was scheduled, 2027-01-15T07:43:19+00:00. See whether cron runs"),
        ({"since": NOW - 1001, "skipped": 3}, "late", "It has not run since it was scheduled, 2027-01-15T07:43:19+00:00. It was skipped 3 times"),
        (RAN | {"succeeded": NOW - 1001}, "late", "It last succeeded in the run that was due 2027-01-15T07:43:19+00:00."),
        # A job that runs is not judged by what was before, or a routine that looks at the schedule would never be well again.
        (FAILED | {"began": NOW - 50}, "running", "It began 2027-01-15T07:59:10+00:00."),
        (RAN | {"succeeded": NOW - 1001, "began": NOW - 50}, "running", "It began"),
        ({"began": NOW - 220}, "running", "It began"),
        ({"began": NOW - 221}, "lost", "It began 2027-01-15T07:56:19+00:00 and did not say how it ended: it or its host was killed."),
        (None, "unknown", "What is known of it is gone. Run configure_schedule.yml."),
        ('{"since": ', "unknown", "What is known of it is gone."),
        ('{"since": null}', "unknown", "What is known of it is gone."),
    ],
)  # fmt: skip
def test_what_a_person_is_told(schedule, state, verdict, finding):
    result = judge(schedule(daily=state, other=RAN), NOW)
    job = result["jobs"][0]
    assert (job["name"], job["verdict"]) == ("daily", verdict)
    assert job["finding"].startswith(finding)
    healthy = verdict in ("ok", "running", "waiting")
    assert result["healthy"] is healthy
    assert result["problems"] == ([] if healthy else [f"daily: {job['finding']}"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "There is no schedule {file}. Run configure_schedule.yml, which writes it."),
        ("{", "The schedule {file} cannot be read: "),
        ("[]", "{file} is no schedule."),
    ],
)
def test_a_schedule_that_is_none_is_said_in_a_sentence(run_module, tmp_path, content, sentence):
    file = tmp_path / "schedule.json"
    if content is not None:
        file.write_text(content)
    result = run_module(schedule_info, path=str(file))
    assert result["failed"] is True
    assert result["msg"].startswith(sentence.format(file=file))


@pytest.mark.parametrize("state", [{}, RAN, FAILED])
def test_metrics_are_what_prometheus_reads(state):
    text = exposition("postgresql-schedule", "daily", {**NEVER_RAN, "since": NOW, **state}, 1000)
    require_exposition(text)
    assert (
        'pgops_schedule_scheduled_timestamp_seconds{schedule="postgresql-schedule",entry="daily"} 1800000000\n' in text
    )
    assert ("last_success" in text) == bool(state)


@pytest.fixture
def places(tmp_path):
    (tmp_path / "state").mkdir()
    return {
        "schedule": "test",
        "state_directory": str(tmp_path / "state"),
        "metrics_directory": str(tmp_path / "metrics"),
    }


def files(folder) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_jobs_are_known_and_those_that_are_gone_are_forgotten(run_module, places, tmp_path):
    (tmp_path / "metrics").mkdir()
    (tmp_path / "metrics/pgops_drills.prom").write_text("up 1\n")
    jobs = {"daily": {"permitted_age_s": 10}, "weekly": {"permitted_age_s": 20}}
    planned = run_module(schedule_jobs, check_mode=True, jobs=jobs, **places)
    assert (planned["changed"], planned["added"], files(tmp_path)) == (
        True,
        ["daily", "weekly"],
        ["metrics/pgops_drills.prom"],
    )
    done = run_module(schedule_jobs, jobs=jobs, **places)
    assert (done["added"], done["diff"]) == (planned["added"], planned["diff"])
    written = [
        "metrics/pgops_drills.prom",
        "metrics/test_daily.prom",
        "metrics/test_weekly.prom",
        "state/daily.json",
        "state/weekly.json",
    ]
    assert files(tmp_path) == written
    before = (tmp_path / "state/daily.json").read_text()
    for check_mode in (True, False):
        assert run_module(schedule_jobs, check_mode, jobs=jobs, **places)["changed"] is False
    fewer = {"daily": {"permitted_age_s": 11}}
    planned = run_module(schedule_jobs, check_mode=True, jobs=fewer, **places)
    assert (planned["changed"], planned["removed"], files(tmp_path)) == (True, ["weekly"], written)
    done = run_module(schedule_jobs, jobs=fewer, **places)
    assert (done["removed"], done["diff"]) == (["weekly"], planned["diff"])
    assert files(tmp_path) == ["metrics/pgops_drills.prom", "metrics/test_daily.prom", "state/daily.json"]
    assert (tmp_path / "state/daily.json").read_text() == before
    assert run_module(schedule_jobs, jobs=fewer, **places)["changed"] is False


def test_a_dry_run_before_anything_is_there_tells_what_comes(run_module, places, tmp_path):
    os.rmdir(tmp_path / "state")
    jobs = {"daily": {"permitted_age_s": 10}}
    assert run_module(schedule_jobs, check_mode=True, jobs=jobs, **places)["added"] == ["daily"]
    assert run_module(schedule_jobs, jobs=jobs, **places)["msg"].startswith("There is no directory ")


def test_what_cannot_be_read_is_said_in_a_sentence(schedule, tmp_path):
    file = schedule(daily=RAN)
    (tmp_path / "state/daily.json").unlink()
    (tmp_path / "state/daily.json").mkdir()
    with pytest.raises(PgopsError, match="What is known of job daily cannot be read: "):
        judge(file, NOW)
