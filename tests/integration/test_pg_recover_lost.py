"""pg_recover_lost: a cluster whose data and local repository are gone comes back from the object store, with all that arrived."""

import pytest

from backups import Running, wait_until
from faults import is_down
from object_store import opened
from physical import DATA, REPOSITORY


@pytest.fixture(scope="module")
def open_archive():
    with opened() as made:
        # A larger number than a new server has: its WAL is replayed only by one that has as many.
        made.host.run("tee", "--append", "/etc/postgresql/15/main/postgresql.conf", stdin="max_connections = 150\n")
        made.host.run("systemctl", "restart", "postgresql@15-main")
        made.host.execute("CREATE TABLE events (id int);")
        made.stanza()
        yield made


@pytest.fixture
def archive(open_archive):
    """Rows 1 before the backup and 2 after it have arrived; 3 has not."""
    open_archive.host.execute("TRUNCATE events; INSERT INTO events VALUES (1);")
    open_archive.back_up(repository=2, type="full")
    open_archive.host.execute("INSERT INTO events VALUES (2);")
    open_archive.switch()
    open_archive.wait_until_archived()
    yield open_archive
    if open_archive.host.run("test", "-e", f"{DATA}/PG_VERSION", check=False).returncode:
        recover(open_archive)
    if open_archive.host.run("test", "-e", "/etc/postgresql/15/main", check=False).returncode:
        begin(open_archive)
    open_archive.host.run("sh", "-c", f"rm -rf {DATA}.*")


def params(**changes) -> dict:
    return {"lost": "pg1", "confirm": "pg1", "repository": 2, "timeout_s": 120, **changes}


def recover(archive, check_mode: bool = False, **changes) -> dict:
    result = archive.host.module("pg_recover_lost", params(**changes), check_mode, user="root")
    assert not result.get("failed"), result["msg"]
    return result


def refusal(archive, check_mode: bool = False, **changes) -> str:
    result = archive.host.module("pg_recover_lost", params(**changes), check_mode, user="root")
    assert result.get("failed"), result
    assert "\n" not in result["msg"] and result["msg"].endswith(".")
    return result["msg"]


def lose(archive) -> None:
    """Everything that is on the host, in the middle of its work."""
    archive.host.execute("INSERT INTO events VALUES (3);")
    archive.host.run("systemctl", "kill", "--signal=KILL", "postgresql@15-main")
    wait_until(lambda: archive.host.run("pgrep", "-x", "postgres", check=False).returncode == 1)
    archive.host.run(
        "sh", "-c", f"rm -rf /etc/postgresql/15/main {DATA} {DATA}.* {REPOSITORY}/* /var/spool/pgbackrest/*"
    )
    wait_until(lambda: is_down(archive.host))
    archive.host.run("systemctl", "reset-failed")


def begin(archive) -> None:
    """As role postgresql_recovery and site.yml do: a cluster of Debian, which archives."""
    archive.host.run("pg_createcluster", "15", "main")
    archive.start_archiving()
    archive.stanza()


def events(archive) -> list[int]:
    return [number for (number,) in archive.host.query("SELECT id FROM events ORDER BY id")]


def directories(archive) -> list[str]:
    return sorted(archive.host.run("ls", "/var/lib/postgresql/15", check=False).stdout.split())


def test_all_that_was_archived_comes_back_in_four_runs(archive):
    lose(archive)
    runs = archive.host.four_runs("pg_recover_lost", params(), lambda: directories(archive), user="root")
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert runs[0][0]["plan"] == runs[1][0]["plan"]
    assert "of repository 2" in runs[0][0]["plan"][0]
    assert [found for _, found in runs] == [[], *[["main", "main.recovery.json"]] * 3]
    assert set(runs[1][0]["durations_s"]) == {"restore", "replay", "verify"}
    begin(archive)
    assert events(archive) == [1, 2]
    assert archive.host.query("SELECT timeline_id FROM pg_control_checkpoint()") == [[2]]
    # What it wrote while it had no archive is in both repositories now.
    archive.wait_until_archived()
    assert any(one["name"].endswith("00000002.history") for one in archive.store.objects("pgbackrest/archive/main/"))
    left = "SELECT name FROM pg_settings WHERE name ~ '^recovery_target|^restore_command' AND setting <> boot_val"
    assert archive.host.query(left) == []


def test_up_to_a_target(archive):
    lsn = archive.host.query("SELECT pg_current_wal_lsn()::text")[0][0]
    archive.host.execute("INSERT INTO events VALUES (4);")
    archive.switch()
    archive.wait_until_archived()
    lose(archive)
    recover(archive, target_lsn=lsn)
    begin(archive)
    assert events(archive) == [1, 2]


def test_what_cannot_be_is_refused_and_nothing_is_changed(archive):
    assert "This host has a cluster" in refusal(archive)
    lose(archive)
    assert "the confirmation says nothing" in refusal(archive, confirm="")
    assert "the confirmation says pg2" in refusal(archive, confirm="pg2")
    assert "has no stanza yet" in refusal(archive, repository=1)
    assert "There is no sound backup 20200101-000000F" in refusal(archive, backup="20200101-000000F")
    archive.configure_both(secret="another")
    assert "The secret is not that of the key" in refusal(archive, check_mode=True)
    archive.configure_both(passphrase="another")
    assert "The passphrase is not the one" in refusal(archive, check_mode=True)
    archive.configure_both()
    assert directories(archive) == []


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(f"test -e {DATA}.recovering/PG_VERSION", id="restoring"),
        pytest.param("pgrep -x pg_dumpall", id="reading"),
        pytest.param(f"test -e {DATA}/PG_VERSION", id="in-its-place"),
    ],
)
def test_killed_it_leaves_no_cluster_that_is_half_and_the_next_run_ends_it(archive, moment):
    lose(archive)
    running = Running(archive.host, "pg_recover_lost", {"params": params(), "check_mode": False}, user="root")
    running.kill_when(moment)
    recover(archive)
    assert directories(archive) == ["main", "main.recovery.json"]
    begin(archive)
    assert events(archive) == [1, 2]
