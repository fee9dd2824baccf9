"""What a database needs from time to time, chosen by evidence and done within a budget of time. A plan is the same in a dry run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from difflib import get_close_matches

from . import maintenance_partitions, maintenance_reindex, maintenance_rows, maintenance_statistics, maintenance_tables
from .errors import PgopsError
from .maintenance_metrics import exposition
from .maintenance_pace import Pace
from .maintenance_plan import Planned, carried_out, foretold
from .maintenance_rows import Writing
from .maintenance_tables import ANALYZE, VACUUM
from .upkeep import Upkeep

PARTITIONS, REINDEX, RESET = maintenance_partitions.TASK, maintenance_reindex.TASK, maintenance_statistics.TASK
# In the order in which they are done: rows that go make dead ones, and dead ones are in indexes.
GENERAL = (PARTITIONS, VACUUM, ANALYZE, REINDEX)
ON_REQUEST = (RESET,)
# Below, what is made anew may be as it was: a page holds three of the largest entries, which is two thirds of it.
LEAST_BLOAT_RATIO = 0.3
# Any number that nobody else uses for an advisory lock.
LOCK = 0x7067_6F70_7375_70
TAKE_LOCK = "SELECT pg_try_advisory_lock(%(lock)s)"
HOLDER = """
    SELECT a.pid, to_char(a.backend_start, 'YYYY-MM-DD HH24:MI:SS') FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'advisory' AND l.granted AND ((l.classid::bigint << 32) | l.objid::bigint) = %(lock)s
      AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""
STATE = "SELECT pg_is_in_recovery(), current_database()"
LEAST = {
    "time_budget_s": 1,
    "lock_timeout_s": 1,
    "batch_rows": 1,
    "pause_ms": 0,
    "partitions_ahead_days": 1,
    "vacuum_cost_delay_ms": 0,
}
MOST = {"vacuum_cost_delay_ms": 100}


@dataclass(frozen=True)
class Wanted:
    """What the operator asked for."""

    tasks: tuple[str, ...]
    upkeep: Upkeep
    params: Mapping


def session_settings(params: Mapping) -> dict[str, str]:
    """For the connection. What waits for a lock makes others wait behind it."""
    return {
        "lock_timeout": f"{params['lock_timeout_s']}s",
        "idle_in_transaction_session_timeout": "60s",
        "vacuum_cost_delay": f"{params['vacuum_cost_delay_ms']}ms",
        "idle_session_timeout": "0",
    }


def read_wanted(params: Mapping, upkeep: Upkeep) -> Wanted:
    """Raises where it cannot be meant, before anybody is asked."""
    for name, least in LEAST.items():
        most = MOST.get(name)
        if params[name] < least or (most is not None and params[name] > most):
            allowed = f"{least} or more" if most is None else f"{least} to {most}"
            raise PgopsError(f"{name} is {params[name]}, and has to be {allowed}. Nothing was done.")
    require_thresholds(params["thresholds"])
    upkeep.kept(params["keep_days"])
    usual = (*upkeep.tasks, *GENERAL)
    known = (*usual, *ON_REQUEST)
    for task in params["tasks"]:
        if task not in known:
            near = get_close_matches(task, known, n=1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}."
            raise PgopsError(f"There is no task {task}; {hint} Nothing was done.")
    return Wanted(tuple(task for task in known if task in (params["tasks"] or usual)), upkeep, params)


def require_thresholds(thresholds: Mapping[str, float]) -> None:
    for name, value in thresholds.items():
        if value < 0 or (name.endswith("_ratio") and value > 1):
            allowed = "0 to 1" if name.endswith("_ratio") else "0 or more"
            raise PgopsError(f"{name} is {value:g}, and has to be {allowed}. Nothing was done.")
    if thresholds["reindex_min_bloat_ratio"] < LEAST_BLOAT_RATIO:
        raise PgopsError(
            f"reindex_min_bloat_ratio is {thresholds['reindex_min_bloat_ratio']:g}, and has to be {LEAST_BLOAT_RATIO} or more: an index "
            "of large entries may have as much when it is new. Nothing was done."
        )


@contextmanager
def alone(conn, where: str, check_mode: bool):
    """One run at a time in a database. A dry run only reads."""
    if not check_mode:
        with conn.cursor() as cursor:
            cursor.execute(TAKE_LOCK, {"lock": LOCK})
            if cursor.fetchone() != (True,):
                cursor.execute(HOLDER, {"lock": LOCK})
                pid, since = cursor.fetchone() or ("that has just ended", "a moment ago")
                raise PgopsError(
                    f"Maintenance of {where} is running already: process {pid} of the server, since {since} UTC. Nothing was done. "
                    "Wait for it, or end it with end_sessions.yml; what it began goes on at the next run."
                )
    yield


def require_primary(conn, where: str) -> None:
    with conn.cursor() as cursor:
        cursor.execute(STATE)
        if cursor.fetchone()[0]:
            raise PgopsError(
                f"{where} is a standby, and gets all that is done to its primary. Nothing was done. Run this on the primary."
            )


def run(conn, params: Mapping, upkeep: Upkeep, where: str, check_mode: bool) -> dict:
    """The result of pg_maintenance."""
    wanted = read_wanted(params, upkeep)
    require_primary(conn, where)
    pace = Pace(conn, params["time_budget_s"], params["lock_timeout_s"], params["pause_ms"] / 1000)
    with alone(conn, where, check_mode):
        planned = plan(pace, wanted)
        told = [foretold(one) if check_mode else carried_out(one, pace) for one in planned]
    return report(told, planned, params["login_db"], round(params["time_budget_s"] - pace.left_s, 3), check_mode)


def plan(pace: Pace, wanted: Wanted) -> list[Planned]:
    """All of it before any of it is done. What one task does to the evidence of the next is foreseen."""
    params, limits = wanted.params, wanted.params["thresholds"]
    declared = wanted.upkeep.kept(params["keep_days"])
    writing = Writing(params["batch_rows"], params["rows_role"] or "")
    touched: Counter[tuple[int, str]] = Counter()
    found: dict[str, Planned] = {}
    for task in wanted.tasks:
        if task in wanted.upkeep.tasks:
            found[task], rows = maintenance_rows.plan(pace, task, declared, writing)
            touched += rows
        elif task == PARTITIONS:
            now = datetime.now(timezone.utc)
            found[task] = maintenance_partitions.plan(pace, wanted.upkeep.growing, params["partitions_ahead_days"], now)
        elif task in (VACUUM, ANALYZE):
            found[task] = maintenance_tables.plan(pace.conn, task, limits, touched)
        elif task == REINDEX:
            live = maintenance_tables.live_ratios(pace.conn, found.get(VACUUM), touched)
            found[task] = maintenance_reindex.plan(pace, limits, live)
        else:
            found[task] = maintenance_statistics.plan(pace)
    return list(found.values())


def report(told: list[dict], planned: list[Planned], database: str, duration_s: float, check_mode: bool) -> dict:
    lines = [f"{step}\n" for one in planned for step in one.steps]
    left = [sentence for one in told for sentence in one["left"]]
    problems = [sentence for one in told for sentence in one["problems"]]
    now = datetime.now(timezone.utc)
    result = {
        "changed": any(one["changed"] for one in told),
        "database": database,
        "tasks": told,
        "plan": [line.rstrip() for line in lines],
        "left": left,
        "problems": problems,
        "duration_s": duration_s,
        "finished_at": now.isoformat(timespec="seconds"),
        "diff": {"before": "", "after": "".join(lines)},
    }
    return {**result, **({} if check_mode else exposition(result, now.timestamp()))}
