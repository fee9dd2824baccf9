"""pg_backup and pg_backup_info: four runs, and what disk and server then say."""

import json

import pytest

from backups import ROWS, aged, opened, session


@pytest.fixture(scope="module")
def open_shop(host):
    with opened(host) as made:
        yield made


@pytest.fixture
def shop(open_shop):
    yield open_shop
    open_shop.clear()


def test_each_run_makes_a_backup_and_no_dry_run_touches_the_disk(host, shop):
    runs = host.four_runs("pg_backup", shop.backup_params(), lambda: (shop.disk(), shop.folders()))
    assert [run.get("changed") for run, _ in runs] == [True] * 4, runs
    disks = [disk for _, (disk, _) in runs]
    assert disks[0] == []
    assert disks[2] == disks[1]
    first, second = runs[1][0]["backup"]["name"], runs[3][0]["backup"]["name"]
    assert [folders for _, (_, folders) in runs] == [[], [first], [first], sorted([first, second])]
    # The dry run foretold what the run then did.
    for dry, run in ((runs[0][0], runs[1][0]), (runs[2][0], runs[3][0])):
        assert dry["diff"] == run["diff"]
        assert dry["estimated_bytes"] == run["estimated_bytes"]
        assert "backup" not in dry


def test_what_was_kept_for_long_enough_goes_once_there_is_a_new_one(host, shop):
    old = [aged(shop, days) for days in (40, 31, 29)]
    host.run("mkdir", f"{shop.directory}/notes")
    params = shop.backup_params(keep_days=30, keep_count=3)
    dry, before = host.module("pg_backup", params, check_mode=True), shop.folders()
    assert dry["removed"] == [old[1], old[0]]
    assert before == sorted([*old, "notes"])
    first = shop.back_up(keep_days=30, keep_count=3)
    assert first["removed"] == dry["removed"]
    assert first["diff"] == dry["diff"]
    assert f"backup {old[0]}, 1 MiB" in dry["diff"]["before"]
    assert shop.folders() == sorted([old[2], first["backup"]["name"], "notes"])
    second = shop.back_up(keep_count=1)
    assert second["removed"] == [first["backup"]["name"], old[2]]
    assert shop.folders() == sorted([second["backup"]["name"], "notes"])


def test_backups_of_other_databases_and_those_without_a_manifest_stay(shop):
    others, torn = aged(shop, 100), aged(shop, 101)
    shop.change_manifest(others, database="wiki")
    shop.host.run("rm", f"{shop.directory}/{torn}/manifest.json")
    assert shop.back_up(keep_days=1, keep_count=1)["removed"] == []
    assert {others, torn} < set(shop.folders())


def test_nothing_goes_when_there_is_no_new_one(shop):
    old = aged(shop, 40)
    refusal = shop.refusal("pg_backup", shop.backup_params(keep_days=30, login_role="nobody_at_all"))
    assert "nobody_at_all" in refusal
    assert shop.folders() == [old]


def test_killed_while_it_removes_it_leaves_no_half_backup(shop):
    old = aged(shop, 40)
    # So many files that removing them takes a while.
    shop.host.run("sh", "-c", f"cd {shop.directory}/{old} && seq 60000 | xargs touch")
    run = shop.in_background("pg_backup", shop.backup_params(keep_days=30))
    run.kill_when(f"test -e {shop.directory}/.partial-{old}")
    listed = shop.listed()
    assert [one["name"] for one in listed["backups"]] == [name for name in shop.folders() if not name.startswith(".")]
    assert len(listed["backups"]) == 1 and listed["problems"] == []
    shop.back_up()
    assert [name for name in shop.folders() if name.startswith(".")] == []


@pytest.mark.parametrize("option", ["keep_days", "keep_count"])
def test_keeping_none_is_refused(shop, option):
    assert shop.refusal("pg_backup", shop.backup_params(**{option: 0})) == (
        f"{option} is 0. Give 1 or more, or leave it out to keep all."
    )


def test_the_manifest_tells_what_disk_and_server_tell(host, shop):
    backup = shop.back_up(login_role=f"{shop.name}_backup")["backup"]
    manifest = json.loads(host.run("cat", f"{backup['path']}/manifest.json").stdout)
    archive = f"{backup['path']}/archive.dump.zst"
    assert manifest == {name: value for name, value in backup.items() if name not in ("path", "verified")}
    assert manifest["sha256"] == host.run("sha256sum", archive).stdout.split()[0]
    assert manifest["size_bytes"] == int(host.run("stat", "-c", "%s", archive).stdout)
    assert manifest["rows"] == ROWS
    counted = {table: host.query(f"SELECT count(*) FROM {table}", db=shop.name)[0][0] for table in ROWS}
    assert manifest["rows"] == counted
    assert manifest["owner"] == f"{shop.name}_owner"
    assert manifest["settings"] == [
        ["", "search_path", '"$user", public, stock'],
        ["", "work_mem", "12MB"],
        [f"{shop.name}_app", "statement_timeout", "7s"],
    ]
    assert manifest["access"] == [
        [f"{shop.name}_app", "CONNECT", False],
        [f"{shop.name}_app", "TEMPORARY", True],
        [f"{shop.name}_backup", "CONNECT", False],
    ]


def test_the_archive_can_be_read_without_the_product(host, shop):
    backup = shop.back_up()["backup"]
    contents = host.run("sh", "-c", f"zstd -dqc {backup['path']}/archive.dump.zst | pg_restore --list").stdout
    tables = {line.split("TABLE DATA ")[1].rsplit(" ", 1)[0] for line in contents.splitlines() if "TABLE DATA" in line}
    assert tables == {name.replace(".", " ") for name in ROWS}


def test_nobody_but_their_owner_can_read_a_backup(shop):
    backup = shop.back_up()["backup"]
    modes = {tuple(line.split(" ")[:2]) for line in shop.disk()}
    name = backup["name"]
    assert modes == {
        ("", "700"),
        (".lock", "600"),
        (name, "700"),
        (f"{name}/archive.dump.zst", "600"),
        (f"{name}/manifest.json", "600"),
    }


def test_the_dump_is_made_with_the_rights_of_the_role(host, shop):
    refusal = shop.refusal("pg_backup", shop.backup_params(login_role=f"{shop.name}_app"))
    assert "permission denied" in refusal
    assert shop.folders() == []
    assert shop.back_up(login_role=f"{shop.name}_backup")["backup"]["rows"] == ROWS


def test_rows_and_archive_are_of_one_snapshot(host, shop):
    """What is written while pg_dump waits is in neither."""
    # Nobody counts a partitioned table itself, but pg_dump locks it.
    with session(host, shop.name, "BEGIN; LOCK TABLE ONLY public.visits;") as holder:
        background = shop.in_background("pg_backup", shop.backup_params())
        shop.wait_for_session("pg_dump", "wait_event_type = 'Lock'")
        shop.execute("INSERT INTO public.returns VALUES (1);")
        holder.execute("COMMIT;")
    assert background.result()["backup"]["rows"] == ROWS
    shop.execute("DELETE FROM public.returns;")
    assert shop.restore()["verified"] is True
    assert host.query("SELECT count(*) FROM public.returns", db=f"{shop.name}_copy") == [[0]]


def test_a_slow_dump_outlives_the_limits_for_idle_sessions(host, shop):
    """The session that holds the snapshot is idle while pg_dump works."""
    limits = ("idle_in_transaction_session_timeout", "idle_session_timeout")
    shop.execute("".join(f"ALTER DATABASE {shop.name} SET {limit} = '1s';" for limit in limits))
    try:
        with session(
            host,
            shop.name,
            "BEGIN; LOCK TABLE ONLY public.visits; SET idle_session_timeout = 0; SET idle_in_transaction_session_timeout = 0;",
        ):
            background = shop.in_background("pg_backup", shop.backup_params())
            shop.wait_for_session("pg_dump", "now() - query_start > interval '1500ms'")
        assert background.result()["changed"] is True
    finally:
        shop.execute("".join(f"ALTER DATABASE {shop.name} RESET {limit};" for limit in limits))


def test_a_database_may_have_any_name(host, shop):
    name = f"../host=up o'{shop.name}"
    host.execute(f'CREATE DATABASE "{name}";')
    backup = shop.back_up(login_db=name)["backup"]
    assert shop.folders() == [backup["name"]]
    assert [found["database"] for found in shop.listed()["backups"]] == [name]
    shop.restore(database=name, target=f"{name}_copy")
    assert f"{name}_copy" in shop.databases()


def test_four_runs_of_the_list_change_nothing_and_show_the_newest_first(host, shop):
    first, second = (shop.back_up()["backup"]["name"] for _ in range(2))
    before = shop.disk()
    runs = host.four_runs("pg_backup_info", {"directory": shop.directory, "checksum": True}, shop.disk)
    assert [run.get("changed") for run, _ in runs] == [False] * 4, runs
    assert [disk for _, disk in runs] == [before] * 4
    for run, _ in runs:
        assert [(one["name"], one["sound"], one["fault"]) for one in run["backups"]] == [
            (second, True, None),
            (first, True, None),
        ]
        assert (run["problems"], run["remarks"]) == ([], [])


def test_a_flipped_byte_shows_when_the_archives_are_read(host, shop):
    path = shop.back_up()["backup"]["path"]
    shop.flip_byte(f"{path}/archive.dump.zst")
    assert shop.listed()["problems"] == []
    found = shop.listed(checksum=True)
    assert [one["sound"] for one in found["backups"]] == [False]
    assert found["problems"] == [found["backups"][0]["fault"]]
    assert "does not have the SHA-256 of its manifest" in found["problems"][0]


def test_what_is_no_backup_of_ours_is_remarked_and_left_alone(host, shop):
    name = shop.back_up()["backup"]["name"]
    # As on the root of a file system of its own: root's alone.
    host.run("mkdir", "-m", "0700", f"{shop.directory}/lost+found")
    host.run("touch", f"{shop.directory}/notes.txt")
    found = shop.listed()
    assert [one["name"] for one in found["backups"]] == [name]
    assert found["problems"] == []
    assert found["remarks"] == [
        "lost+found is no backup of ours, and is left alone.",
        "notes.txt is no backup of ours, and is left alone.",
    ]
    shop.back_up()
    assert {"lost+found", "notes.txt"} < set(shop.folders())


def test_a_directory_that_is_missing_is_said_to_be(shop):
    found = shop.listed()
    assert (found["backups"], found["remarks"]) == ([], [f"The directory {shop.directory} does not exist."])
