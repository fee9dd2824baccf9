"""The history of backups, in the database that they are about: what each took, also when it is gone, and what a reading found.

What lies in the directory of dumps and in pgBackRest's repositories is the truth of today; a run that was killed before it
could record its backup is made up for by the next.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta, timezone

from .connection import extras, transaction
from .drill_plan import KINDS, LOGICAL, PHYSICAL
from .errors import PgopsError

BACKUPS, VERIFICATIONS, DRILLS = "operations.backups", "operations.verifications", "operations.drills"
HAS_TABLE = "SELECT to_regclass(%(table)s) IS NOT NULL AS here"
READ_BACKUPS = f"""
    SELECT kind, type, name, repository, database, finished_at, duration_s, size_bytes, database_size_bytes
    FROM {BACKUPS} ORDER BY finished_at, kind, name, repository
"""
READ_VERIFICATIONS = f"""
    SELECT kind, host, began_at, finished_at, passed, backups, problems FROM {VERIFICATIONS} ORDER BY began_at, kind, host
"""
READ_DRILLS = f"""
    SELECT kind, host, backup, repository, began_at, finished_at, passed, fetch_s, restore_s, replay_s, verify_s, rto_s, rpo_s, problems
    FROM {DRILLS} ORDER BY began_at, kind, host
"""
ADD_BACKUP = f"""
    INSERT INTO {BACKUPS} (kind, type, name, repository, database, finished_at, duration_s, size_bytes, database_size_bytes)
    VALUES (%(kind)s, %(type)s, %(name)s, %(repository)s, %(database)s, %(finished_at)s, %(duration_s)s, %(size_bytes)s,
            %(database_size_bytes)s)
    ON CONFLICT DO NOTHING
"""
ADD_VERIFICATION = f"""
    INSERT INTO {VERIFICATIONS} (kind, host, began_at, finished_at, passed, backups, problems)
    VALUES (%(kind)s, %(host)s, %(began_at)s, %(finished_at)s, %(passed)s, %(backups)s, %(problems)s)
    ON CONFLICT DO NOTHING
"""
# What health asks: of each kind the last one.
LATEST_VERIFICATIONS = f"""
    SELECT DISTINCT ON (kind) kind, host, passed, backups, problems, extract(epoch FROM finished_at)::float8 AS finished_s
    FROM {VERIFICATIONS} ORDER BY kind, began_at DESC
"""
OUTLIVED = "finished_at < now() - make_interval(days => %(keep_days)s)"
COUNT = f"SELECT (SELECT count(*) FROM {BACKUPS} WHERE {OUTLIVED}) + (SELECT count(*) FROM {VERIFICATIONS} WHERE {OUTLIVED})"
FORGET = tuple(f"DELETE FROM {table} WHERE {OUTLIVED}" for table in (BACKUPS, VERIFICATIONS))
NEEDED = ("kind", "host", "began_at", "finished_at", "passed", "backups", "problems")
TOO_OLD = "Database {0} has no table {1}: its schema is too old. Run site.yml or deploy_schema.yml."


@dataclass(frozen=True)
class Made:
    """A backup as the history keeps it. C(size_bytes) is what it takes by itself; C(present): whether it is still there."""

    kind: str
    type: str
    name: str
    repository: int | None
    database: str | None
    finished_at: datetime
    duration_s: float
    size_bytes: int
    database_size_bytes: int
    present: bool = True

    @property
    def key(self) -> tuple[str, str, int | None]:
        return self.kind, self.name, self.repository

    def described(self) -> dict:
        return {**asdict(self), "finished_at": iso(self.finished_at)}


def iso(moment: datetime) -> str:
    return moment.astimezone(timezone.utc).isoformat(timespec="seconds")


def of_dump(found: dict) -> Made:
    """From what pg_backup_info tells of one."""
    return Made(
        kind=LOGICAL,
        type=found["type"],
        name=found["name"],
        repository=None,
        database=found["database"],
        finished_at=datetime.fromisoformat(found["created_at"]) + timedelta(seconds=found["duration_s"]),
        duration_s=float(found["duration_s"]),
        size_bytes=found["size_bytes"],
        database_size_bytes=found["database_size_bytes"],
    )


def of_physical(found: dict) -> Made:
    """From what pgbackrest_info tells of one. What it refers to in earlier ones is not its own."""
    return Made(
        kind=PHYSICAL,
        type=found["type"],
        name=found["label"],
        repository=found["repository"],
        database=None,
        finished_at=datetime.fromisoformat(found["stopped_at"]),
        duration_s=float(found["duration_s"]),
        size_bytes=found["written_bytes"],
        database_size_bytes=found["database_size_bytes"],
    )


def read_present(logical: Iterable[dict], physical: Iterable[dict]) -> list[Made]:
    """Oldest first."""
    try:
        found = [*map(of_dump, logical), *map(of_physical, physical)]
    except (KeyError, TypeError, ValueError) as error:
        raise PgopsError(
            f"A backup is not as pg_backup_info and pgbackrest_info tell of it: {error!r}. Give their backups as they are."
        ) from error
    return sorted(found, key=lambda one: one.finished_at)


def united(kept: Iterable[Made], present: Iterable[Made]) -> list[Made]:
    """Each backup once, oldest first; one that nobody sees any more is marked."""
    there = {one.key: one for one in present}
    gone = [replace(one, present=False) for one in kept if one.key not in there]
    return sorted([*gone, *there.values()], key=lambda one: (one.finished_at, one.kind, one.name))


def verification_row(found: dict) -> dict:
    missing = [name for name in NEEDED if found.get(name) is None]
    if missing:
        raise PgopsError(
            f"A verification lacks {', '.join(missing)}: give what pg_backup_info or pgbackrest_info returned. Nothing was changed."
        )
    if found["kind"] not in KINDS:
        raise PgopsError(
            f"A verification is of kind {found['kind']}; there are {' and '.join(KINDS)}. Nothing was changed."
        )
    return {**{name: found[name] for name in NEEDED}, "problems": json.dumps(found["problems"])}


def has(cursor, table: str) -> bool:
    cursor.execute(HAS_TABLE, {"table": table})
    return cursor.fetchone()[0]


def record(conn, present: list[Made], verifications: list[dict], keep_days: int, check_mode: bool) -> dict:
    """The result of pg_backup_record. What is kept already is not kept twice, and what would go at once is not added."""
    rows = [verification_row(one) for one in verifications]
    with transaction(conn) as cursor:
        for table in (BACKUPS, VERIFICATIONS):
            if not has(cursor, table):
                raise PgopsError(TOO_OLD.format(conn.info.dbname, table))
        cursor.execute("SELECT now() - make_interval(days => %(keep_days)s)", {"keep_days": keep_days})
        oldest = cursor.fetchone()[0]
        cursor.execute(f"SELECT kind, name, repository FROM {BACKUPS}")
        known = set(cursor.fetchall())
        new = [one for one in present if one.key not in known and one.finished_at >= oldest]
        cursor.execute(f"SELECT kind, host, began_at FROM {VERIFICATIONS}")
        read = set(cursor.fetchall())
        fresh = [
            row
            for row in rows
            if (row["kind"], row["host"], moment_of(row["began_at"])) not in read
            and moment_of(row["finished_at"]) >= oldest
        ]
        cursor.execute(COUNT, {"keep_days": keep_days})
        expired = cursor.fetchone()[0]
        if not check_mode:
            for one in new:
                cursor.execute(ADD_BACKUP, asdict(one))
            for row in fresh:
                cursor.execute(ADD_VERIFICATION, row)
            for statement in FORGET:
                cursor.execute(statement, {"keep_days": keep_days})
    return {
        "changed": bool(new or fresh or expired),
        "added": [one.name for one in new],
        "removed": expired,
        "diff": {
            "before": forgotten(expired, keep_days),
            "after": "".join([*map(backup_line, new), *map(verification_line, fresh)]),
        },
    }


def moment_of(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        found = None
    if found is None or found.tzinfo is None:
        raise PgopsError(
            f"A verification has the time {text}: give one in ISO 8601 with its zone. Nothing was changed."
        )
    return found


def forgotten(expired: int, keep_days: int) -> str:
    return f"{expired} rows from more than {keep_days} days ago\n" if expired else ""


def backup_line(one: Made) -> str:
    where = "" if one.repository is None else f" in repository {one.repository}"
    return f"{one.kind} backup {one.name}{where}: {one.size_bytes} bytes in {one.duration_s:g} s\n"


def verification_line(row: dict) -> str:
    verdict = "good" if row["passed"] else "not all good"
    return f"{row['backups']} {row['kind']} backups on {row['host']} were read to their end: {verdict}\n"


def tell(conn, present: list[Made]) -> dict:
    """What the history has, with those that are there and were not recorded; all of it oldest first."""
    found: dict[str, list[dict]] = {}
    with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        for table, query in ((BACKUPS, READ_BACKUPS), (VERIFICATIONS, READ_VERIFICATIONS), (DRILLS, READ_DRILLS)):
            cursor.execute(HAS_TABLE, {"table": table})
            if cursor.fetchone()["here"]:
                cursor.execute(query)
                found[table] = [dict(row) for row in cursor]
    kept = [Made(**row) for row in found.get(BACKUPS, [])]
    return {
        "unknown": None if BACKUPS in found else TOO_OLD.format(conn.info.dbname, BACKUPS),
        "backups": [one.described() for one in united(kept, present)],
        "verifications": [with_text(row) for row in found.get(VERIFICATIONS, [])],
        "drills": [with_text(row) for row in found.get(DRILLS, [])],
    }


def nothing(present: list[Made], reason: str) -> dict:
    """The same where nobody can be asked, with the backups that are there."""
    found = [one.described() for one in united([], present)]
    return {"unknown": reason, "backups": found, "verifications": [], "drills": []}


def with_text(row: dict) -> dict:
    return {name: iso(value) if isinstance(value, datetime) else value for name, value in row.items()}
