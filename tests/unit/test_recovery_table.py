"""One table as it was: what it was called, and what it is going to be called."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.recovery_plan import read_target
from ansible.module_utils.pgops.recovery_table import read_name
from ansible.module_utils.pgops.recovery_table_rows import origin_of
from ansible.module_utils.pgops.tables_catalog import Name

NOTHING = {"target_time": "", "target_lsn": "", "target_xid": "", "target_name": ""}
NOW_S = 1_800_000_000


def target(**given: str):
    return read_target({**NOTHING, **given}, NOW_S)


TIME = target(target_time="2026-11-24T04:00:05+01:00")


@pytest.mark.parametrize(
    ("table", "moment", "new_name", "names"),
    [
        pytest.param("users", TIME, "", ("public.users", "public.users_as_of_20261124_030005"), id="time-in-utc"),
        pytest.param("stock.items", TIME, "", ("stock.items", "stock.items_as_of_20261124_030005"), id="schema"),
        pytest.param(" users ", TIME, "then", ("public.users", "public.then"), id="name-given"),
        pytest.param(
            "users", target(target_lsn="0/3000060"), "", ("public.users", "public.users_as_of_0_3000060"), id="lsn"
        ),
        pytest.param(
            "users", target(target_name="before: it"), "", ("public.users", "public.users_as_of_before_it"), id="name"
        ),
    ],
)
def test_the_new_table_says_by_its_name_what_it_is(table, moment, new_name, names):
    assert tuple(map(str, read_name(table, moment, new_name))) == names


@pytest.mark.parametrize(
    ("table", "new_name", "words"),
    [
        pytest.param("", "", "No table is named.", id="none"),
        pytest.param("stock.", "", "No table is named.", id="schema-only"),
        pytest.param("u" * 44, "", "is longer than 63 bytes", id="too-long-with-the-moment"),
        pytest.param("users", "ü" * 32, "is longer than 63 bytes", id="bytes-count"),
    ],
)
def test_names_that_cannot_be_are_refused(table, new_name, words):
    with pytest.raises(PgopsError, match=words):
        read_name(table, TIME, new_name)


def test_the_longest_name_fits():
    assert len(read_name("u" * 41, TIME, "")[1].relation) == 63


def test_its_comment_tells_another_moment_apart():
    users = Name("public", "users")
    assert origin_of(users, TIME) != origin_of(users, target(target_time="2026-11-24T03:00:06+00:00"))
