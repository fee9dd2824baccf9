"""One server whose dumps and physical backups go to a disk and to an object store, and how to strike at a module there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import backups
import object_store
from backups import GROW, Running, wait_until
from drills import heartbeat
from faults import TRIES
from object_store import OffSite
from offsite_shop import OffSiteShop
from physical import DISK, WAITING

REPOSITORY = f"{DISK}/repository"
# Enough to be struck at while it is written, and little enough for a file system of 8 MiB.
NOISE_KIB = 2500
# A store that does not answer is asked again for so long; by itself pgBackRest does for a minute.
IMPATIENT = "io-timeout=10"
LIMIT_S = 300


def nothing() -> None:
    """Where nothing has to be mended."""


class World:
    """One cluster with one shop in it. A trial leaves both as it found them."""

    def __init__(self, archive: OffSite, shop: OffSiteShop) -> None:
        self.host, self.archive, self.shop = archive.host, archive, shop
        self.durations: dict[str, float] = {}

    def strike(
        self,
        kind: str,
        begin: Callable[[], Running],
        place: float,
        hit: Callable[[Running], object] = Running.kill,
        mend: Callable[[], object] = nothing,
    ) -> dict | None:
        """Hit what BEGIN starts after PLACE of its duration. Its last words; None where it was killed.

        Where it has ended by then, or in spite of it, it is begun again and hit earlier.
        """
        for _ in range(TRIES):
            moment = self.duration(kind, begin) * place
            running = begin()
            # Not a wait for something: the moment is the fault that is injected.
            time.sleep(moment)
            try:
                hit(running)
                answer = running.answer(LIMIT_S)
            finally:
                mend()
            if answer is None or answer.get("failed"):
                return answer
            place *= 0.8
        raise AssertionError(f"{kind} always ended before it could be disturbed")

    def duration(self, kind: str, begin: Callable[[], Running]) -> float:
        """Of a run that nobody disturbs, measured once."""
        if kind not in self.durations:
            started = time.monotonic()
            answer = begin().answer(LIMIT_S)
            assert answer and not answer.get("failed"), answer
            self.durations[kind] = time.monotonic() - started
        return self.durations[kind]

    def await_end(self, *programs: str) -> None:
        """Until none of PROGRAMS, which a killed module had started, is left."""
        wait_until(lambda: not any(self.runs(name) for name in programs), seconds=60)

    def runs(self, program: str) -> bool:
        return self.host.run("pgrep", "-x", program, check=False).returncode == 0

    def configure(self, **changes) -> None:
        """Both repositories as they should be, but for CHANGES."""
        self.archive.configure_both(path=REPOSITORY, more=IMPATIENT, **changes)

    def tidy(self) -> None:
        """After a trial that failed: the next one is to fail for reasons of its own."""
        self.configure()
        self.shop.drop_copies()

    def await_archive(self) -> None:
        """The archiver pauses for a minute after some failures, unless there is something new."""
        self.archive.switch()
        wait_until(lambda: self.host.query(WAITING) == [[0]], seconds=120)

    def health(self) -> dict[str, str]:
        """The verdicts on backups and on the archive."""
        found = self.archive.module("pg_health_info", pgbackrest_stanza="main")["checks"]
        return {one["name"]: one["verdict"] for one in found if one["name"] in ("physical_backup", "wal_archive")}


# It strikes at a place from 0 to 1.
Trial = Callable[[World, float], None]
FULL = {"type": "full", "archive_timeout_s": LIMIT_S}
HEALTHY = {"physical_backup": "ok", "wal_archive": "ok"}


def sentence(answer: dict | None) -> str:
    """The message with which a module failed: on one line, and no traceback."""
    assert answer and answer.get("failed"), answer
    message = answer["msg"]
    assert "\n" not in message and message.endswith(".") and "Traceback" not in message, message
    return message


@contextmanager
def opened() -> Iterator[World]:
    """With a full backup in each repository."""
    with object_store.opened() as archive, backups.opened(archive.host) as made:
        host = archive.host
        host.run("install", "-d", "-o", "postgres", "-g", "postgres", "-m", "0750", REPOSITORY)
        made.execute(GROW.format(kibibytes=NOISE_KIB))
        heartbeat(host, made.name, 100)
        world = World(archive, OffSiteShop(archive.store, made.name))
        world.configure()
        archive.stanza()
        for repository in (1, 2):
            archive.back_up(repository=repository, **FULL)
        yield world
