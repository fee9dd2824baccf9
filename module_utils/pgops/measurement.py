"""The history of what health checks and counts have found, in the database itself: one row for each look at a host."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

from .backup_history import has
from .connection import extras, transaction
from .errors import PgopsError
from .health import VERDICTS

TABLE = "operations.measurements"
DOCUMENTS = ("checks", "numbers", "databases", "tables", "indexes", "statements")
ADD = f"""
    INSERT INTO {TABLE} (taken_at, host, state, verdict, checks, numbers, databases, tables, indexes, statements)
    VALUES (%(taken_at)s, %(host)s, %(state)s, %(verdict)s, %(checks)s, %(numbers)s, %(databases)s, %(tables)s, %(indexes)s,
            %(statements)s)
"""
IS_KEPT = f"""
    SELECT EXISTS (SELECT FROM {TABLE} WHERE (taken_at, host) = (%(taken_at)s, %(host)s)),
           now() - make_interval(days => %(keep_days)s)
"""
OUTLIVED = "taken_at < now() - make_interval(days => %(keep_days)s)"
# Those of a period, and of each host the last before it: what was counted in a period begins there.
READ = f"""
    WITH chosen AS (
        SELECT taken_at, host FROM {TABLE} WHERE taken_at > %(after)s AND taken_at <= %(until)s
        UNION ALL
        (SELECT DISTINCT ON (host) taken_at, host FROM {TABLE}
         WHERE taken_at > %(before)s AND taken_at <= %(after)s ORDER BY host, taken_at DESC)
    )
    SELECT taken_at, host, state, verdict, checks, numbers, statements
    FROM {TABLE} JOIN chosen USING (taken_at, host) ORDER BY taken_at, host
"""
# What is listed is compared at both ends, on the host that is asked about.
READ_ENDS = f"""
    (SELECT taken_at, databases, tables, indexes FROM {TABLE}
     WHERE host = %(host)s AND taken_at > %(after)s AND taken_at <= %(until)s AND databases <> '[]' ORDER BY taken_at LIMIT 1)
    UNION ALL
    (SELECT taken_at, databases, tables, indexes FROM {TABLE}
     WHERE host = %(host)s AND taken_at > %(after)s AND taken_at <= %(until)s AND databases <> '[]' ORDER BY taken_at DESC LIMIT 1)
"""
# How far back the measurement before a period may be.
BEFORE_PERIOD = timedelta(hours=6)
TOO_OLD = "Database {0} has no table {1}: its schema is too old. Run site.yml or deploy_schema.yml."
LISTED = {
    "databases": ("database", "size_bytes"),
    "tables": (
        "schema", "table", "size_bytes", "index_bytes", "live_rows", "dead_rows", "dead_ratio", "bloat_ratio", "sequential_scans",
        "index_scans", "vacuumed_at", "analysed_at",
    ),
    "indexes": ("schema", "table", "index", "size_bytes", "scans", "unique"),
    "statements": ("queryid", "role", "calls", "total_ms", "mean_ms", "rows", "statement"),
}  # fmt: skip


def measurement(host: str, health: dict, usage: dict) -> dict:
    """A row from what pg_health_info and, where the server answered, pg_usage_info returned."""
    if not host:
        raise PgopsError("host is empty: give the host's name. Nothing was changed.")
    try:
        taken_at = datetime.fromisoformat(health["checked_at"])
        checks = {
            one["name"]: {"value": number_or_none(one["value"]), "verdict": one["verdict"]} for one in health["checks"]
        }
        verdict, state = health["verdict"], health["server"].get("state")
        lists = {
            kind: [{name: row[name] for name in names} for row in usage.get(kind, [])] for kind, names in LISTED.items()
        }
        numbers = usage_numbers(usage)
    except (KeyError, TypeError, ValueError) as error:
        raise PgopsError(
            f"The measurement is not as pg_health_info and pg_usage_info tell of it: {error!r}. Give what they returned, as it is. "
            "Nothing was changed."
        ) from error
    if taken_at.tzinfo is None or verdict not in VERDICTS:
        raise PgopsError(
            f"The measurement is of {health['checked_at']} with verdict {verdict}: give what pg_health_info returned. Nothing was changed."
        )
    return {
        "taken_at": taken_at,
        "host": host,
        "state": state,
        "verdict": verdict,
        "checks": checks,
        "numbers": numbers,
        **lists,
    }


def number_or_none(value: object) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def usage_numbers(usage: dict) -> dict[str, float]:
    """What is counted, by name with its unit."""
    if not usage:
        return {}
    connections = usage["connections"]
    sizes = {row["database"]: row["size_bytes"] for row in usage["databases"]}
    bloat = [row["bloat_ratio"] * row["size_bytes"] for row in usage["tables"] if row["bloat_ratio"] is not None]
    idle_in_transaction = sum(count for state, count in connections.items() if state.startswith("idle in transaction"))
    numbers = {
        "connections": sum(connections.values()),
        "connections_active": connections.get("active", 0),
        "connections_idle": connections.get("idle", 0),
        "connections_idle_in_transaction": idle_in_transaction,
        "max_connections": usage["max_connections"],
        "database_bytes": sizes.get(usage["database"]),
        "databases_bytes": sum(sizes.values()),
        "bloat_bytes": round(sum(bloat)) if bloat else None,
        **usage["rows"],
        **usage["counters"],
        **{f"statements_{name}": value for name, value in usage["statement_counters"].items()},
    }
    return {name: value for name, value in numbers.items() if value is not None}


def line(row: dict) -> str:
    return f"measurement of {row['host']} at {iso(row['taken_at'])}: {row['verdict']}, {len(row['checks'])} checks\n"


def iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds")


def require_table(cursor, database: str) -> None:
    if not has(cursor, TABLE):
        raise PgopsError(TOO_OLD.format(database, TABLE))


def record(conn, row: dict, keep_days: int, check_mode: bool) -> dict:
    """The result of pg_health_record. What is kept already is not kept twice, and what would go at once is not added."""
    values = {**row, **{name: json.dumps(row[name]) for name in DOCUMENTS}, "keep_days": keep_days}
    with transaction(conn) as cursor:
        require_table(cursor, conn.info.dbname)
        cursor.execute(IS_KEPT, values)
        kept, oldest = cursor.fetchone()
        added = not kept and row["taken_at"] >= oldest
        cursor.execute(f"SELECT count(*) FROM {TABLE} WHERE {OUTLIVED}", values)
        expired = cursor.fetchone()[0]
        if not check_mode:
            if added:
                cursor.execute(ADD, values)
            cursor.execute(f"DELETE FROM {TABLE} WHERE {OUTLIVED}", values)
    before = f"{expired} measurements from more than {keep_days} days ago\n" if expired else ""
    return {
        "changed": added or expired > 0,
        "added": added,
        "removed": expired,
        "diff": {"before": before, "after": line(row) if added else ""},
    }


def read(conn, host: str, after: datetime, until: datetime) -> tuple[list[dict], list[dict]]:
    """Measurements of all hosts, oldest first, beginning before the period; and the lists of HOST at both ends of it."""
    values = {"host": host, "after": after, "until": until, "before": after - BEFORE_PERIOD}
    with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        cursor.execute("SELECT to_regclass(%(table)s) IS NOT NULL AS here", {"table": TABLE})
        if not cursor.fetchone()["here"]:
            raise PgopsError(TOO_OLD.format(conn.info.dbname, TABLE))
        cursor.execute(READ, values)
        rows = [dict(row) for row in cursor]
        cursor.execute(READ_ENDS, values)
        return rows, [dict(row) for row in cursor]
