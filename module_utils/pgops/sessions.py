"""Sessions of clients: what they do, who waits for whom, and by which mark one is known again."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass

from .connection import extras
from .health_statements import presentable

STATEMENT_BYTES = 2_000
# textsend: texts of other databases may be in other encodings. Ages are rounded here, so that what is judged is what is shown.
SESSIONS = """
    SELECT pid, coalesce(usename, '')::text AS role, coalesce(datname, '')::text AS database, application_name AS application,
           coalesce(client_addr::text, 'socket') AS client, coalesce(state, 'unknown') AS state,
           concat_ws(': ', wait_event_type, wait_event) AS waits_for,
           backend_start::text AS began, coalesce(query_start::text, '') AS statement_began,
           greatest(round(extract(epoch FROM clock_timestamp() - backend_start), 1), 0)::float8 AS age_s,
           greatest(round(extract(epoch FROM clock_timestamp() - query_start), 1), 0)::float8 AS statement_s,
           greatest(round(extract(epoch FROM clock_timestamp() - xact_start), 1), 0)::float8 AS transaction_s,
           greatest(round(extract(epoch FROM clock_timestamp() - state_change), 1), 0)::float8 AS state_s,
           pg_blocking_pids(pid) AS blocked_by, substring(textsend(query) FOR %(bytes)s) AS statement
    FROM pg_stat_activity
    WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()
    ORDER BY backend_start, pid
"""


@dataclass(frozen=True)
class Session:
    """One client at its server. Ages in seconds; those of statement and transaction are none where there is none."""

    pid: int
    role: str
    database: str
    application: str
    client: str
    state: str
    waits_for: str
    began: str
    statement_began: str
    age_s: float
    statement_s: float | None
    transaction_s: float | None
    state_s: float | None
    blocked_by: tuple[int, ...]
    statement: str

    @property
    def mark(self) -> str:
        """It changes with each statement, and with whoever gets the number next."""
        seen = f"{self.began}|{self.statement_began}".encode()
        return f"{self.pid}-{hashlib.sha256(seen).hexdigest()[:6]}"

    @property
    def is_idle(self) -> bool:
        return self.state.startswith("idle")

    def __str__(self) -> str:
        return f"{self.mark} of {self.role or 'nobody'} in {self.database or 'no database'} ({self.application or 'no name'})"

    def described(self) -> dict:
        """For module results."""
        facts = asdict(self)
        for internal in ("began", "statement_began"):
            del facts[internal]
        return {"session": self.mark, **facts, "blocked_by": list(self.blocked_by)}


def read_sessions(conn) -> list[Session]:
    with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        cursor.execute(SESSIONS, {"bytes": STATEMENT_BYTES})
        return [Session(**{**row, **texts(row)}) for row in cursor.fetchall()]


def texts(row: dict) -> dict:
    return {
        "blocked_by": tuple(dict.fromkeys(row["blocked_by"])),
        "statement": presentable(row["statement"]),
    }


def blocking_tree(sessions: list[Session]) -> list[dict]:
    """Who holds others up, each followed by those that wait for it: C(depth), C(session) and C(pid) of each.

    A session that waits for several is shown below each of them; one that waits in a circle only once.
    """
    waiting = {one.pid: one.blocked_by for one in sessions if one.blocked_by}
    known = {one.pid: one for one in sessions}
    roots = sorted({pid for pids in waiting.values() for pid in pids} - set(waiting))
    # A deadlock that is not resolved yet, and what waits for it, has no root.
    lines: list[dict] = []
    for root in [*roots, *sorted(waiting)]:
        if root in roots or root not in {line["pid"] for line in lines}:
            descend(root, 0, (), waiting, known, lines)
    return lines


def descend(
    pid: int,
    depth: int,
    above: tuple[int, ...],
    waiting: dict[int, tuple[int, ...]],
    known: dict[int, Session],
    lines: list[dict],
) -> None:
    one = known.get(pid)
    # Prepared transactions are 0; processes of the server itself are no clients.
    lines.append({"depth": depth, "pid": pid, "session": one.mark if one else None})
    for other, pids in sorted(waiting.items()):
        if pid in pids and other not in (*above, pid):
            descend(other, depth + 1, (*above, pid), waiting, known, lines)
