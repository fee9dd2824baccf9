"""The directory format: four runs, and everything that holds for a single archive holds for it."""

import json

import pytest

from backups import GROW, ROWS, SMALL, opened, wait_until
from drills import Drills, heartbeat

LARGE_OBJECTS = "SELECT lo_from_bytea(0, decode(md5(n::text), 'hex')) FROM generate_series(1, 5) n"


@pytest.fixture(scope="module")
def open_shop(host):
    with opened(host) as made:
        made.execute(GROW.format(kibibytes=3000) + f"SET ROLE {made.name}_owner; {LARGE_OBJECTS};")
        yield made


@pytest.fixture
def shop(open_shop):
    yield open_shop
    open_shop.clear()


def params(shop, **changes) -> dict:
    return shop.backup_params(format="directory", **changes)


def test_each_run_makes_a_backup_and_no_dry_run_touches_the_disk(shop):
    runs = shop.host.four_runs("pg_backup", params(shop), lambda: (shop.disk(), shop.folders()))
    assert [run.get("changed") for run, _ in runs] == [True] * 4, runs
    names = [runs[place][0]["backup"]["name"] for place in (1, 3)]
    assert [folders for _, (_, folders) in runs] == [[], names[:1], names[:1], sorted(names)]
    assert [runs[0][0][key] == runs[1][0][key] for key in ("diff", "estimated_bytes")] == [True, True]
    made = runs[1][0]["backup"]
    assert made["rows"] == {**ROWS, "public.noise": 3000}
    # The next one is told by it how much it takes on the way.
    taken = 2 * made["size_bytes"] + made["unpacked_bytes"]
    assert runs[2][0]["estimated_bytes"] == int(taken * 1.25) + 1
    modes = {tuple(line.split(" ")[:2]) for line in runs[1][1][0]}
    files = {(f"{names[0]}/{file}", "600") for file in ("archive.tar", "manifest.json")}
    assert modes == {("", "700"), (".lock", "600"), (names[0], "700"), *files}
    listed = shop.listed(checksum=True)
    assert [(one["name"], one["format"], one["sound"]) for one in listed["backups"]] == [
        (name, "directory, zstd", True) for name in reversed(names)
    ]


def test_the_archive_can_be_read_without_the_product(shop):
    path = shop.back_up(format="directory", type="data")["backup"]["path"]
    script = f"""
        set -e; sha256sum {path}/archive.tar; folder=$(mktemp -d); cd $folder; tar -xf {path}/archive.tar; unzstd -q --rm *.zst
        cd /; pg_restore --file=- $folder | grep -c 'item 700'; rm -r $folder
    """
    digest, _, found = shop.host.run("sh", "-c", script).stdout.split()
    manifest = json.loads(shop.host.run("cat", f"{path}/manifest.json").stdout)
    assert (digest, found) == (manifest["sha256"], "1")


def test_it_is_restored_and_drilled_like_any_other(shop):
    heartbeat(shop.host, shop.name, 100)
    made = shop.back_up(format="directory", jobs=3)["backup"]
    dry = shop.host.module("pg_restore", shop.restore_params(), check_mode=True)
    result = shop.restore(compare_with=shop.name)
    assert (result["backup"]["name"], result["plan"], result["verified"]) == (made["name"], dry["plan"], True)
    assert result["comparison"]["equal"] is True, result["comparison"]
    assert shop.contents(f"{shop.name}_copy") == shop.contents(shop.name)
    assert shop.host.query("SELECT count(*) FROM pg_largeobject_metadata", db=f"{shop.name}_copy") == [[5]]
    # Nothing of what was unpacked is left.
    assert [line.split(" ")[0] for line in shop.disk() if ".restoring" in line] == [".restoring", ".restoring/.lock"]
    drills = Drills(shop.host, kind="logical", database=shop.name, directory=shop.directory, queries=[])
    assert drills.passed()["backup"] == made["name"]
    assert drills.left() == []


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param("truncate --size=-512 archive.tar", id="truncated"),
        pytest.param("printf x | dd of=archive.tar bs=1 seek=70000 conv=notrunc status=none", id="another-byte"),
        pytest.param("rm archive.tar", id="missing"),
    ],
)
def test_what_is_damaged_is_not_restored(shop, damage):
    name = shop.back_up(format="directory")["backup"]["name"]
    shop.host.run("sh", "-c", f"cd {shop.directory}/{name} && {damage}")
    refusal = shop.refusal("pg_restore", shop.restore_params(backup=name))
    assert refusal.startswith(f"The archive of backup {name} ")
    assert shop.databases() == [shop.name]


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("test -e {0}/.partial-*/unpacked/toc.dat", id="dumping"),
        pytest.param("test -s {0}/.partial-*/archive.tar", id="packing"),
        pytest.param("test -e {0}/.partial-*/unpacked/toc.dat && test -e {0}/.partial-*/archive.tar", id="read-back"),
    ],
)
def test_a_killed_backup_is_none_and_the_next_one_removes_its_remains(shop, moment):
    shop.in_background("pg_backup", params(shop, level=9)).kill_when(moment.format(shop.directory))
    busy = "pg_dump", "zstd", "pg_restore"
    wait_until(lambda: not any(shop.host.run("pgrep", "-x", one, check=False).stdout for one in busy))
    assert [name[:9] for name in shop.folders()] == [".partial-"]
    assert (shop.listed()["backups"], shop.listed()["problems"]) == ([], [])
    after = shop.back_up(format="directory")["backup"]["name"]
    assert shop.folders() == [after]


def test_a_killed_restore_leaves_the_target_as_it_was(shop):
    shop.back_up(format="directory")
    before = shop.contents(shop.name)
    over = shop.restore_params(target=shop.name, confirm=shop.name)
    running = shop.in_background("pg_restore", over)
    running.kill_when(f"test -e {shop.directory}/.restoring/unpacked/toc.dat")
    wait_until(lambda: not shop.host.run("pgrep", "-x", "pg_restore", check=False).stdout)
    assert shop.contents(shop.name) == before
    assert any("unpacked" in line for line in shop.disk())
    shop.succeed("pg_restore", over)
    assert not any("unpacked" in line for line in shop.disk())
    assert shop.contents(shop.name) == before


def test_a_disk_that_becomes_full_keeps_the_backups_it_has_and_no_more(host):
    with opened(host) as shop:
        shop.directory = f"{SMALL}/{shop.name}"
        first = shop.back_up(format="directory")["backup"]["name"]
        # Against the estimate by the last backup.
        shop.execute(GROW.format(kibibytes=5000))
        assert shop.refusal("pg_backup", params(shop)).startswith(f"{shop.directory} became full: ")
        assert shop.folders() == [first]
        assert [one["sound"] for one in shop.listed(checksum=True)["backups"]] == [True]


def test_what_it_cannot_be_is_refused(shop):
    for check_mode in (True, False):
        assert shop.refusal("pg_backup", params(shop, jobs=0), check_mode) == "jobs is 0. Give 1 or more."
    name = shop.back_up(format="directory")["backup"]["name"]
    shop.change_manifest(name, unpacked_bytes=1 << 50)
    for check_mode in (True, False):
        refusal = shop.refusal("pg_restore", shop.restore_params(), check_mode)
        assert refusal.startswith(f"Unpacking {name} needs about 10737418")
    assert shop.databases() == [shop.name]
