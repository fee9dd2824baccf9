"""The schedule's list: what is refused, and what follows from when a job runs."""

import re
from pathlib import Path

import pytest
import yaml

from plugins.filter.schedule import Unreadable, intervals, schedule_problems, scheduled_jobs

PROJECT = Path(__file__).resolve().parents[2]
PLAYBOOKS = sorted(path.name for path in (PROJECT / "playbooks").glob("*.yml"))
MINUTE, HOUR, DAY = 60, 3600, 86_400
DAILY = {"name": "daily", "playbook": "run_daily.yml", "when": "0 1 * * *", "time_limit_s": HOUR, "late_s": 600}


@pytest.mark.parametrize(
    ("when", "shortest", "longest"),
    [
        ("* * * * *", MINUTE, MINUTE),
        ("*/5 * * * *", 5 * MINUTE, 5 * MINUTE),
        ("*/7 * * * *", 4 * MINUTE, 7 * MINUTE),
        ("0 1 * * *", DAY, DAY),
        ("0 1,5 * * *", 4 * HOUR, 20 * HOUR),
        ("30 8-10/2 * * MON-FRI", 2 * HOUR, 2 * DAY + 22 * HOUR),
        ("0 5 * * 0", 7 * DAY, 7 * DAY),
        ("0 5 * * 7", 7 * DAY, 7 * DAY),
        ("0 9 1 * *", 28 * DAY, 31 * DAY),
        ("0 9 1 jan,jul *", 181 * DAY, 184 * DAY),
        # Whichever of both days comes, as neither begins with a star.
        ("0 0 1 * 1", DAY, 7 * DAY),
        ("0 0 29 2 *", 1461 * DAY, 1461 * DAY),
        ("  0 1 *  *\t* ", DAY, DAY),
    ],
)
def test_how_often_a_job_runs(when, shortest, longest):
    assert intervals(when) == (shortest, longest)


FIVE = "cron reads five fields"


@pytest.mark.parametrize(
    ("when", "sentence"),
    [
        ("", FIVE),
        ("daily", FIVE),
        ("@daily", FIVE),
        ("0 1 * *", FIVE),
        ("0 0 1 * * *", FIVE),
        ("0 1 * * 5#2", FIVE),
        ("0 1 L * *", FIVE),
        ("0 1 LW * *", FIVE),
        ("0 1 * * 5L", FIVE),
        ("5/15 * * * *", FIVE),
        ("0 1 * * *\nroot", FIVE),
        ("61 1 * * *", "cron does not read it: bad minute"),
        ("0 24 * * *", "cron does not read it: bad hour"),
        ("0 1 0 * *", "cron does not read it: bad day-of-month"),
        ("0 1 * 13 *", "cron does not read it: bad month"),
        ("0 1 * * 8", "cron does not read it: bad day-of-week"),
        ("0 1 * * sunday", "cron does not read it: bad day-of-week"),
        ("*/0 * * * *", "cron does not read it: bad minute"),
        ("0 5-1 * * *", "cron does not read it: bad hour"),
        ("0 0 31 2 *", "cron does not read it: bad day-of-month"),
        ("0 0 30 2,2 *", "cron does not read it: bad day-of-month"),
    ],
)
def test_a_time_that_cron_does_not_read_is_refused(when, sentence):
    with pytest.raises(Unreadable, match=re.escape(sentence)):
        intervals(when)
    assert len(schedule_problems([DAILY | {"when": when}], PLAYBOOKS)) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"playbook": "run_dayly.yml"}, "Job daily: there is no playbook run_dayly.yml."),
        ({"playbook": "../run_daily.yml"}, "Job daily: there is no playbook ../run_daily.yml."),
        ({"name": "Daily run"}, "Job Daily run: its name and its lock have to be small letters, digits and underscores, with a letter first."),
        ({"name": "../daily"}, "Job ../daily: its name and its lock have to be small letters, digits and underscores, with a letter first."),
        ({"lock": "/tmp/x"}, "Job daily: its name and its lock have to be small letters, digits and underscores, with a letter first."),
        ({"time_limit_s": 0}, "Job daily: time_limit_s is 0; give a whole number, 1 or more."),
        ({"late_s": 0}, "Job daily: late_s is 0; give a whole number, 1 or more."),
        ({"jitter_s": -1}, "Job daily: jitter_s is -1; give a whole number, 0 or more."),
        ({"time_limit_s": "long"}, "Job daily: time_limit_s is long; give a whole number, 1 or more."),
        ({"time_limit_s": 1.5}, "Job daily: time_limit_s is 1.5; give a whole number, 1 or more."),
        ({"when": None}, "Job daily: when is missing."),
        ({"name": None}, "Job without a name: name is missing."),
        ({"name": 7}, "Job 7: its name and its lock have to be small letters, digits and underscores, with a letter first."),
        (
            {"time_limit_s": 20 * HOUR, "wait_s": 4 * HOUR, "jitter_s": 1},
            "Job daily: it may take 86401 s (jitter_s, wait_s and time_limit_s), and is due again after 86400 s; give it less time, or run it less often.",
        ),
        ({"when": "0 25 * * *"}, "Job daily: when is 0 25 * * *; cron does not read it: bad hour."),
    ],
)  # fmt: skip
def test_each_mistake_has_one_sentence(changes, sentence):
    assert schedule_problems([DAILY | changes], PLAYBOOKS) == [sentence]


def test_two_jobs_of_one_name_are_refused():
    assert schedule_problems([DAILY, DAILY, DAILY | {"name": "other"}], PLAYBOOKS) == [
        "There are 2 jobs daily; give each a name of its own."
    ]


def test_a_job_may_take_all_the_time_there_is():
    assert schedule_problems([DAILY | {"time_limit_s": DAY}], PLAYBOOKS) == []


def test_a_job_is_late_when_all_that_it_may_take_is_over():
    entry = DAILY | {"jitter_s": 10, "wait_s": 20, "lock": None, "variables": {"a": 1}, "when": "0  1 * * *"}
    assert scheduled_jobs([entry]) == {
        "daily": {
            "playbook": "run_daily.yml", "variables": {"a": 1}, "when": "0 1 * * *", "lock": "daily", "time_limit_s": HOUR,
            "late_s": 600, "jitter_s": 10, "wait_s": 20, "permitted_age_s": DAY + HOUR + 630,
        }
    }  # fmt: skip


def test_the_list_of_this_project_is_sound():
    operations = yaml.safe_load((PROJECT / "group_vars/postgresql/operations.yml").read_text())
    assert schedule_problems(operations["operations_schedule"], PLAYBOOKS) == []
    assert {entry["playbook"] for entry in operations["operations_schedule"]} >= {
        f"run_{when}.yml" for when in operations["operations_routines"]
    }


def test_every_part_of_a_routine_is_a_playbook():
    text = (PROJECT / "group_vars/postgresql/operations.yml").read_text()
    named = re.findall(r"playbook'?: '?(\w+\.yml)", text)
    assert len(named) > 20
    assert set(named) <= set(PLAYBOOKS)
