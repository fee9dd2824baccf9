"""The server in which a lost cluster is brought back: on a host that has no configuration of it, and no end but the archive's."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from .errors import PgopsError
from .recovery_lost_plan import segment_start
from .recovery_server import Recovery, failure
from .replication import ACCOUNT, ask_patiently, lsn_bytes, read_control, replayed_settings, runs

# More than any primary is likely to have had: with less than it had, its WAL is not replayed.
LIMITS = {
    "max_connections": 500, "max_locks_per_transaction": 256, "max_prepared_transactions": 100, "max_wal_senders": 50,
    "max_worker_processes": 64,
}  # fmt: skip
# It has asked the archive for more, in vain, and waits before it asks again.
HAS_READ_ALL = """SELECT json_build_object('waits', exists(SELECT FROM pg_stat_activity
    WHERE backend_type = 'startup' AND wait_event = 'RecoveryRetrieveRetryInterval'), 'lsn', pg_last_wal_replay_lsn())"""
FILES = {
    "config_file": "unix_socket_directories = '/var/run/postgresql'\n",
    "hba_file": "local all postgres peer\n",
    "ident_file": "",
}


def path_of(one: Recovery, setting: str) -> Path:
    return Path(f"{one.places.work}.{setting}")


def configuration(one: Recovery) -> dict[str, str]:
    """What its server needs to replay, and lets nobody else in."""
    data = one.places.work if Path(one.places.work).exists() else one.places.data
    had = replayed_settings(read_control(one.server.run_command, data))
    for setting, text in FILES.items():
        path_of(one, setting).write_text(text, encoding="utf-8")
        shutil.chown(path_of(one, setting), ACCOUNT, ACCOUNT)
    return {
        **{setting: str(path_of(one, setting)) for setting in FILES},
        **{name: str(max(least, had[name])) for name, least in LIMITS.items()},
    }


def forget_configuration(one: Recovery) -> None:
    for setting in FILES:
        path_of(one, setting).unlink(missing_ok=True)


def wait_until_end(one: Recovery, segment: str) -> None:
    """Until it has replayed SEGMENT, the last one that the repository has, and the archive has no more for it.

    An archive that does not answer for a moment looks like one that has no more: hence the segment.
    """
    lsn = ""
    for _ in range(one.timeout_s):
        if not runs(Path(one.places.work)):
            raise failure(one)
        found = json.loads(ask_patiently(one.server.run_command, one.port, HAS_READ_ALL, one.wait))
        lsn = found["lsn"] or lsn
        if found["waits"] and lsn_bytes(lsn) > segment_start(segment):
            return
        one.wait()
    raise PgopsError(
        f"The WAL up to {segment}, which the repository has, was not replayed within {one.timeout_s} s; it stands at {lsn or 'nothing'}. "
        f"Nothing is in its place yet. A higher timeout_s waits longer; the log is {one.places.log}."
    )
