"""The plots of a report on health, in groups."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property

from .report_series import DAY_S, HOUR_S, Point, check_values, gaps, hit_ratios, numbers, plot, rates, series


@dataclass
class Looks:
    """Measurements, of which the first may be before the period; CHECKS are those of now, by their names."""

    rows: list[dict]
    begin: datetime
    checks: dict[str, dict]

    @cached_property
    def within(self) -> list[dict]:
        return [row for row in self.rows if row["taken_at"] > self.begin]

    @cached_property
    def primary(self) -> list[dict]:
        """Of whichever host was it."""
        return [row for row in self.within if row["state"] == "primary"]

    @cached_property
    def counted(self) -> list[dict]:
        return [row for row in self.rows if row["state"] == "primary" and row["numbers"]]

    @cached_property
    def missing(self) -> list[datetime]:
        return gaps([row for row in self.rows if row["state"] == "primary"])

    def points(self, name: str, points: list[Point], worst: Callable = max) -> dict:
        return series(name, [point for point in points if point[0] > self.begin], self.missing, worst)

    def value(self, name: str, key: str) -> dict:
        return self.points(name, numbers(self.primary, lambda values: values.get(key)))

    def check(self, name: str, key: str, times: float = 1) -> dict:
        return self.points(name, check_values(self.primary, key, times))

    def rate(self, name: str, key: str, per_s: float) -> dict:
        return self.points(name, rates(self.counted, key, per_s))

    def by_host(self, key: str) -> list[dict]:
        rows = {
            host: [row for row in self.within if row["host"] == host]
            for host in sorted({row["host"] for row in self.within})
        }
        return [series(host, check_values(of_host, key), gaps(of_host)) for host, of_host in rows.items()]

    def warns(self, name: str, times: float = 1) -> list[dict]:
        """Where a check warns."""
        warning = self.checks.get(name, {}).get("warning")
        return [] if warning is None else [{"name": "warning", "value": warning * times}]


def plots(rows: list[dict], begin: datetime, checks: dict[str, dict], database: str) -> list[dict]:
    """Groups of plots."""
    looks = Looks(rows, begin, checks)
    return [
        {"title": "Connections and work", "plots": work(looks)},
        {"title": "Replication", "plots": replication(looks)},
        {"title": "Size and growth", "plots": sizes(looks, database)},
        {"title": "Cache and temporary files", "plots": cache(looks)},
        {"title": "Dead rows and bloat", "plots": bloat(looks)},
        {"title": "What a loss would cost", "plots": loss(looks)},
    ]


def work(looks: Looks) -> list[dict]:
    known = [row["numbers"]["max_connections"] for row in looks.primary if "max_connections" in row["numbers"]]
    states = [
        looks.value("all", "connections"),
        looks.value("active", "connections_active"),
        looks.value("idle in transaction", "connections_idle_in_transaction"),
    ]
    ended = [looks.rate("commits", "commits", 1), looks.rate("rollbacks", "rollbacks", 1)]
    return [
        plot("Connections", "count", states, looks.warns("connections", known[-1] if known else 0)),
        plot("Commits in a second", "count", ended),
    ]


def replication(looks: Looks) -> list[dict]:
    return [
        plot("Replication lag", "s", looks.by_host("replication_lag"), looks.warns("replication_lag")),
        plot("WAL that is not replayed yet", "bytes", looks.by_host("replication_distance")),
    ]


def sizes(looks: Looks, database: str) -> list[dict]:
    disks = sorted({name for row in looks.primary for name in row["checks"] if name.startswith("disk_")})
    in_use = [looks.check(name.removeprefix("disk_"), name) for name in disks]
    size = [looks.value(f"database {database}", "database_bytes"), looks.value("all databases", "databases_bytes")]
    return [
        plot("Size", "bytes", size, from_zero=False),
        plot("Disks in use", "ratio", in_use, looks.warns("disk_data")),
        plot("WAL written in an hour", "bytes", [looks.rate("WAL", "wal_bytes", HOUR_S)]),
    ]


def cache(looks: Looks) -> list[dict]:
    found = [looks.points("found", hit_ratios(looks.counted), min)]
    return [
        plot("Blocks found in shared_buffers", "ratio", found, looks.warns("cache_hits"), from_zero=False),
        plot("Temporary files written in an hour", "bytes", [looks.rate("temporary files", "temporary_bytes", HOUR_S)]),
    ]


def dead_ratio(values: dict) -> float | None:
    rows = values.get("live_rows", 0) + values.get("dead_rows", 0)
    return values["dead_rows"] / rows if rows else None


def bloat(looks: Looks) -> list[dict]:
    dead = [
        looks.points("of all rows", numbers(looks.primary, dead_ratio)),
        looks.check("of the worst table", "dead_rows"),
    ]
    return [
        plot("Share of dead rows", "ratio", dead),
        plot("Space that is bloat", "bytes", [looks.value("estimate", "bloat_bytes")]),
    ]


def loss(looks: Looks) -> list[dict]:
    not_saved = [looks.check("finished WAL", "archive_lag"), looks.check("heartbeat", "heartbeat")]
    newest = [looks.check("of the oldest repository", "physical_backup", DAY_S)]
    return [
        plot("Age of what is not archived (RPO)", "s", not_saved),
        plot("Age of the newest physical backup", "s", newest, looks.warns("physical_backup", DAY_S)),
    ]
