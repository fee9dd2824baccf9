"""pg_restore_tables when it is killed, kept waiting, or asked for what cannot be: the live tables are as they were."""

import pytest

from backups import says, session
from table_shop import opened_tables

SPOIL = "UPDATE public.sales SET total = 0; DELETE FROM public.journal;"


@pytest.fixture(scope="module")
def open_tables(host):
    with opened_tables(host) as made:
        yield made


@pytest.fixture
def tables(open_tables):
    open_tables.reset()
    return open_tables


@pytest.mark.parametrize(
    ("mode", "moment"),
    [
        pytest.param("whole", "pgrep -f '[p]g_restore.*pre-data'", id="making-the-scratch-database"),
        pytest.param("data", "pgrep -f '[p]g_restore.*--section=data'", id="filling-it"),
        pytest.param("whole", "pgrep -f '[p]g_dump.*post-data'", id="reading-definitions"),
    ],
)
def test_killed_beside_the_live_tables_it_leaves_only_what_the_next_one_removes(tables, mode, moment):
    before = tables.rows()
    tables.shop.execute(SPOIL)
    spoilt = tables.state()
    tables.shop.in_background("pg_restore_tables", tables.params("sales", mode=mode)).kill_when(moment)
    assert tables.state()[:3] == spoilt[:3]
    tables.restore("sales", mode=mode)
    assert tables.rows() == before
    assert tables.shop.databases() == spoilt[3]


@pytest.mark.parametrize("mode", ["missing", "data", "whole"])
def test_killed_in_its_transaction_the_live_tables_are_as_they_were(tables, mode):
    """Somebody else's lock stops it where everything is made but the change."""
    before = tables.rows()
    tables.shop.execute(
        SPOIL if mode != "missing" else "DELETE FROM public.sales WHERE id = 5; DELETE FROM public.journal;"
    )
    spoilt = tables.state()
    waits = says("SELECT 1 FROM pg_stat_activity WHERE application_name = 'pg_restore' AND wait_event_type = 'Lock'")
    with session(tables.host, tables.name, "BEGIN; LOCK TABLE public.sales IN ROW EXCLUSIVE MODE;"):
        tables.shop.in_background("pg_restore_tables", tables.params("sales", mode=mode)).kill_when(waits)
        assert tables.state()[:3] == spoilt[:3]
    tables.restore("sales", mode=mode)
    assert tables.rows() == before | {"stock.lines": spoilt[0]["stock.lines"]}


def test_a_lock_of_others_is_waited_for_and_not_for_ever(tables):
    tables.shop.execute(SPOIL)
    spoilt = tables.state()
    with session(tables.host, tables.name, "BEGIN; SELECT FROM public.sales;"):
        said = tables.refusal("sales", mode="whole", lock_timeout_s=1)
    assert said.startswith("public.sales, or a table that refers to it, stayed locked for 1 s. Nothing was changed.")
    assert tables.state() == spoilt


def test_a_reader_sees_rows_all_the_time(tables):
    """Only whoever writes has to wait, and that at the end."""
    tables.shop.execute(SPOIL)
    with session(tables.host, tables.name, "BEGIN; SELECT FROM public.sales;") as reader:
        assert tables.restore("sales", mode="data")["changed"] is True
        reader.execute("SELECT FROM public.sales;")


def test_what_a_constraint_of_today_forbids_is_refused_whole(tables):
    tables.shop.execute("UPDATE public.sales SET total = 1; ALTER TABLE public.sales ADD CHECK (total < 50);")
    spoilt = tables.state()
    said = tables.refusal("sales", mode="data")
    assert said.startswith("The rows of the backup do not fit into the database of today: ")
    assert 'violates check constraint "sales_total_check". Nothing was changed.' in said
    assert tables.state() == spoilt


def test_a_value_that_another_row_has_taken_since_is_found_by_the_dry_run_already(tables):
    tables.shop.execute(
        "DELETE FROM public.customers WHERE id = 20; UPDATE public.customers SET mail = 'c20' WHERE id = 1;"
    )
    spoilt = tables.state()
    said = "1 missing rows of public.customers have the same mail as other rows that are there (unique index customers_mail_key)."
    for check_mode in (True, False):
        assert tables.refusal("customers", check_mode).startswith(said)
    assert tables.state() == spoilt


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_cannot_be_is_refused_and_nothing_is_changed(tables, check_mode):
    before = tables.state()
    for names, changes, words in (
        ("nothing", {}, "has no rows of a table nothing; it has public.customers, public.journal"),
        ("visits", {}, "a partitioned table is restored with its database"),
        ("visits_2026", {}, "such a table cannot be restored by itself"),
        ("sales", {"confirm": "orders"}, "and the confirmation says 'orders'"),
        ("sales", {"backup": "nowhere"}, "There is no backup nowhere"),
        ("sales", {"lock_timeout_s": 0}, "lock_timeout_s has to be 1 or more"),
        ("journal", {}, "has no primary key, so nobody knows"),
    ):
        assert words in tables.refusal(names, check_mode, **changes)
    assert tables.state() == before


def test_without_a_confirmation_only_the_plan_is_shown(tables):
    tables.shop.execute(SPOIL)
    spoilt = tables.state()
    assert "then set confirm to public.sales." in tables.refusal("sales", confirm=None, mode="data")
    dry = tables.host.module("pg_restore_tables", tables.params("sales", confirm=None, mode="data"), True)
    assert dry["plan"][1:] == [
        "keep the 100 rows of public.sales in before_restore_1.sales",
        "replace them by the 100 rows of the backup: 100 come, 100 go",
    ]
    assert tables.state() == spoilt


def test_other_columns_and_what_refers_to_a_table_for_good_are_refused(tables):
    tables.shop.execute(
        "ALTER TABLE public.sales ADD note text; CREATE MATERIALIZED VIEW public.sums AS SELECT sum(total) FROM public.sales;"
    )
    spoilt = tables.state()
    assert "public.sales has other columns than in the backup: note." in tables.refusal("sales", mode="data")
    assert "this refers to it: rule _RETURN on materialized view public.sums." in tables.refusal("sales", mode="whole")
    assert tables.state() == spoilt
    tables.shop.execute("DROP MATERIALIZED VIEW public.sums;")


def test_a_damaged_backup_and_a_database_of_somebody_else_stop_it(tables):
    shop = tables.shop
    shop.host.execute(f"CREATE DATABASE {shop.name}_restoring;")
    before = tables.state()
    assert f"Database {shop.name}_restoring is in the way" in tables.refusal("sales", mode="data")
    assert tables.state() == before
    shop.host.execute(f"DROP DATABASE {shop.name}_restoring;")
    path = f"{shop.directory}/{shop.listed()['backups'][0]['name']}/archive.dump.zst"
    shop.flip_byte(path)
    assert "does not have the SHA-256 of its manifest" in tables.refusal("sales", mode="data")
    shop.flip_byte(path)
