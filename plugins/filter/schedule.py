"""The schedule: what is wrong with its list, and each job with what follows from when it runs."""

from __future__ import annotations

import re
from collections import Counter
from datetime import datetime, timedelta
from itertools import pairwise, takewhile

from cronsim import CronSim, CronSimError

DOCUMENTATION = r"""
name: schedule
short_description: The schedule, judged and made ready for cron
description:
  - Filter C(schedule_problems) has a sentence for each thing that is wrong with a list of entries, given the playbooks that there are.
  - Filter C(scheduled_jobs) makes of such a list a dictionary by name, in which each job knows when it counts as late.
"""

# In file names, metrics and a line of cron's.
NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
# What Debian's cron reads, and CronSim beyond it: the last day of a month, the second Friday, a step of a single number.
TERM = r"(\*(/\d+)?|(\d+|[a-z]{3,})(-(\d+|[a-z]{3,})(/\d+)?)?)"
FIELDS = re.compile(rf"{TERM}(,{TERM})*([ \t]+{TERM}(,{TERM})*){{4}}", re.IGNORECASE)
# Every day that can be is in it, February 29th twice, so that the answer is the same on whatever day it is asked.
BEGIN, END = datetime(2024, 1, 1), datetime(2032, 1, 1)  # noqa: DTZ001 - cron's times have no zone
DAY_S = 86_400
REQUIRED = ("name", "playbook", "when", "time_limit_s", "late_s")
LEAST = {"time_limit_s": 1, "late_s": 1, "jitter_s": 0, "wait_s": 0}
DEFAULTS = {"variables": {}, "jitter_s": 0, "wait_s": 0}


class Unreadable(Exception):
    """A sentence about a time."""


def read_time(when: str) -> CronSim:
    if not FIELDS.fullmatch(when.strip()):
        raise Unreadable("cron reads five fields: minute, hour, day of month, month and day of week, such as 0 3 * * 0")
    try:
        return CronSim(when, BEGIN)
    except CronSimError as error:
        raise Unreadable(f"cron does not read it: {str(error)[:1].lower()}{str(error)[1:]}") from error


def intervals(when: str) -> tuple[int, int]:
    """Seconds between two runs, the fewest and the most. What clocks do in spring and autumn does not count."""
    times = read_time(when)
    _minute, _hour, *rest = when.split()
    midnights = CronSim(" ".join(["0", "0", *rest]), BEGIN - timedelta(minutes=1))
    days = list(takewhile(lambda day: day < END, midnights))
    if len(days) < 2:
        raise Unreadable("there is no such day, or not one in four years")
    moments = sorted(hour * 3600 + minute * 60 for hour in times.hours for minute in times.minutes)
    within = [later - earlier for earlier, later in pairwise(moments)]
    overnight = [int((later - earlier).total_seconds()) + moments[0] - moments[-1] for earlier, later in pairwise(days)]
    return min(within + overnight), max(within + overnight)


def schedule_problems(entries: list[dict], playbooks: list[str]) -> list[str]:
    missing = [
        field_problem(entry, f"{field} is missing")
        for entry in entries
        for field in REQUIRED
        if entry.get(field) is None
    ]
    if missing:
        return missing
    names = Counter(str(entry["name"]) for entry in entries)
    found = [
        f"There are {count} jobs {name}; give each a name of its own." for name, count in names.items() if count > 1
    ]
    return found + [field_problem(entry, problem) for entry in entries for problem in entry_problems(entry, playbooks)]


def field_problem(entry: dict, problem: str) -> str:
    return f"Job {entry.get('name') or 'without a name'}: {problem}."


def entry_problems(entry: dict, playbooks: list[str]) -> list[str]:
    found = []
    if not NAME.fullmatch(str(entry["name"])) or not NAME.fullmatch(str(lock_of(entry))):
        found.append("its name and its lock have to be small letters, digits and underscores, with a letter first")
    if entry["playbook"] not in playbooks:
        found.append(f"there is no playbook {entry['playbook']}")
    given = {name: entry.get(name, DEFAULTS.get(name)) for name in LEAST}
    wrong = [name for name, value in given.items() if not str(value).isdecimal() or int(value) < LEAST[name]]
    found += [f"{name} is {given[name]}; give a whole number, {LEAST[name]} or more" for name in wrong]
    numbers = {name: 0 if name in wrong else int(value) for name, value in given.items()}
    try:
        shortest, _longest = intervals(str(entry["when"]))
    except Unreadable as problem:
        return [*found, f"when is {entry['when']}; {problem}"]
    taken = numbers["jitter_s"] + numbers["wait_s"] + numbers["time_limit_s"]
    if taken > shortest:
        found.append(
            f"it may take {taken} s (jitter_s, wait_s and time_limit_s), and is due again after {shortest} s; "
            "give it less time, or run it less often"
        )
    return found


def lock_of(entry: dict) -> str:
    return entry.get("lock") or entry["name"]


def scheduled_jobs(entries: list[dict]) -> dict[str, dict]:
    """Of sound entries. A job is late when the last one that succeeded was due longer ago than PERMITTED_AGE_S."""
    return {
        entry["name"]: job(DEFAULTS | {key: value for key, value in entry.items() if value is not None})
        for entry in entries
    }


def job(entry: dict) -> dict:
    _shortest, longest = intervals(entry["when"])
    numbers = {name: int(entry[name]) for name in ("time_limit_s", "late_s", "jitter_s", "wait_s")}
    return {
        "playbook": entry["playbook"],
        "variables": entry["variables"],
        "when": " ".join(entry["when"].split()),
        "lock": lock_of(entry),
        **numbers,
        "permitted_age_s": longest + sum(numbers.values()),
    }


class FilterModule:
    def filters(self) -> dict:
        return {"schedule_problems": schedule_problems, "scheduled_jobs": scheduled_jobs}
