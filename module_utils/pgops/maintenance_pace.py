"""How much of a server maintenance takes: until when it works, how long it waits for others, and how it rests between."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass

from .connection import extras, psycopg2, sentence
from .sessions import read_sessions

OUT_OF_TIME = "out of time"
# Less than this is no time to begin anything in.
LEAST_S = 0.05
# Enough for any question about what there is.
QUESTION = "5s"
LIMIT = "SELECT set_config('statement_timeout', %s, false)"
# Which of those who hold a lock on a relation are in the way of one that lets others read and write.
HOLDERS = """
    SELECT DISTINCT l.pid, coalesce(a.backend_type, 'prepared transaction') AS kind
    FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'relation' AND l.granted AND l.relation = %(relation)s AND l.mode = ANY (%(modes)s)
      AND l.pid IS DISTINCT FROM pg_backend_pid()
      AND l.database IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    ORDER BY 1
"""
# REINDEX and DROP INDEX CONCURRENTLY wait for whoever might still look at what was there before.
READERS = """
    SELECT pid, backend_type AS kind FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
      AND (backend_xmin IS NOT NULL OR backend_xid IS NOT NULL)
      AND clock_timestamp() - xact_start > make_interval(secs => %(seconds)s)
    ORDER BY 1
"""
ROWS = ("RowExclusiveLock", "RowShareLock")
STRONG = (
    "ShareUpdateExclusiveLock",
    "ShareLock",
    "ShareRowExclusiveLock",
    "ExclusiveLock",
    "AccessExclusiveLock",
)


@dataclass(frozen=True)
class Outcome:
    """What became of a step. C(left) is a sentence for what the next run does, C(problem) one for a person."""

    changed: bool = False
    count: int | None = None
    left: str = ""
    problem: str = ""


class Pace:
    """Work on one connection: a statement gets the time that is left and waits for locks as long as it may; then there is a rest."""

    def __init__(
        self,
        conn,
        budget_s: float,
        lock_timeout_s: float,
        pause_s: float,
        clock: Callable[[], float] = time.monotonic,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self.conn, self.lock_timeout_s, self.pause_s = conn, lock_timeout_s, pause_s
        self.clock, self.rest, self.began_s = clock, rest, clock()
        self.budget_s = budget_s
        self.limited = False

    @property
    def left_s(self) -> float:
        return self.began_s + self.budget_s - self.clock()

    @property
    def is_over(self) -> bool:
        return self.left_s < LEAST_S

    def execute(self, statement, values: dict | None = None, at_least_s: float = 0.0) -> list[tuple]:
        """Rows, if it returns any. What tidies up gets AT_LEAST_S, also when the time is over."""
        self.limited = True
        with self.conn.cursor() as cursor:
            cursor.execute(LIMIT, (f"{max(round(max(self.left_s, at_least_s) * 1000), 1)}ms",))
            cursor.execute(statement, values)
            return cursor.fetchall() if cursor.description else []

    def question(self, query, values: dict | None = None) -> list[tuple]:
        """Rows of what takes no time. The answer is wanted also when the time is over."""
        self.calm()
        with self.conn.cursor() as cursor:
            cursor.execute(query, values)
            return cursor.fetchall()

    def calm(self) -> None:
        """What was left for the last statement is no limit of the next one."""
        with self.conn.cursor() as cursor:
            cursor.execute(LIMIT, (QUESTION,))
        self.limited = False

    @contextmanager
    def share(self, ratio: float):
        """Of the time that is left, no more than RATIO; the rest is for what comes after."""
        whole_s = self.budget_s
        self.budget_s = whole_s - self.left_s * (1 - ratio)
        try:
            yield
        finally:
            self.budget_s = whole_s

    def attempt(self, work: Callable[[], Outcome], subject: str, relation: int | None = None) -> Outcome:
        """What WORK says, or what kept it from its end; the session goes on to the next in any case. Then it rests."""
        if self.is_over:
            return Outcome(left=f"{subject}: {OUT_OF_TIME}.")
        try:
            done = work()
            if self.pause_s and not self.is_over:
                self.rest(min(self.pause_s, self.left_s))
            return done
        except psycopg2.errors.LockNotAvailable:
            return Outcome(left=f"{subject}: locked for {self.lock_timeout_s:g} s by {self.named_holders(relation)}.")
        except psycopg2.errors.QueryCanceled as error:
            why = OUT_OF_TIME if "statement timeout" in str(error) else "somebody cancelled it"
            return Outcome(left=f"{subject}: {why}.")
        except (psycopg2.errors.UndefinedTable, psycopg2.errors.UndefinedObject):
            return Outcome(left=f"{subject}: somebody else dropped or renamed it meanwhile.")
        except psycopg2.Error as error:
            if self.conn.closed:
                raise
            return Outcome(problem=f"{subject}: {sentence(error)}.")
        finally:
            if self.limited and not self.conn.closed:
                self.calm()

    def named_holders(self, relation: int | None) -> str:
        """Sessions as inspect_activity.yml shows them. Whoever has let go since is not found any more."""
        modes = {"relation": relation or 0, "modes": list(STRONG)}
        found = self.asked(HOLDERS, modes) or self.asked(READERS, {"seconds": self.lock_timeout_s})
        found = found or self.asked(HOLDERS, {**modes, "modes": list(ROWS)})
        return self.named(found) or "somebody who has let go meanwhile"

    def old_readers(self) -> str:
        """Who would keep an index from being replaced until the lock times out; empty for nobody."""
        return self.named(self.asked(READERS, {"seconds": self.lock_timeout_s}))

    def asked(self, query: str, values: dict) -> list[dict]:
        with self.conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
            cursor.execute(LIMIT, (QUESTION,))
            cursor.execute(query, values)
            return [dict(row) for row in cursor.fetchall()]

    def named(self, found: list[dict]) -> str:
        sessions = {one.pid: one for one in read_sessions(self.conn)} if found else {}
        return ", ".join(str(sessions.get(row["pid"], f"{row['kind']} {row['pid'] or ''}".strip())) for row in found)
