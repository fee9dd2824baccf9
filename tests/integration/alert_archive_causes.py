"""What drives physical backups, their archive, off-site copies and long counts over the lines of the health check, and back."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from alert_backup_causes import CAUSES
from alert_causes import RELOAD, WRITE_WAL, cause
from alert_health_causes import found_by, health
from alert_watch import LIBRARY, Alert, Watch, with_clock
from backups import wait_until
from health_sessions import wait_for
from object_store import ObjectStore
from offsite_shop import OffSiteShop
from physical import REPOSITORY, WAITING, Archive

# With these, all that there are.
__all__ = ["CAUSES"]

STANZA = {"pgbackrest_stanza": "main"}
ARCHIVE = 'pgbackrest --stanza=main archive-push "%p"'
SHOP = "offsite_watched"
LONG_AGO_PORT = 5444
CLOCK = "/var/tmp/clock"
# The server looks there for how far its clock is ahead.
FAKED = f"""\
LD_PRELOAD = '{LIBRARY}'
FAKETIME_TIMESTAMP_FILE = '{CLOCK}'
FAKETIME_CACHE_DURATION = '1'
FAKETIME_DONT_FAKE_MONOTONIC = '1'
"""


def archive_with(watch: Watch, command: str) -> None:
    watch.host.execute(f"ALTER SYSTEM SET archive_command = '{command}';\n{RELOAD}")


@contextmanager
def archived(watch: Watch) -> Iterator[Archive]:
    """The cluster archives into a new repository, which has one full backup."""
    archive = Archive(watch.host)
    archive.configure(queue="48MB")
    watch.host.run("sh", "-c", f"rm -rf {REPOSITORY}/* /var/log/pgbackrest/*")
    archive_with(watch, ARCHIVE)
    archive.stanza()
    archive.back_up(type="full")
    try:
        yield archive
    finally:
        archive_with(watch, "/bin/true")


def becomes(watch: Watch, expected: set[Alert], **options) -> None:
    wait_for(lambda: expected <= found_by(watch, **options), 60)


def ends(watch: Watch, expected: set[Alert], **options) -> None:
    wait_for(lambda: not expected & found_by(watch, **options), 60)


def overdue(age: str, expected: set[Alert]) -> None:
    """Registers a cause: for AGE nobody has made a backup. pgBackRest goes by the server's clock, health by its own."""

    def made(watch: Watch) -> Iterator[set[Alert]]:
        with archived(watch) as archive:
            watch.clock = f"+{age}"
            becomes(watch, expected, **STANZA)
            watch.clock = "+0"
            yield expected
            archive.back_up(type="full")
            ends(watch, expected, **STANZA)

    made.__name__ = f"no_backup_for_{age}"
    cause(made)


overdue("3d", health("warning", "physical_backup"))
overdue("10d", health("critical", "physical_backup") | health("warning", "physical_full"))
overdue("17d", health("critical", "physical_full"))


@cause
def repository_that_is_gone(watch):
    """For so long that WAL has to be given up."""
    expected = health("critical", "wal_archive")
    with archived(watch) as archive:
        watch.host.run("chmod", "0", REPOSITORY)
        for _ in range(12):
            archive.switch()
        wait_until(lambda: watch.host.query(WAITING)[0][0] <= 3, seconds=60)
        watch.host.run("chmod", "0750", REPOSITORY)
        becomes(watch, expected, **STANZA)
        yield expected
        archive.back_up(type="full")
        ends(watch, expected, **STANZA)


@cause
def wal_that_never_arrives(watch):
    """The server is told that it is archived."""
    expected = health("critical", "wal_arrival")
    with archived(watch) as archive:
        archive_with(watch, "/bin/true")
        watch.host.execute(WRITE_WAL)
        becomes(watch, expected, **STANZA)
        yield expected
        archive_with(watch, ARCHIVE)
        archive.back_up(type="full")
        ends(watch, expected, **STANZA)


def shop_with_a_store(watch: Watch) -> OffSiteShop:
    """A database without dumps, and a store, which is empty."""
    shop = OffSiteShop(ObjectStore(watch.host), SHOP)
    watch.host.run("systemctl", "stop", "object-store", check=False)
    shop.store.start()
    if not shop.databases():
        watch.host.execute(f"CREATE DATABASE {SHOP};")
    watch.host.run("rm", "-rf", shop.directory)
    return shop


def dumped(watch: Watch, shop: OffSiteShop, ago: str) -> None:
    answer = with_clock(watch.host, f"-{ago}", "pg_backup", shop.backup_params())
    assert answer.get("changed"), answer


def off_site(shop: OffSiteShop) -> dict:
    return {"login_db": SHOP, "backup_directory": shop.directory, "offsite": shop.store_params()}


@cause
def store_without_a_dump(watch):
    shop = shop_with_a_store(watch)
    dumped(watch, shop, "2h")
    expected = health("critical", "offsite") | health("warning", "offsite_newest")
    becomes(watch, expected, **off_site(shop))
    yield expected
    shop.send()
    ends(watch, expected, **off_site(shop))


@cause
def dump_that_is_not_sent(watch):
    shop = shop_with_a_store(watch)
    dumped(watch, shop, "4d")
    shop.send()
    dumped(watch, shop, "3d")
    expected = health("warning", "offsite") | health("critical", "offsite_newest")
    becomes(watch, expected, **off_site(shop))
    yield expected
    shop.back_up()
    shop.send()
    ends(watch, expected, **off_site(shop))


@contextmanager
def long_ago(watch: Watch) -> Iterator[None]:
    """A cluster whose clock can go ahead, so that its counters are old."""
    cluster = ["15", "long_ago"]
    watch.host.run("tee", CLOCK, stdin="+0\n")
    watch.host.run("pg_createcluster", "--port", str(LONG_AGO_PORT), *cluster)
    watch.host.run("tee", "--append", "/etc/postgresql/15/long_ago/environment", stdin=FAKED)
    watch.host.run("systemctl", "start", "postgresql@15-long_ago")
    try:
        asked(watch, "CREATE ROLE health_monitor IN ROLE pg_monitor; CREATE DATABASE watched;", db="postgres")
        yield
    finally:
        watch.host.run("pg_dropcluster", "--stop", *cluster)
        watch.host.run("rm", CLOCK)


def asked(watch: Watch, statements: str, db: str = "watched") -> None:
    commands = statements.replace("; ", ";\n")
    watch.host.run("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-p", str(LONG_AGO_PORT), "-d", db, "-f", "-", user="postgres", stdin=commands)  # fmt: skip


@cause
def counted_for_weeks(watch):
    """Indexes that nobody reads, and checkpoints that are always forced."""
    options = {"login_port": LONG_AGO_PORT, "unused_indexes_warning_bytes": 8192}
    expected = health("warning", "unused_indexes", "forced_checkpoints")
    with long_ago(watch):
        asked(watch, "CREATE TABLE t AS SELECT g AS x FROM generate_series(1, 1000) g; CREATE INDEX nobodys ON t (x);")
        asked(watch, "SELECT pg_stat_reset(); SELECT pg_stat_reset_shared('bgwriter'); " + "CHECKPOINT; " * 25)
        watch.host.run("tee", CLOCK, stdin="+36d\n")
        becomes(watch, expected, **options)
        yield expected
        asked(watch, "SET enable_seqscan = off; SELECT x FROM t WHERE x = 1; SELECT pg_stat_reset_shared('bgwriter');")
        ends(watch, expected, **options)
