"""What an operator is told of rows that others changed."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.conflicts import ConflictsFound, message, total
from ansible.module_utils.pgops.profile import names
from ansible.module_utils.pgops.threadr.profile import PROFILE
from ansible.module_utils.pgops.written import sourced

from plugins.filter.result_text import conflict_lines


def sample(number: int, **changes) -> dict:
    line = {"table": "users", "key": f"u{number}", "kind": "changed", "source_changed": True, "columns": ["role"]}
    return {**line, "stays": "target", **changes}


def report(rows: int, **changes) -> dict:
    kept = {"users": {"changed": rows}} if rows else {}
    samples = [sample(number) for number in range(min(rows, 20))]
    return {"policy": "stop", "kept": kept, "overwritten": {}, "samples": samples, **changes}


@pytest.mark.parametrize(
    ("rows", "named"),
    [
        (1, "users u0 (changed, role). Nothing"),
        (5, "users u4 (changed, role). Nothing"),
        (6, "users u4 (changed, role) and 1 more. Nothing"),
        (300, "users u4 (changed, role) and 295 more. Nothing"),
    ],
)
def test_the_message_names_the_first_rows_and_counts_all(rows, named):
    text = message(report(rows))
    assert text.startswith(f"{rows} rows are not as the migration left them")
    assert named in text
    assert str(ConflictsFound(report(rows))) == text


def test_rows_on_both_sides_are_counted():
    sides = {"kept": {"a": {"changed": 1, "made": 2}}, "overwritten": {"a": {"changed": 4}, "b": {"deleted": 8}}}
    assert total({**report(0), **sides}) == 15


def test_lines_for_people_tell_who_stays():
    found = report(1)
    found["samples"] = [sample(0), sample(1, kind="deleted", columns=[], source_changed=False, stays="source")]
    assert conflict_lines(found) == [
        "changed in PostgreSQL and kept: 1 of users",
        "users u0: changed in PostgreSQL and in the source, differs in role; the target stays",
        "users u1: deleted in PostgreSQL; the source stays",
    ]
    assert conflict_lines(report(0)) == []


def test_only_what_is_looked_up_does_not_come_from_the_source():
    for table in PROFILE.tables:
        left_out = set(names(table.stored)) - set(sourced(table))
        assert left_out == ({table.lookup.column} if table.lookup else set())


def test_the_time_of_a_change_is_a_column_of_its_table():
    assert {t.name for t in PROFILE.tables if t.changed_at} == {"users", "threads", "teams", "team_memberships"}
    for table in PROFILE.tables:
        assert not table.changed_at or table.changed_at in names(table.stored)
