"""A source and a target for tests of the migration."""

from __future__ import annotations

from collections.abc import Iterable

from lab.keyspace import resp, wellformed
from lab.keyspace.clock import REFERENCE, instant
from lab.keyspace.entry import Entry
from lab.keyspace.world import Sizes, World
from schema import deploy

TEAMS = ("teams", "team_memberships", "team_invites", "team_activities")
TABLES = (
    "users", "threads", "email_subscribers", "subscriptions", "premium_grants", "usage_counters", "usage_events",
    "user_thread_stats", "app_counters", "thread_analytics", "analytics_timeseries", *TEAMS,
)  # fmt: skip
# What runs write, wherever they write it.
EMPTY = f"TRUNCATE {', '.join(TABLES)}, migration.migration_rows, migration.migration_rejects, migration.migration_runs CASCADE"


def load(host, entries: Iterable[Entry]) -> None:
    """Empty the Redis of HOST and fill it."""
    host.redis("FLUSHALL")
    add(host, entries)


def add(host, entries: Iterable[Entry]) -> None:
    answer = host.run("redis-cli", "--pipe", stdin=b"".join(resp.stream(entries))).stdout.decode()
    assert "errors: 0" in answer, answer


def believable(users: int, threads: int, seed: int = 1, **sizes: int) -> list[Entry]:
    reference = REFERENCE if not isinstance(REFERENCE, str) else instant(REFERENCE)
    return list(wellformed.entries(World(seed, Sizes.of(users, threads, **sizes), reference)))


def params(database: str, **changes) -> dict:
    return {"redis": {}, "login_db": database, "login_role": "threadr_migration", **changes}


def migrate(host, database: str, check_mode: bool = False, **changes) -> dict:
    result = host.module("redis_migrate", params(database, **changes), check_mode)
    assert not result.get("failed"), result["msg"]
    return result


def validate(host, database: str, **changes) -> dict:
    result = host.module("migration_info", params(database, **changes))
    assert not result.get("failed"), result["msg"]
    return result


def contents(host, database: str) -> dict[str, str]:
    """A digest of every migrated table and of the open quarantine, made by the server and not by the product."""
    digests = {
        table: f"SELECT coalesce(md5(string_agg(t::text, E'\\n' ORDER BY t::text)), '') FROM public.{table} t"
        for table in TABLES
    }
    digests["rejects"] = (
        "SELECT coalesce(md5(string_agg(concat_ws('|', key, member, redis_type, value, reason_code, reason), E'\\n'"
        " ORDER BY key, member)), '') FROM migration.migration_rejects WHERE resolved_run_id IS NULL"
    )
    together = ", ".join(f"({query}) AS {name}" for name, query in digests.items())
    return dict(zip(digests, host.query(f"SELECT {together}", db=database)[0], strict=True))


def target(host, database: str) -> str:
    """The database with its schema; its name."""
    deploy(host, database)
    return database
