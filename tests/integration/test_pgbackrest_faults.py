"""What becomes of physical backups when something fails: killed, full, dead, or with another passphrase."""

import pytest

from backups import wait_until
from lab.host import started
from physical import DISK, REPOSITORY, WAITING, opened

NOISE = """
    CREATE EXTENSION IF NOT EXISTS pgcrypto;
    DROP TABLE IF EXISTS noise;
    CREATE TABLE noise AS SELECT gen_random_bytes(1000) AS bytes FROM generate_series(1, {kibibytes});
    CHECKPOINT;
"""


@pytest.fixture(scope="module")
def open_archive():
    with started("pgbackrest") as host, opened(host) as made:
        made.stanza()
        made.back_up()
        yield made


@pytest.fixture
def archive(open_archive):
    yield open_archive
    open_archive.configure()
    open_archive.host.run("chmod", "0750", REPOSITORY)
    open_archive.wait_until_archived()


def health(archive, name: str) -> dict:
    found = archive.module("pg_health_info", pgbackrest_stanza="main")
    return next(check for check in found["checks"] if check["name"] == name)


def test_a_killed_backup_does_not_count_and_the_next_one_succeeds(archive):
    archive.host.execute(NOISE.format(kibibytes=40000))
    before = archive.labels()
    running = archive.in_background("pgbackrest_backup", type="full")
    known = "".join(f" -e {label}" for label in before)
    running.kill_when(f"ls {REPOSITORY}/backup/main | grep 'F$' | grep -q -v -x -F{known}")
    # Its helpers end with it.
    wait_until(lambda: not archive.runs())
    assert archive.labels() == before
    assert archive.host.query("SELECT pg_is_in_recovery()") == [[False]]
    made = archive.back_up(type="full")["backup"]
    assert archive.labels() == [*before, made["label"]]
    assert archive.module("pgbackrest_info", verify=True)["problems"] == []


def test_a_second_backup_at_the_same_time_is_refused(archive):
    archive.host.execute(NOISE.format(kibibytes=40000))
    running = archive.in_background("pgbackrest_backup", type="full")
    wait_until(archive.runs)
    wait_until(lambda: archive.module("pgbackrest_info")["running"])
    assert "Another backup or expiry" in archive.refusal("pgbackrest_backup", type="incr")
    assert running.result()["changed"] is True


def test_another_passphrase_is_told_in_a_sentence(archive):
    before = archive.labels()
    archive.configure(passphrase="another passphrase of these tests")
    for name, params in [
        ("pgbackrest_backup", {}),
        ("pgbackrest_stanza", {"data_directory": "/var/lib/postgresql/15/main"}),
    ]:
        refusal = archive.refusal(name, **params)
        assert "The passphrase is not the one that this repository was encrypted with" in refusal
        assert "another passphrase of these" not in refusal
    problems = archive.module("pgbackrest_info")["problems"]
    assert ["passphrase is not the one" in problem for problem in problems] == [True]
    archive.configure()
    assert archive.labels() == before


def test_a_full_repository_leaves_no_backup_that_counts(archive):
    archive.host.run("install", "-d", "-o", "postgres", "-g", "postgres", "-m", "0750", f"{DISK}/repository")
    archive.configure(path=f"{DISK}/repository")
    archive.stanza()
    fill = f"fallocate --length=$(($(df --output=avail -B1 {DISK} | tail -1) - 1048576)) {DISK}/ballast"
    archive.host.run("sh", "-c", fill)
    refusal = archive.refusal("pgbackrest_backup", type="full", archive_timeout_s=20)
    assert "The file system is full: make room there" in refusal
    assert archive.labels() == []
    archive.host.run("rm", f"{DISK}/ballast")
    made = archive.back_up(type="full")["backup"]
    assert archive.labels() == [made["label"]]
    archive.configure()
    archive.host.run("rm", "-rf", f"{DISK}/repository")


def test_an_archive_that_is_dead_does_not_fill_the_disk_of_postgresql(archive):
    archive.configure(queue="48MB")
    archive.host.run("chmod", "0", REPOSITORY)
    refusal = archive.refusal("pgbackrest_backup", type="full")
    assert refusal
    for _ in range(12):
        archive.switch()
    # The queue is given up as a whole, so that the server lets go of it.
    wait_until(lambda: archive.host.query(WAITING)[0][0] <= 3, seconds=60)
    archive.host.execute("CHECKPOINT;")
    assert archive.segments() < 10
    assert archive.host.query("SELECT pg_is_in_recovery()") == [[False]]
    archive.host.run("chmod", "0750", REPOSITORY)
    archive.configure()
    assert health(archive, "wal_archive")["verdict"] == "critical"
    # A new full backup closes the gap.
    made = archive.back_up(type="full")["backup"]
    assert archive.labels()[-1] == made["label"]
    assert health(archive, "wal_archive")["verdict"] == "ok"
    assert health(archive, "physical_backup")["verdict"] == "ok"


def test_wal_that_does_not_arrive_fails_the_backup(archive):
    before = archive.labels()
    archive.host.execute("ALTER SYSTEM SET archive_command = '/bin/false'; SELECT pg_reload_conf();")
    refusal = archive.refusal("pgbackrest_backup", type="full", archive_timeout_s=3)
    archive.host.execute("ALTER SYSTEM RESET archive_command; SELECT pg_reload_conf();")
    assert "WAL does not arrive in the repository" in refusal or "archive_command" in refusal
    assert archive.labels() == before
