"""pg_restore_tables: rows and tables of a backup in the live database, each mode four times, with the server as the witness."""

import pytest

from table_shop import opened_tables

SPOIL = """
    DELETE FROM stock.lines WHERE sale_id > 90;
    DELETE FROM public.sales WHERE id > 90;
    UPDATE public.sales SET total = 0 WHERE id <= 10;
    DELETE FROM public.journal;
"""


@pytest.fixture(scope="module")
def open_tables(host):
    with opened_tables(host) as made:
        yield made


@pytest.fixture
def tables(open_tables):
    """Tables as they were backed up. A test may change the database, and make copies."""
    open_tables.reset()
    return open_tables


def four_runs(tables, names: str, **changes) -> list:
    """What they said, and what was there after each."""
    params = tables.params(names, **changes)
    runs = tables.host.four_runs("pg_restore_tables", params, tables.state)
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert runs[1][1] == runs[2][1] == runs[3][1]
    # The dry run foretold what the run then did.
    for what in ("plan", "diff", "tables", "kept", "dangling"):
        assert runs[0][0][what] == runs[1][0][what]
    assert runs[2][0]["plan"] == runs[3][0]["plan"] == []
    assert [run["verified"] for run, _ in runs] == [False, True, False, True]
    return runs


def test_missing_rows_come_back_and_no_other_row_is_touched(tables):
    before = tables.rows()
    tables.shop.execute(
        SPOIL + "INSERT INTO public.sales (customer_id, total) VALUES (1, 4711); DELETE FROM public.journal;"
    )
    spoilt = tables.state()
    runs = four_runs(tables, "sales,stock.lines")
    assert runs[0][1] == spoilt
    told = runs[1][0]["tables"][0]
    assert (told["rows_before"], told["rows_after"], told["rows_added"], told["rows_removed"]) == (91, 101, 10, 0)
    assert runs[1][0]["kept"] is None
    assert tables.rows()["stock.lines"] == before["stock.lines"]
    assert tables.query("SELECT count(*), sum(total) FROM public.sales") == [[101, 4711 + sum(range(11, 101))]]
    assert tables.query("SELECT count(*) FROM public.journal") == [[0]]
    # Nothing else has changed.
    assert runs[1][1][1:] == spoilt[1:]
    assert tables.query("SELECT nextval('public.sales_id_seq')") == [[102]]


def test_all_rows_are_replaced_and_the_former_ones_are_kept(tables):
    before = tables.state()
    tables.shop.execute(SPOIL)
    spoilt = tables.state()
    runs = four_runs(tables, "public.sales,stock.lines", mode="data")
    assert runs[0][1] == spoilt
    rows, structure, schemas, databases = runs[1][1]
    assert (rows, structure, databases) == (before[0], before[1], before[3])
    assert schemas == [["before_restore_1"]]
    assert tables.query("SELECT count(*), sum(total) FROM before_restore_1.sales") == [[90, sum(range(11, 91))]]
    assert tables.query("SELECT count(*) FROM public.journal") == [[0]]


def test_a_table_is_replaced_with_all_that_belongs_to_it(tables):
    before = tables.state()
    tables.shop.execute(SPOIL)
    tables.shop.execute(
        "DROP INDEX public.sales_total; ALTER TABLE public.sales ADD note text; DROP TRIGGER noted ON public.sales;"
        "DROP POLICY all_of_them ON public.sales; ALTER TABLE public.sales ALTER id DROP DEFAULT;"
    )
    spoilt = tables.state()
    runs = four_runs(tables, "public.sales,stock.lines", mode="whole")
    assert runs[0][1] == spoilt
    rows, structure, schemas, databases = runs[1][1]
    assert (rows, databases, schemas) == (before[0], before[3], [["before_restore_1"]])
    assert structure == before[1]


def test_a_table_that_others_refer_to_is_replaced_under_them(tables):
    """Foreign keys, of itself too, and the view go on with the new one, and nothing with the kept one."""
    before = tables.state()
    tables.shop.execute("UPDATE public.customers SET mail = 'x' || id; DELETE FROM public.journal;")
    result = tables.restore("customers", mode="whole")
    assert "make view public.turnover again, upon the restored table" in result["plan"]
    assert tables.state()[:2] == before[:2]
    tables.shop.execute("DELETE FROM public.customers WHERE id = 20;")
    # What refers to it goes with it, and what is kept stays.
    assert tables.query("SELECT count(*) FROM public.sales WHERE customer_id = 20") == [[0]]
    assert tables.query("SELECT count(*) FROM before_restore_1.customers WHERE mail LIKE 'x%'") == [[20]]
    assert tables.query("SELECT count(*) FROM public.turnover WHERE mail = 'c19'") == [[1]]
    comment = tables.query("SELECT obj_description('before_restore_1'::regnamespace, 'pg_namespace')")[0][0]
    assert comment.startswith("Kept when public.customers was restored from backup shop_")
    assert "customers_referred_by_fkey FOREIGN KEY (referred_by) REFERENCES public.customers(id)." in comment
    tables.shop.execute("DROP SCHEMA before_restore_1 CASCADE;")


def test_a_dropped_table_is_made_again_without_a_confirmation(tables):
    before = tables.state()
    tables.shop.execute("DROP TABLE stock.lines;")
    assert "Set mode to whole, which makes it." in tables.refusal("stock.lines")
    assert tables.restore("stock.lines", mode="whole", confirm=None)["kept"] is None
    assert tables.state() == before


@pytest.mark.parametrize("mode", ["data", "whole"])
def test_rows_of_others_that_would_refer_to_nothing_are_found_before_anything_changes(tables, mode):
    tables.shop.execute(
        "INSERT INTO public.customers (mail) VALUES ('late');"
        "INSERT INTO public.sales (customer_id, total) SELECT id, n FROM public.customers, generate_series(1, 3) n WHERE mail = 'late';"
    )
    spoilt = tables.state()
    said = (
        "There would be 3 rows of public.sales that refer to no row of public.customers (constraint sales_customer_id_fkey). "
        "Nothing was changed. Restore public.sales with it, or set dangling to keep"
    )
    for check_mode in (True, False):
        assert tables.refusal("customers", check_mode, mode=mode).startswith(said)
    assert tables.state() == spoilt
    expected = [
        {"constraint": "sales_customer_id_fkey", "table": "public.sales", "refers_to": "public.customers", "rows": 3}
    ]
    assert tables.restore("customers", mode=mode, dangling="keep")["dangling"] == expected
    assert tables.rows()["public.sales"] == spoilt[0]["public.sales"]
    assert tables.query("SELECT conname FROM pg_constraint WHERE NOT convalidated") == [["sales_customer_id_fkey"]]


@pytest.mark.parametrize("mode", ["missing", "data", "whole"])
def test_rows_that_would_refer_to_nothing_themselves_are_found_too(tables, mode):
    before = tables.rows()
    tables.shop.execute("DELETE FROM public.customers WHERE id = 20; DELETE FROM public.journal;")
    spoilt = tables.state()
    assert tables.refusal("sales", mode=mode).startswith(
        "There would be 5 rows of public.sales that refer to no row of public.customers (constraint sales_customer_id_fkey). "
        "Nothing was changed. Restore public.customers with it, or"
    )
    assert tables.state() == spoilt
    tables.restore("sales,customers,stock.lines", mode=mode)
    assert tables.rows() == before


def test_sequences_go_on_behind_all_that_was_used(tables):
    tables.shop.execute(
        "DELETE FROM public.sales WHERE id > 50; SELECT setval('public.sales_id_seq', 50); DELETE FROM public.journal;"
    )
    tables.restore("sales,stock.lines", mode="data")
    assert tables.query("SELECT nextval('public.sales_id_seq')") == [[101]]
    # Others have seen these numbers.
    tables.shop.execute("SELECT setval('public.sales_id_seq', 500); DELETE FROM public.sales WHERE id > 99;")
    tables.restore("sales,stock.lines", mode="whole")
    assert tables.query("SELECT nextval('public.sales_id_seq')") == [[501]]
