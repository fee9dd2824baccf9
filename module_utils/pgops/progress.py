"""How far a migration is, for those who wait for it: read from what the run commits with every batch."""

from __future__ import annotations

from dataclasses import dataclass

from .connection import psycopg2
from .ledger import LOCK_KEY

STARTING, READING, DECIDING = "starting", "reading", "deciding and writing"
SHOWN_PATTERNS = 6
UNDEFINED_TABLE = "42P01"

# The newest run, how old it is, and whether the session that holds the lock of migrations is still there.
RUN = """
    SELECT r.run_id, r.state, coalesce(extract(epoch FROM clock_timestamp() - r.started_at), 0)::float,
           EXISTS (
               SELECT FROM pg_locks l
               WHERE l.locktype = 'advisory' AND l.granted
                 AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
                 AND (l.classid::bigint << 32) + l.objid::bigint = %s
           )
    FROM migration.migration_runs r ORDER BY r.run_id DESC LIMIT 1
"""
PRESENT = "SELECT to_regclass('migration.stage_progress')"
# By name through JSON: a run of another release may have left a table without the column.
STAGED = "SELECT scanned, finished, (to_jsonb(p) ->> 'keys')::bigint FROM migration.stage_progress p WHERE run_id = %s"


@dataclass(frozen=True)
class Seen:
    """What the database says of the newest run; C(keys) is how many the source had at its start."""

    run_id: int = 0
    state: str = ""
    seconds: float = 0.0
    held: bool = False
    scanned: int = 0
    keys: int = 0
    read_all: bool = False
    patterns: tuple[tuple[str, int], ...] = ()


def see(conn) -> Seen:
    with conn.cursor() as cursor:
        cursor.execute(RUN, (LOCK_KEY,))
        run = cursor.fetchone()
        if run is None:
            return Seen()
        run_id, state, seconds, held = run
        staged = read_staged(cursor, run_id)
    if staged is None:
        return Seen(run_id, state, seconds, held)
    scanned, read_all, keys = staged
    patterns = tuple(sorted(scanned.items(), key=lambda line: (-line[1], line[0])))
    return Seen(run_id, state, seconds, held, sum(scanned.values()), keys or 0, read_all, patterns)


def read_staged(cursor, run_id: int) -> tuple | None:
    """None without a table of it: the run makes it at its start, drops it at its end, and may do so in between here."""
    cursor.execute(PRESENT)
    if cursor.fetchone()[0] is None:
        return None
    try:
        cursor.execute(STAGED, (run_id,))
    except psycopg2.Error as error:
        if error.pgcode != UNDEFINED_TABLE:
            raise
        return None
    return cursor.fetchone()


def phase(seen: Seen, after_run: int) -> str:
    """Of a run with a number above AFTER_RUN; until there is one it is starting."""
    if seen.run_id <= after_run:
        return STARTING
    if seen.state != "running":
        return seen.state
    if not seen.held:
        return "interrupted"
    return DECIDING if seen.read_all else READING


def report(seen: Seen, after_run: int, scanned_before: int, seconds_before: float) -> dict:
    """What is shown of it; the rate is that since an earlier look at the same run."""
    now = phase(seen, after_run)
    # Keys of members are counted beside their key, and SCAN may return one twice: there may be more than the source has.
    left = max(seen.keys - seen.scanned, 0)
    passed = seen.seconds - seconds_before
    rate = (seen.scanned - scanned_before) / passed if passed > 0 and seen.scanned > scanned_before else 0.0
    remaining = left / rate if rate and now == READING else None
    return {
        "changed": False,
        "run_id": seen.run_id,
        "phase": now,
        "running": now in (STARTING, READING, DECIDING),
        "scanned": seen.scanned,
        "keys": seen.keys,
        "seconds": round(seen.seconds, 1),
        "keys_per_s": round(rate),
        "remaining_s": None if remaining is None else round(remaining),
        "patterns": dict(seen.patterns),
        "summary": summary(seen, now, rate, remaining),
    }


def summary(seen: Seen, now: str, rate: float, remaining: float | None) -> str:
    if now == STARTING:
        return now
    if now not in (READING, DECIDING):
        return f"run {seen.run_id}: {now}"
    text = f"run {seen.run_id}: {now}, {seen.scanned} of {seen.keys} keys"
    if remaining is not None:
        text += f", {rate:.0f} a second, {remaining:.0f} s to read"
    shown = ", ".join(f"{name} {keys}" for name, keys in seen.patterns[:SHOWN_PATTERNS])
    return f"{text} ({shown})" if shown else text
