"""Which values are the same, and of which tables a stored row says enough."""

from dataclasses import replace

import pytest
from ansible.module_utils.pgops.profile import Column, Settings, Table
from ansible.module_utils.pgops.rules import Absorbing, Owner, Reference, Rivalry
from ansible.module_utils.pgops.sameness import digest, rules_of
from ansible.module_utils.pgops.threadr.profile import PROFILE

RULES = rules_of(PROFILE, Settings())
BOOKS = Table(
    "books", (Column("isbn", "text"), Column("shelf", "text"), Column("shown", "text", stored=False)), key="isbn"
)


@pytest.mark.parametrize(
    "rules",
    [
        pytest.param(rules_of(replace(PROFILE, version="next"), Settings()), id="version"),
        pytest.param(rules_of(PROFILE.including(["teams"]), Settings()), id="additions"),
        pytest.param(rules_of(replace(PROFILE, name="other"), Settings()), id="profile"),
        pytest.param(rules_of(PROFILE, Settings("Europe/Berlin")), id="zone"),
    ],
)
def test_by_other_rules_a_value_is_another_one(rules):
    assert digest(b"{}", rules) != digest(b"{}", RULES)


def test_a_value_is_the_same_by_the_same_rules():
    assert digest(b"{}", rules_of(PROFILE, Settings())) == digest(b"{}", RULES) != digest(b"{} ", RULES)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        pytest.param({}, True, id="what-is-not-stored-only-names"),
        pytest.param({"references": (Reference("shelf", "shelves", "name", "orphan", "shown"),)}, True, id="named"),
        pytest.param(
            {"references": (Reference("shown", "shelves", "name", "orphan", "shown"),)}, False, id="referring"
        ),
        pytest.param({"checks": (("shown <> ''", "empty", "Nothing."),)}, False, id="checked"),
        pytest.param(
            {"rivalry": Rivalry("shelf", "c", "h", "s", ("shown DESC",), "isbn", str.encode)}, False, id="ordering"
        ),
        pytest.param({"adds_up": "count"}, False, id="sums"),
        pytest.param({"absorbing": Absorbing("shelf", "isbn")}, False, id="absorbs"),
        pytest.param({"owner": Owner("shelf", "shelves", "name", (("shown", "name"),))}, False, id="owned"),
    ],
)
def test_a_row_says_enough_where_no_rule_reads_more(changes, expected):
    assert replace(BOOKS, **changes).self_contained is expected


def test_most_of_the_rows_of_threadr_say_enough():
    found = {table.name for table in PROFILE.tables if table.self_contained}
    assert found >= {"users", "threads", "email_subscribers", "user_thread_stats", "thread_analytics"}
    assert not found & {"usage_counters", "premium_grants", "subscriptions", "analytics_timeseries"}
