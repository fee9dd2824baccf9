"""A history of health that could be one: weeks of hourly measurements of a primary and its standby, the same each time."""

from __future__ import annotations

import math
import random
from datetime import datetime, timedelta, timezone

NOW = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)
GIB, MIB = 1 << 30, 1 << 20
STATEMENTS = (
    ("threadr_app", "11", "SELECT t.id, t.title, t.tweets, t.tweet_count FROM threads t WHERE t.user_id = $1 ORDER BY t.created_at DESC LIMIT $2", 9000, 0.9),
    ("threadr_app", "12", "UPDATE user_sessions SET last_used_at = $1 WHERE session_token = $2", 14000, 0.3),
    ("threadr_app", "13", "SELECT id, password_hash, role, status FROM users WHERE email = $1", 2500, 0.2),
    ("threadr_app", "14", "INSERT INTO usage_events (user_id, occurred_at, details) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING", 6000, 0.4),
    ("threadr_readonly", "15", "SELECT date_trunc($1, created_at), count(*) FROM threads WHERE tweets @> $2 GROUP BY 1 ORDER BY 1", 2, 5200.0),
    ("threadr_readonly", "16", "SELECT u.email, count(*) FROM users u JOIN threads t ON t.user_id = u.id GROUP BY u.email ORDER BY 2 DESC", 3, 1900.0),
    ("threadr_app", "17", "DELETE FROM usage_events WHERE occurred_at < $1", 1, 800.0),
)  # fmt: skip
TABLES = (
    ("threads", 21 * GIB, 9 * GIB, 4_000_000, 9_000_000), ("user_sessions", 900 * MIB, 400 * MIB, 600_000, 14_000_000),
    ("usage_events", 3 * GIB, GIB, 7_000_000, 6_000_000), ("users", 160 * MIB, 70 * MIB, 90_000, 2_500_000),
    ("thread_analytics", 700 * MIB, 90 * MIB, 400_000, 50_000), ("teams", MIB, 65536, 900, 4000),
)  # fmt: skip
INDEXES = (
    ("threads", "threads_user_id_created_at_idx", 190 * MIB, 9000, False), ("user_sessions", "user_sessions_session_token_key", 90 * MIB, 14000, True),
    ("users", "users_email_key", 9 * MIB, 2500, True), ("threads", "threads_tweets_idx", 2 * GIB, 2, False),
    ("threads", "threads_tags_idx", 400 * MIB, 0, False), ("thread_analytics", "thread_analytics_engagement_idx", 30 * MIB, 0, False),
)  # fmt: skip


def check(
    name: str,
    value,
    unit: str = "ratio",
    verdict: str = "ok",
    warning=None,
    critical=None,
    finding: str = "",
    advice: str = "",
) -> dict:
    return {"name": name, "value": value, "unit": unit, "warning": warning, "critical": critical, "verdict": verdict,
            "finding": finding or f"{value} {unit}.", "advice": advice}  # fmt: skip


class History:
    """C(rows) as the history has them, C(health) and C(usage) as the modules return them now."""

    def __init__(
        self, days: float = 35, step: timedelta = timedelta(hours=1), hosts: tuple[str, ...] = ("pg1", "pg2")
    ) -> None:
        self.random = random.Random(7)
        self.hosts = hosts
        count = int(timedelta(days=days) / step)
        self.moments = [NOW - step * index for index in range(count, -1, -1)]
        self.counters: dict[str, float] = {}
        self.statements: dict[str, list[float]] = {}
        self.days = days

    def noise(self, share: float = 0.1) -> float:
        return 1 + self.random.uniform(-share, share)

    def busy(self, at: datetime) -> float:
        """Between 0.2 at night and 1 in the afternoon, less at weekends."""
        day = 0.6 - 0.4 * math.cos((at.hour - 3) / 24 * 2 * math.pi)
        return day * (0.6 if at.weekday() > 4 else 1) * self.noise()

    def count(self, name: str, by: float) -> int:
        self.counters[name] = self.counters.get(name, 0) + by
        return round(self.counters[name])

    def look(self, at: datetime) -> tuple[dict, dict]:
        """Health by host, and usage of the primary."""
        busy, age = self.busy(at), (at - self.moments[0]) / timedelta(days=max(self.days, 1))
        since_vacuum = (at.timestamp() / 3600) % 150 / 150
        connections = {"active": round(9 * busy), "idle": round(38 * busy) + 4, "idle in transaction": round(2 * busy)}
        total = sum(connections.values())
        disk = 0.61 + 0.17 * age + 0.01 * self.noise(0.3)
        lag = 0.02 * self.noise(0.9) + (45 * self.random.random() if self.random.random() < 0.02 else 0)
        long_s = 7.5 if self.random.random() < 0.03 else 0.4
        checks = [
            check("connections", round(total / 97, 4), warning=0.8, critical=0.9, finding=f"{total} of 97 connections are in use."),
            check("long_statements", long_s, "s", "warning" if long_s > 5 else "ok", 5, 300,
                  f"The longest runs for {long_s} s.", "See what it waits for and EXPLAIN it." if long_s > 5 else ""),
            check("replication_lag", round(lag, 3), "s", "warning" if lag > 60 else "ok", 60, 300),
            check("replication_distance", round(lag * 3 * MIB), "bytes", warning=256 * MIB, critical=GIB),
            check("archive_lag", round(40 * busy, 1), "s", warning=300, critical=1800),
            check("heartbeat", round(30 * self.noise(0.9), 1), "s", warning=180, critical=900),
            check("cache_hits", 0.993, warning=0.9),
            check("dead_rows", round(0.05 + 0.3 * since_vacuum, 4), verdict="warning" if since_vacuum > 0.84 else "ok", warning=0.3, critical=0.6,
                  finding="191000 rows of public.user_sessions are dead.", advice="See what holds VACUUM back."),
            check("bloat", round(0.3 + 0.1 * since_vacuum, 4), warning=0.5),
            check("disk_data", round(disk, 4), warning=0.85, critical=0.95, finding=f"{disk:.0%} of /var/lib/postgresql are in use."),
            check("disk_backup", round(0.4 + 0.05 * busy, 4), warning=0.85, critical=0.95),
            check("memory", round(0.5 + 0.2 * busy, 4), warning=0.9, critical=0.95),
            check("physical_backup", round((at.hour + 22) % 24 / 24, 3), "days", warning=2, critical=8),
            check("recovery_state", "primary", ""), check("version", "15.14", ""),
        ]  # fmt: skip
        standby = [
            check("replication_lag", round(lag * 1.2, 3), "s", warning=60, critical=300),
            check("replication_distance", round(lag * 2 * MIB), "bytes"), check("disk_data", round(disk - 0.02, 4), warning=0.85, critical=0.95),
        ]  # fmt: skip
        health = {
            "pg1": self.health(at, "primary", checks),
            "pg2": self.health(at, "standby", standby),
        }
        return {host: health[host] for host in self.hosts}, self.usage(at, busy, age, since_vacuum, connections)

    def health(self, at: datetime, state: str, checks: list[dict]) -> dict:
        verdict = "warning" if any(one["verdict"] == "warning" for one in checks) else "ok"
        return {
            "checked_at": iso(at),
            "verdict": verdict,
            "checks": checks,
            "server": {"state": state, "version": "15.14"},
        }

    def usage(self, at: datetime, busy: float, age: float, since_vacuum: float, connections: dict) -> dict:
        statements = []
        for role, queryid, text, calls, mean_ms in STATEMENTS:
            kept = self.statements.setdefault(queryid, [0, 0.0])
            by = round(calls * busy * self.noise(0.3)) or (1 if at.hour % 6 == 0 else 0)
            slower = 1 + age if queryid == "15" else 1
            kept[0] += by
            kept[1] += by * mean_ms * self.noise(0.25) * slower
            if kept[0]:
                statements.append({"queryid": queryid, "role": role, "statement": text, "calls": kept[0], "total_ms": round(kept[1], 3),
                                   "mean_ms": round(kept[1] / kept[0], 3), "rows": kept[0] * 3})  # fmt: skip
        scale = 1 + 0.12 * age
        tables = [self.table(at, scale, since_vacuum, busy, *one) for one in TABLES]
        indexes = [
            {
                "schema": "public",
                "table": table,
                "index": name,
                "size_bytes": size,
                "scans": self.count(name, reads * busy),
                "unique": unique,
            }
            for table, name, size, reads, unique in INDEXES
        ]
        database = sum(one["size_bytes"] for one in tables)
        read = 50_000 * busy * self.noise(0.5)
        counters = {
            "commits": self.count("commits", 90_000 * busy), "rollbacks": self.count("rollbacks", 90 * busy), "deadlocks": 0,
            "blocks_hit": self.count("hit", 6e6 * busy), "blocks_read": self.count("read", read),
            "temporary_bytes": self.count("temporary", 80 * MIB * (at.hour in (2, 3, 14))), "wal_bytes": self.count("wal", 900 * MIB * busy), "since_s": 1,
        }  # fmt: skip
        return {
            "state": "primary", "database": "threadr", "max_connections": 100, "connections": connections, "counters": counters,
            "databases": [{"database": "threadr", "size_bytes": database}, {"database": "postgres", "size_bytes": 8 * MIB}],
            "rows": {name: sum(one[name] for one in tables) for name in ("live_rows", "dead_rows")}, "tables": tables, "indexes": indexes,
            "statements": statements, "unknown": [],
            "statement_counters": {"calls": sum(one["calls"] for one in statements), "since_s": 1,
                                   "total_ms": round(sum(one["total_ms"] for one in statements) * 1.1)},
        }  # fmt: skip

    def table(
        self,
        at: datetime,
        scale: float,
        since_vacuum: float,
        busy: float,
        name: str,
        size: int,
        index: int,
        rows: int,
        scans: int,
    ) -> dict:
        """Sessions die young; events leave bloat; analytics have no index that serves."""
        dying = 0.45 if name == "user_sessions" else 0.04
        served = name != "thread_analytics"
        return {
            "schema": "public",
            "table": name,
            "size_bytes": round(size * scale),
            "index_bytes": index,
            "live_rows": round(rows * scale),
            "dead_rows": round(rows * since_vacuum * dying),
            "dead_ratio": round(since_vacuum * dying / (1 + dying), 4),
            "bloat_ratio": 0.36 if name == "usage_events" else 0.07 if size > 10 * MIB else None,
            "sequential_scans": 3 if served else 4000,
            "index_scans": self.count(f"scans of {name}", scans * busy / 24) if served else 900,
            "vacuumed_at": iso(at - timedelta(hours=round(150 * since_vacuum))),
            "analysed_at": None,
        }

    def told(self, measurement) -> tuple[list[dict], dict, dict]:
        """Rows made by MEASUREMENT without the last one; health and usage of the last one. Half a day is missing, as after a power cut."""
        rows: list[dict] = []
        health: dict = {}
        usage: dict = {}
        for place, at in enumerate(self.moments):
            health, usage = self.look(at)
            missing = 0.8 < place / len(self.moments) < 0.8 + 0.5 / max(self.days, 1)
            if at != self.moments[-1] and not missing:
                rows += [measurement(host, one, usage if host == "pg1" else {}) for host, one in health.items()]
        return rows, health, usage


def iso(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds")


def dump(day: int) -> dict:
    return {
        "kind": "logical",
        "type": "full",
        "name": f"threadr_full_{day}",
        "repository": None,
        "database": "threadr",
        "finished_at": iso(NOW - timedelta(days=day, hours=11)),
        "duration_s": 190.0 + (day * 7) % 23 - day,
        "size_bytes": (6200 - 14 * day) * MIB,
        "database_size_bytes": (27000 - 50 * day) * MIB,
        "present": day < 30,
    }


def physical(day: int) -> dict:
    full = day % 7 == 0
    return {
        "kind": "physical",
        "type": "full" if full else "incr",
        "name": f"{day}F",
        "repository": 1,
        "database": None,
        "finished_at": iso(NOW - timedelta(days=day, hours=10)),
        "duration_s": 400.0 - day if full else 40.0,
        "size_bytes": (7000 - 15 * day if full else 260 + day % 5 * 30) * MIB,
        "database_size_bytes": (27100 - 50 * day) * MIB,
        "present": day < 21,
    }


def drill(day: int, kind: str) -> dict:
    passed = day != 35
    durations = {
        "restore_s": 600.0 - day,
        "verify_s": 90.0,
        "rto_s": 724.0 - day,
        "rpo_s": 55.0 if kind == "physical" else 3100.0,
    }
    return {
        "kind": kind,
        "host": "pg1",
        "backup": "threadr_full",
        "repository": None,
        "began_at": iso(NOW - timedelta(days=day)),
        "finished_at": iso(NOW - timedelta(days=day)),
        "passed": passed,
        "fetch_s": 4.0,
        "replay_s": 30.0 if kind == "physical" else None,
        "problems": [],
        **{name: value if passed else None for name, value in durations.items()},
    }


def backups(days: int = 80) -> dict:
    """As pg_backup_history_info tells it, without sentences."""
    found = [make(day) for day in range(days, -1, -1) for make in (dump, physical)]
    drills = [drill(day, kind) for day in range(days // 7 * 7, 0, -7) for kind in ("logical", "physical")]
    return {"unknown": None, "backups": found, "drills": drills, "verifications": []}
