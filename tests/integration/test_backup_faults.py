"""Backups and restores that are killed, and a server that crashes: nothing half done counts, and the next one succeeds."""

import pytest

from backups import GROW, opened, says, session, wait_until


@pytest.fixture(scope="module")
def open_shop(host):
    """With a backup, and enough in it to keep pg_dump and pg_restore busy for a moment."""
    with opened(host) as made:
        made.execute(GROW.format(kibibytes=4000))
        made.back_up()
        yield made


@pytest.fixture
def shop(open_shop):
    yield open_shop
    open_shop.drop_copies()


def process_runs(host, name: str) -> bool:
    return host.run("pgrep", "-x", name, check=False).returncode == 0


WAITS = "SELECT 1 FROM pg_stat_activity WHERE application_name = '{}' AND wait_event_type = 'Lock'"


@pytest.mark.parametrize(
    ("held", "moment"),
    [
        pytest.param("BEGIN; LOCK TABLE ONLY public.visits;", says(WAITS.format("pg_dump")), id="pg_dump-began"),
        pytest.param("", "test -s {}/.partial-*/archive.dump.zst", id="archive-half-written"),
        pytest.param("", "pgrep -f 'pg_restore [-]-file' >/dev/null", id="archive-read-back"),
    ],
)
def test_a_killed_backup_is_none_and_the_next_one_removes_its_remains(host, shop, held, moment):
    sound = shop.folders()
    with session(host, shop.name, held):
        shop.in_background("pg_backup", shop.backup_params(level=12, threads=1)).kill_when(
            moment.format(shop.directory)
        )
        # The kernel ends what the module had started, before anybody lets go of the table.
        wait_until(lambda: not any(process_runs(host, name) for name in ("pg_dump", "zstd", "pg_restore")))
    remains = [name for name in shop.folders() if name not in sound]
    assert [name[:9] for name in remains] == [".partial-"]
    found = shop.listed(checksum=True)
    assert sorted(one["name"] for one in found["backups"]) == sound
    assert found["problems"] == []
    assert found["remarks"] == [
        f"{remains[0]} is a backup that still runs or was interrupted. The next one removes it."
    ]
    after = shop.back_up()["backup"]["name"]
    assert shop.folders() == sorted([*sound, after])


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(says("SELECT 1 FROM pg_database WHERE datname = '{0}'"), id="copy-made"),
        pytest.param(says("SELECT 1 WHERE to_regclass('public.orders') IS NOT NULL", "{0}"), id="copy-half-filled"),
        pytest.param(says(WAITS.format("pg_restore")), id="copy-verified"),
    ],
)
def test_a_killed_restore_leaves_the_target_as_it_was(host, shop, moment):
    shop.back_up()  # a new one: nothing on the server was made of it
    shop.execute("UPDATE public.orders SET price = price + 1;")
    before, about = shop.contents(shop.name), shop.about(shop.name)
    over, beside = shop.restore_params(target=shop.name, confirm=shop.name), f"{shop.name}_restoring"
    # What waits for this table is the comparison, which comes last.
    with session(host, shop.name, "BEGIN; LOCK TABLE stock.items;"):
        running = shop.in_background("pg_restore", {**over, "compare_with": shop.name})
        running.kill_when(moment.format(beside))
        wait_until(lambda: not process_runs(host, "pg_restore"))
    assert shop.databases() == [shop.name, beside]
    assert (shop.contents(shop.name), shop.about(shop.name)) == (before, about)
    result = shop.succeed("pg_restore", over)
    assert result["plan"][0] == f"drop database {beside}, which an interrupted restore left"
    assert shop.databases() == [shop.name, f"{shop.name}_before_restore_1"]
    assert shop.contents(f"{shop.name}_before_restore_1") == before
    assert shop.about(shop.name) == about


def test_a_restore_killed_between_its_renames_has_renamed_nothing(host, shop):
    shop.back_up()
    before = shop.contents(shop.name)
    over, beside = shop.restore_params(target=shop.name, confirm=shop.name), f"{shop.name}_restoring"
    with session(host, "postgres") as catalog:
        with session(host, shop.name, "BEGIN; LOCK TABLE stock.items;"):
            running = shop.in_background("pg_restore", {**over, "compare_with": shop.name})
            shop.wait_for_session("pg_restore", "wait_event_type = 'Lock'")
            # The second rename will wait for this row; the first one will have been made by then.
            catalog.execute(f"BEGIN; SELECT FROM pg_database WHERE datname = '{beside}' FOR UPDATE;")
        running.kill_when(
            says(f"SELECT 1 FROM pg_stat_activity WHERE query LIKE '%{beside}%RENAME%' AND wait_event_type = 'Lock'")
        )
    wait_until(lambda: host.query("SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_restore'") == [])
    # The first rename alone would leave the application without its database.
    assert shop.databases() == [shop.name, beside]
    assert shop.contents(shop.name) == before
    shop.succeed("pg_restore", over)
    assert shop.databases() == [shop.name, f"{shop.name}_before_restore_1"]


def test_a_crash_of_postgresql_during_a_backup_is_told_in_a_sentence(host, shop):
    before = shop.folders()
    with session(host, shop.name, "BEGIN; LOCK TABLE ONLY public.visits;"):
        running = shop.in_background("pg_backup", shop.backup_params())
        shop.wait_for_session("pg_dump", "wait_event_type = 'Lock'")
        postmaster = host.run("head", "-1", "/var/lib/postgresql/15/main/postmaster.pid").stdout.strip()
        host.run("kill", "-QUIT", postmaster)
        answer = running.result()
    wait_until(lambda: not process_runs(host, "postgres"))
    host.run("systemctl", "restart", "postgresql@15-main")
    assert answer["failed"] is True
    assert answer["msg"].startswith(
        f"PostgreSQL postgres@/var/run/postgresql:5432/{shop.name}: server closed the connection"
    )
    assert answer["msg"].endswith(".") and "\n" not in answer["msg"]
    assert shop.folders() == before
    assert shop.back_up()["changed"] is True
