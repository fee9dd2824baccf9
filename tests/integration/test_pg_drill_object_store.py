"""pg_drill with the physical backup in the object store: the one that is there when the host is not."""

import pytest

from drills import Drills, heartbeat, verdicts
from object_store import opened
from physical import REPOSITORY


@pytest.fixture(scope="module")
def archive():
    with opened() as made:
        made.host.execute("CREATE TABLE events (id int); INSERT INTO events VALUES (1);")
        made.stanza()
        made.back_up(repository=2, type="full")
        heartbeat(made.host, "postgres", 60)
        made.switch()
        made.wait_until_archived()
        yield made


@pytest.fixture
def drills(archive):
    return Drills(archive.host, kind="physical", database="postgres", repository=2)


def test_it_is_restored_without_the_repository_on_the_host(archive, drills):
    archive.host.run("mv", REPOSITORY, f"{REPOSITORY}.away")
    try:
        drill = drills.passed()
    finally:
        archive.host.run("mv", f"{REPOSITORY}.away", REPOSITORY)
    assert drill["repository"] == 2
    assert verdicts(drill)["heartbeat"] == "passed"
    assert 60 <= drill["rpo_s"] < 300


def test_while_a_backup_is_made(archive, drills):
    backup = archive.in_background("pgbackrest_backup", repository=2, type="full", archive_timeout_s=60)
    drills.passed()
    assert backup.result()["backup"]["type"] == "full"


def test_a_store_that_refuses_the_key_is_a_failed_drill(archive, drills):
    archive.configure_both(secret="another")
    try:
        drill = drills.failed()
    finally:
        archive.configure_both()
    assert "The secret is not that of the key" in drill["problems"][0]
    drills.passed()
