"""Whether restores were tried, and whether they passed: how long ago, how long they took, and what would have been lost."""

from __future__ import annotations

from .drill_plan import KINDS
from .errors import PgopsError
from .health import Check, Limit, duration, measured, stated, unknown
from .health_server import Answers

DAY_S = 86_400
RUN_IT = "Run drill_restore.yml -e drill_kind={kind}, and see why the schedule did not."
MEND = "See with list_backups.yml which backup is sound, mend what it says, and run drill_restore.yml -e drill_kind={kind} again."
BEAT = "See systemctl status postgresql-heartbeat.timer and .service on the primary; site.yml makes them."
READ = "Deploy the schema with site.yml, which also lets the role of this check read it."
SOONER = "Back up more often, or archive WAL (threadr_physical_backups_enabled), and see with check_health.yml whether it arrives."
FASTER = "See in the history (operations.drills) which phase takes that long; a faster disk or more pgbackrest_process_max help."


def read_wanted_kinds(kinds: list[str]) -> tuple[str, ...]:
    unknown_kinds = sorted(set(kinds) - set(KINDS))
    if unknown_kinds:
        raise PgopsError(
            f"drill_kinds has {', '.join(unknown_kinds)}: give {' and '.join(KINDS)}, one of them, or nothing."
        )
    return tuple(kind for kind in KINDS if kind in kinds)


def drill_checks(kinds: tuple[str, ...], answers: Answers, limits: dict[str, Limit], now_s: float) -> list[Check]:
    """No check where none is asked for, where the server is down, or on a standby, whose primary knows."""
    if not kinds or answers.server.row.get("state") != "primary":
        return []
    failure = answers.heartbeat.failure or answers.drills.failure
    if failure is not None:
        return [unknown("heartbeat", "s", failure, READ, limits["heartbeat"])]
    beat = answers.heartbeat.row or None
    latest = {row["kind"]: row for row in answers.drills.rows if row["kind"] in kinds}
    ages = [age_check(kind, latest.get(kind), beat, limits["drill"], now_s) for kind in kinds]
    passed = [row for row in latest.values() if row["passed_s"] is not None]
    return [heartbeat_check(beat, limits["heartbeat"]), *ages, *time_checks(passed, limits)]


def heartbeat_check(beat: dict | None, limit: Limit) -> Check:
    if beat is None:
        return stated(
            "heartbeat",
            "none",
            "s",
            "critical",
            "There is no heartbeat, so no drill can tell what would be lost.",
            BEAT,
        )
    age_s = max(0.0, beat["age_s"])
    return measured("heartbeat", age_s, "s", limit, f"The last heartbeat is {duration(age_s)} old.", BEAT)


def age_check(kind: str, row: dict | None, beat: dict | None, limit: Limit, now_s: float) -> Check:
    """Of one that was never tried, since there is a heartbeat: a new server has time to make its first backup."""
    name, run_it = f"drill_{kind}", RUN_IT.format(kind=kind)
    if row is not None and not row["passed"]:
        why = " ".join(row["problems"]) or "It says no reason."
        finding = f"The last drill, with {row['backup'] or 'no backup'} on {row['host']}, failed. {why}"
        return stated(name, "failed", "days", "critical", finding, MEND.format(kind=kind))
    if row is not None:
        age_s = max(0.0, now_s - row["finished_s"])
        finding = f"{row['backup']} was restored {duration(age_s)} ago, and passed."
        return measured(name, age_s / DAY_S, "days", limit, finding, run_it)
    finding = f"No {kind} backup was tried yet."
    if beat is None:
        return unknown(name, "days", finding, run_it, limit)
    return measured(name, max(0.0, beat["since_s"]) / DAY_S, "days", limit, finding, run_it)


def time_checks(passed: list[dict], limits: dict[str, Limit]) -> list[Check]:
    """A loss is made good from the backup that loses least; how long that may take holds for each of them."""
    checks = []
    if passed:
        slow = max(passed, key=lambda row: row["rto_s"])
        finding = (
            f"The {slow['kind']} restore of {slow['backup']} took {duration(slow['rto_s'])}, verification included."
        )
        checks.append(measured("drill_rto", slow["rto_s"], "s", limits["drill_rto"], finding, FASTER))
    known = [row for row in passed if row["rpo_s"] is not None]
    if known:
        best = min(known, key=lambda row: row["rpo_s"])
        finding = (
            f"At the last {best['kind']} drill, what was committed in the last {duration(best['rpo_s'])} was not saved."
        )
        checks.append(measured("drill_rpo", best["rpo_s"], "s", limits["drill_rpo"], finding, SOONER))
    return checks
