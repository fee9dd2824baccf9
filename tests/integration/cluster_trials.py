"""What may happen to a cluster that archives: kills, a full repository, a dead one, and a return to a random second."""

from __future__ import annotations

import json
import random
from datetime import datetime, timezone

from backups import Running, wait_until
from drills import Drills
from faults import empty_disk, fill_disk
from physical import DATA
from striking import FULL, HEALTHY, REPOSITORY, WAITING, World

# Every row with the moments, by the clock of the host, between which it was committed.
WRITER = """
import json, sys, time, psycopg2
connection = psycopg2.connect("dbname=postgres")
connection.autocommit = True
cursor, rows, end = connection.cursor(), [], time.time() + float(sys.argv[1])
while time.time() < end:
    sent = time.time()
    cursor.execute("INSERT INTO ticks VALUES (%s)", (len(rows),))
    rows.append((sent, time.time()))
print(json.dumps(rows))
"""
WRITES_S = 4
PHYSICAL = {"repository": 1, **FULL}


def params(**target) -> dict:
    return {"host": "pg1", "confirm": "pg1", "timeout_s": 120, **target}


def start_afresh(world: World) -> None:
    """Nothing is kept of an earlier recovery, no ticks, and a full backup of the present timeline."""
    world.host.run("sh", "-c", f"rm -rf {DATA}.*")
    world.host.execute("DROP TABLE IF EXISTS ticks; CREATE TABLE ticks (id int);")
    world.archive.back_up(**PHYSICAL)


def ticks(world: World) -> list[int]:
    return [number for (number,) in world.host.query("SELECT id FROM ticks ORDER BY 1")]


def recover(world: World, **target) -> None:
    result = world.host.module("pg_recover", params(**target), user="root")
    assert not result.get("failed"), result["msg"]


def physical_backup_killed(world: World, place: float) -> None:
    archive, before = world.archive, [[""]]

    def begin():
        before[0] = archive.labels()
        return archive.in_background("pgbackrest_backup", **PHYSICAL)

    world.strike("physical backup", begin, place)
    world.await_end("pgbackrest")
    assert before[0][-1] in archive.labels()
    assert world.host.query("SELECT pg_is_in_recovery()") == [[False]]
    made = archive.back_up(**PHYSICAL)["backup"]["label"]
    assert made in archive.labels()
    assert archive.module("pgbackrest_info", verify=True)["problems"] == []


def recovery_killed(world: World, place: float) -> None:
    """What there was is whole, under its name or the one that the module keeps it under; the next run ends it."""
    host, target = world.host, [""]

    def begin():
        start_afresh(world)
        host.execute("INSERT INTO ticks VALUES (1);")
        target[0] = host.query("SELECT pg_current_wal_lsn()::text")[0][0]
        host.execute("INSERT INTO ticks VALUES (2);")
        options = {"params": params(target_lsn=target[0]), "check_mode": False}
        return Running(host, "pg_recover", options, user="root")

    world.strike("recovery", begin, place)
    wait_until(lambda: not host.run("pgrep", "-f", "[p]gbackrest.*restore", check=False).stdout, seconds=60)
    kept = f"{DATA}.before_recovery_1"
    exchanged = host.run("test", "-e", kept, check=False).returncode == 0
    assert host.run("test", "-e", f"{kept if exchanged else DATA}/PG_VERSION", check=False).returncode == 0
    if not exchanged:
        host.run("systemctl", "start", "postgresql@15-main")
        assert ticks(world) == [1, 2]
    recover(world, target_lsn=target[0])
    assert ticks(world) == [1]
    assert host.run("ls", "/var/lib/postgresql/15").stdout.split() == [
        "main", "main.before_recovery_1", "main.recovery.json",
    ]  # fmt: skip


def physical_drill_killed(world: World, place: float) -> None:
    drills = Drills(world.host, kind="physical", database=world.shop.name, timeout_s=120)
    about = "SELECT pg_postmaster_start_time()::text, timeline_id FROM pg_control_checkpoint()"
    before = world.host.query(about), world.archive.labels(), world.shop.contents(world.shop.name)
    world.strike("physical drill", drills.in_background, place)
    assert (world.host.query(about), world.archive.labels(), world.shop.contents(world.shop.name)) == before
    drills.passed()
    assert drills.left() == []


def recovered_to_a_second(world: World, place: float) -> None:
    """Nothing that was acknowledged before it is lost; nothing that was begun after it is there."""
    start_afresh(world)
    written = json.loads(world.host.run("python3", "-c", WRITER, str(WRITES_S), user="postgres").stdout)
    seconds = range(int(written[0][0]) + 1, int(written[-1][1]) + 1)
    second = random.Random(place).choice(seconds)
    recover(world, target_time=datetime.fromtimestamp(second, timezone.utc).isoformat())
    found = set(ticks(world))
    lost = [number for number, (_, acknowledged) in enumerate(written) if acknowledged < second and number not in found]
    late = [number for number, (sent, _) in enumerate(written) if sent > second and number in found]
    assert (lost, late) == ([], []), f"to {second}: of {len(written)} rows {len(lost)} lost, {len(late)} too late"
    assert 0 < len(found) < len(written)


def archived(world: World) -> list[int]:
    """Numbers of the segments of the present timeline that repository 1 has, in order."""
    timeline = world.host.query("SELECT timeline_id FROM pg_control_checkpoint()")[0][0]
    listed = world.host.run("sh", "-c", f"find {REPOSITORY}/archive -name '{timeline:08X}*-*' -printf '%f\\n'").stdout
    names = sorted(name for name in listed.split() if name[24] == "-")
    return [int(name[8:16], 16) * 256 + int(name[16:24], 16) for name in names]


def archive_disk_full(world: World, place: float) -> None:
    """PostgreSQL keeps its WAL and goes on; with room again, all of it arrives, without a gap."""
    host, archive = world.host, world.archive
    world.await_archive()
    first = archived(world)[-1]
    try:
        for number in range(8):
            if number == int(place * 8):
                fill_disk(host)
            host.execute(f"CREATE TABLE IF NOT EXISTS written (id int); INSERT INTO written VALUES ({number});")
            archive.switch()
        failed = "SELECT failed_count > 0 AND last_failed_time > coalesce(last_archived_time, '-infinity') FROM pg_stat_archiver"
        wait_until(lambda: host.query(failed) == [[True]], seconds=120)
        assert host.query("SELECT count(*) FROM written") == [[8]]
    finally:
        empty_disk(host)
        host.execute("DROP TABLE IF EXISTS written;")
    world.await_archive()
    found = archived(world)
    assert found[found.index(first) :] == list(range(first, found[-1] + 1)), found
    assert found[-1] >= first + 8
    archive.back_up(**PHYSICAL)
    assert world.health() == HEALTHY


def archive_dead(world: World, place: float) -> None:
    """For longer than the queue: WAL is given up, which health tells; PostgreSQL goes on, and a full backup closes the gap."""
    host, archive = world.host, world.archive
    world.await_archive()
    world.configure(queue="48MB")
    try:
        host.run("chmod", "0", REPOSITORY)
        for _ in range(random.Random(place).randint(6, 16)):
            archive.switch()
        # The queue is given up as a whole.
        wait_until(lambda: host.query(WAITING)[0][0] <= 3, seconds=120)
        host.execute("CHECKPOINT;")
        assert archive.segments() < 12
        host.execute("CREATE TABLE goes_on (); DROP TABLE goes_on;")
    finally:
        host.run("chmod", "0750", REPOSITORY)
        world.configure()
    assert world.health()["wal_archive"] == "critical"
    for repository in (1, 2):
        archive.back_up(repository=repository, **FULL)
    assert world.health() == HEALTHY


FAULTS = {
    "physical_backup_killed": physical_backup_killed,
    "physical_drill_killed": physical_drill_killed,
    "recovery_killed": recovery_killed,
    "recovered_to_a_second": recovered_to_a_second,
    "archive_disk_full": archive_disk_full,
    "archive_dead": archive_dead,
}
