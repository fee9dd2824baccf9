"""What a run leaves behind when it fails: its message in the record, and staged values only where they are sound."""

from __future__ import annotations

from . import ledger, redis_source
from .connection import psycopg2, sentence, transaction
from .errors import PgopsError
from .staging import Stage

# SQLSTATE classes that say nothing of the data: the connection, a deadlock, resources, a lock, an operator, the system.
PASSING = ("08", "40", "53", "55", "57", "58")


def message(error: BaseException, source: str, target: str) -> str:
    """One sentence, the same that the operator is told."""
    if isinstance(error, PgopsError):
        return str(error)
    if isinstance(error, psycopg2.Error):
        return f"PostgreSQL {target}: {sentence(error)}."
    return redis_source.sentence(error, source) or " ".join(f"{type(error).__name__}: {error}".split())


def is_in_the_data(error: BaseException) -> bool:
    """Whether trying the same staged values again would end in the same way."""
    if isinstance(error, psycopg2.Error):
        return error.pgcode is not None and error.pgcode[:2] not in PASSING
    return isinstance(error, Exception) and redis_source.sentence(error, "") is None


def record(conn, stage: Stage, run_id: int, error: BaseException, said: str) -> None:
    """Where the server can still be asked; what happened first is what is reported in any case."""
    try:
        with transaction(conn) as cursor:
            if is_in_the_data(error):
                stage.drop(cursor)
            ledger.end_run(cursor, run_id, "failed", {"conflicts": getattr(error, "report", {})}, said)
    except psycopg2.Error:
        return
