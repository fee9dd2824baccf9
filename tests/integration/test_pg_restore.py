"""pg_restore: four runs, beside the original and over it, and what the server then says."""

import pytest

from backups import ROWS, opened, session


@pytest.fixture(scope="module")
def open_shop(host):
    with opened(host) as made:
        made.back_up()
        yield made


@pytest.fixture
def shop(open_shop):
    """A shop with one backup. A test may change its copies; whatever it changes of the shop, it changes back."""
    yield open_shop
    open_shop.drop_copies()


def test_four_runs_make_the_copy_once(shop):
    copy = f"{shop.name}_copy"
    runs = shop.host.four_runs("pg_restore", shop.restore_params(), lambda: (shop.databases(), shop.about(copy)))
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    made = ([shop.name, copy], shop.about(copy))
    assert [state for _, state in runs] == [([shop.name], []), made, made, made]
    # The dry run foretold what the run then did.
    assert runs[0][0]["plan"] == runs[1][0]["plan"]
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    assert (runs[2][0]["plan"], runs[2][0]["diff"]["after"]) == ([], "")
    assert [run["verified"] for run, _ in runs] == [False, True, True, True]


def test_the_copy_is_the_original_with_what_a_dump_leaves_out(shop):
    before = shop.contents(shop.name)
    result = shop.restore(compare_with=shop.name)
    copy = result["database"]
    assert result["comparison"]["equal"] is True
    assert result["comparison"]["differences"] == []
    assert set(result["comparison"]["tables"]) == set(ROWS)
    assert shop.contents(copy) == before == shop.contents(shop.name)
    # Owner, encoding, locale, privileges on the database, its settings and those of roles in it.
    assert shop.about(copy) == shop.about(shop.name)
    indexes = "SELECT indexdef FROM pg_indexes WHERE schemaname IN ('public', 'stock') ORDER BY 1"
    assert shop.host.query(indexes, db=copy) == shop.host.query(indexes, db=shop.name)
    # The planner has statistics from the first query on.
    assert shop.host.query("SELECT reltuples FROM pg_class WHERE relname = 'orders'", db=copy) == [[700]]
    # Identity columns go on where they were.
    assert shop.host.query("SELECT last_value FROM public.orders_id_seq", db=copy) == [[700]]


def test_the_comparison_names_everything_that_differs(shop):
    other = shop.restore(target=f"{shop.name}_other")["database"]
    shop.host.execute(
        "UPDATE public.orders SET price = price + 1 WHERE id = 5; DROP INDEX public.orders_item;"
        "DROP TABLE stock.items; DELETE FROM public.visits WHERE day = '2026-01-01';"
        "SELECT nextval('public.orders_id_seq');",
        db=other,
    )
    comparison = shop.restore(compare_with=other)["comparison"]
    assert comparison["equal"] is False
    assert comparison["tables"]["public.orders"] == {"restored": 700, "original": 700, "equal": False}
    assert comparison["tables"]["stock.items"] == {"restored": 3, "original": None, "equal": False}
    said = comparison["differences"]
    assert said[:4] == [
        "Table public.orders has rows that differ between the restored database and the original.",
        "Table public.visits_2026 has 10 rows in the restored database, 9 in the original.",
        "Table stock.items is only in the restored database.",
        "The sequence public.orders_id_seq stands at 700 in the restored database, at 701 in the original.",
    ]
    assert "The schema differs: +CREATE INDEX orders_item ON public.orders USING btree (item);" in said


def test_a_comparison_outlives_the_limit_for_statements(shop):
    limit = f"ALTER DATABASE {shop.name} SET statement_timeout = '100ms';"
    shop.host.execute(limit)
    try:
        with session(shop.host, shop.name, "BEGIN; LOCK TABLE stock.items;"):
            background = shop.in_background("pg_restore", shop.restore_params(compare_with=shop.name))
            shop.wait_for_session("pg_restore", "wait_event_type = 'Lock' AND now() - query_start > interval '200ms'")
        assert background.result()["comparison"]["equal"] is True
    finally:
        shop.host.execute(f"ALTER DATABASE {shop.name} RESET statement_timeout;")


@pytest.mark.parametrize(
    "change",
    [
        pytest.param("UPDATE public.orders SET price = 0 WHERE id = 1;", id="row"),
        pytest.param("DROP INDEX public.orders_item;", id="index"),
    ],
)
def test_a_copy_that_was_changed_since_is_not_taken_for_the_backup(shop, change):
    """The number of rows is the same as in the manifest."""
    original = shop.contents(shop.name)
    copy = shop.restore()["database"]
    shop.host.execute(change, db=copy)
    assert f"Database {copy} exists" in shop.refusal("pg_restore", shop.restore_params())
    again = shop.restore(confirm=copy, compare_with=shop.name)
    assert again["changed"] is True
    assert again["comparison"]["equal"] is True
    assert shop.contents(copy) == original


def test_over_a_live_database_nothing_is_harmed_without_its_name(shop):
    over = {"target": shop.name}
    before = (shop.databases(), shop.contents(shop.name), shop.about(shop.name))
    with session(shop.host, shop.name, "CREATE TEMPORARY TABLE mine ();") as client:
        for confirm, check_mode in ((None, False), (f"{shop.name}_copy", False), (f"{shop.name}_copy", True)):
            refusal = shop.refusal("pg_restore", shop.restore_params(**over, confirm=confirm), check_mode)
            assert f"set confirm to {shop.name}" in refusal
        dry = shop.host.module("pg_restore", shop.restore_params(**over), True)
        assert dry["kept"] == f"{shop.name}_before_restore_1"
        client.execute("DROP TABLE mine;")  # the session is still the same one
    assert (shop.databases(), shop.contents(shop.name), shop.about(shop.name)) == before


def test_over_a_live_database_the_former_one_is_kept_and_its_clients_are_sent_away(shop):
    original, about = shop.contents(shop.name), shop.about(shop.name)
    shop.execute("DELETE FROM public.orders WHERE id > 500;")
    spoilt = shop.contents(shop.name)
    params = shop.restore_params(target=shop.name, confirm=shop.name)
    with session(shop.host, shop.name):
        dry = shop.host.module("pg_restore", params, True)
        assert shop.contents(shop.name) == spoilt
        result = shop.succeed("pg_restore", params)
    kept = f"{shop.name}_before_restore_1"
    assert result["kept"] == dry["kept"] == kept
    assert result["plan"] == dry["plan"]
    assert f"end the 1 sessions of database {shop.name}" in result["plan"]
    assert shop.databases() == [shop.name, kept]
    assert shop.contents(kept) == spoilt
    assert shop.contents(shop.name) == original
    assert shop.about(shop.name) == about
    assert shop.host.query(f"SELECT pid FROM pg_stat_activity WHERE datname IN ('{kept}', '{shop.name}')") == []
    assert shop.succeed("pg_restore", params)["changed"] is False


def test_settings_that_would_bind_the_restore_itself_come_back_too(shop):
    read_only = f"ALTER DATABASE {shop.name} {{}} default_transaction_read_only"
    role = f"ALTER ROLE {shop.name}_app IN DATABASE {shop.name} {{}} role"
    shop.host.execute(f"{read_only.format('SET')} = on; {role.format('SET')} = '{shop.name}_owner';")
    try:
        made = shop.back_up()["backup"]["name"]
        copy = shop.restore(backup=made)["database"]
        assert shop.about(copy) == shop.about(shop.name)
    finally:
        shop.host.execute(f"{read_only.format('RESET')}; {role.format('RESET')};")
    shop.host.run("rm", "-r", f"{shop.directory}/{made}")


def test_latest_is_the_newest_sound_one_and_any_other_goes_by_its_name(shop):
    first = shop.listed()["backups"][0]["name"]
    shop.execute("INSERT INTO public.returns VALUES (1);")
    second = shop.back_up()["backup"]["name"]
    assert shop.restore()["backup"]["name"] == second
    assert shop.restore(target=f"{shop.name}_first", backup=first)["backup"]["name"] == first
    counts = [shop.host.query("SELECT * FROM public.returns", db=f"{shop.name}_{which}") for which in ("copy", "first")]
    assert counts == [[[1]], []]
    shop.host.run("truncate", "--size=100", f"{shop.directory}/{second}/archive.dump.zst")
    assert shop.restore(target=f"{shop.name}_sound")["backup"]["name"] == first
    shop.host.run("rm", "-r", f"{shop.directory}/{second}")
    shop.execute("DELETE FROM public.returns;")


def test_a_password_takes_the_same_way_as_the_socket(shop):
    """From the module to pg_dump and pg_restore, over TCP."""
    shop.host.execute(f"CREATE ROLE {shop.name}_tcp SUPERUSER LOGIN PASSWORD 'Geheim:\\1';")
    login = {"login_host": "127.0.0.1", "login_user": f"{shop.name}_tcp", "login_password": "Geheim:\\1"}
    try:
        backup = shop.back_up(**login)["backup"]
        assert shop.restore(**login, backup=backup["name"], compare_with=shop.name)["comparison"]["equal"] is True
        shop.host.run("rm", "-r", backup["path"])
    finally:
        shop.host.execute(f"DROP ROLE {shop.name}_tcp;")
