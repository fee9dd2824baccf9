"""The checks of the WAL archive: whether the archiver fails, and how long WAL has waited for it."""

from __future__ import annotations

from .health import Check, Limit, duration
from .health_declared import Declared, Limits, unknown_all
from .health_server import Answer
from .health_sessions import GRANT_MONITOR

ARCHIVING = Declared(
    name="archiving",
    unit="segments",
    measures="Segments that wait for the archive; an archiver whose last try failed is critical",
    advice="Mend archive_command or its repository before WAL fills the disk; the server's log has the command's words.",
)
LAG = Declared(
    name="archive_lag",
    unit="s",
    measures="How long the oldest finished segment has waited for the archive, which is what a lost disk would cost",
    advice="See in the server's log and in the repository why archiving is slow; what waits is lost with this host.",
    limit=Limit(300.0, 1800.0),
)
DECLARED = (ARCHIVING, LAG)


def archiving_checks(server: dict, archiver: Answer, limits: Limits) -> list[Check]:
    if server["archive_mode"] == "off":
        finding = "WAL is not archived (archive_mode is off)."
        return [ARCHIVING.stated(0, "ok", finding), LAG.found(limits, 0.0, finding)]
    if archiver.failure is not None:
        return unknown_all(DECLARED, limits, archiver.failure, GRANT_MONITOR.format(role=server["role"]))
    row = archiver.row
    return [_failing(row), _waiting(row["oldest_waits_s"], limits)]


def _failing(row: dict) -> Check:
    waiting = row["waiting_segments"]
    if not row["failing"]:
        return ARCHIVING.stated(waiting, "ok", f"{waiting} segments wait for the archive.")
    finding = f"Archiving fails at {row['last_failed_wal']} ({row['failed_count']} failures); {waiting} segments wait."
    return ARCHIVING.stated(waiting, "critical", finding)


def _waiting(oldest_s: float | None, limits: Limits) -> Check:
    if oldest_s is None:
        return LAG.found(limits, 0.0, "No finished segment waits for the archive.")
    return LAG.found(limits, oldest_s, f"The oldest finished segment has waited {duration(oldest_s)} for the archive.")
