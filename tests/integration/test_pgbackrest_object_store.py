"""Backups in an object store: that they arrive there, encrypted twice, and what is said when they do not."""

import pytest

from object_store import SETTINGS, opened

BOTH = [1, 2]


@pytest.fixture(scope="module")
def open_archive():
    with opened() as made:
        made.stanza()
        made.back_up(repository=2, type="full")
        made.back_up(repository=1, type="full")
        yield made


@pytest.fixture
def archive(open_archive):
    yield open_archive
    open_archive.configure_both()


def health(archive) -> dict:
    return {one["name"]: one for one in archive.module("pg_health_info", pgbackrest_stanza="main")["checks"]}


def test_a_backup_of_each_repository_is_its_own(archive):
    info = archive.module("pgbackrest_info")
    assert info["problems"] == []
    assert sorted({one["repository"] for one in info["backups"]}) == BOTH
    options = {"repository": 2, "type": "auto", "at_most_every_s": 3600}
    assert archive.module("pgbackrest_backup", **options)["changed"] is False
    made = archive.back_up(repository=2)
    assert (made["type"], made["backup"]["repository"]) == ("incr", 2)


def test_what_the_store_holds_is_encrypted_by_it_and_before_it(archive):
    objects = archive.store.objects("pgbackrest/")
    assert any("/backup/main/" in one["name"] for one in objects)
    assert {one["encryption"] for one in objects} == {"AES256"}
    # pgBackRest 2.45 cannot ask for another one.
    assert {one["class"] for one in objects} == {"STANDARD"}
    get = ["pgbackrest", "--stanza=main", "--repo=2", "repo-get", "--raw", "archive/main/archive.info"]
    assert archive.host.run(*get, user="postgres", stdin=b"").stdout[:8] == b"Salted__"


def test_a_key_of_the_store_encrypts_as_well(archive):
    archive.configure_both(more="repo2-s3-kms-key-id=a-key")
    made = archive.back_up(repository=2, type="full")["backup"]
    objects = archive.store.objects(f"pgbackrest/backup/main/{made['label']}/")
    assert {one["encryption"] for one in objects} == {"aws:kms"}


def test_wal_reaches_the_store(archive):
    segment = archive.host.query("SELECT pg_walfile_name(pg_current_wal_insert_lsn())")[0][0]
    archive.switch()
    archive.wait_until_archived()
    assert any(segment in one["name"] for one in archive.store.objects("pgbackrest/archive/main/15-1/"))
    assert archive.stanza(prove=True)["checked"] is True


def test_everything_in_the_store_can_be_read_back(archive):
    found = archive.module("pgbackrest_info", verify=True)
    assert (found["problems"], found["verified"]) == ([], True)
    assert health(archive)["physical_backup"]["verdict"] == "ok"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        pytest.param({"key": "another"}, "The store does not know this key", id="key"),
        pytest.param({"secret": "another"}, "The secret is not that of the key", id="secret"),
        pytest.param({"bucket": "nowhere"}, "There is no such bucket", id="bucket"),
        pytest.param({"authority": "other"}, "Its authority is not trusted here", id="authority"),
        pytest.param({"endpoint": "127.0.0.1"}, "Its certificate is another host's", id="name"),
        pytest.param({"more": "repo2-storage-port=444"}, "The store cannot be reached", id="down"),
        pytest.param({"passphrase": "another"}, "The passphrase is not the one", id="passphrase"),
    ],
)
def test_a_store_that_cannot_be_used_is_told_in_a_sentence(archive, changes, sentence):
    archive.configure_both(**changes)
    refusal = archive.refusal("pgbackrest_backup", repository=2)
    assert sentence in refusal and "Nothing was backed up" in refusal
    assert SETTINGS["secret"] not in refusal


def test_health_tells_of_a_store_that_cannot_be_used(archive):
    archive.configure_both(secret="another")
    problems = archive.module("pgbackrest_info")["problems"]
    assert ["The secret is not that of the key" in problem for problem in problems] == [True]
    assert health(archive)["physical_backup"]["verdict"] == "critical"
    # The other repository still takes what it is given.
    assert archive.back_up(repository=1)["changed"] is True


def test_a_store_that_hangs_fails_the_backup_and_the_next_one_succeeds(archive):
    before = archive.module("pgbackrest_info")["backups"]
    archive.store.signal("STOP")
    refusal = archive.refusal("pgbackrest_backup", repository=2)
    archive.store.signal("CONT")
    assert "Nothing was backed up" in refusal
    assert archive.module("pgbackrest_info")["backups"][0]["label"] == before[0]["label"]
    assert archive.back_up(repository=2)["changed"] is True
