"""How fast the migration is: against COPY of prepared rows, against row by row, and how much memory it takes.

``make bench-migration USERS=20000 THREADS=200000``. A container of its own with PostgreSQL, set as this project sets
it, and Redis. The last line is one JSON object; times in seconds.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import subprocess
import sys
import time

from lab.host import PROJECT, Host, started
from migration import TABLES, params
from schema import deploy

DATABASE = "bench"
# What matters for speed, of what the project computes for a server; the rest is for many sessions or for logs.
SETTINGS = (
    "checkpoint_completion_target", "checkpoint_timeout", "default_toast_compression", "effective_cache_size",
    "maintenance_work_mem", "max_wal_size", "min_wal_size", "random_page_cost", "shared_buffers", "wal_buffers",
    "wal_compression", "work_mem",
)  # fmt: skip
PREPARED = "/var/lib/postgresql/prepared"
# Generated columns have no place in a prepared row.
COLUMNS = """
    SELECT attrelid::regclass::text AS name, string_agg(quote_ident(attname), ', ' ORDER BY attnum) AS columns
    FROM pg_attribute WHERE attrelid::regclass::text = ANY(ARRAY[{tables}]) AND attnum > 0 AND NOT attisdropped
      AND attgenerated = '' GROUP BY 1
"""
SECONDARY = """
    SELECT indexrelid::regclass::text AS name, pg_get_indexdef(indexrelid) AS made_by FROM pg_index
    WHERE indrelid::regclass::text = ANY(ARRAY[{tables}])
      AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid) ORDER BY 1
"""
QUOTED = ", ".join(f"'{table}'" for table in TABLES)


def say(line: str) -> None:
    print(f"{line}   (load {os.getloadavg()[0]:.1f})", flush=True)


def configure(host: Host) -> None:
    """The settings that the project computes for this machine."""
    computed = host.module("pg_tuning_info", {})["settings"]
    lines = "".join(f"{name} = '{computed[name]}'\n" for name in SETTINGS if name in computed)
    host.run("tee", "--append", "/etc/postgresql/15/main/postgresql.conf", stdin=lines)
    host.run("systemctl", "restart", "postgresql@15-main")
    host.execute(f"CREATE DATABASE {DATABASE};")
    deploy(host, DATABASE)


def fill(host: Host, users: int, threads: int) -> int:
    """Straight from the generator into Redis; the keys that are there then."""
    sizes = ["--users", str(users), "--threads", str(threads), "--counters", str(3 * users)]
    generator = subprocess.Popen([sys.executable, "-m", "lab.keyspace", *sizes], cwd=PROJECT, stdout=subprocess.PIPE)
    with generator:
        loaded = subprocess.run(
            ["podman", "exec", "--interactive", host.name, "redis-cli", "--pipe"],
            stdin=generator.stdout, capture_output=True, text=True, check=True,
        )  # fmt: skip
    if generator.returncode or "errors: 0" not in loaded.stdout:
        sys.exit(f"The keyspace could not be loaded: {loaded.stdout}{loaded.stderr}")
    return int(host.redis("DBSIZE"))


def used_cpu_s(host: Host) -> float:
    """Of everything in the container: a measure that the machine's other work disturbs less than the clock."""
    for path, unit in (("cpuacct/cpuacct.usage", 1e9), ("cpu.stat", 1e6)):
        found = re.search(r"[0-9]+", host.run("cat", f"/sys/fs/cgroup/{path}", check=False).stdout)
        if found:
            return int(found[0]) / unit
    sys.exit("The container's control group does not say how much processor time was used.")


def module(host: Host, name: str, options: dict) -> dict:
    """The measured answer of a module that must not fail."""
    host.execute("CHECKPOINT")
    request = json.dumps({"params": options})
    before = used_cpu_s(host)
    done = json.loads(host.run("python3", "/src/bench/measured.py", name, user="postgres", stdin=request).stdout)
    if done["answer"].get("failed"):
        sys.exit(f"{name} failed: {done['answer']['msg']}")
    done["all_cpu_s"] = used_cpu_s(host) - before
    cpu = f"{done['all_cpu_s']:.1f} s of processors, {done['cpu_s']:.1f} s of them its own"
    say(f"{name}: {done['seconds']:.1f} s, {cpu}, {done['peak_mb']:.0f} MB")
    return done


def floor(host: Host) -> tuple[float, float]:
    """COPY of the very rows into the same tables, then the secondary indexes, then ANALYZE: seconds, and of processors."""
    columns = dict(host.query(COLUMNS.format(tables=QUOTED), db=DATABASE))
    indexes = host.query(SECONDARY.format(tables=QUOTED), db=DATABASE)
    host.run("install", "-d", "-o", "postgres", PREPARED)
    host.execute("".join(f"COPY {t} ({columns[t]}) TO '{PREPARED}/{t}';" for t in TABLES), db=DATABASE)
    drops = "".join(f"DROP INDEX {name};" for name, _ in indexes)
    host.execute(f"TRUNCATE {', '.join(TABLES)} CASCADE;{drops}CHECKPOINT;", db=DATABASE)
    clock = "SELECT extract(epoch FROM clock_timestamp());"
    work = "".join(f"COPY {t} ({columns[t]}) FROM '{PREPARED}/{t}';" for t in TABLES)
    work += "".join(f"{made_by};" for _, made_by in indexes) + f"ANALYZE {', '.join(TABLES)};"
    before = used_cpu_s(host)
    begun, ended = map(float, host.execute(clock + work + clock, db=DATABASE).split())
    return ended - begun, used_cpu_s(host) - before


def measure(host: Host, users: int, threads: int, sample: int) -> dict:
    begun = time.monotonic()
    keys = fill(host, users, threads)
    say(f"{keys} keys in Redis after {time.monotonic() - begun:.0f} s")
    first = module(host, "redis_migrate", params(DATABASE))
    again = module(host, "redis_migrate", params(DATABASE))
    validation = module(host, "migration_info", params(DATABASE))
    if again["answer"]["changed"] or validation["answer"]["problems"]:
        sys.exit(f"What was migrated is not right: {again['answer']['tables']}, {validation['answer']['problems']}")
    rows = sum(table["inserted"] for table in first["answer"]["tables"].values())
    slow = json.loads(host.run("python3", "/src/bench/row_by_row.py", DATABASE, str(sample), user="postgres").stdout)
    say(f"row by row: {slow['rows']} rows in {slow['seconds']:.1f} s")
    floor_s, floor_cpu_s = floor(host)
    say(f"floor: {floor_s:.1f} s, {floor_cpu_s:.1f} s of processors, for {rows} rows")
    product_s, slow_s = first["seconds"], slow["seconds"] / slow["rows"] * rows
    return {
        "keys": keys,
        "rows": rows,
        "floor_s": round(floor_s, 2),
        "product_s": round(product_s, 2),
        "ratio": round(product_s / floor_s, 2),
        "row_by_row_ratio": round(slow_s / product_s, 2),
        # No product that writes these rows can be faster against row by row than this.
        "row_by_row_ratio_of_floor": round(slow_s / floor_s, 2),
        "row_by_row_rows": slow["rows"],
        "validation_ratio": round(validation["seconds"] / product_s, 2),
        "second_run_ratio": round(again["seconds"] / product_s, 2),
        "peak_rss_mb": round(max(done["peak_mb"] for done in (first, again, validation)), 1),
        "floor_cpu_s": round(floor_cpu_s, 2),
        "product_cpu_s": round(first["all_cpu_s"], 2),
        "cpu_ratio": round(first["all_cpu_s"] / floor_cpu_s, 2),
        "validation_cpu_ratio": round(validation["all_cpu_s"] / first["all_cpu_s"], 2),
        "second_run_cpu_ratio": round(again["all_cpu_s"] / first["all_cpu_s"], 2),
        "us_per_key": round(product_s / keys * 1e6, 1),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure the migration.")
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--threads", type=int, default=200_000)
    parser.add_argument("--sample", type=int, default=20_000, help="rows to write row by row")
    options = parser.parse_args()
    # What is told to end removes its container first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    before = os.getloadavg()[0]
    with started("bench") as host:
        configure(host)
        result = measure(host, options.users, options.threads, options.sample)
        load = {"load_before": round(before, 2), "load_after": round(os.getloadavg()[0], 2)}
        # While the container is there: what was measured for so long must not be lost with its removal.
        print(json.dumps({**result, **load}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
