"""Single tables: which are meant, who has said so, and where sequences go on."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.tables_catalog import Column, Name, Sequence, Table
from ansible.module_utils.pgops.tables_plan import (
    needed_bytes,
    raised,
    read_names,
    require_confirmation,
    require_same_columns,
)

from test_manifest import made

ORDERS, ITEMS = Name("public", "orders"), Name("stock", "items")
BACKUP = made(rows={"public.orders": 30, "stock.items": 10, "public.items": 0}, database_size_bytes=4 << 30)


def column(name: str, kind: str = "integer", primary: bool = False, generated: bool = False) -> Column:
    return Column(name, kind, False, generated, None, primary)


def table(
    *columns: Column, name: Name = ORDERS, last: int | None = None, size_bytes: int = 0, ascends: bool = True
) -> Table:
    sequence = Sequence(Name("public", "orders_id_seq"), "id", last, ascends)
    return Table(name, 1, size_bytes, "owner", columns or (column("id", primary=True),), (sequence,))


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        pytest.param(["orders"], [ORDERS], id="public-without-its-name"),
        pytest.param(["public.orders", " stock.items "], [ORDERS, ITEMS], id="schemas-and-spaces"),
        pytest.param(["orders", "public.orders"], [ORDERS], id="twice"),
        pytest.param([], "No table is named; backup", id="none"),
        pytest.param([" "], "No table is named; backup", id="blank"),
        pytest.param(["returns"], "has no rows of a table returns; it has public.items, public.orders", id="unknown"),
        pytest.param(["stock.items", "items"], "have the same name", id="alike"),
    ],
)
def test_tables_are_meant_by_their_names(given, meant):
    if isinstance(meant, list):
        assert read_names(given, BACKUP) == meant
        return
    with pytest.raises(PgopsError) as refusal:
        read_names(given, BACKUP)
    assert meant in str(refusal.value)
    assert "Nothing was changed." in str(refusal.value)


@pytest.mark.parametrize(
    ("confirm", "dry", "passes"),
    [
        pytest.param("orders,stock.items", False, True, id="both"),
        pytest.param("stock.items, public.orders", False, True, id="in-another-order"),
        pytest.param("orders", False, False, id="one-of-two"),
        pytest.param("orders,stock.items,returns", False, False, id="one-more"),
        pytest.param("orders,items", False, False, id="of-another-schema"),
        pytest.param("", False, False, id="empty"),
        pytest.param(None, False, False, id="none"),
        pytest.param(None, True, True, id="none-in-a-dry-run"),
        pytest.param("shop", True, False, id="another-in-a-dry-run"),
    ],
)
def test_tables_are_changed_by_their_names_only(confirm, dry, passes):
    present = {ORDERS: table()}
    if passes:
        require_confirmation([ORDERS, ITEMS], present, confirm, dry)
        return
    with pytest.raises(PgopsError, match=r"set confirm to public\.orders,stock\.items"):
        require_confirmation([ORDERS, ITEMS], present, confirm, dry)


def test_what_is_not_there_needs_no_confirmation():
    require_confirmation([ORDERS], {}, None, dry=False)


@pytest.mark.parametrize(
    ("largest", "live", "backup", "anew", "value"),
    [
        pytest.param(70, 60, 65, False, 70, id="rows"),
        pytest.param(None, 60, 65, False, 65, id="the-backup-had-used-more"),
        pytest.param(60, 90, 65, False, None, id="since-used-by-others"),
        pytest.param(60, 90, 65, True, 90, id="since-used-by-others-and-made-anew"),
        pytest.param(None, None, None, True, None, id="never-used"),
        pytest.param(5, None, None, False, 5, id="not-used-yet"),
    ],
)
def test_a_sequence_never_goes_back(largest, live, backup, anew, value):
    found = raised({"id": largest}, table(last=live), table(last=backup), anew)
    assert [number for _, number in found] == ([] if value is None else [value])


def test_a_sequence_that_descends_is_left_alone():
    assert raised({"id": 9}, table(last=1, ascends=False), table(last=5, ascends=False), False) == []


@pytest.mark.parametrize(
    ("live", "backup", "mode", "words"),
    [
        pytest.param(
            [column("id"), column("note")], [column("id")], "data", "other columns than in the backup: note", id="new"
        ),
        pytest.param(
            [column("id")], [column("id", "bigint")], "data", "other columns than in the backup: id", id="type"
        ),
        pytest.param([column("id")], [column("id")], "missing", "has no primary key", id="no-key"),
        pytest.param([column("id")], [column("id")], "data", None, id="same"),
        pytest.param([column("b"), column("a")], [column("a"), column("b")], "data", None, id="another-order"),
    ],
)
def test_rows_need_the_columns_that_they_had(live, backup, mode, words):
    if words is None:
        require_same_columns(table(*live), table(*backup), mode)
        return
    with pytest.raises(PgopsError, match=words):
        require_same_columns(table(*live), table(*backup), mode)


def test_a_table_needs_room_for_its_share_of_the_database_or_for_what_it_takes():
    share = needed_bytes([ORDERS], {}, BACKUP)
    assert share == needed_bytes([ORDERS], {ORDERS: table(size_bytes=1 << 30)}, BACKUP) == (32 << 20) + 3 * (3 << 30)
    assert needed_bytes([ORDERS], {ORDERS: table(size_bytes=4 << 30)}, BACKUP) == (32 << 20) + 3 * (4 << 30)
