"""What AWX has of the operations: templates, workflows and schedules, out of the same lists as cron's."""

from __future__ import annotations

from datetime import datetime

from ansible.errors import AnsibleFilterError
from cronsim import CronSim, CronSimError

DOCUMENTATION = r"""
name: awx
short_description: Operations as AWX wants them
description:
  - Filter C(rrule) makes of a time of cron's, and a time zone, what AWX reads.
  - Filter C(awx_operations) makes of the routines and the schedule C(templates), C(workflows) with C(nodes), and C(schedules).
  - Filter C(awx_problems) has a sentence for each thing that is wrong with them.
  - Filter C(awx_gone_parts) tells which nodes of workflows are declared no more.
  - Filter C(awx_verb) makes of what operators start by hand a template with a survey.
  - Filter C(awx_credential_type) makes of names of variables the fields of a credential that gives a playbook these variables.
"""

WEEKDAYS = ("SU", "MO", "TU", "WE", "TH", "FR", "SA")
# The same on whatever day it is asked, and before all that is to come.
BEGIN = "20260101T000000"
ANY_DAY = datetime(2026, 1, 1)  # noqa: DTZ001 - cron's times have no zone
# What AWX does by itself: it knows of each of its jobs when it ran.
CRONS_OWN = ("check_schedule.yml",)


def rrule(when: str, zone: str = "UTC") -> str:
    """One rule, or two where cron wants either of two days."""
    try:
        times = CronSim(when, ANY_DAY)
    except CronSimError as error:
        raise AnsibleFilterError(f"when is {when}; cron does not read it: {error}.") from error
    start = f"DTSTART:{BEGIN}Z" if zone == "UTC" else f"DTSTART;TZID={zone}:{BEGIN}"
    return " ".join([start, *(f"RRULE:{rule}" for rule in rules(times))])


def rules(times: CronSim) -> list[str]:
    minutes, hours = sorted(times.minutes), sorted(times.hours)
    days, weekdays = sorted(times.days), sorted({day % 7 for day in times.weekdays if isinstance(day, int)})
    some_days = f";BYMONTHDAY={listed(days)}" if len(days) < 31 else ""
    some_weekdays = f";BYDAY={','.join(WEEKDAYS[day] for day in weekdays)}" if len(weekdays) < 7 else ""
    months = f";BYMONTH={listed(sorted(times.months))}" if len(times.months) < 12 else ""
    step = minutes[1] if len(minutes) > 1 else 60
    even = 60 % step == 0 and minutes == list(range(0, 60, step))
    if even and len(hours) == 24 and not (some_days or some_weekdays or months):
        # Which AWX need not count through from the beginning.
        return [f"FREQ=MINUTELY;INTERVAL={step}" if step < 60 else "FREQ=HOURLY;INTERVAL=1"]
    daily = f"FREQ=DAILY;INTERVAL=1{months}"
    moments = f";BYHOUR={listed(hours)};BYMINUTE={listed(minutes)};BYSECOND=0"
    choices = [some_days + some_weekdays] if times.day_and else [some_days, some_weekdays]
    return [f"{daily}{choice}{moments}" for choice in choices]


def listed(numbers: list[int]) -> str:
    return ",".join(map(str, numbers))


def awx_operations(routines: dict[str, list[dict]], schedule: list[dict], prefix: str) -> dict:
    """Names begin with PREFIX, by which what is there no more is found."""
    parts = {
        name: [part for part in routine if part["playbook"] not in CRONS_OWN] for name, routine in routines.items()
    }
    templates: dict[str, dict] = {}
    for part in [part for routine in parts.values() for part in routine]:
        add_template(templates, part, None)
    workflows = {f"run_{name}.yml": name for name in parts}
    for entry in schedule:
        if entry["playbook"] not in workflows:
            add_template(templates, entry, entry["time_limit_s"])
    return {
        "templates": [{**template, "name": f"{prefix}{name}"} for name, template in templates.items()],
        "workflows": [{"name": f"{prefix}{name}", "nodes": nodes(routine, prefix)} for name, routine in parts.items()],
        "schedules": [
            {"name": f"{prefix}{entry['name']}", "when": entry["when"],
             "template": f"{prefix}{workflows.get(entry['playbook'], entry['name'])}"}
            for entry in schedule
        ],
    }  # fmt: skip


def add_template(templates: dict[str, dict], part: dict, timeout_s: int | None) -> None:
    """One that several routines have is one."""
    templates.setdefault(part["name"], {**runs(part), "timeout_s": timeout_s or 0})


def runs(part: dict) -> dict:
    return {"playbook": f"playbooks/{part['playbook']}", "variables": part.get("variables") or {}}


def awx_problems(
    routines: dict[str, list[dict]], schedule: list[dict], verbs: list[dict], playbooks: list[str]
) -> list[str]:
    """Names that stand for different things, and playbooks that there are not; a sentence each."""
    parts = [part for routine in routines.values() for part in routine]
    single = [entry for entry in schedule if entry["playbook"] not in [f"run_{name}.yml" for name in routines]]
    found: dict[str, dict] = {}
    problems = [
        f"There is no playbook {one['playbook']} for {one['name']}."
        for one in parts + verbs
        if one["playbook"] not in playbooks
    ]
    for one in parts + single + verbs:
        known = found.get(one["name"], runs(one))
        # What operators start has a survey, so that it is never another one's template.
        if known != runs(one) or (one in verbs and one["name"] in found):
            problems.append(
                f"Two operations are called {one['name']}, and run {known['playbook']} and {runs(one)['playbook']}, or with other "
                "variables; give each a name of its own."
            )
        found[one["name"]] = known
    return list(dict.fromkeys(problems))


def nodes(routine: list[dict], prefix: str) -> list[dict]:
    """The last first, as each has to know the one that follows it, whatever becomes of it."""
    names = [part["name"] for part in routine]
    made = [
        {"identifier": name, "template": f"{prefix}{name}", "always": names[place : place + 1]}
        for place, name in enumerate(names, 1)
    ]
    return made[::-1]


def awx_gone_parts(found: list[dict], workflows: list[dict]) -> list[dict]:
    """Of nodes that AWX has, those that the workflow of that name has no more."""
    declared = {workflow["name"]: {node["identifier"] for node in workflow["nodes"]} for workflow in workflows}
    present = [(node["summary_fields"]["workflow_job_template"]["name"], node["identifier"]) for node in found]
    return [
        {"workflow": workflow, "identifier": part}
        for workflow, part in present
        if workflow in declared and part not in declared[workflow]
    ]


def awx_verb(verb: dict, prefix: str) -> dict:
    """What an operator starts, as a template with the questions that AWX asks."""
    questions = [{"question_description": "", **question} for question in verb.get("survey") or []]
    return {
        "name": f"{prefix}{verb['name']}",
        "playbook": f"playbooks/{verb['playbook']}",
        "variables": {},
        "timeout_s": 0,
        "job_type": verb.get("job_type", "run"),
        "ask_limit": verb.get("ask_limit", False),
        "survey": {"name": "", "description": "", "spec": questions},
    }


def awx_credential_type(names: list[str]) -> dict:
    fields = [{"id": name, "label": name, "type": "string", "secret": True} for name in sorted(names)]
    return {
        "inputs": {"fields": fields, "required": sorted(names)},
        "injectors": {"extra_vars": {name: f"{{{{ {name} }}}}" for name in sorted(names)}},
    }


class FilterModule:
    def filters(self) -> dict:
        return {
            "rrule": rrule,
            "awx_operations": awx_operations,
            "awx_problems": awx_problems,
            "awx_gone_parts": awx_gone_parts,
            "awx_verb": awx_verb,
            "awx_credential_type": awx_credential_type,
        }
