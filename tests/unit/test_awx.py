"""AWX's schedules are cron's: the same list, and the same times, as dateutil reads them, which is what AWX reads them with."""

import re
from datetime import datetime, timedelta, timezone
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from cronsim import CronSim
from dateutil.rrule import rrulestr
from dateutil.tz import gettz

from plugins.filter.awx import awx_credential_type, awx_gone_parts, awx_operations, awx_problems, awx_verb, rrule

PROJECT = Path(__file__).resolve().parents[2]
OPERATIONS = yaml.safe_load((PROJECT / "group_vars/postgresql/operations.yml").read_text())
SCHEDULE = OPERATIONS["operations_schedule"]
TIMES = [
    "* * * * *", "*/5 * * * *", "*/7 * * * *", "0 * * * *", "30 * * * *", "0,30 * * * *", "0 1 * * *", "0 1,5 * * *", "15 8-18/2 * * 1-5",
    "0 5 * * 0", "0 5 * * 7", "0 5 * * SUN", "0 9 1 * *", "0 9 1,15 * *", "0 9 1 jan,jul *", "0 0 1 * 1", "0 0 */2 * 1", "30 23 28-31 * *",
    "0 0 29 2 *", "*/5 * * * 6", "5-10 4 * 2 *",
]  # fmt: skip


def crons(when: str, begin: datetime, count: int) -> list[datetime]:
    return list(islice(CronSim(when, begin - timedelta(seconds=1)), count))


def awxs(rule: str, begin: datetime, count: int) -> list[datetime]:
    return list(rrulestr(rule, forceset=True, tzids=gettz).xafter(begin, count=count, inc=True))


@pytest.mark.parametrize("when", TIMES + [entry["when"] for entry in SCHEDULE])
@pytest.mark.parametrize(
    "begin", [datetime(2026, 1, 1, tzinfo=timezone.utc), datetime(2026, 2, 27, 23, 58, tzinfo=timezone.utc)]
)
def test_awx_runs_a_job_when_cron_does(when, begin):
    count = 4 if "29 2" in when else 100
    expected = crons(when, begin, count)
    assert len(expected) == count
    assert awxs(rrule(when), begin, count) == expected


@pytest.mark.parametrize(
    "entry", [entry for entry in SCHEDULE if not entry["when"].startswith("*")], ids=lambda entry: entry["name"]
)
def test_so_it_does_in_another_time_zone(entry):
    """None of them is due in the hours in which clocks are changed; of those that are due all the time minutes count."""
    begin = datetime(2026, 1, 1, tzinfo=ZoneInfo("Europe/Berlin"))
    rule = rrule(entry["when"], "Europe/Berlin")
    assert rule.startswith("DTSTART;TZID=Europe/Berlin:2026")
    seen = [moment.replace(tzinfo=None) for moment in awxs(rule, begin, 30)]
    assert seen == [moment.replace(tzinfo=None) for moment in crons(entry["when"], begin, 30)]


@pytest.mark.parametrize("when", TIMES)
def test_awx_takes_the_rule(when):
    """By what its serializer says of rules: a zone, an interval each, and none of what it does not know."""
    rule = rrule(when)
    assert re.fullmatch(r"DTSTART:\d{8}T\d{6}Z( RRULE:FREQ=\w+;INTERVAL=\d+\S*)+", rule)
    assert not re.search("SECONDLY|BYYEARDAY|BYWEEKNO|COUNT|UNTIL|EXDATE|RDATE", rule)


def test_a_time_that_cron_does_not_read_is_refused():
    with pytest.raises(AnsibleFilterError, match=r"when is 0 25 \* \* \*; cron does not read it: Bad hour."):
        rrule("0 25 * * *")


VERBS = yaml.safe_load((PROJECT / "group_vars/awx/awx.yml").read_text())["awx_verbs"]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb["name"])
def test_a_survey_asks_for_what_its_playbook_takes(verb):
    text = (PROJECT / "playbooks" / verb["playbook"]).read_text()
    for question in awx_verb(verb, "")["survey"]["spec"]:
        assert re.search(rf"^[^#]*\b{question['variable']}\b", text, re.MULTILINE)
        assert question["type"] in ("text", "integer", "multiplechoice")
        assert {"question_name", "question_description", "required", "default"} <= question.keys()


HEALTH = {"name": "health", "playbook": "check_health.yml"}
PHYSICAL = {"name": "physical", "playbook": "backup_postgresql.yml", "variables": {"backup_kind": "physical"}}
OWN = {"name": "schedule", "playbook": "check_schedule.yml"}
DAILY = {"name": "every_day", "playbook": "run_daily.yml", "when": "0 1 * * *", "time_limit_s": 10}
WATCH = {"name": "watch", "playbook": "check_health.yml", "when": "*/5 * * * *", "time_limit_s": 240}


def test_a_routine_is_a_workflow_and_another_job_a_template():
    assert awx_operations({"daily": [PHYSICAL, HEALTH, OWN], "weekly": [HEALTH]}, [DAILY, WATCH], "X: ") == {
        "templates": [
            {"name": "X: physical", "playbook": "playbooks/backup_postgresql.yml", "variables": {"backup_kind": "physical"}, "timeout_s": 0},
            {"name": "X: health", "playbook": "playbooks/check_health.yml", "variables": {}, "timeout_s": 0},
            {"name": "X: watch", "playbook": "playbooks/check_health.yml", "variables": {}, "timeout_s": 240},
        ],
        "workflows": [
            {"name": "X: daily", "nodes": [
                {"identifier": "health", "template": "X: health", "always": []},
                {"identifier": "physical", "template": "X: physical", "always": ["health"]},
            ]},
            {"name": "X: weekly", "nodes": [{"identifier": "health", "template": "X: health", "always": []}]},
        ],
        "schedules": [
            {"name": "X: every_day", "when": "0 1 * * *", "template": "X: daily"},
            {"name": "X: watch", "when": "*/5 * * * *", "template": "X: watch"},
        ],
    }  # fmt: skip


NOT_TWICE = (
    "Two operations are called health, and run playbooks/check_health.yml and playbooks/{}, or with other variables; "
)


@pytest.mark.parametrize(
    ("weekly", "schedule", "verbs", "begins"),
    [
        ([HEALTH], [DAILY, WATCH], [], []),
        ([HEALTH | {"playbook": "list_backups.yml"}], [], [], [NOT_TWICE.format("list_backups.yml")]),
        ([HEALTH | {"variables": {"a": 1}}], [], [], [NOT_TWICE.format("check_health.yml")]),
        ([], [WATCH | {"name": "health", "playbook": "list_backups.yml"}], [], [NOT_TWICE.format("list_backups.yml")]),
        ([], [], [HEALTH | {"playbook": "list_backups.yml"}], [NOT_TWICE.format("list_backups.yml")]),
        ([], [], [HEALTH | {"survey": []}], [NOT_TWICE.format("check_health.yml")]),
        ([HEALTH | {"name": "other", "playbook": "none.yml"}], [], [], ["There is no playbook none.yml for other."]),
        ([], [], [{"name": "verb", "playbook": "none.yml"}], ["There is no playbook none.yml for verb."]),
    ],
)
def test_what_cannot_be_made_is_said_in_a_sentence(weekly, schedule, verbs, begins):
    found = awx_problems(
        {"daily": [HEALTH], "weekly": weekly}, schedule, verbs, ["check_health.yml", "list_backups.yml"]
    )
    assert len(found) == len(begins)
    assert all(sentence.startswith(begin) for sentence, begin in zip(found, begins, strict=True))


def test_what_awx_schedules_is_what_cron_schedules():
    made = awx_operations({"daily": [], "weekly": [], "monthly": []}, SCHEDULE, "P ")
    assert [(one["name"], one["when"]) for one in made["schedules"]] == [
        (f"P {entry['name']}", entry["when"]) for entry in SCHEDULE
    ]


def test_a_credential_gives_a_playbook_its_secrets():
    assert awx_credential_type(["b", "a"]) == {
        "inputs": {
            "fields": [{"id": name, "label": name, "type": "string", "secret": True} for name in ("a", "b")],
            "required": ["a", "b"],
        },
        "injectors": {"extra_vars": {"a": "{{ a }}", "b": "{{ b }}"}},
    }


def test_parts_of_a_workflow_that_are_declared_no_more_are_told():
    found = [
        {"identifier": part, "summary_fields": {"workflow_job_template": {"name": workflow}}}
        for workflow, part in (("daily", "health"), ("daily", "old"), ("gone", "health"))
    ]
    workflows = [{"name": "daily", "nodes": [{"identifier": "health"}]}]
    assert awx_gone_parts(found, workflows) == [{"workflow": "daily", "identifier": "old"}]
