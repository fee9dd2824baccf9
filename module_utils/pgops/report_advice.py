"""What to do, each with the command to run: for what a check finds, and for what only a history shows."""

from __future__ import annotations

from collections.abc import Iterable

from .health import PROBLEMS, VERDICTS, duration, percent
from .health_catalog import declaration

LOOK = "inspect_activity.yml --limit {host}"
TUNE = "explain_tuning.yml --limit {host}"
SITE = "site.yml --check --diff"
SCHEMA = "deploy_schema.yml --check --diff"
ROOM = "free_space.yml --limit {host}"
PHYSICAL = "backup_postgresql.yml -e backup_kind=physical"
VACUUM = "maintain_postgresql.yml -e maintain_tasks=vacuum,analyze"
AGAIN = "check_health.yml --limit {host}"
# By the name under which a check is declared.
COMMANDS = {
    "reachable": AGAIN, "version": AGAIN, "uptime": AGAIN, "size_of": AGAIN,
    "support_end": "check_requirements.yml",
    "recovery_state": "find_primary.yml",
    "schema_revision": SCHEMA,
    "connections": LOOK, "long_statements": LOOK, "idle_in_transaction": LOOK, "oldest_transaction": LOOK,
    "prepared_transactions": LOOK, "lock_waits": LOOK,
    "replication_lag": AGAIN, "replication_distance": AGAIN,
    "slots": ROOM, "inactive_slots": ROOM,
    "archiving": PHYSICAL, "archive_lag": PHYSICAL,
    "cache_hits": TUNE, "temporary_files": TUNE, "forced_checkpoints": TUNE,
    "checksum_failures": "verify_backups.yml",
    "wraparound": VACUUM, "dead_rows": VACUUM, "bloat": VACUUM, "never_vacuumed": VACUUM,
    "never_analysed": "maintain_postgresql.yml -e maintain_tasks=analyze",
    "invalid_indexes": "maintain_postgresql.yml -e maintain_tasks=reindex",
    "duplicate_indexes": SCHEMA, "unused_indexes": SCHEMA, "sequences": SCHEMA,
    "pending_restarts": "site.yml -e postgresql_config_restart=true",
    "changed_settings": SITE,
    "disk": ROOM,
    "memory": LOOK,
    "certificate": SITE,
    "pooler": SITE, "pooler_waiting": LOOK, "pooler_wait": LOOK,
    "physical_backup": PHYSICAL, "physical_full": f"{PHYSICAL} -e backup_type=full",
    "wal_arrival": PHYSICAL, "wal_archive": PHYSICAL,
    "offsite": "backup_postgresql.yml", "offsite_newest": "backup_postgresql.yml",
    "heartbeat": SITE,
    "drill": "drill_restore.yml", "drill_rto": "drill_restore.yml", "drill_rpo": PHYSICAL,
    "verification": "verify_backups.yml",
}  # fmt: skip
HINT = "hint"
NAMED = 3
# A disk that fills up within so many days is told of.
FULL_WITHIN_DAYS = 30
# A statement that takes that share of all time, or so long on the average, is worth a look.
LARGE_SHARE, LONG_MS = 0.5, 1000.0
LATE_S = 3 * 3600


def command(text: str, host: str, inventory: str) -> str:
    where = f"-i {inventory} " if inventory else ""
    return f"ansible-playbook {where}playbooks/{text.format(host=host)}"


def recommendation(verdict: str, subject: str, text: str, what: str) -> dict:
    return {"verdict": verdict, "subject": subject, "text": text, "command": what}


def for_checks(health: dict[str, dict], inventory: str) -> list[dict]:
    """For each check at C(warning) or C(critical), the worst first; what several hosts say alike stays with each."""
    found = [
        recommendation(
            check["verdict"],
            f"{host}: {check['name']}",
            f"{check['finding']} {check['advice']}".rstrip(),
            command(COMMANDS[declaration(check["name"]).name], host, inventory),
        )
        for host, result in sorted(health.items())
        for check in result["checks"]
        if check["verdict"] in PROBLEMS
    ]
    return sorted(found, key=lambda one: -VERDICTS.index(one["verdict"]))


def names(rows: Iterable[dict], kind: str) -> str:
    found = [f"{row['schema']}.{row[kind]}" for row in rows]
    return ", ".join(found[:NAMED]) + (f" and {len(found) - NAMED} more" if len(found) > NAMED else "")


def for_tables(tables: list[dict], host: str, inventory: str) -> list[dict]:
    """Those in need of a VACUUM; a bare look at all of a table is no matter for it."""
    dead = [row for row in tables if row["dead"] or row["bloated"]]
    if not dead:
        return []
    text = f"{names(dead, 'table')}: have them vacuumed; what is chosen, a dry run shows first (--check --diff)."
    return [recommendation(HINT, "tables", text, command(VACUUM, host, inventory))]


def for_disks(disks: dict[str, list[tuple[float, float]]], critical: float, host: str, inventory: str) -> list[dict]:
    """DISKS by name: seconds and ratios of a period, oldest first. Told is which is full soon at this pace."""
    found = []
    for name, points in sorted(disks.items()):
        (begin_s, first), (end_s, last) = points[0], points[-1]
        days = (end_s - begin_s) / 86_400
        if days < 0.5 or last <= first or last >= critical:
            continue
        left = (critical - last) * days / (last - first)
        if left <= FULL_WITHIN_DAYS:
            text = f"{percent(last)} of disk {name} are in use; as it grew in this period it has {percent(critical)} in {left:.0f} days."
            found.append(recommendation(HINT, f"disk {name}", text, command(ROOM, host, inventory)))
    return found


def for_statements(statements: dict, host: str, inventory: str) -> list[dict]:
    found = []
    if top := statements["by_total"][:1]:
        share = top[0]["share_ratio"]
        if share is not None and share >= LARGE_SHARE:
            text = f"Look with EXPLAIN (ANALYZE, BUFFERS) at the one that took {percent(share)} of all time: {top[0]['statement']}"
            found.append(recommendation(HINT, "statements", text, command(LOOK, host, inventory)))
    slow = [one for one in statements["by_mean"] if one["mean_ms"] >= LONG_MS and one["calls"] > 1]
    if slow:
        text = (
            f"{len(slow)} {'statement takes' if len(slow) == 1 else 'statements take'} {duration(LONG_MS / 1000)} or more on the average, "
            f"the slowest {duration(slow[0]['mean_ms'] / 1000)}: {slow[0]['statement']}"
        )
        found.append(recommendation(HINT, "statements", text, command(LOOK, host, inventory)))
    return found


def for_history(last_s: float | None, now_s: float, unknown: list[str], host: str, inventory: str) -> list[dict]:
    """Where the report itself lacks something."""
    found = []
    if last_s is None:
        text = "There is no measurement in this period: have record_health.yml run every hour."
        found.append(recommendation(HINT, "history", text, command("record_health.yml", host, inventory)))
    elif now_s - last_s > LATE_S:
        text = f"The last measurement is {duration(now_s - last_s)} old: see why the schedule did not make one."
        found.append(recommendation(HINT, "history", text, command("check_schedule.yml", host, inventory)))
    found += [
        recommendation(HINT, "statements", f"{one[0].upper()}{one[1:]}", command("site.yml", host, inventory))
        for one in unknown
        if "pg_stat_statements" in one
    ]
    return found
