"""Which backups there are, which is meant, and how a new one is called."""

import json
from datetime import datetime, timedelta, timezone

import pytest
from ansible.module_utils.pgops import manifest
from ansible.module_utils.pgops.backup_catalog import choose, free_name, read
from ansible.module_utils.pgops.errors import PgopsError

from test_manifest import made

NOON = datetime(2026, 11, 24, 12, tzinfo=timezone.utc)


def put(directory, hours_ago: int, database: str = "shop", archive: bytes = b"pages", kind: str = "full"):
    """A backup of a database, sound unless its archive is another; its folder."""
    moment = NOON - timedelta(hours=hours_ago)
    name = free_name(directory, database, kind, moment)
    folder = directory / name
    folder.mkdir()
    (folder / manifest.ARCHIVES[manifest.CUSTOM]).write_bytes(archive)
    manifest.write(folder, made(name=name, type=kind, database=database, created_at=moment.isoformat()))
    return folder


def test_backups_come_newest_first_with_their_age(tmp_path):
    folders = [put(tmp_path, hours) for hours in (2, 1, 3)]
    found = [backup.described(NOON) for backup in read(tmp_path, checksum=True).backups]
    assert [one["path"] for one in found] == [str(folders[place]) for place in (1, 0, 2)]
    assert [one["age_s"] for one in found] == [3600, 7200, 10800]
    assert all(one["sound"] and one["fault"] is None for one in found)


def test_a_damaged_archive_is_listed_and_a_damaged_manifest_is_not(tmp_path):
    short, blank = put(tmp_path, 1, archive=b"page"), put(tmp_path, 2)
    (blank / manifest.MANIFEST).write_text("{}")
    catalog = read(tmp_path)
    assert [(backup.folder, backup.fault is None) for backup in catalog.backups] == [(short, False)]
    assert catalog.problems == (
        f"The manifest of backup {blank.name} has no proper name.",
        f"The archive of backup {short.name} has 4 bytes instead of 5.",
    )


@pytest.mark.parametrize(
    ("name", "remark"),
    [
        pytest.param("notes.txt", "notes.txt is no backup of ours, and is left alone.", id="file"),
        pytest.param("lost+found/", "lost+found is no backup of ours, and is left alone.", id="folder"),
        pytest.param(".partial-x/", ".partial-x is a backup that still runs or was interrupted. The next one removes it.", id="remains"),
        pytest.param(".lock", None, id="lock"),
        pytest.param(".snapshot/", None, id="hidden"),
    ],
)  # fmt: skip
def test_what_is_no_backup_is_no_problem(tmp_path, name, remark):
    if name.endswith("/"):
        (tmp_path / name).mkdir()
    else:
        (tmp_path / name).touch()
    catalog = read(tmp_path)
    assert (catalog.backups, catalog.problems) == ((), ())
    assert catalog.remarks == ((remark,) if remark else ())


@pytest.mark.parametrize(
    "name",
    [
        *(f"shop_{kind}_20261124T030000Z" for kind in ("full", "data", "schema")),
        "shop_full_20261124T030000Z-2",
        "server_globals_20261124T030000Z",
    ],
)
def test_a_folder_with_the_name_of_a_backup_is_missed_its_manifest(tmp_path, name):
    (tmp_path / name).mkdir()
    assert read(tmp_path).problems == (f"Backup {name} has no manifest.",)


def test_a_backup_that_was_renamed_is_a_problem(tmp_path):
    put(tmp_path, 1).rename(tmp_path / "before the migration")
    assert "holds the manifest of another backup" in read(tmp_path).problems[0]


@pytest.mark.parametrize(
    ("database", "name"),
    [
        pytest.param("shop", "shop_full_20261124T120000Z", id="plain"),
        pytest.param("Ümlaut", "%C3%9Cmlaut_full_20261124T120000Z", id="not-ascii"),
        pytest.param("../shop", "%2E.%2Fshop_full_20261124T120000Z", id="path"),
        pytest.param(".partial-", "%2Epartial-_full_20261124T120000Z", id="hidden"),
        pytest.param("-rf", "%2Drf_full_20261124T120000Z", id="option"),
        pytest.param("", "server_full_20261124T120000Z", id="none"),
    ],
)
def test_a_name_stays_in_its_directory_whatever_the_database_is_called(tmp_path, database, name):
    assert free_name(tmp_path, database, "full", NOON) == name


def test_the_longest_name_of_a_database_is_still_a_file_name(tmp_path):
    (tmp_path / f".partial-{free_name(tmp_path, 'ü' * 31, 'full', NOON)}").mkdir()


def test_a_second_backup_in_the_same_second_gets_a_name_of_its_own(tmp_path):
    names = [put(tmp_path, 0).name for _ in range(3)]
    assert names == ["shop_full_20261124T120000Z", "shop_full_20261124T120000Z-2", "shop_full_20261124T120000Z-3"]


def test_latest_is_the_newest_sound_one_of_the_database(tmp_path):
    put(tmp_path, 0, database="other")
    put(tmp_path, 1, archive=b"page")
    wanted = put(tmp_path, 2)
    put(tmp_path, 3)
    assert choose(read(tmp_path), "latest", "shop").folder == wanted


def test_latest_is_never_one_that_no_database_can_be_made_of(tmp_path):
    wanted = put(tmp_path, 2)
    others = [put(tmp_path, 1, kind=kind) for kind in ("data", "schema")] + [put(tmp_path, 1, "", kind="globals")]
    assert choose(read(tmp_path), "latest", "shop").folder == wanted
    for other, kind in zip(others, ("data", "schema", "globals"), strict=True):
        with pytest.raises(PgopsError) as refusal:
            choose(read(tmp_path), other.name, "shop")
        assert str(refusal.value) == (
            f"Backup {other.name} is of type {kind}, and a database can be made of a full one only: choose such a one with list_backups.yml."
        )


@pytest.mark.parametrize(
    ("version", "readable"),
    [("13.22", True), ("15.20 (Debian 15.20-0+deb12u1)", True), ("16.1", False), ("17beta1", False)],
)
@pytest.mark.parametrize("by_name", [True, False])
def test_a_dump_of_a_newer_server_is_refused(tmp_path, version, readable, by_name):
    made = put(tmp_path, 1)
    file = made / manifest.MANIFEST
    file.write_text(json.dumps({**json.loads(file.read_text()), "server_version": version}))
    asked = made.name if by_name else "latest"
    if readable:
        assert choose(read(tmp_path), asked, "shop").folder == made
        return
    with pytest.raises(
        PgopsError,
        match=rf"^Backup {made.name} is of PostgreSQL {version}, newer than 15, .* Nothing was changed\. Restore",
    ):
        choose(read(tmp_path), asked, "shop")


def test_a_backup_goes_by_its_name_whosever_it_is(tmp_path):
    wanted = put(tmp_path, 1, database="other")
    assert choose(read(tmp_path), wanted.name, "shop").folder == wanted


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        pytest.param("shop_full_20261124T110000Z", "has 4 bytes instead of 5. Choose another one", id="archive"),
        pytest.param("shop_full_20261124T100000Z", "has no proper name. Choose another one", id="manifest"),
        # The beginning of a damaged one's name is not that one.
        pytest.param("shop_full", "There is no backup shop_full in ", id="unknown"),
        pytest.param("", "The newest are: shop_full_20261124T110000Z.", id="empty"),
        pytest.param("latest", "There is no sound full backup of shop in ", id="latest"),
    ],
)
def test_a_backup_that_cannot_be_restored_is_not_chosen(tmp_path, wanted, words):
    put(tmp_path, 1, archive=b"page")
    (put(tmp_path, 2) / manifest.MANIFEST).write_text("{}")
    with pytest.raises(PgopsError) as refusal:
        choose(read(tmp_path), wanted, "shop")
    assert words in str(refusal.value)


def test_a_directory_that_is_missing_has_no_backups_and_says_so(tmp_path):
    catalog = read(tmp_path / "nowhere")
    assert (catalog.backups, catalog.remarks) == ((), (f"The directory {tmp_path}/nowhere does not exist.",))
    with pytest.raises(PgopsError) as refusal:
        choose(catalog, "latest", "shop")
    assert str(refusal.value).endswith("nowhere. The directory does not exist.")


def test_a_directory_that_is_a_file_is_refused(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(PgopsError) as refusal:
        read(tmp_path / "file")
    assert str(refusal.value).endswith("cannot be read: Not a directory.")
