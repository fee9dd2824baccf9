"""pg_recover: a cluster goes back to a point in time, by each way to name it; killed and refused, nothing is lost."""

import pytest

from backups import Running, wait_until
from lab.host import started
from physical import DATA, opened

KEPT = f"{DATA}.before_recovery_1"


@pytest.fixture(scope="module")
def archive():
    with started("recover") as host, opened(host) as made:
        host.execute("CREATE TABLE events (id int, at timestamptz DEFAULT clock_timestamp());")
        made.stanza()
        made.back_up(type="full")
        yield made


def params(**changes) -> dict:
    return {"host": "pg1", "confirm": "pg1", "timeout_s": 60, "again": False, **changes}


def recover(archive, check_mode: bool = False, **changes) -> dict:
    result = archive.host.module("pg_recover", params(**changes), check_mode, user="root")
    assert not result.get("failed"), result["msg"]
    return result


def refusal(archive, check_mode: bool = False, **changes) -> str:
    result = archive.host.module("pg_recover", params(**changes), check_mode, user="root")
    assert result.get("failed"), result
    assert "\n" not in result["msg"] and result["msg"].endswith(".")
    return result["msg"]


def insert(archive, number: int) -> None:
    archive.host.execute(f"INSERT INTO events VALUES ({number});")


def events(archive) -> list[int]:
    return [number for (number,) in archive.host.query("SELECT id FROM events ORDER BY id")]


def directories(archive) -> list[str]:
    found = archive.host.run("ls", "/var/lib/postgresql/15").stdout.split()
    return sorted(found)


def forget(archive) -> None:
    """A fresh start: only the data directory, with a backup of its present timeline."""
    archive.host.run("sh", "-c", f"rm -rf {DATA}.*")
    archive.host.execute("TRUNCATE events;")
    archive.back_up(type="full")


def now(archive) -> str:
    return archive.host.query("SELECT to_char(clock_timestamp(), 'YYYY-MM-DD\"T\"HH24:MI:SS.USOF:00')")[0][0]


def test_to_a_time_in_four_runs(archive):
    insert(archive, 1)
    moment = now(archive)
    insert(archive, 2)

    def witness():
        return events(archive), directories(archive)

    runs = archive.host.four_runs("pg_recover", params(target_time=moment), witness, user="root")
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert runs[0][0]["plan"] == runs[1][0]["plan"]
    assert [found for _, (found, _) in runs] == [[1, 2], [1], [1], [1]]
    assert runs[0][1][1] == ["main"]
    assert runs[1][1][1] == ["main", "main.before_recovery_1", "main.recovery.json"]
    assert runs[1][0]["kept"] == KEPT
    # It archives, on a timeline of its own, and nothing is left that a later standby would stop at.
    archive.switch()
    archive.wait_until_archived()
    assert archive.host.query("SELECT timeline_id FROM pg_control_checkpoint()") == [[2]]
    assert (
        archive.host.query("SELECT name FROM pg_settings WHERE name LIKE 'recovery_target%' AND setting <> boot_val")
        == []
    )
    assert archive.host.run("test", "-e", f"{DATA}/recovery.signal", check=False).returncode == 1


@pytest.mark.parametrize("kind", ["lsn", "xid", "name"])
def test_to_what_has_a_name_or_a_number(archive, kind):
    forget(archive)
    insert(archive, 1)
    value = {
        "lsn": "SELECT pg_current_wal_lsn()::text",
        "xid": "SELECT xmin::text FROM events WHERE id = 1",
        "name": "SELECT 'after one' FROM pg_create_restore_point('after one')",
    }[kind]
    target = archive.host.query(value)[0][0]
    insert(archive, 2)
    recover(archive, **{f"target_{kind}": target})
    assert events(archive) == [1]


def test_what_cannot_be_is_refused_and_nothing_is_changed(archive):
    forget(archive)
    insert(archive, 1)
    before = directories(archive)
    lsn = archive.host.query("SELECT pg_current_wal_lsn()::text")[0][0]
    assert "add confirm=pg1" in refusal(archive, target_lsn=lsn, confirm="")
    assert "the confirmation says pg2" in refusal(archive, target_lsn=lsn, confirm="pg2")
    assert "Give exactly one of" in refusal(archive)
    assert "still to come" in refusal(archive, target_time="2099-01-01T00:00:00Z")
    assert "No sound backup ended before" in refusal(archive, target_time="2001-01-01T00:00:00Z")
    archive.configure(passphrase="another")
    try:
        assert "The passphrase is not the one" in refusal(archive, target_lsn=lsn)
    finally:
        archive.configure()
    assert directories(archive) == before
    assert "The WAL in the repository ends before LSN F/FFFFFFF0" in refusal(archive, target_lsn="F/FFFFFFF0")
    assert events(archive) == [1]
    # The next one begins anew.
    recover(archive, target_lsn=lsn)
    assert events(archive) == [1]


@pytest.fixture
def space(archive):
    """Where a tablespace is, with a table on it."""
    place = "/var/tmp/space"
    archive.host.run("install", "-d", "-o", "postgres", place)
    archive.host.execute(f"CREATE TABLESPACE space LOCATION '{place}';")
    archive.host.execute("CREATE TABLE placed TABLESPACE space AS SELECT 1 AS id;")
    yield place
    archive.host.execute("DROP TABLE placed; DROP TABLESPACE space;")
    archive.host.run("sh", "-c", f"rm -rf {place}*")


def test_tablespaces_come_back_beside_those_that_are_kept(archive, space):
    host = archive.host
    lsn = host.query("SELECT pg_current_wal_lsn()::text")[0][0]
    # The newest backup that there is knows nothing of it.
    assert "was made after backup" in refusal(archive, target_lsn=lsn)
    forget(archive)
    lsn = host.query("SELECT pg_current_wal_lsn()::text")[0][0]
    host.execute("INSERT INTO placed VALUES (2); CHECKPOINT;")
    before = host.run("sh", "-c", f"find {space} -type f -exec md5sum {{}} + | sort").stdout

    running = Running(host, "pg_recover", {"params": params(target_lsn=lsn), "check_mode": False}, user="root")
    running.kill_when(f"test -e {DATA}.recovering/postmaster.pid")
    planned = recover(archive, True, target_lsn=lsn)["plan"]
    done = recover(archive, target_lsn=lsn)
    assert done["plan"] == planned
    assert [step for step in planned if step.endswith(f" to {space}.recovered_1, where it stays")]
    assert host.query("SELECT id FROM placed") == [[1]]
    assert host.query("SELECT pg_tablespace_location(oid) FROM pg_tablespace WHERE spcname = 'space'") == [
        [f"{space}.recovered_1"]
    ]
    # To go back to what is kept has to be possible.
    assert host.run("sh", "-c", f"readlink {KEPT}/pg_tblspc/*").stdout.strip() == space
    assert host.run("sh", "-c", f"find {space} -type f -exec md5sum {{}} + | sort").stdout == before
    assert host.run("sh", "-c", f"ls -d {space}*").stdout.split() == [space, f"{space}.recovered_1"]


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param(f"test -e {DATA}.recovering/PG_VERSION", id="restoring"),
        pytest.param(f"test -e {DATA}.recovering/postmaster.pid", id="replaying"),
        pytest.param(f"grep -q verified {DATA}.recovery.json", id="verified"),
        pytest.param(f"test -e {KEPT}", id="between-the-renames-or-after"),
    ],
)
def test_killed_it_loses_nothing_and_the_next_run_ends_it(archive, moment):
    forget(archive)
    insert(archive, 1)
    lsn = archive.host.query("SELECT pg_current_wal_lsn()::text")[0][0]
    insert(archive, 2)
    running = Running(archive.host, "pg_recover", {"params": params(target_lsn=lsn), "check_mode": False}, user="root")
    running.kill_when(moment)
    wait_until(lambda: not archive.host.run("pgrep", "-f", "[p]gbackrest.*restore", check=False).stdout)
    # Whatever has its name is whole: what there was is under one of the two.
    kept = archive.host.run("test", "-e", KEPT, check=False).returncode == 0
    assert archive.host.run("test", "-e", f"{KEPT if kept else DATA}/PG_VERSION").returncode == 0
    if not kept:
        archive.host.run("systemctl", "start", "postgresql@15-main")
        assert events(archive) == [1, 2]
    recover(archive, target_lsn=lsn)
    assert events(archive) == [1]
    assert archive.host.run("test", "-e", f"{KEPT}/PG_VERSION").returncode == 0
