"""Words of a report on health."""

import pytest

from plugins.filter.health_report import (
    human_ms,
    human_ratio,
    plain_number,
    report_headline,
    report_lines,
    signed_bytes,
)


def host(name: str, *verdicts: str) -> dict:
    return {"host": name, "state": "primary", "verdict": "ok", "measured": {"ok": 5, "unknown": 1, "warning": 1, "critical": 1},
            "checks": [{"name": f"check_{verdict}", "verdict": verdict} for verdict in verdicts]}  # fmt: skip


def report(*hosts: dict, recommendations=()) -> dict:
    return {"hosts": list(hosts), "recommendations": list(recommendations)}


@pytest.mark.parametrize(
    ("hosts", "sentence"),
    [
        ([host("pg1", "ok")], "All is well on pg1."),
        ([host("pg1"), host("pg2", "ok")], "All is well on 2 hosts."),
        (
            [host("pg1", "ok"), host("pg2", "unknown")],
            "Nothing that was examined on 2 hosts is wrong. Not known: check_unknown of pg2.",
        ),
        ([host("pg1", "warning"), host("pg2")], "1 check wants a person to look on pg1."),
        ([host("pg1", "warning", "critical"), host("pg2", "warning")], "3 checks want a person to look on 2 hosts."),
    ],
)
def test_the_headline_counts_what_a_person_must_look_at(hosts, sentence):
    assert report_headline(report(*hosts)) == sentence


def test_a_terminal_shows_each_host_and_each_command():
    one = {"verdict": "hint", "subject": "tables", "text": "Vacuum.", "command": "ansible-playbook x.yml"}
    assert report_lines(report(host("pg1"), recommendations=[one])) == [
        "All is well on pg1.",
        "pg1, primary: ok; 2 of 8 measurements with a problem",
        "hint: tables: Vacuum.",
        "    ansible-playbook x.yml",
    ]
    assert report_lines(report(host("pg1")))[-1] == "There is nothing to do."


@pytest.mark.parametrize(
    ("shape", "value", "text"),
    [
        (signed_bytes, None, "-"), (signed_bytes, 0, "0 B"), (signed_bytes, 1023, "+1023 B"), (signed_bytes, -1536, "-1.5 KiB"),
        (signed_bytes, 3 << 50, "+3072.0 TiB"), (plain_number, None, "-"), (plain_number, 1234567, "1\u202f234\u202f567"),
        (human_ms, None, "-"), (human_ms, 0.126, "0.13 ms"), (human_ms, 31, "31 ms"), (human_ms, 1500, "1.5 s"), (human_ms, 90_000, "1.5 min"),
        (human_ms, 7_200_000, "2.0 h"), (human_ratio, None, "-"), (human_ratio, 0.123, "12.3 %"),
    ],
)  # fmt: skip
def test_numbers_for_people(shape, value, text):
    assert shape(value) == text
