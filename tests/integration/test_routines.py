"""A routine: each part is tried, in a process of its own, and a person is told."""

from __future__ import annotations

import pytest

from operators import Operator

ACTIVITY = {"name": "activity", "playbook": "inspect_activity.yml"}
PARTS = [
    ACTIVITY,
    {"name": "nobody", "playbook": "end_sessions.yml", "variables": {"end_sessions": "no mark"}},
    {"name": "again", "playbook": "inspect_activity.yml", "variables": {"inspect_largest": 2}},
]


@pytest.mark.parametrize(
    ("arguments", "parts", "code", "well"),
    [
        ([], PARTS, 2, [True, False, True]),
        (["--check"], PARTS, 2, [True, False, True]),
        ([], [ACTIVITY], 0, [True]),
    ],
)
def test_every_part_is_tried_and_the_status_says_whether_a_person_must_look(
    host, tmp_path, arguments, parts, code, well
):
    operator = Operator(host, tmp_path, threadr_database="postgres", operations_routines={"daily": parts})
    status, words, result = operator.play("playbooks/run_daily.yml", *arguments)
    assert status == code, words
    assert [part["passed"] for part in result["parts"]] == well
    assert (result["routine"], result["healthy"]) == ("daily", code == 0)
    assert f"daily: {sum(well)} of {len(well)} parts are well." in " ".join(words.split())
    if code:
        # What a failed part was started with is shown.
        assert ("- --check" in words) == bool(arguments)
        assert result["problems"][0].startswith("nobody (end_sessions.yml): ")
        assert "no mark" in result["problems"][0]
    assert "Traceback" not in words
