"""A cluster that archives with pgBackRest, in a container of its own, and repositories that can be made to fail."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from backups import Running, wait_until

DATA = "/var/lib/postgresql/15/main"
REPOSITORY = "/var/lib/pgbackrest"
DISK = "/var/tmp/disk"  # a file system of 512 MiB, see lab/host.py
SPOOL = "/var/spool/pgbackrest"
PASSPHRASE = "a passphrase of these tests only"
CONFIGURATION = """\
[global]
archive-async=y
archive-push-queue-max={queue}
compress-type=zst
lock-path={spool}
log-path=/var/log/pgbackrest
process-max={processes}
repo1-bundle=y
repo1-cipher-pass={passphrase}
repo1-cipher-type=aes-256-cbc
repo1-path={path}
repo1-retention-full=9
spool-path={spool}
start-fast=y
{more}
[main]
pg1-path={data}
pg1-port=5432
pg1-socket-path=/var/run/postgresql
"""
SETTINGS = """\
archive_mode = on
archive_command = 'pgbackrest --stanza=main archive-push "%p"'
max_wal_size = 64MB
"""
# What the archiver has not handed over yet.
WAITING = "SELECT count(*) FROM pg_ls_archive_statusdir() WHERE right(name, 6) = '.ready'"


class Archive:
    """The cluster of HOST, and its repository."""

    def __init__(self, host) -> None:
        self.host = host

    def configure(
        self,
        path: str = REPOSITORY,
        passphrase: str = PASSPHRASE,
        queue: str = "1GB",
        processes: int = 1,
        more: str = "",
    ) -> None:
        text = CONFIGURATION.format(
            path=path, passphrase=passphrase, queue=queue, processes=processes, spool=SPOOL, data=DATA, more=more
        )
        self.host.run("tee", "/etc/pgbackrest.conf", stdin=text)

    def start_archiving(self) -> None:
        self.host.run("tee", "--append", "/etc/postgresql/15/main/postgresql.conf", stdin=SETTINGS)
        self.host.run("systemctl", "restart", "postgresql@15-main")

    def module(self, name: str, check_mode: bool = False, **params) -> dict:
        result = self.host.module(name, params, check_mode)
        assert not result.get("failed"), result["msg"]
        return result

    def stanza(self, **changes) -> dict:
        return self.module("pgbackrest_stanza", data_directory=DATA, **changes)

    def back_up(self, **changes) -> dict:
        return self.module("pgbackrest_backup", **{"archive_timeout_s": 20, **changes})

    def refusal(self, name: str, **params) -> str:
        result = self.host.module(name, params)
        assert result.get("failed"), result
        assert "\n" not in result["msg"] and result["msg"].endswith("."), result["msg"]
        return result["msg"]

    def in_background(self, name: str, **params) -> Running:
        return Running(self.host, name, {"params": params, "check_mode": False})

    def told(self) -> list[dict]:
        """What pgBackRest itself lists, without the product."""
        argv = ["pgbackrest", "--stanza=main", "--output=json", "info"]
        return json.loads(self.host.run(*argv, user="postgres").stdout)[0]["backup"]

    def labels(self) -> list[str]:
        return [one["label"] for one in self.told()]

    def segments(self) -> int:
        """Files of WAL in the data directory."""
        return self.host.query("SELECT count(*) FROM pg_ls_waldir()")[0][0]

    def switch(self) -> None:
        """Fill a segment of WAL, and begin the next one."""
        self.host.execute("SELECT pg_logical_emit_message(false, 'test', 'x'); SELECT pg_switch_wal();")

    def wait_until_archived(self) -> None:
        wait_until(lambda: self.host.query(WAITING) == [[0]], seconds=40)

    def runs(self) -> bool:
        return self.host.run("pgrep", "-x", "pgbackrest", check=False).returncode == 0


@contextmanager
def opened(host) -> Iterator[Archive]:
    """The cluster archives, into a repository without a stanza."""
    archive = Archive(host)
    archive.configure()
    archive.start_archiving()
    yield archive
