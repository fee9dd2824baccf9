"""One examination from the options to the result: ask the server, look at the host, judge, report."""

from __future__ import annotations

import os
import time
from datetime import datetime, timezone
from pathlib import Path

from .errors import PgopsError
from .health import Check, report
from .health_certificate import certificate_checks
from .health_checks import Wanted, server_checks
from .health_declared import Limits
from .health_drills import drill_checks, read_wanted_kinds
from .health_host import elsewhere, file_systems, read_memory
from .health_host_checks import absent_host_checks, disk_checks, memory_check, unknown_data_directory
from .health_interview import ask_server
from .health_limits import read_limits
from .health_metrics import exposition
from .health_offsite import offsite_checks
from .health_physical import physical_checks
from .health_pooler import pooler_checks
from .health_server import Answers
from .health_sessions import by_state, idle_in_transaction, running, shown_sessions, shown_waits
from .health_verifications import read_verified_kinds, verification_checks
from .server_host import read_clusters

SERVER_FACTS = (
    "version", "version_number", "started_at", "uptime_s", "state", "database", "role", "data_directory",
    "max_connections", "superuser_reserved_connections",
)  # fmt: skip


def examine(params: dict) -> dict:
    limits = read_limits(params["thresholds"])
    wanted, kinds = read_wanted(params), read_wanted_kinds(params["drill_kinds"])
    verified = read_verified_kinds(params["verification_kinds"])
    now_s = time.time()
    answers = ask_server(params, limits)
    checks = [
        *server_checks(answers, limits, wanted, now_s),
        *_host_checks(params, answers, limits, now_s),
        *drill_checks(kinds, answers, limits, now_s),
        *verification_checks(verified, answers, limits["verification"], now_s),
    ]
    checked_at = datetime.fromtimestamp(now_s, timezone.utc).isoformat(timespec="seconds")
    return {
        **report(checks),
        "metrics": exposition(checks, checked_at),
        "checked_at": checked_at,
        **_facts(answers, limits, wanted),
    }


def read_wanted(params: dict) -> Wanted:
    if params["largest_tables"] < 0:
        raise PgopsError(f"largest_tables is {params['largest_tables']}: give 0 or more.")
    for option in ("data_directory", "backup_directory", "declared_settings_file"):
        if params[option] and not os.path.isabs(params[option]):
            raise PgopsError(f"{option} is {params[option]}: give a path that begins with /.")
    parts = params["schema_revision_table"].split(".")
    if len(parts) > 2 or not all(parts):
        raise PgopsError(f"schema_revision_table is {params['schema_revision_table']}: give schema.table.")
    return Wanted(
        params["expected_state"],
        params["expected_schema_revision"],
        tuple(params["ignored_applications"]),
        params["declared_settings_file"],
    )


def _host_checks(params: dict, answers: Answers, limits: Limits, now_s: float) -> list[Check]:
    reason, server = elsewhere(params["login_host"], answers.server.row), answers.server.row
    if reason is not None:
        return absent_host_checks(reason, limits)
    known = directories(params, answers)
    found, unreadable = file_systems(known)
    disks = disk_checks(found, unreadable, limits)
    if "data" not in known:
        disks.insert(0, unknown_data_directory(limits))
    return [
        *disks,
        memory_check(read_memory(), limits),
        *certificate_checks(server, limits, now_s),
        *pooler_checks(params["pooler_port"], limits),
        *physical_checks(params["pgbackrest_stanza"], server, answers.archiver.row, limits, now_s),
        *offsite_checks(params["offsite"], params["backup_directory"], server, limits, now_s),
    ]


def directories(params: dict, answers: Answers, root: Path = Path("/")) -> dict[str, str]:
    """Purpose to path. The server knows best where its files are; while it is down, the option or its configuration says it."""
    data = answers.server.row.get("data_directory") or params["data_directory"]
    if data is None and not answers.server.row:
        data = next((one.data_directory for one in read_clusters(root) if one.port == params["login_port"]), None)
    found = {} if not data else {"data": data, "wal": os.path.join(data, "pg_wal")}
    found.update({f"tablespace_{row['name']}": row["path"] for row in answers.server.row.get("tablespaces", [])})
    return {**found, "backup": params["backup_directory"]} if params["backup_directory"] else found


def _facts(answers: Answers, limits: Limits, wanted: Wanted) -> dict:
    sessions, server = answers.sessions.rows, answers.server.row
    statements, idle = (
        running(sessions, wanted.ignored_applications),
        idle_in_transaction(sessions, wanted.ignored_applications),
    )
    facts = {name: server[name] for name in SERVER_FACTS if name in server}
    if facts:
        facts["uptime_s"] = round(facts["uptime_s"], 1)
    return {
        "server": {**facts, "connections": by_state(sessions)} if facts else {},
        "databases": answers.databases.rows,
        "tables": answers.tables.rows,
        "standbys": answers.standbys.rows,
        "slots": answers.slots.rows,
        "statements": shown_sessions(statements, "statement_s", limits["statement"]),
        "idle_in_transaction": shown_sessions(idle, "state_s", limits["idle_in_transaction"]),
        "lock_waits": shown_waits(sessions),
    }
