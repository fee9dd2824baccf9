"""What may happen to a migration while it runs, and whether the next run ends where an undisturbed one does."""

from __future__ import annotations

import json
import random
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from lab.host import Host
from migration import EMPTY, believable, contents, load, migrate, params, target

RUNNER = "module_runner.py redis_migrate"
POSTMASTER = "$(head -1 /var/lib/postgresql/15/main/postmaster.pid)"
# A file system of its own, so that it can be filled: see lab/host.py.
DISK = "/var/tmp/disk"
AFRESH = f"{EMPTY}; DROP TABLE IF EXISTS migration.stage_progress;"
# Small batches: more moments at which something is half done. Redis is given up soon, so that a cut does not last.
SLOW: dict[str, Any] = {"batch_keys": 50, "redis": {"timeout_s": 2}}
TRIES = 8
KILLED = 128 + 9


class Running:
    """A migration in the background of HOST, or another MODULE with its OPTIONS."""

    def __init__(
        self, host: Host, database: str, module: str = "redis_migrate", options: dict | None = None, **changes
    ) -> None:
        self.host, self.module = host, module
        self.process = subprocess.Popen(
            ["podman", "exec", "--interactive", "--user", "postgres", host.name, "python3",
             "/src/tests/module_runner.py", module],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps({"params": options or params(database, **changes)}))
        self.process.stdin.close()
        self.process.stdin = None

    def await_start(self) -> None:
        """What is not there yet cannot be disturbed."""
        there = ["pgrep", "-f", f"module_runner.py {self.module}"]
        wait_until(lambda: self.host.run(*there, check=False).returncode == 0 or self.process.poll() is not None)

    def kill(self) -> bool:
        """SIGKILL; whether it was still running."""
        killed = self.host.run("pkill", "-KILL", "-f", f"module_runner.py {self.module}", check=False).returncode == 0
        self.process.wait(timeout=30)
        return killed

    def answer(self) -> dict | None:
        """What the module says in the end; None when it was killed. A traceback is no answer."""
        said, trouble = self.process.communicate(timeout=90)
        if self.process.returncode == KILLED:
            return None
        try:
            return json.loads(said)
        except ValueError:
            raise AssertionError(f"the module printed no answer: {said!r} {trouble!r}") from None

    def result(self) -> dict:
        answer = self.answer()
        assert answer is not None
        return answer


def wait_until(question: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not question():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def staged(host: Host, database: str) -> int:
    """Keys read so far by the run in the background; what is committed only."""
    if host.query("SELECT to_regclass('migration.stage_entry') IS NULL AS missing", db=database) == [[True]]:
        return 0
    return host.query("SELECT count(*) FROM migration.stage_entry", db=database)[0][0]


@dataclass(frozen=True)
class Fault:
    """C(mend) brings the world, not the migration, into its order again."""

    strike: Callable[[Host], object]
    mend: Callable[[Host], object] = lambda _host: None


def kill_module(host: Host) -> None:
    host.run("pkill", "-KILL", "-f", RUNNER, check=False)


def kill_first(host: Host) -> None:
    """The module itself: the processes that read for it learn of it by and by."""
    host.run("pkill", "-KILL", "--oldest", "-f", RUNNER, check=False)


def kill_reader(host: Host) -> None:
    """The youngest of those that read for the module, once there are any; nobody where the run is over already."""
    readers: list[str] = []

    def there_are_some() -> bool:
        module = host.run("pgrep", "--oldest", "-f", RUNNER, check=False).stdout.strip()
        readers[:] = host.run("pgrep", "--parent", module, check=False).stdout.split() if module else []
        return bool(readers) or not module

    wait_until(there_are_some)
    if readers:
        host.run("kill", "-KILL", readers[-1], check=False)


def kill_postgresql(host: Host) -> None:
    host.run("sh", "-c", f"kill -KILL {POSTMASTER}")


def start_postgresql(host: Host) -> None:
    """The new server wants the last process of the killed one gone, and systemd to know it."""
    wait_until(lambda: host.run("pgrep", "-x", "postgres", check=False).returncode == 1)
    wait_until(lambda: is_down(host))
    host.run("systemctl", "start", "postgresql@15-main")


def is_down(host: Host) -> bool:
    return host.run("systemctl", "is-active", "postgresql@15-main", check=False).stdout.strip() in (
        "failed",
        "inactive",
    )


def await_redis(host: Host) -> None:
    wait_until(lambda: host.run("redis-cli", "ping", check=False).stdout.strip() == "PONG")
    # systemd refuses the sixth start within ten seconds.
    host.run("systemctl", "reset-failed", "redis-server")


def cut_network(host: Host) -> None:
    """Packets to and from Redis disappear; nobody is told."""
    rules = "table inet cut { chain input { type filter hook input priority 0; tcp dport 6379 drop; tcp sport 6379 drop; }; }"
    host.run("nft", "-f", "-", stdin=rules)


def fill_disk(host: Host, disk: str = DISK) -> None:
    """Until nothing more fits."""
    host.run("sh", "-c", f"dd if=/dev/zero of={disk}/filler bs=64k 2>/dev/null", check=False)


def empty_disk(host: Host, disk: str = DISK) -> None:
    host.run("rm", "-f", f"{disk}/filler")


FAULTS = {
    "killed": Fault(kill_module),
    "first_killed": Fault(kill_first),
    "reader_killed": Fault(kill_reader),
    "postgresql_restarted": Fault(lambda host: host.run("systemctl", "restart", "postgresql@15-main")),
    "postgresql_killed": Fault(kill_postgresql, start_postgresql),
    "redis_restarted": Fault(lambda host: host.run("systemctl", "restart", "redis-server"), await_redis),
    "redis_killed": Fault(lambda host: host.run("pkill", "-KILL", "-x", "redis-server"), await_redis),
    "network_cut": Fault(cut_network, lambda host: host.run("nft", "delete", "table", "inet", "cut")),
    "disk_full": Fault(fill_disk, empty_disk),
}


class Trials:
    """One source, one target on a disk of its own, and what stands there after a run that nobody disturbed."""

    def __init__(self, host: Host, users: int = 200, threads: int = 1200) -> None:
        self.host, self.database = host, "test_faults"
        host.run("install", "-d", "-o", "postgres", f"{DISK}/tablespace")
        host.execute(f"CREATE TABLESPACE test_faults LOCATION '{DISK}/tablespace';")
        host.execute(f"CREATE DATABASE {self.database} TABLESPACE test_faults;")
        target(host, self.database)
        load(host, believable(users, threads))
        # So that one that is killed has them when it is started again, which systemd sees to.
        host.redis("SAVE")
        started = time.monotonic()
        migrate(host, self.database, **SLOW)
        self.duration = time.monotonic() - started
        self.expected = contents(host, self.database)

    def remove(self) -> None:
        self.host.execute(f"DROP DATABASE {self.database} WITH (FORCE);")
        self.host.execute("DROP TABLESPACE test_faults;")

    def disturb(self, fault: Fault, share: float) -> dict | None:
        """Strike after SHARE of an undisturbed run; earlier, as often as the run has ended before. Its last words."""
        for _ in range(TRIES):
            self.host.execute(AFRESH, db=self.database)
            run = Running(self.host, self.database, **SLOW)
            run.await_start()
            # Not a wait for something: the moment is the fault that is injected.
            time.sleep(self.duration * share)
            try:
                fault.strike(self.host)
                answer = run.answer()
            finally:
                fault.mend(self.host)
            if answer is None or answer.get("failed"):
                return answer
            share *= 0.8
        raise AssertionError("the run always ended before it could be disturbed")

    def ends_equal(self, fault: Fault, share: float) -> bool:
        """Whether the run after a disturbed one ends in the same contents, and one more finds nothing to do."""
        self.disturb(fault, share)
        self.continued = migrate(self.host, self.database, **SLOW)
        equal = contents(self.host, self.database) == self.expected
        return equal and migrate(self.host, self.database)["changed"] is False


def moments(count: int, seed: int) -> list[float]:
    """Shares of a run's duration, one at a random place in each of COUNT equal parts."""
    chance = random.Random(seed)
    return [chance.uniform(part / count, (part + 1) / count) for part in range(count)]
