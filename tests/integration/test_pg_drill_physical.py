"""pg_drill with physical backups: all WAL that was archived is replayed; damage is found, and the live cluster is left alone."""

import pytest

from backups import wait_until
from drills import Drills, heartbeat, verdicts
from lab.host import started
from physical import DATA, REPOSITORY, opened

DATABASE = "shop"
QUERY = {"name": "the last row", "query": "SELECT FROM events WHERE id = 2", "minimum_rows": 1}


@pytest.fixture(scope="module")
def archive():
    """Row 1 is in the backup, row 2 in the archive, row 3 in neither."""
    with started("drill") as host, opened(host) as made:
        host.execute(f"CREATE DATABASE {DATABASE};")
        host.execute("CREATE TABLE events (id int PRIMARY KEY, text text); INSERT INTO events VALUES (1);", db=DATABASE)
        made.stanza()
        fill(made)
        yield made


def fill(archive) -> None:
    archive.back_up(type="full")
    archive.host.execute("INSERT INTO events VALUES (2) ON CONFLICT DO NOTHING;", db=DATABASE)
    heartbeat(archive.host, DATABASE, 200)
    archive.switch()
    archive.wait_until_archived()
    archive.host.execute("INSERT INTO events VALUES (3) ON CONFLICT DO NOTHING;", db=DATABASE)


@pytest.fixture
def drills(archive):
    return Drills(archive.host, kind="physical", database=DATABASE, queries=[QUERY])


def witness(archive):
    """The live cluster by its own words and its files: what is there, and that it was never restarted."""
    about = "SELECT pg_postmaster_start_time()::text, timeline_id, (SELECT string_agg(id::text, ',' ORDER BY id) FROM events) FROM pg_control_checkpoint()"
    return (
        archive.host.query(about, db=DATABASE),
        archive.labels(),
        archive.host.run("ls", "/var/lib/postgresql/15").stdout,
    )


def test_four_runs_leave_nothing(archive, drills):
    before = witness(archive), []
    runs = archive.host.four_runs("pg_drill", drills.params(), lambda: (witness(archive), drills.left()))
    assert [run.get("changed") for run, _ in runs] == [False] * 4, runs
    assert [found for _, found in runs] == [before] * 4
    assert runs[0][0]["plan"][0] == runs[1][0]["plan"][0]
    drill = runs[1][0]["drill"]
    assert drill["passed"] is True, drill
    assert (drill["backup"], drill["repository"]) == (archive.labels()[-1], 1)
    assert verdicts(drill) == dict.fromkeys(["read", "heartbeat", "the last row", "amcheck", "checksums"], "passed")
    assert None not in drill["durations_s"].values()
    assert 200 <= drill["rpo_s"] < 400
    # It never archived: the timeline that it began is known nowhere.
    assert archive.host.run("sh", "-c", f"find {REPOSITORY} -name '00000002*'").stdout == ""


def test_what_the_live_cluster_is_handing_over_stays_acknowledged(archive, drills):
    """pgBackRest empties the spool of a stanza that it restores, and the archiver would wait for what is gone."""
    spool = "/var/spool/pgbackrest/archive/main/out"
    archive.host.run("sh", "-c", f"mkdir -p {spool} && touch {spool}/witness", user="postgres")
    try:
        assert archive.host.module("pg_drill", drills.params())["drill"]["passed"]
        assert archive.host.run("ls", spool).stdout.split().count("witness") == 1
    finally:
        archive.host.run("rm", "-f", f"{spool}/witness")


def largest(archive, label: str) -> str:
    """The file of the backup that holds most of it."""
    return archive.host.run("sh", "-c", f"ls -S {REPOSITORY}/backup/main/{label}/bundle/* | head -1").stdout.strip()


def overwrite(archive, path: str, offset: int, count: int = 64) -> None:
    script = "f = open(%r, 'r+b'); f.seek(%d); f.write(bytes(%d))"
    archive.host.run("python3", "-c", script % (path, offset, count))


@pytest.fixture
def another(archive):
    """One more full backup, which a test damages, and which is gone afterwards."""
    fill(archive)
    label = archive.labels()[-1]
    yield label
    archive.host.run("sh", "-c", f"rm -rf {REPOSITORY}/backup/main/{label}")
    fill(archive)


def test_a_damaged_file_of_the_backup_is_found(archive, drills, another):
    path = largest(archive, another)
    overwrite(archive, path, 1 << 20)
    drill = drills.failed()
    assert drill["backup"] == another
    assert f"Backup {another} could not be restored" in drill["problems"][0]
    assert drill["durations_s"]["replay"] is None


def test_a_broken_index_is_found_although_all_checksums_are_right(archive, drills):
    """The page was written with what is wrong in it, so only its contents tell."""
    host = archive.host
    host.execute(
        "CREATE TABLE broken AS SELECT generate_series(1, 1000) AS id; CREATE INDEX broken_id ON broken (id); CHECKPOINT;",
        db=DATABASE,
    )
    [[path]] = host.query("SELECT pg_relation_filepath('broken_id')", db=DATABASE)
    host.run("systemctl", "stop", "postgresql@15-main")
    programs = f"/usr/lib/postgresql/15/bin/pg_checksums --pgdata={DATA}"
    try:
        host.run("sh", "-c", f"{programs} --disable", user="postgres")
        # The first leaf: its line pointers no longer point at the keys in order.
        overwrite(archive, f"{DATA}/{path}", 8192 + 40, 16)
        host.run("sh", "-c", f"{programs} --enable", user="postgres")
    finally:
        host.run("systemctl", "start", "postgresql@15-main")
    try:
        fill(archive)
        drill = drills.failed()
    finally:
        host.execute("DROP TABLE broken;", db=DATABASE)
        fill(archive)
    assert verdicts(drill)["amcheck"] == "failed"
    assert verdicts(drill)["checksums"] == "passed"
    assert any("broken_id" in problem for problem in drill["problems"]), drill


def test_another_passphrase_is_a_failed_drill(archive, drills):
    archive.configure(passphrase="another")
    try:
        drill = drills.failed()
    finally:
        archive.configure()
    assert "The passphrase is not the one that this repository was encrypted with" in drill["problems"][0]
    assert "another" not in drill["problems"][0]


def test_wal_that_is_missing_is_found(archive, drills):
    archive.switch()
    archive.wait_until_archived()
    segments = archive.host.run("sh", "-c", f"ls -d {REPOSITORY}/archive/main/*/*/* | sort").stdout.split()
    gap = segments[-2]
    archive.host.run("mv", gap, "/var/tmp/gap")
    try:
        drill = drills.failed(timeout_s=15)
    finally:
        archive.host.run("mv", "/var/tmp/gap", gap)
    assert "nothing more came out of the archive" in drill["problems"][0]
    drills.passed()


def test_tablespaces_are_restored_beside_those_of_the_cluster(archive, drills):
    host = archive.host
    host.run("sh", "-c", "mkdir -p /var/tmp/space && chown postgres /var/tmp/space")
    host.execute("CREATE TABLESPACE space LOCATION '/var/tmp/space';")
    host.execute("CREATE TABLE placed TABLESPACE space AS SELECT 4 AS id;", db=DATABASE)
    try:
        # Its WAL would make the tablespace again, where the cluster has it.
        assert "whose WAL would write to it. Nothing was changed." in drills.refusal()
        fill(archive)
        listed = "find /var/tmp/space -printf '%p %T@\\n' | sort"
        before = host.run("sh", "-c", listed).stdout
        drills.passed(queries=[{"name": "placed", "query": "SELECT FROM placed WHERE id = 4", "minimum_rows": 1}])
        assert host.run("sh", "-c", listed).stdout == before
    finally:
        host.execute("DROP TABLE placed;", db=DATABASE)
        host.execute("DROP TABLESPACE space;")
        fill(archive)


@pytest.mark.parametrize("check_mode", [True, False])
def test_what_cannot_be_is_refused_and_nothing_is_changed(archive, drills, check_mode):
    before = witness(archive), drills.left()
    assert "There is no backup 20200101-000000F of stanza main" in drills.refusal(check_mode, backup="20200101-000000F")
    assert "pgBackRest has no repository 7" in drills.refusal(check_mode, repository=7)
    assert "less than keep_free_ratio (0.999) says" in drills.refusal(check_mode, keep_free_ratio=0.999)
    assert (witness(archive), drills.left()) == before


@pytest.mark.parametrize(
    "moment",
    [
        pytest.param("pgrep -f '[p]gbackrest.*restore'", id="restoring"),
        pytest.param("test -e /var/lib/postgresql/drill/side/data/standby.signal", id="restored"),
        pytest.param("test -e /var/lib/postgresql/drill/side/data/postmaster.pid", id="replaying"),
        pytest.param("pgrep -x pg_dumpall", id="reading"),
        pytest.param("pgrep -x pg_checksums", id="summing"),
    ],
)
def test_killed_it_harms_nothing_and_the_next_one_passes(archive, drills, moment):
    before = witness(archive)
    drills.in_background().kill_when(moment)
    assert witness(archive) == before
    again = drills.run()
    assert (again["changed"], again["drill"]["passed"]) == (True, True), again
    assert drills.left() == []
    assert witness(archive) == before
    wait_until(lambda: not archive.runs())
