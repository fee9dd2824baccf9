"""The pure parts of going back: the plan in words, and who has to confirm what."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.distinct import claims
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.threadr.profile import PROFILE
from ansible.module_utils.pgops.undo import plan_lines, require_confirmation, require_planned
from ansible.module_utils.pgops.undo_plan import FATES

from plugins.filter.result_text import undo_lines

NOTHING = dict.fromkeys(FATES, 0)


@pytest.mark.parametrize(
    ("counts", "lines"),
    [
        ({}, []),
        ({"remove": 7}, ["users: remove 7 rows"]),
        (
            {"remove": 7, "restore": 1, "changed": 2, "referenced": 3, "taken": 4, "deleted": 5},
            [
                (
                    "users: remove 7 rows, put 1 rows back as they were before, keep 2 rows that were changed since, "
                    "keep 3 rows that others refer to, keep 4 rows whose former unique value another row has by now, "
                    "5 rows were deleted since"
                )
            ],
        ),
    ],
)
def test_a_plan_says_all_and_only_what_there_is(counts, lines):
    assert plan_lines("users", {**NOTHING, **counts}) == lines


@pytest.mark.parametrize(
    ("changed", "confirm", "dry", "refused"),
    [
        (True, None, False, "no confirmation was given"),
        (True, "other", False, "the confirmation says 'other'"),
        (True, "", False, "the confirmation says ''"),
        (True, "other", True, "the confirmation says 'other'"),
        (True, None, True, None),
        (True, "shop", False, None),
        (False, None, False, None),
        (False, "other", False, None),
    ],
)
def test_whatever_changes_rows_needs_the_name_of_the_database(changed, confirm, dry, refused):
    planned = {"changed": changed, "plan": ["users: remove 7 rows"]}
    if refused is None:
        require_confirmation(planned, "shop", confirm, dry)
        return
    with pytest.raises(PgopsError, match=refused) as raised:
        require_confirmation(planned, "shop", confirm, dry)
    assert "users: remove 7 rows" in str(raised.value)
    assert str(raised.value).endswith("set confirm to shop.")


def test_a_plan_that_does_not_come_true_is_refused():
    require_planned(PROFILE.tables[0], "removed", 3, 3)
    with pytest.raises(PgopsError, match="users: 2 rows removed where 3 were planned"):
        require_planned(PROFILE.tables[0], "removed", 2, 3)


def test_values_that_rows_contend_for_are_known():
    contended = {table.name: [one.what for one in found] for table in PROFILE.tables if (found := claims(table))}
    assert contended == {
        "users": ["legacy_id", "email"],
        "teams": ["slug"],
        "team_memberships": ["place in the team", "team's ownership"],
        "team_invites": ["token", "open invite"],
        "subscriptions": ["stripe_subscription_id"],
    }


def test_lines_for_people_say_why_a_row_stays():
    kept = [
        {"table": "users", "key": "u1", "fate": "referenced", "by": "threads"},
        {"table": "users", "key": "u2", "fate": "taken", "by": "email"},
        {"table": "users", "key": "u3", "fate": "changed", "by": None},
    ]
    assert undo_lines({"plan": ["users: keep"], "kept": kept}) == [
        "users: keep",
        "users u1: threads refers to it",
        "users u2: another row has its former email by now",
        "users u3: was changed since",
    ]
    assert undo_lines({"plan": [], "kept": []}) == ["nothing to undo"]
