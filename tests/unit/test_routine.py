"""What a routine says of its parts, from what they printed."""

import pytest

from plugins.filter.routine import routine_report, seconds

RECAP = "PLAY RECAP ****\npg1                        : ok=4    changed=2    unreachable=0    failed=0\npg2 : ok=1 changed=1 failed=0\n"
FAILED = """
TASK [Refuse to call it healthy] ***
[ERROR]: Task failed: Action failed: disk: 97 % of / are used.
memory: 95 % are used.
Origin: playbooks/check_health.yml:60:7

[ERROR]: Task failed: Action failed: disk: 97 % of / are used.
memory: 95 % are used.
Origin: playbooks/check_health.yml:60:7

[ERROR]: Task failed: Module failed: no.
Origin: x
"""


def result(status: int | None = 0, stdout: str = "", **more) -> dict:
    return {
        "item": {"name": "health", "playbook": "check_health.yml"},
        "rc": status,
        "stdout": stdout,
        "delta": "0:00:05.137938",
        **more,
    }


@pytest.mark.parametrize(
    ("one", "reason", "line"),
    [
        (result(stdout=RECAP), "", "well    health: 3 changes, in 5.1 s"),
        # What was rescued is no failure.
        (result(stdout=FAILED + RECAP), "", "well    health: 3 changes, in 5.1 s"),
        (
            result(2, FAILED),
            "disk: 97 % of / are used.\nmemory: 95 % are used.\nno.",
            "FAILED  health (check_health.yml, exit status 2, in 5.1 s): disk: 97 % of / are used.",
        ),
        (
            result(4, "fatal: [pg1]: UNREACHABLE! => \n"),
            "pg1 cannot be reached.",
            "FAILED  health (check_health.yml, exit status 4, in 5.1 s): pg1 cannot be reached.",
        ),
        (
            result(1, "", stderr="[ERROR]: the playbook: x.yml could not be found"),
            "the playbook: x.yml could not be found",
            "FAILED  health (check_health.yml, exit status 1, in 5.1 s): the playbook: x.yml could not be found",
        ),
        (
            {"item": {"name": "health", "playbook": "check_health.yml"}, "msg": "No such file"},
            "No such file",
            "FAILED  health (check_health.yml, exit status None): No such file",
        ),
        (
            result(250),
            "It ended without a word.",
            "FAILED  health (check_health.yml, exit status 250, in 5.1 s): It ended without a word.",
        ),
    ],
)
def test_what_is_said_of_a_part(one, reason, line):
    report = routine_report([one, result()], "daily")
    assert report["parts"][0]["reason"] == reason
    assert report["summary"] == [
        line,
        "well    health: 0 changes, in 5.1 s",
        f"daily: {1 if reason else 2} of 2 parts are well.",
    ]
    assert report["healthy"] is (reason == "")
    assert report["problems"] == ([f"health (check_health.yml): {reason}"] if reason else [])


@pytest.mark.parametrize(
    ("delta", "expected"),
    [
        ("0:00:05.137938", 5.1),
        ("1:02:03", 3723.0),
        ("1 day, 0:00:00.5", 86400.5),
        ("2 days, 1:00:00", 176400.0),
        ("", None),
    ],
)
def test_how_long_a_part_took(delta, expected):
    assert seconds(delta) == expected
