"""Comparing a restored database with another one."""

from dataclasses import replace

import pytest
from ansible.module_utils.pgops.database_contents import SHOWN_DIFFERENCES, Contents, compare

SHOP = Contents(
    tables={"public.orders": (7, "123"), "public.returns": (0, "0")},
    sequences={"sequence public.orders_id_seq": 7},
    schema=["CREATE TABLE public.orders (id int);", "CREATE INDEX orders_id ON public.orders (id);"],
)


def test_a_database_is_equal_to_itself():
    assert compare(SHOP, SHOP) == {
        "equal": True,
        "tables": {
            "public.orders": {"restored": 7, "original": 7, "equal": True},
            "public.returns": {"restored": 0, "original": 0, "equal": True},
        },
        "differences": [],
    }


@pytest.mark.parametrize(
    ("changes", "difference"),
    [
        pytest.param(
            {"tables": {**SHOP.tables, "public.orders": (7, "124")}},
            "Table public.orders has rows that differ between the restored database and the original.",
            id="a-row",
        ),
        pytest.param(
            {"tables": {**SHOP.tables, "public.orders": (6, "100")}},
            "Table public.orders has 6 rows in the restored database, 7 in the original.",
            id="fewer-rows",
        ),
        pytest.param(
            {"tables": {"public.orders": (7, "123")}},
            "Table public.returns is only in the original database.",
            id="a-table-less",
        ),
        pytest.param(
            {"tables": {**SHOP.tables, "public.new": (0, "0")}},
            "Table public.new is only in the restored database.",
            id="an-empty-table-more",
        ),
        pytest.param(
            {"sequences": {"sequence public.orders_id_seq": None}},
            "The sequence public.orders_id_seq stands at None in the restored database, at 7 in the original.",
            id="a-sequence",
        ),
        pytest.param(
            {"schema": SHOP.schema[:1]},
            "The schema differs: -CREATE INDEX orders_id ON public.orders (id);",
            id="an-index-less",
        ),
        pytest.param({"schema": [*SHOP.schema, "CREATE VIEW v;"]}, "The schema differs: +CREATE VIEW v;", id="more"),
    ],
)
def test_each_difference_is_named_and_changes_the_digest(changes, difference):
    restored = replace(SHOP, **changes)
    found = compare(restored, SHOP)
    assert found["equal"] is False
    assert found["differences"] == [difference]
    assert restored.digest != SHOP.digest


def test_many_differences_are_cut_short_and_still_differences():
    restored = replace(SHOP, tables={f"public.t{n:03}": (0, "0") for n in range(100)})
    found = compare(restored, SHOP)
    assert found["equal"] is False
    assert len(found["differences"]) == SHOWN_DIFFERENCES


def test_the_digest_does_not_depend_on_the_order_in_which_tables_were_read():
    turned = replace(SHOP, tables=dict(reversed(SHOP.tables.items())))
    assert turned.digest == SHOP.digest


def test_what_the_platform_writes_of_itself_is_no_difference():
    own = {
        f"operations.{name}": (4, "8") for name in ("heartbeat", "drills", "backups", "verifications", "measurements")
    }
    counters = ("drills_drill_id_seq", "backups_backup_id_seq", "verifications_verification_id_seq")
    sequences = {f"sequence operations.{name}": 4 for name in counters}
    with_it = Contents({**SHOP.tables, **own}, {**SHOP.sequences, **sequences}, SHOP.schema)
    assert compare(with_it, SHOP) == compare(SHOP, SHOP)
    assert with_it.digest == SHOP.digest
