"""The history of drills, in the database that they are about: one row for each, failed ones too, for a limited time."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from .connection import extras, transaction
from .drill_plan import KINDS, PHASES
from .errors import PgopsError

TABLE = "operations.drills"
HAS_TABLE = f"SELECT to_regclass('{TABLE}') IS NOT NULL"
IS_KEPT = f"SELECT EXISTS (SELECT FROM {TABLE} WHERE (kind, began_at, host) = (%(kind)s, %(began_at)s, %(host)s))"
# The last that passed stays, however old: it says since when there is none.
EXPIRED = f"""
    began_at < now() - make_interval(days => %(keep_days)s)
    AND drill_id NOT IN (SELECT DISTINCT ON (kind) drill_id FROM {TABLE} WHERE passed ORDER BY kind, began_at DESC)
"""
COUNT_EXPIRED = f"SELECT count(*) FROM {TABLE} WHERE {EXPIRED}"
DELETE_EXPIRED = f"DELETE FROM {TABLE} WHERE {EXPIRED}"
APPEND = f"""
    INSERT INTO {TABLE} (kind, host, backup, repository, began_at, finished_at, passed, fetch_s, restore_s, replay_s, verify_s,
                         rto_s, rpo_s, heartbeat_at, checks, problems)
    VALUES (%(kind)s, %(host)s, %(backup)s, %(repository)s, %(began_at)s, %(finished_at)s, %(passed)s, %(fetch_s)s, %(restore_s)s,
            %(replay_s)s, %(verify_s)s, %(rto_s)s, %(rpo_s)s, %(heartbeat_at)s, %(checks)s, %(problems)s)
"""
# Of each kind the last drill, and the last one that passed.
LATEST = f"""
    SELECT d.kind, d.host, d.backup, d.repository, d.passed, d.problems,
           extract(epoch FROM d.finished_at)::float8 AS finished_s,
           extract(epoch FROM s.finished_at)::float8 AS passed_s,
           s.fetch_s, s.restore_s, s.replay_s, s.verify_s, s.rto_s, s.rpo_s
    FROM (SELECT DISTINCT ON (kind) * FROM {TABLE} ORDER BY kind, began_at DESC) d
    LEFT JOIN (SELECT DISTINCT ON (kind) * FROM {TABLE} WHERE passed ORDER BY kind, began_at DESC) s USING (kind)
    ORDER BY d.kind
"""
RESTORED = f"""
    SELECT kind, backup, repository, extract(epoch FROM max(finished_at))::float8 AS finished_s
    FROM {TABLE} WHERE passed GROUP BY kind, backup, repository ORDER BY finished_s DESC, kind, backup, repository
"""
NEEDED = ("kind", "host", "began_at", "finished_at", "passed", "durations_s", "checks", "problems")
OTHERS = ("backup", "repository", "rto_s", "rpo_s", "heartbeat_at")


def row_of(drill: dict) -> dict:
    """The result of pg_drill as a row; what it lacks is one sentence."""
    missing = [name for name in NEEDED if drill.get(name) is None]
    if missing:
        raise PgopsError(f"The drill lacks {', '.join(missing)}: give what pg_drill returned. Nothing was changed.")
    if drill["kind"] not in KINDS:
        raise PgopsError(f"The drill is of kind {drill['kind']}; there are {' and '.join(KINDS)}. Nothing was changed.")
    values = {name: drill.get(name) for name in (*NEEDED, *OTHERS) if name != "durations_s"}
    phases = {f"{phase}_s": drill["durations_s"].get(phase) for phase in PHASES}
    return {**values, **phases, **{name: json.dumps(drill[name]) for name in ("checks", "problems")}}


def line(drill: dict) -> str:
    verdict = "passed" if drill["passed"] else "failed"
    return f"{drill['kind']} drill of {drill['began_at']} on {drill['host']} with {drill.get('backup') or 'no backup'}: {verdict}\n"


def require_table(cursor, database: str) -> None:
    cursor.execute(HAS_TABLE)
    if not cursor.fetchone()[0]:
        raise PgopsError(
            f"Database {database} has no table {TABLE}: its schema is too old. Run site.yml or deploy_schema.yml."
        )


def append(conn, drill: dict, keep_days: int, check_mode: bool) -> dict:
    """The result of pg_drill_record. A drill that is kept already is not kept twice."""
    row = {**row_of(drill), "keep_days": keep_days}
    with transaction(conn) as cursor:
        require_table(cursor, conn.info.dbname)
        cursor.execute(IS_KEPT, row)
        added = not cursor.fetchone()[0]
        cursor.execute(COUNT_EXPIRED, row)
        expired = cursor.fetchone()[0]
        if added and not check_mode:
            cursor.execute(APPEND, row)
        if expired and not check_mode:
            cursor.execute(DELETE_EXPIRED, row)
    before = f"{expired} drills from more than {keep_days} days ago\n" if expired else ""
    return {
        "changed": bool(added or expired),
        "added": added,
        "removed": expired,
        "diff": {"before": before, "after": line(drill) if added else ""},
    }


def has_history(conn) -> bool:
    with conn.cursor() as cursor:
        cursor.execute(HAS_TABLE)
        return cursor.fetchone()[0]


def rows(conn, query: str) -> list[dict]:
    with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        cursor.execute(query)
        return [dict(row) for row in cursor]


def described(row: dict, now_s: float) -> dict:
    """For module results: times as text, and how long ago they are."""
    shown = {name: value for name, value in row.items() if name not in ("finished_s", "passed_s")}
    for name, seconds in (("finished", row["finished_s"]), ("passed", row.get("passed_s", False))):
        if seconds is not False:
            shown[f"{name}_at"] = seconds and datetime.fromtimestamp(seconds, timezone.utc).isoformat(
                timespec="seconds"
            )
            shown[f"{name}_age_s"] = None if seconds is None else max(0, round(now_s - seconds))
    return shown
