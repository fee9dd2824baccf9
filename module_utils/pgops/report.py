"""A report on the health of a database and its hosts over a day, a week or a month: the structure that pages and machines read."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from . import report_advice as advice
from . import report_series as over_time
from . import report_statements
from .errors import PgopsError
from .health import PROBLEMS, VERDICTS
from .measurement import iso, measurement, read
from .report_plots import plots

PERIODS = {"day": timedelta(days=1), "week": timedelta(days=7), "month": timedelta(days=30)}
# Backups and drills are rarer than measurements: less than a quarter of a year shows nothing.
BACKUPS_FOR = timedelta(days=91)
LISTED = 10
MANY_DEAD, DEAD_RATIO, BLOAT_RATIO, BLOATED_BYTES = 1000, 0.1, 0.3, 10 << 20
# Of a table that is read as a whole often.
MANY_ROWS, MANY_SCANS = 10_000, 100
HOUR_S, DAY_S = 3600, 86_400


def report(conn, host: str, period: str, health: dict[str, dict], usage: dict, backups: dict, inventory: str) -> dict:
    """The result of pg_health_report_info, with the history that there is."""
    now = moment_of(host, health)
    begin = now - PERIODS[period]
    try:
        rows, ends = read(conn, host, begin, now)
    except PgopsError as error:
        rows, ends = [], []
        usage = {**usage, "unknown": [*usage.get("unknown", []), f"history: {error}"]}
    return assembled(rows, ends, host, period, health, usage, backups, inventory)


def moment_of(host: str, health: dict[str, dict]) -> datetime:
    """When the host was looked at, which is when a period ends."""
    if host not in health:
        raise PgopsError(f"health has no host {host}: give what pg_health_info returned for it.")
    try:
        return datetime.fromisoformat(health[host]["checked_at"])
    except (KeyError, TypeError, ValueError) as error:
        raise PgopsError(f"The health of {host} is not as pg_health_info tells of it: {error!r}.") from error


def assembled(
    rows: list[dict],
    ends: list[dict],
    host: str,
    period: str,
    health: dict[str, dict],
    usage: dict,
    backups: dict,
    inventory: str,
) -> dict:
    """ROWS are measurements, beginning before the period, without that of now; ENDS those of HOST with lists, first and last."""
    now = moment_of(host, health)
    begin = now - PERIODS[period]
    latest = {name: measurement(name, one, usage if name == host else {}) for name, one in health.items()}
    known = {(row["taken_at"], row["host"]) for row in rows}
    with_now = [*rows, *(row for row in latest.values() if (row["taken_at"], row["host"]) not in known)]
    within = [row for row in rows if row["taken_at"] > begin]
    first = ends[0] if ends else latest[host]
    checks = {one["name"]: one for one in health[host]["checks"]}
    statements = report_statements.told(with_now, begin)
    tables = in_need(usage.get("tables", []))
    groups = plots(with_now, begin, checks, usage.get("database") or "")
    groups.insert(3, {"title": "Slow statements", "plots": statements.pop("plots")})
    unknown = usage.get("unknown", [])
    last_s = max((row["taken_at"].timestamp() for row in within if row["host"] == host), default=None)
    return {
        "changed": False,
        "period": period,
        "begins_at": iso(begin),
        "ends_at": iso(now),
        "host": host,
        "database": usage.get("database"),
        "measurements": len(within),
        "verdict": max((one["verdict"] for one in health.values()), key=VERDICTS.index),
        "healthy": all(one["verdict"] not in PROBLEMS for one in health.values()),
        "hosts": [described(name, one, within) for name, one in sorted(health.items())],
        "troubled": troubled(within),
        "groups": over_time.over(groups, begin, now),
        "growth": growth(first, latest[host]),
        "statements": statements,
        "tables": tables,
        "indexes": indexes(first, latest[host]),
        "backups": recent(backups, now),
        "recommendations": [
            *advice.for_checks(health, inventory),
            *advice.for_disks(disks(within, host), critical_disk(checks), host, inventory),
            *advice.for_tables(tables, host, inventory),
            *advice.for_statements(statements, host, inventory),
            *advice.for_history(last_s, now.timestamp(), unknown, host, inventory),
        ],
        "unknown": unknown,
    }


def described(host: str, found: dict, rows: list[dict]) -> dict:
    """A host as it is now, and how many of its measurements had which verdict."""
    counted = Counter(row["verdict"] for row in rows if row["host"] == host)
    return {
        "host": host,
        "state": found["server"].get("state"),
        "version": found["server"].get("version"),
        "verdict": found["verdict"],
        "checked_at": found["checked_at"],
        "checks": [
            {name: one[name] for name in ("name", "value", "unit", "verdict", "finding", "advice")}
            for one in found["checks"]
        ],
        "measured": {verdict: counted[verdict] for verdict in VERDICTS},
    }


def troubled(rows: list[dict]) -> list[dict]:
    """Checks that were a problem in the period, those most often first."""
    found: dict[tuple[str, str], dict] = {}
    for row in rows:
        for name, check in row["checks"].items():
            if check["verdict"] in PROBLEMS:
                key = (row["host"], name)
                one = found.setdefault(
                    key,
                    {"host": row["host"], "check": name, "warning": 0, "critical": 0, "first_at": iso(row["taken_at"])},
                )
                one[check["verdict"]] += 1
                one["last_at"] = iso(row["taken_at"])
    return sorted(found.values(), key=lambda one: (-one["critical"], -one["warning"], one["host"], one["check"]))


def growth(first: dict, last: dict) -> list[dict]:
    """Databases, then the tables that grew most. A pace is told from an hour on."""
    days = (last["taken_at"] - first["taken_at"]).total_seconds() / DAY_S
    databases = compared(first["databases"], last["databases"], lambda row: row["database"], days)
    tables = compared(first["tables"], last["tables"], lambda row: f"{row['schema']}.{row['table']}", days)
    tables.sort(key=lambda one: (-(one["change_bytes"] or 0), -one["size_bytes"], one["name"]))
    return [
        *({"kind": "database", **one} for one in databases[:LISTED]),
        *({"kind": "table", **one} for one in tables[:LISTED]),
    ]


def compared(before: list[dict], after: list[dict], name, days: float) -> list[dict]:
    earlier = {name(row): row["size_bytes"] for row in before}
    found = []
    for row in after:
        change = row["size_bytes"] - earlier[name(row)] if name(row) in earlier and days > 0 else None
        pace = None if change is None or days * DAY_S < HOUR_S else round(change / days)
        found.append(
            {"name": name(row), "size_bytes": row["size_bytes"], "change_bytes": change, "bytes_per_day": pace}
        )
    return found


def in_need(tables: list[dict]) -> list[dict]:
    """Tables with many dead rows, much bloat, or that are read as a whole too often; the worst first."""
    found = []
    for row in tables:
        need = {
            "dead": row["dead_rows"] >= MANY_DEAD and row["dead_ratio"] >= DEAD_RATIO,
            "bloated": (row["bloat_ratio"] or 0) >= BLOAT_RATIO and row["size_bytes"] >= BLOATED_BYTES,
            "scanned": row["live_rows"] >= MANY_ROWS and row["sequential_scans"] >= max(MANY_SCANS, row["index_scans"]),
        }
        if any(need.values()):
            found.append({**row, **need})
    found.sort(key=lambda row: (-max(row["dead_ratio"], row["bloat_ratio"] or 0), -row["size_bytes"]))
    return found[:LISTED]


def indexes(first: dict, last: dict) -> dict:
    """Those that were read most, and the largest that were not read, in the period."""
    earlier = {(row["schema"], row["index"]): row["scans"] for row in first["indexes"]}
    whole = first["taken_at"] == last["taken_at"]
    told = []
    for row in last["indexes"]:
        before = 0 if whole else earlier.get((row["schema"], row["index"]))
        read_since = None if before is None else over_time.difference(before, row["scans"])
        told.append({**row, "scans_in_period": read_since})
    used = sorted((row for row in told if row["scans_in_period"]), key=lambda row: -row["scans_in_period"])
    spare = [row for row in told if row["scans_in_period"] == 0 and not row["unique"]]
    spare.sort(key=lambda row: (-row["size_bytes"], row["schema"], row["index"]))
    return {"most_used": used[:LISTED], "unused": spare[:LISTED], "whole": whole}


def recent(backups: dict, now: datetime) -> dict:
    """What pg_backup_history_info told, without what is long ago."""
    if not backups:
        return {}
    since = iso(now - BACKUPS_FOR)
    kept = {
        kind: [one for one in backups[kind] if one["finished_at"] >= since]
        for kind in ("backups", "drills", "verifications")
    }
    return {**{name: backups[name] for name in ("unknown", "sentences", "healthy", "limits")}, **kept}


def disks(rows: list[dict], host: str) -> dict[str, list[tuple[float, float]]]:
    found: dict[str, list[tuple[float, float]]] = {}
    for row in rows:
        for name, check in row["checks"].items():
            if row["host"] == host and name.startswith("disk_") and check["value"] is not None:
                found.setdefault(name.removeprefix("disk_"), []).append((row["taken_at"].timestamp(), check["value"]))
    return found


def critical_disk(checks: dict[str, dict]) -> float:
    return next((one["critical"] for name, one in checks.items() if name.startswith("disk_") and one["critical"]), 0.95)
