"""Whether all backups were read to their end lately, and whether they were good: by what verify_backups.yml has kept."""

from __future__ import annotations

from .drill_plan import KINDS
from .errors import PgopsError
from .health import Check, Limit, duration, measured, stated, unknown
from .health_server import Answers

DAY_S = 86_400
RUN_IT = "Run verify_backups.yml, and see why the schedule did not."
MEND = "Mend what it says, then run verify_backups.yml again."
READ = "Deploy the schema with site.yml, which also lets the role of this check read it."


def read_verified_kinds(kinds: list[str]) -> tuple[str, ...]:
    strange = sorted(set(kinds) - set(KINDS))
    if strange:
        raise PgopsError(
            f"verification_kinds has {', '.join(strange)}: give {' and '.join(KINDS)}, one of them, or nothing."
        )
    return tuple(kind for kind in KINDS if kind in kinds)


def verification_checks(kinds: tuple[str, ...], answers: Answers, limit: Limit, now_s: float) -> list[Check]:
    """No check where none is asked for, where the server is down, or on a standby, whose primary knows."""
    if not kinds or answers.server.row.get("state") != "primary":
        return []
    failure = answers.verifications.failure
    if failure is not None:
        return [unknown("verification", "days", failure, READ, limit)]
    latest = {row["kind"]: row for row in answers.verifications.rows}
    return [one(kind, latest.get(kind), answers.heartbeat.row, limit, now_s) for kind in kinds]


def one(kind: str, row: dict | None, beat: dict, limit: Limit, now_s: float) -> Check:
    """Of a kind that was never read, since there is a heartbeat: a new server has time to make its first backup."""
    name = f"verification_{kind}"
    if row is not None and not row["passed"]:
        why = " ".join(row["problems"]) or "It says no reason."
        return stated(
            name, "failed", "days", "critical", f"Not all backups that {row['host']} read are good. {why}", MEND
        )
    if row is not None and row["backups"] == 0:
        return stated(
            name, "none", "days", "critical", f"There was no {kind} backup on {row['host']} to be read.", MEND
        )
    if row is not None:
        age_s = max(0.0, now_s - row["finished_s"])
        finding = f"All {row['backups']} {kind} backups were read to their end {duration(age_s)} ago, and were good."
        return measured(name, age_s / DAY_S, "days", limit, finding, RUN_IT)
    finding = f"No {kind} backup was read to its end yet."
    if not beat:
        return unknown(name, "days", finding, RUN_IT, limit)
    return measured(name, max(0.0, beat["since_s"]) / DAY_S, "days", limit, finding, RUN_IT)
