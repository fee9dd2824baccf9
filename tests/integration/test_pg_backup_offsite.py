"""Dumps in an object store: four runs, what the store itself then says, and everything that can be wrong with it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import backups
from backups import wait_until
from lab.host import started
from object_store import FOLDER, SETTINGS, ObjectStore, packages
from offsite_shop import PREFIX, OffSiteShop


@pytest.fixture(scope="module")
def open_shop() -> Iterator[OffSiteShop]:
    with started("dumps", packages()) as host:
        store = ObjectStore(host)
        store.start()
        with backups.opened(host) as made:
            yield OffSiteShop(store, made.name)


@pytest.fixture
def shop(open_shop):
    """Empty, here and there."""
    yield open_shop
    open_shop.clear()
    open_shop.store.host.run("systemctl", "stop", "object-store")
    open_shop.store.start()


def test_a_dump_goes_there_once_and_a_dry_run_foretells_it(shop):
    made = shop.back_up()["backup"]
    runs = shop.host.four_runs("pg_backup_offsite", shop.offsite_params(), shop.whole)
    assert [run["changed"] for run, _ in runs] == [True, True, False, False], runs
    assert [there for _, there in runs] == [[], [made["name"]], [made["name"]], [made["name"]]]
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    assert runs[1][0]["copies"][0]["size_bytes"] == made["size_bytes"]


def test_the_store_encrypts_it_and_has_it_in_the_class_that_was_asked_for(shop):
    shop.back_up()
    shop.send()
    assert {(one["encryption"], one["class"]) for one in shop.objects()} == {("AES256", "STANDARD_IA")}


def test_what_comes_back_is_what_went(shop):
    made = shop.back_up()["backup"]
    shop.send()
    elsewhere = f"{shop.directory}/elsewhere"
    params = shop.offsite_params(directory=elsewhere, state="fetched", database=shop.name)
    runs = shop.host.four_runs("pg_backup_offsite", params, lambda: shop.disk(elsewhere) != [])
    assert [(run["changed"], there) for run, there in runs] == [
        (True, False),
        (True, True),
        (False, True),
        (False, True),
    ]
    sums = [
        shop.host.run("sh", "-c", f"cd {folder}/{made['name']} && sha256sum *").stdout
        for folder in (shop.directory, elsewhere)
    ]
    assert sums[0] == sums[1]
    shop.restore(directory=elsewhere)
    assert shop.contents(f"{shop.name}_copy") == shop.contents(shop.name)


def test_each_type_and_format_goes_there_and_the_latest_that_comes_back_is_a_full_one(shop):
    full = shop.back_up(format="directory")["backup"]["name"]
    others = [shop.back_up(type=kind)["backup"]["name"] for kind in ("data", "schema", "globals")]
    assert {one["archive"] for one in shop.send()["copies"]} == {"archive.tar", "archive.dump.zst", "archive.sql.zst"}
    assert shop.whole() == sorted([full, *others])
    elsewhere = f"{shop.directory}/elsewhere"
    for wanted, name in (("latest", full), *((name, name) for name in others)):
        params = shop.offsite_params(directory=elsewhere, state="fetched", database=shop.name, backup=wanted)
        assert shop.succeed("pg_backup_offsite", params)["backup"] == name
    listed = shop.listed(directory=elsewhere, checksum=True)
    assert sorted(one["name"] for one in listed["backups"]) == sorted([full, *others])
    assert listed["problems"] == []
    shop.restore(directory=elsewhere)
    assert shop.contents(f"{shop.name}_copy") == shop.contents(shop.name)


def test_what_is_older_is_removed_but_for_the_newest(shop):
    names = [shop.back_up()["backup"]["name"] for _ in range(3)]
    shop.send()
    stamps = [f"{shop.name}_full_20260{month}01T000000Z" for month in (1, 2, 3)]
    for name, stamp in zip(names, stamps, strict=True):
        shop.change_manifest(
            name, name=stamp, created_at=f"{stamp[-16:-12]}-{stamp[-12:-10]}-{stamp[-10:-8]}T00:00:00+00:00"
        )
        shop.host.run("mv", f"{shop.directory}/{name}", f"{shop.directory}/{stamp}")
    shop.send(keep_days=3650)
    assert shop.whole() == sorted([*stamps, *names])
    shop.host.run("sh", "-c", f"rm -rf {shop.directory}/{shop.name}*")
    dry = shop.host.module("pg_backup_offsite", shop.offsite_params(), check_mode=True)
    assert len(dry["plan"]) == 3
    assert shop.send()["plan"] == dry["plan"]
    assert shop.whole() == sorted(names)


def test_the_last_ones_stay_however_old_they_are(shop):
    name, stamp = shop.back_up()["backup"]["name"], f"{shop.name}_full_20200101T000000Z"
    shop.change_manifest(name, name=stamp, created_at="2020-01-01T00:00:00+00:00")
    shop.host.run("mv", f"{shop.directory}/{name}", f"{shop.directory}/{stamp}")
    shop.send(keep_days=36500)
    assert shop.send(keep_days=1)["changed"] is False
    assert shop.whole() == [stamp]


def test_a_damaged_dump_does_not_go_there(shop):
    made = shop.back_up()["backup"]
    shop.flip_byte(f"{made['path']}/archive.dump.zst")
    assert "does not have the SHA-256" in shop.refusal("pg_backup_offsite", shop.offsite_params())
    assert shop.whole() == []


def test_a_copy_that_is_damaged_there_does_not_come_back(shop):
    made = shop.back_up()["backup"]
    shop.change_manifest(made["name"], sha256="0" * 64)
    # As somebody does who copies without looking.
    script = f"export $(cat); rclone copy --quiet {shop.directory}/{made['name']} store:{SETTINGS['bucket']}/{PREFIX}/{made['name']}"
    settings = {"TYPE": "s3", "PROVIDER": "Other", "ENDPOINT": "https://localhost", "ACCESS_KEY_ID": SETTINGS["key"]}
    words = [f"RCLONE_CONFIG_STORE_{name}={value}" for name, value in settings.items()]
    given = "\n".join([*words, f"RCLONE_CA_CERT={FOLDER}/ca.crt"])
    secret = f"export RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY='{SETTINGS['secret']}'; "
    shop.host.run("sh", "-c", secret + script, stdin=given)
    elsewhere = f"{shop.directory}/elsewhere"
    params = shop.offsite_params(directory=elsewhere, state="fetched", backup=made["name"])
    assert shop.refusal("pg_backup_offsite", params).endswith(
        "The copy in the object store is damaged: choose another one."
    )
    assert [name for name in shop.disk(elsewhere) if made["name"] in name] == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"key": "another"}, "The store does not know this key", id="key"),
        pytest.param({"secret": "another"}, "The secret is not that of the key", id="secret"),
        pytest.param({"bucket": "nowhere"}, "There is no such bucket", id="bucket"),
        pytest.param({"ca": ""}, "Its authority is not trusted here", id="authority"),
        pytest.param({"endpoint": "https://127.0.0.1"}, "Its certificate is another host's", id="name"),
        pytest.param({"endpoint": "https://localhost:444"}, "The store cannot be reached", id="down"),
        pytest.param({"keep_days": 0}, "keep_days is 0. Give how many days", id="days"),
        pytest.param({"state": "fetched"}, "database is missing: say whose newest backup", id="whose"),
        pytest.param({"state": "fetched", "backup": "other"}, "There is no backup other in the object store.", id="unknown"),
    ],
)  # fmt: skip
def test_what_cannot_be_is_told_in_a_sentence(shop, changes, sentence):
    shop.back_up()
    refusal = shop.refusal("pg_backup_offsite", shop.offsite_params(**changes))
    assert sentence in refusal
    assert SETTINGS["secret"] not in refusal
    assert shop.whole() == []


def test_a_directory_that_cannot_be_used_is_told_in_a_sentence(shop):
    name = shop.back_up()["backup"]["name"]
    shop.send()
    params = shop.offsite_params(directory="/root/dumps", state="fetched", backup=name)
    refusal = shop.refusal("pg_backup_offsite", params)
    assert refusal.startswith(f"/root/dumps/{name} cannot be used: Permission denied. Nothing was removed.")


def test_what_is_there_is_listed_without_a_look_at_this_host(shop):
    made = shop.back_up()["backup"]
    shop.send()
    runs = shop.host.four_runs("pg_backup_offsite_info", shop.store_params(), shop.objects)
    assert {(run["changed"], run["unknown"], len(there)) for run, there in runs} == {(False, None, 2)}
    [copy] = runs[0][0]["copies"]
    assert (copy["name"], copy["size_bytes"]) == (made["name"], made["size_bytes"])
    away = shop.succeed("pg_backup_offsite_info", shop.store_params(endpoint="https://localhost:444"))
    assert "The store cannot be reached" in away["unknown"] and away["copies"] == []


def test_health_tells_of_the_newest_dump(shop):
    assert {name: one["verdict"] for name, one in shop.health().items()} == {
        "offsite": "critical",
        "offsite_newest": "ok",
    }
    name = shop.back_up()["backup"]["name"]
    found = shop.health()
    assert found["offsite"]["finding"] == f"No dump of {shop.name} is in the object store."
    assert f"The newest dump, {name}, made" in found["offsite_newest"]["finding"]
    shop.send()
    found = shop.health()
    assert {name: one["verdict"] for name, one in found.items()} == {"offsite": "ok", "offsite_newest": "ok"}
    assert found["offsite_newest"]["finding"].endswith(f"{name}, is in the object store as it is here.")
    shop.change_manifest(name, sha256="0" * 64)
    found = shop.health()["offsite_newest"]
    assert (found["verdict"], found["value"]) == ("critical", "differs")
    assert f"Remove store:{SETTINGS['bucket']}/{PREFIX}/{name}/manifest.json from the store" in found["advice"]


@pytest.mark.parametrize(
    "changes", [{"endpoint": "https://localhost:444"}, {"secret": "another"}, {"bucket": "nowhere"}]
)
def test_health_warns_of_a_store_that_does_not_answer(shop, changes):
    shop.back_up()
    found = shop.health(**changes)
    assert {(name, one["verdict"]) for name, one in found.items()} == {("offsite", "warning")}
    assert "The object store could not be listed" in found["offsite"]["finding"]
    assert "Until it answers nobody knows" in found["offsite"]["advice"]


def test_killed_while_it_sends_nothing_counts_and_the_next_run_sends_it(shop):
    shop.execute(backups.GROW.format(kibibytes=40_000))
    name = shop.back_up()["backup"]["name"]
    for _ in range(3):
        run = shop.in_background("pg_backup_offsite", shop.offsite_params())
        run.kill_when("pgrep -x rclone")
        wait_until(lambda: shop.host.run("pgrep", "-x", "rclone", check=False).returncode == 1)
        assert shop.whole() == []
    assert shop.send()["changed"] is True
    assert shop.whole() == [name]
    shop.execute("DROP TABLE public.noise; DROP EXTENSION pgcrypto;")


def test_keys_are_in_no_list_of_processes(shop):
    shop.execute(backups.GROW.format(kibibytes=20_000))
    shop.back_up()
    run = shop.in_background("pg_backup_offsite", shop.offsite_params())
    wait_until(lambda: shop.host.run("pgrep", "-x", "rclone", check=False).returncode == 0)
    listed = shop.host.run("ps", "-eo", "args").stdout
    assert "rclone" in listed
    assert SETTINGS["secret"] not in listed and SETTINGS["key"] not in listed
    assert run.result()["changed"] is True
    shop.execute("DROP TABLE public.noise; DROP EXTENSION pgcrypto;")
