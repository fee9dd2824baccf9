"""What has to be true before a migration begins: the target is ready, the source has a copy, writers are spoken of."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass

from . import commands, ledger
from .errors import PgopsError
from .migration import require_schema
from .profile import Profile
from .redis_source import RedisSource
from .requirements import Finding
from .writers import watch

ACKNOWLEDGED, LIVE = "acknowledged", "live"
WINDOWS = (ACKNOWLEDGED, LIVE)
OK, CRITICAL, WAIVED = "ok", "critical", "waived"
HOUR_S = 3600
MADE = re.compile(r"AUX FIELD ctime = '([0-9]+)'")
KEYS = re.compile(r"^\[info\] ([0-9]+) keys read", re.MULTILINE)
FAULT = re.compile(r"^--- RDB ERROR DETECTED ---\n(?:\[offset [0-9]+\] )?(.*)", re.MULTILINE)
LACKING = """
    SELECT c.relname, array_agg(p.privilege ORDER BY p.privilege)
    FROM pg_class c CROSS JOIN unnest(ARRAY['SELECT', 'INSERT', 'UPDATE']) AS p (privilege)
    WHERE c.oid = ANY(%s::regclass[]) AND NOT has_table_privilege(c.oid, p.privilege) GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True)
class Snapshot:
    """A copy of a Redis: when it was made, in epoch seconds, and how many keys it holds; or what is wrong with it."""

    made_s: int = 0
    keys: int = 0
    fault: str = ""


@dataclass(frozen=True)
class Asked:
    """What the operator says: where the copy of the source is or why there is none, and whether writers may go on."""

    revision: str | None
    backup: str | None
    backup_max_age_s: int
    waived_because: str | None
    window: str | None
    window_s: int


def parse_check(sound: bool, said: str) -> Snapshot:
    """What redis-check-rdb says of a file."""
    made, keys, fault = MADE.search(said), KEYS.search(said), FAULT.search(said)
    if not sound or made is None or keys is None:
        return Snapshot(fault=fault[1].strip() if fault else "it is no snapshot")
    return Snapshot(int(made[1]), int(keys[1]))


def read_snapshot(path: str) -> Snapshot:
    try:
        os.close(os.open(path, os.O_RDONLY))
    except OSError as error:
        return Snapshot(fault=f"it cannot be read: {error.strerror}")
    return parse_check(*commands.check_rdb(path))


def judge_backup(asked: Asked, snapshot: Snapshot | None, now_s: float, keys: int) -> Finding:
    """KEYS are those that the source has now."""
    name, most = "backup of the source", f"at most {asked.backup_max_age_s / HOUR_S:g} h old"
    how = "make one with redis-cli --rdb FILE and name it, or say why there is none"
    if asked.waived_because:
        return Finding(name, f"none, because: {asked.waived_because}", most, WAIVED)
    if snapshot is None:
        return Finding(name, "none named", how, CRITICAL)
    if snapshot.fault:
        return Finding(name, f"{asked.backup}: {snapshot.fault}", how, CRITICAL)
    age_s = now_s - snapshot.made_s
    measured = (
        f"{asked.backup} with {snapshot.keys} keys, made {age_s / HOUR_S:.1f} h ago; the source has {keys} keys now"
    )
    if not snapshot.keys:
        return Finding(name, measured, "the source's own keys in it", CRITICAL)
    return Finding(name, measured, most, OK if age_s <= asked.backup_max_age_s else CRITICAL)


def judge_window(window: str | None, window_s: int, written: dict[str, int] | None) -> Finding:
    """WRITTEN is what the source carried out in WINDOW_S seconds; None where it could not be counted."""
    name = "maintenance window"
    if window is None:
        return Finding(name, "not spoken of", f"say {ACKNOWLEDGED} where nobody writes any more, or {LIVE}", CRITICAL)
    if written is None:
        measured = "the source was restarted, or its statistics were reset, while write commands were counted"
    else:
        counted = ", ".join(f"{command} {calls}" for command, calls in written.items())
        measured = f"{sum(written.values())} write commands in {window_s} s" + (f" ({counted})" if counted else "")
    if window == LIVE:
        return Finding(name, f"live; {measured}", "a later run for what is written meanwhile", OK)
    return Finding(name, f"acknowledged; {measured}", "no write command", OK if written == {} else CRITICAL)


def judge_schema(conn, profile: Profile, revision: str | None, where: str) -> Finding:
    name = "schema"
    try:
        require_schema(conn, profile, revision, where)
        ledger.require_record(conn, where)
    except PgopsError as error:
        return Finding(name, str(error).rstrip("."), f"revision {revision}" if revision else "every table", CRITICAL)
    return Finding(name, f"revision {revision}" if revision else "every table is there", "as this release has it", OK)


def judge_rights(conn, profile: Profile) -> Finding:
    """Of the role that the migration has, on tables that are there."""
    tables = [f"{profile.schema}.{table.name}" for table in profile.tables]
    with conn.cursor() as cursor:
        cursor.execute("SELECT array_remove(array_agg(to_regclass(name)), NULL) FROM unnest(%s) AS t (name)", (tables,))
        (present,) = cursor.fetchone()
        cursor.execute(LACKING, (present,))
        lacking = [f"{', '.join(privileges)} on {name}" for name, privileges in cursor.fetchall()]
        cursor.execute(
            "SELECT current_user, to_regnamespace('migration') IS NOT NULL AND has_schema_privilege('migration', 'CREATE')"
        )
        role, may_stage = cursor.fetchone()
    if not may_stage:
        lacking.append("CREATE in schema migration")
    measured = f"{role} lacks {'; '.join(lacking)}" if lacking else f"{role} has them"
    return Finding("privileges", measured, "SELECT, INSERT and UPDATE on every table", CRITICAL if lacking else OK)


def check(conn, source: RedisSource, profile: Profile, asked: Asked, where: str, now_s: float) -> list[Finding]:
    facts = source.facts()
    snapshot = read_snapshot(asked.backup) if asked.backup and not asked.waived_because else None
    written = watch(source, asked.window_s) if asked.window else {}
    return [
        judge_schema(conn, profile, asked.revision, where),
        judge_rights(conn, profile),
        Finding(
            "source",
            f"Redis {facts.version} at {source.where}, {facts.keys} keys",
            "keys",
            OK if facts.keys else CRITICAL,
        ),
        judge_backup(asked, snapshot, now_s, facts.keys),
        judge_window(asked.window, asked.window_s, written),
    ]
