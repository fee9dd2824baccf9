"""Dumps in an object store: what counts, what is sent, what expires."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest
from ansible.module_utils.pgops.backup_catalog import Backup, Catalog
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.manifest import Manifest
from ansible.module_utils.pgops.offsite import choose, expired, held, plan
from ansible.module_utils.pgops.offsite_store import Store

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
STORE = Store("https://s3.example.org", "backups", "/dumps/", "us-east-1", "AKIA", "hidden")
MANIFEST = Manifest(
    name="", type="full", database="shop", created_at="", server_version="15.18", lsn="0/1", schema_revision=None, owner="shop",
    encoding="UTF8", locale={}, database_size_bytes=1, rows={}, access=[], settings=[], format="custom, zstd", size_bytes=7,
    sha256="", duration_s=1.0, tools={},
)  # fmt: skip


def name(days: float, database: str = "shop") -> str:
    return f"{database}_full_{NOW - timedelta(days=days):%Y%m%dT%H%M%SZ}"


def files(*names: str, parts=("archive.dump.zst", "manifest.json")) -> list[dict]:
    return [{"Path": f"{one}/{part}", "Size": 7} for one in names for part in parts]


def local(days: float, fault: str | None = None) -> Backup:
    made = replace(MANIFEST, name=name(days), created_at=(NOW - timedelta(days=days)).isoformat())
    return Backup(Path("/backups", made.name), made, fault)


@pytest.mark.parametrize(
    ("listed", "copies", "unfinished", "foreign"),
    [
        pytest.param([], [], [], [], id="nothing"),
        pytest.param(files(name(2), name(1)), [name(1), name(2)], [], [], id="newest-first"),
        pytest.param(files(name(1), parts=["archive.dump.zst"]), [], [name(1)], [], id="without-a-manifest"),
        pytest.param(files(name(1), parts=["manifest.json"]), [], [name(1)], [], id="without-an-archive"),
        pytest.param(files(name(1), parts=["archive.sql.zst", "manifest.json"]), [name(1)], [], [], id="another-format"),
        pytest.param(files(name(1), parts=["archive.sql.zst", "archive.dump.zst"]), [], [name(1)], [], id="two-archives"),
        pytest.param(files("a/b", parts=["manifest.json"]), [], [], ["a/b/manifest.json"], id="not-ours"),
        pytest.param([{"Path": f"{name(1)}/more", "Size": 1}], [], [], [f"{name(1)}/more"], id="beside-ours"),
        pytest.param(files(f"{name(1)}-2", name(1)), [f"{name(1)}-2", name(1)], [], [], id="two-of-one-second"),
    ],
)  # fmt: skip
def test_a_backup_counts_when_it_is_whole(listed, copies, unfinished, foreign):
    found = held(listed)
    assert [one.name for one in found.copies] == copies
    assert list(found.unfinished) == unfinished
    assert list(found.foreign) == foreign


@pytest.mark.parametrize(
    ("here", "there", "sent", "removed"),
    [
        pytest.param([local(1), local(2)], [], [1, 2], [], id="all-of-them"),
        pytest.param([local(1), local(2)], [name(2)], [1], [], id="what-is-missing"),
        pytest.param([local(1, "torn")], [], [], [], id="never-a-damaged-one"),
        pytest.param([local(100)], [], [], [], id="not-what-would-expire"),
        pytest.param([], [name(1), name(91)], [], [91], id="expired"),
        pytest.param([], [name(91), name(92)], [], [92], id="but-for-the-newest"),
        pytest.param([], [name(1), name(89)], [], [], id="young-enough"),
    ],
)
def test_what_is_sent_and_what_expires(here, there, sent, removed):
    found = plan(Catalog(Path("/backups"), tuple(here), {}, ()), held(files(*there)), 90, NOW)
    assert [one.manifest.name for one in found.send] == [name(days) for days in sent]
    assert [one.name for one in found.expire] == [name(days) for days in removed]
    assert len(found.steps) == len(sent) + len(removed)


def test_the_newest_of_each_database_stays():
    copies = held(files(name(100, "shop"), name(200, "shop"), name(300, "wiki"), name(400, "a_full_b"))).copies
    assert [one.name for one in expired(copies, NOW - timedelta(days=90))] == [name(200, "shop")]
    assert {one.database for one in copies} == {"shop", "wiki", "a_full_b"}


def test_the_newest_of_each_type_stays_and_only_a_full_one_is_the_latest():
    names = [
        name(days).replace("full", kind) for days, kind in ((95, "data"), (96, "data"), (97, "schema"), (98, "full"))
    ]
    copies = held(files(*names, "server_globals_20260101T000000Z"))
    assert [one.name for one in expired(copies.copies, NOW - timedelta(days=90))] == [names[1]]
    assert choose(copies, "latest", "shop").name == names[3]
    assert {one.database for one in copies.copies} == {"shop", ""}


def test_one_is_chosen_by_its_name_or_as_the_newest():
    found = held(files(name(1, "wiki"), name(2), name(3)))
    assert choose(found, "latest", "shop").name == name(2)
    assert choose(found, name(3), "").name == name(3)
    with pytest.raises(PgopsError, match=r"^There is no backup other in the object store\. The newest are: wiki_full_"):
        choose(found, "other", "shop")
    with pytest.raises(PgopsError, match=r"^There is no full backup of none in the object store\."):
        choose(found, "latest", "none")


def test_rclone_is_told_by_its_environment_only(monkeypatch):
    monkeypatch.setenv("RCLONE_CONFIG_STORE_ENDPOINT", "https://elsewhere.example.org")
    monkeypatch.setenv("RCLONE_DRY_RUN", "true")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "another")
    found = STORE.environment
    assert {n: v for n, v in found.items() if n.startswith(("RCLONE_", "AWS_"))} == {
        "RCLONE_CONFIG": "",
        "RCLONE_CONFIG_STORE_TYPE": "s3",
        "RCLONE_CONFIG_STORE_PROVIDER": "Other",
        "RCLONE_CONFIG_STORE_ENDPOINT": "https://s3.example.org",
        "RCLONE_CONFIG_STORE_REGION": "us-east-1",
        "RCLONE_CONFIG_STORE_ACCESS_KEY_ID": "AKIA",
        "RCLONE_CONFIG_STORE_SECRET_ACCESS_KEY": "hidden",
        "RCLONE_CONFIG_STORE_FORCE_PATH_STYLE": "true",
        "RCLONE_CONFIG_STORE_SERVER_SIDE_ENCRYPTION": "AES256",
        "RCLONE_CONFIG_STORE_STORAGE_CLASS": "STANDARD_IA",
        "RCLONE_CONFIG_STORE_NO_CHECK_BUCKET": "true",
    }


@pytest.mark.parametrize(("inside", "place"), [("", "store:backups/dumps"), ("a/b", "store:backups/dumps/a/b")])
def test_a_place_in_the_store(inside, place):
    assert STORE.place(inside) == place
