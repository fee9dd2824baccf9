"""What maintenance has done, as people read it."""

import pytest

from plugins.filter.maintenance import maintenance_lines

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
