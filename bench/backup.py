"""How fast backups and restores are, against the plain tools: ``make bench-backup USERS=20000 THREADS=200000``.

A container of its own with the database that the benchmark of the migration fills. What is compared takes turns, and of
each the fastest turn counts. The last line is one JSON object; times in seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from collections.abc import Callable
from functools import partial

from bench.migration import DATABASE, configure, fill, module, say, used_cpu_s
from lab.host import Host, started
from migration import params
from physical import Archive

FOLDER = "/var/lib/postgresql/bench_backup"
OURS = f"{FOLDER}/ours"
GUIDE = f"{FOLDER}/guide.dump"
PLAIN = f"{FOLDER}/plain.dump.zst"
DUMPS = {
    "guide": f"pg_dump --format=custom --compress=9 --file={GUIDE} {DATABASE}",
    # What any product that keeps one compressed file has to do.
    "floor": f"pg_dump --format=custom --compress=0 {DATABASE} | zstd -3 -T2 --quiet --force -o {PLAIN}",
}
COPY = "bench_copy"
RESTORES = {
    "plain_restore": f"pg_restore --exit-on-error --dbname={COPY} {GUIDE}",
    "plain_restore_jobs": f"pg_restore --exit-on-error --jobs={{jobs}} --dbname={COPY} {GUIDE}",
}
RESTORED = f"{FOLDER}/restored"
BASE = f"{FOLDER}/base"
# A tenth of what matters changes between a full backup and the next incremental one.
CHANGE = "UPDATE threads SET view_count = view_count + 1 WHERE id IN (SELECT id FROM threads ORDER BY id LIMIT {threads} / 10);"
PHYSICAL = {
    "pg_basebackup": f"pg_basebackup --pgdata={BASE} --checkpoint=fast",
    "pgbackrest_full": "pgbackrest --stanza=main --type=full backup",
    "pgbackrest_incr": "pgbackrest --stanza=main --type=incr backup",
    # With a spool of its own: the one of the stanza is emptied.
    "pgbackrest_restore": f"pgbackrest --stanza=main --pg1-path={RESTORED} --spool-path={FOLDER}/spool restore",
}
Measured = dict[str, list[tuple[float, float]]]


def shell(host: Host, command: str) -> tuple[float, float]:
    """Seconds that COMMAND takes, and of processors in the whole container."""
    host.execute("CHECKPOINT")
    before, begun = used_cpu_s(host), time.monotonic()
    host.run("bash", "-c", f"set -o pipefail; {command}", user="postgres")
    return time.monotonic() - begun, used_cpu_s(host) - before


def size(host: Host, path: str) -> int:
    return int(host.run("du", "--summarize", "--bytes", path).stdout.split()[0])


def turns(rounds: int, work: dict[str, Callable[[], tuple[float, float]]]) -> Measured:
    """Each of WORK in turn, ROUNDS times."""
    found: Measured = {name: [] for name in work}
    for _ in range(rounds):
        for name, one in work.items():
            found[name].append(one())
            seconds, cpu = found[name][-1]
            say(f"{name}: {seconds:.1f} s, {cpu:.1f} s of processors")
    return found


def logical(host: Host, rounds: int) -> tuple[Measured, dict[str, int]]:
    """Dumps, and their sizes in bytes."""
    sizes: dict[str, int] = {}

    def ours() -> tuple[float, float]:
        options = {"login_db": DATABASE, "directory": OURS, "keep_count": 1}
        done = module(host, "pg_backup", options)
        sizes["ours"] = size(host, done["answer"]["backup"]["path"])
        return done["seconds"], done["all_cpu_s"]

    plain = {name: partial(shell, host, command) for name, command in DUMPS.items()}
    found = turns(rounds, {**plain, "ours": ours})
    sizes |= {"guide": size(host, GUIDE), "floor": size(host, PLAIN)}
    return found, sizes


def restores(host: Host, rounds: int) -> Measured:
    def plain(command: str) -> tuple[float, float]:
        host.execute(f"CREATE DATABASE {COPY} TEMPLATE template0;")
        done = shell(host, command.format(jobs=os.cpu_count()))
        host.execute(f"DROP DATABASE {COPY};")
        return done

    def ours() -> tuple[float, float]:
        options = {"directory": OURS, "database": DATABASE, "target": COPY}
        done = module(host, "pg_restore", options)
        host.execute(f"DROP DATABASE {COPY};")
        return done["seconds"], done["all_cpu_s"]

    work = {name: partial(plain, command) for name, command in RESTORES.items()}
    return turns(rounds, {**work, "ours": ours})


def physical(host: Host, rounds: int, threads: int) -> Measured:
    """pgBackRest compresses, encrypts and checks; pg_basebackup copies."""
    archive = Archive(host)
    archive.configure(processes=2)
    archive.start_archiving()
    archive.stanza()

    def one(name: str) -> tuple[float, float]:
        host.run("rm", "-rf", RESTORED, BASE)
        host.run("install", "-d", "-o", "postgres", "-m", "0700", RESTORED)
        if name == "pgbackrest_incr":
            host.execute(CHANGE.format(threads=threads), db=DATABASE)
        return shell(host, PHYSICAL[name])

    found = turns(rounds, {name: partial(one, name) for name in PHYSICAL})
    host.run("rm", "-rf", RESTORED, BASE)
    return found


def best(found: Measured, name: str, which: int = 0) -> float:
    return round(min(turn[which] for turn in found[name]), 2)


def measure(host: Host, options: argparse.Namespace) -> dict:
    keys = fill(host, options.users, options.threads)
    module(host, "redis_migrate", params(DATABASE))
    host.execute("VACUUM ANALYZE", db=DATABASE)
    host.run("install", "-d", "-o", "postgres", "-m", "0700", FOLDER)
    [[database_bytes]] = host.query(f"SELECT pg_database_size('{DATABASE}')")
    say(f"{keys} keys, a database of {database_bytes >> 20} MiB")
    dumps, sizes = logical(host, options.rounds)
    loads = restores(host, options.rounds)
    clusters = physical(host, options.rounds, options.threads)
    for name, one in sizes.items():
        say(f"{name}: {one / 1e6:.1f} MB, {database_bytes / one:.1f} times smaller than the database")
    plain_s = min(best(loads, name) for name in RESTORES)
    return {
        "speedup_vs_guide": round(best(dumps, "guide") / best(dumps, "ours"), 2),
        "size_ratio": round(sizes["ours"] / sizes["guide"], 3),
        "restore_ratio": round(best(loads, "ours") / plain_s, 2),
        "guide_s": best(dumps, "guide"),
        "ours_s": best(dumps, "ours"),
        "floor_s": best(dumps, "floor"),
        "cpu_speedup_vs_guide": round(best(dumps, "guide", 1) / best(dumps, "ours", 1), 2),
        "guide_mb": round(sizes["guide"] / 1e6, 1),
        "ours_mb": round(sizes["ours"] / 1e6, 1),
        "floor_mb": round(sizes["floor"] / 1e6, 1),
        "database_mb": round(database_bytes / 1e6, 1),
        **{f"{name}_s": best(loads, name) for name in RESTORES},
        "ours_restore_s": best(loads, "ours"),
        **{f"{name}_s": best(clusters, name) for name in PHYSICAL},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure backups and restores.")
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=2, help="turns of everything that is compared")
    options = parser.parse_args()
    # What is told to end removes its container first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    before = os.getloadavg()[0]
    with started("bench-backup") as host:
        configure(host)
        result = measure(host, options)
        load = {"load_before": round(before, 2), "load_after": round(os.getloadavg()[0], 2)}
        # While the container is there: what was measured for so long must not be lost with its removal.
        print(json.dumps({**result, **load}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
