"""pg_drill with dumps: four runs, what it finds out, and what it refuses; the live server is never asked or touched."""

import pytest

from backups import SMALL, opened, wait_until
from drills import WORK, Drills, heartbeat, verdicts


@pytest.fixture
def shop(host):
    """A shop with one backup."""
    with opened(host) as made:
        heartbeat(host, made.name, 100)
        made.back_up()
        yield made


@pytest.fixture
def drills(shop):
    queries = [
        {"name": "orders", "query": "SELECT id FROM orders LIMIT 5", "role": f"{shop.name}_app", "minimum_rows": 5}
    ]
    return Drills(shop.host, kind="logical", database=shop.name, directory=shop.directory, queries=queries)


def test_four_runs_leave_nothing(shop, drills):
    def witness():
        return shop.databases(), shop.contents(shop.name), shop.folders(), drills.left()

    before = witness()
    runs = shop.host.four_runs("pg_drill", drills.params(), witness)
    assert [run.get("changed") for run, _ in runs] == [False] * 4, runs
    assert [found for _, found in runs] == [before] * 4
    assert [run["drill"] is None for run, _ in runs] == [True, False, True, False]
    assert runs[0][0]["plan"] == runs[1][0]["plan"]
    drill = runs[1][0]["drill"]
    assert drill["passed"] is True, drill
    assert verdicts(drill) == dict.fromkeys(["rows", "heartbeat", "orders", "amcheck", "checksums"], "passed")
    assert drill["durations_s"]["replay"] is None
    assert drill["rto_s"] == pytest.approx(
        sum(drill["durations_s"][name] for name in ("fetch", "restore", "verify")), abs=0.1
    )
    assert 100 <= drill["rpo_s"] < 400


def archive_of(shop, name: str) -> str:
    return f"{shop.directory}/{name}/archive.dump.zst"


@pytest.fixture
def damaged(shop):
    """The newest of two backups, which a test damages."""
    return shop.back_up()["backup"]["name"]


def test_a_truncated_dump_fails_although_an_older_one_is_sound(shop, drills, damaged):
    shop.host.run("truncate", "--size=-100", archive_of(shop, damaged))
    drill = drills.failed()
    assert drill["backup"] == damaged
    assert f"The archive of backup {damaged} has" in drill["problems"][0]
    assert drill["checks"] == []


def test_a_damaged_byte_is_found(shop, drills, damaged):
    shop.flip_byte(archive_of(shop, damaged))
    assert "does not have the SHA-256 of its manifest" in drills.failed()["problems"][0]


def test_a_newest_backup_that_cannot_be_told_of_is_not_passed_over(shop, drills, damaged):
    shop.host.run("truncate", "--size=10", f"{shop.directory}/{damaged}/manifest.json")
    assert f"The manifest of backup {damaged} is no JSON" in drills.failed()["problems"][0]


def test_rows_that_are_not_those_of_the_manifest_are_found(shop, drills, damaged):
    shop.change_manifest(damaged, rows={"public.orders": 701})
    drill = drills.failed()
    assert verdicts(drill)["rows"] == "failed"
    assert drill["problems"][0].startswith(
        "rows: operations.heartbeat has 1 rows instead of none at all; public.orders has 700"
    )
    # The others were asked nevertheless.
    assert verdicts(drill)["amcheck"] == "passed"


def test_a_role_that_nobody_would_make_is_found(shop, drills):
    shop.execute(f"CREATE ROLE {shop.name}_stranger; GRANT SELECT ON returns TO {shop.name}_stranger;")
    try:
        shop.back_up()
        assert f'role "{shop.name}_stranger" does not exist' in drills.failed()["problems"][0]
        drills.passed(roles=[f"{shop.name}_stranger"])
    finally:
        shop.execute(f"DROP OWNED BY {shop.name}_stranger; DROP ROLE {shop.name}_stranger;")


def test_what_the_application_cannot_ask_is_found(shop, drills):
    queries = [
        {"name": "no rows", "query": "SELECT FROM returns", "minimum_rows": 1},
        {"name": "no right", "query": "SELECT FROM stock.items", "role": f"{shop.name}_app"},
        {"name": "no reading", "query": "DELETE FROM orders"},
    ]
    assert drills.failed(queries=queries)["problems"] == [
        "no rows: Rows found: 0; there have to be 1 at least.",
        "no right: permission denied for schema stock.",
        "no reading: cannot execute DELETE in a read-only transaction.",
    ]


def test_a_schema_that_is_not_as_declared_is_found(shop, drills):
    declared = {"revision": "0001", "schemas": ["public"], "objects": {}}
    assert (
        "schema: no schema is deployed where revision 0001 is declared." in drills.failed(declared=declared)["problems"]
    )


def test_without_a_heartbeat_nobody_knows_what_would_be_lost(shop, drills):
    shop.execute("DELETE FROM operations.heartbeat;")
    shop.back_up()
    drill = drills.passed()
    assert (drill["rpo_s"], drill["heartbeat_at"], verdicts(drill)["heartbeat"]) == (None, None, "skipped")


def test_a_database_may_have_the_name_of_the_one_that_every_server_has(shop, drills):
    made = shop.host.module("pg_backup", {"login_db": "postgres", "directory": shop.directory})
    assert drills.passed(database="postgres", queries=[])["backup"] == made["backup"]["name"]


def test_no_backup_at_all_is_a_failed_drill(drills):
    drill = drills.failed(database="nobody")
    assert (drill["backup"], "There is no full backup of nobody" in drill["problems"][0]) == (None, True)


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_cannot_be_is_refused_and_nothing_is_changed(shop, drills, check_mode):
    assert drills.left() == []
    assert "There is no backup nothing in" in drills.refusal(check_mode, backup="nothing")
    assert "directory is missing" in drills.refusal(check_mode, directory=None)
    assert "give a path that begins with /" in drills.refusal(check_mode, work_directory="drill")
    assert "timeout_s has to be 1 or more" in drills.refusal(check_mode, timeout_s=0)
    assert "keep_free_ratio" in drills.refusal(check_mode, keep_free_ratio=1)
    assert "The declaration lacks" in drills.refusal(check_mode, declared={})
    said = drills.refusal(check_mode, work_directory=f"{SMALL}/drill")
    assert "Nothing was changed. Make room there" in said
    assert shop.host.run("sh", "-c", f"find {SMALL} -name side").stdout == ""


def test_what_is_not_of_a_drill_is_not_removed(shop, drills):
    shop.host.run(
        "sh",
        "-c",
        "mkdir -p /var/tmp/theirs/side && touch /var/tmp/theirs/side/mine && chown -R postgres /var/tmp/theirs",
    )
    try:
        assert "is not of a drill" in drills.refusal(work_directory="/var/tmp/theirs")
        assert shop.host.run("ls", "/var/tmp/theirs/side").stdout == "mine\n"
    finally:
        shop.host.run("rm", "-r", "/var/tmp/theirs")


def test_a_second_drill_is_refused_and_the_first_goes_on(shop, drills):
    slow = [{"name": "slow", "query": "SELECT pg_sleep(5)"}]
    first = drills.in_background(queries=slow)
    wait_until(lambda: drills.left() != [])
    assert f"Another drill is running in {WORK}: process" in drills.refusal()
    assert first.result()["drill"]["passed"] is True


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(f"test -e {WORK}/side", id="begun"),
        pytest.param(f"test -e {WORK}/side/data/PG_VERSION", id="initdb"),
        pytest.param(f"test -e {WORK}/side/data/postmaster.pid", id="started"),
        pytest.param("pgrep -x pg_restore", id="restoring"),
        pytest.param("pgrep -x pg_amcheck", id="verifying"),
    ],
)
def test_killed_it_harms_nothing_and_the_next_one_passes(shop, drills, moment):
    before = shop.contents(shop.name), shop.folders(), shop.databases()
    drills.in_background().kill_when(moment)
    assert (shop.contents(shop.name), shop.folders(), shop.databases()) == before
    again = drills.run()
    assert (again["changed"], again["drill"]["passed"]) == (True, True)
    assert drills.left() == []


def test_a_number_that_the_live_server_has_by_now_does_not_end_it(shop, drills):
    """As after a restart of the host: what is left of a drill names a process that is another one's."""
    drills.in_background().kill_when(f"test -e {WORK}/side/data/postmaster.pid")
    wait_until(lambda: not shop.host.run("pgrep", "-f", "[p]ostgres.*drill/side", check=False).stdout)
    since = "SELECT pg_postmaster_start_time()::text"
    before = shop.host.query(since)
    shop.host.run(
        "cp", "/var/lib/postgresql/15/main/postmaster.pid", f"{WORK}/side/data/postmaster.pid", user="postgres"
    )
    drills.passed()
    assert shop.host.query(since) == before


def test_the_server_of_a_killed_drill_ends_with_it(shop, drills):
    drills.in_background(queries=[{"name": "slow", "query": "SELECT pg_sleep(60)"}]).kill_when(
        "pgrep -f 'SELECT$|[d]rill: postgres'"
    )
    wait_until(lambda: not shop.host.run("pgrep", "-f", "[p]ostgres.*drill/side", check=False).stdout)
    # Nor is shared memory left of it.
    assert "postgres" not in shop.host.run("sh", "-c", "ipcs -m | awk '$6 == 0'").stdout
    drills.passed()


@pytest.mark.parametrize("tenth", [1, 3, 5, 7, 9])
def test_killed_at_any_moment_it_harms_nothing_and_the_next_one_passes(shop, drills, tenth):
    """Moments that have no name: after so many tenths of the time that a drill takes."""
    before = shop.contents(shop.name), shop.folders(), shop.databases()
    took_s = drills.passed()["rto_s"]
    running = drills.in_background()
    shop.host.run(
        "timeout",
        "--signal=KILL",
        f"{took_s * tenth / 10:.2f}",
        "tail",
        f"--pid={running.pid}",
        "-f",
        "/dev/null",
        check=False,
    )
    shop.host.run("kill", "-KILL", running.pid, check=False)
    running.process.wait(timeout=30)
    assert (shop.contents(shop.name), shop.folders(), shop.databases()) == before
    drills.passed()
    assert drills.left() == []
