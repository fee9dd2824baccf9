"""What maintenance has done, as people read it."""

import pytest

from plugins.filter.maintenance import maintenance_lines, room_lines

STEP = {
    "what": "vacuum",
    "subject": "public.t",
    "reason": "it is full",
    "rows": None,
    "outcome": "done",
    "duration_s": 1.0,
}
TASK = {"task": "vacuum", "examined": 23, "steps": [STEP], "left": [], "problems": [], "duration_s": 1.04}
LEFT = {**TASK, "steps": [{**STEP, "rows": 5, "outcome": "in part"}], "left": ["a."], "problems": ["b."]}
HEAD = "task    examined  steps  done  left  took"


@pytest.mark.parametrize(
    ("tasks", "lines"),
    [
        ([TASK], [HEAD, "vacuum  23        1      1     0     1.0 s", "done: vacuum public.t: it is full"]),
        ([{**TASK, "steps": []}], [HEAD, "vacuum  23        0      0     0     1.0 s", "nothing to do"]),
        (
            [LEFT],
            [HEAD, "vacuum  23        1      1     2     1.0 s", "in part: vacuum 5 rows of public.t: it is full", "left: a.", "look at: b."],
        ),
    ],
)  # fmt: skip
def test_each_task_and_each_step_has_a_line(tasks, lines):
    found = {"tasks": tasks, "left": tasks[0]["left"], "problems": tasks[0]["problems"]}
    assert maintenance_lines(found) == lines


EMPTY = {"plan": [], "done": [], "absent": [], "refused": {}, "unknown": []}
LOGS = {"step": "old_logs", "bytes": 1536, "what": "3 log files", "loss": "what was told", "confirmed": True}
BLOATED = {
    "tasks": [
        {"steps": [{"subject": "public.i", "spare_bytes": 1 << 20}, {"subject": "public.t", "spare_bytes": None}]}
    ],
    "left": [],
}


@pytest.mark.parametrize(
    ("result", "upkeep", "lines"),
    [
        (EMPTY, None, ["nothing takes room that need not"]),
        (
            {**EMPTY, "plan": [LOGS], "done": ["old_logs"], "absent": ["slot:a"], "refused": {"slot:b": "it streams."}, "unknown": ["c."]},
            None,
            [
                "step      gives    confirmed  given up with it  what it is",
                "old_logs  1.5 KiB  yes        what was told     3 log files",
                "done: old_logs", "nothing to do: slot:a", "must not go: slot:b: it streams.", "not looked at: c.",
            ],
        ),
        (
            EMPTY,
            BLOATED,
            [
                "step   gives    confirmed  given up with it  what it is",
                "bloat  1.0 MiB  -          nothing           bloated indexes that are made anew: public.i",
            ],
        ),
    ],
)  # fmt: skip
def test_what_gives_room_is_told_in_order(result, upkeep, lines):
    assert room_lines(result, upkeep) == lines
