"""What a quiet server answers, for the tests of checks."""

from __future__ import annotations

from ansible.module_utils.pgops.health_server import Answer

ACTIVITY = {
    "blocks_hit": 990_000, "blocks_read": 10_000, "temporary_files": 0, "temporary_bytes": 0, "checkpoints_timed": 90,
    "checkpoints_forced": 10, "checksum_failures": 0, "counted_s": 86_400.0, "server_counted_s": 86_400.0,
}  # fmt: skip
SERVER = {
    "version": "15.8", "version_number": 150008, "started_at": "2026-01-01 00:00:00+00", "started_epoch_s": 1.0, "uptime_s": 90.0,
    "state": "primary", "database": "threadr", "role": "threadr_monitor", "sees_all_sessions": True, "port": 5432,
    "max_connections": 103, "superuser_reserved_connections": 3, "archive_mode": "off", "data_directory": "/data",
    "replay_delay_s": None, "to_replay_bytes": None, "prepared_s": None, "activity": ACTIVITY, "tablespaces": [],
}  # fmt: skip
DATABASE = {"database": "threadr", "size_bytes": 8 << 20, "xid_age": 1000, "mxid_age": 10}


def session(pid: int = 1, **changes) -> dict:
    return {
        "pid": pid, "role": "threadr_app", "database": "threadr", "application": "api", "client_address": None, "state": "idle",
        "waits_for": None, "own": False, "statement_s": 1.0, "transaction_s": None, "state_s": 1.0, "wait_s": None, "blocked_by": None,
        "statement": None, **changes,
    }  # fmt: skip


def sessions(number: int) -> Answer:
    return Answer([session(pid) for pid in range(number)])
