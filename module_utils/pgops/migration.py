"""One run of a migration: read everything, decide everything, then write everything in one transaction.

A dry run is the same run on temporary tables, without the last step; so its counts are the run's.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from . import failure, ledger, planning, staging, unknown
from .accounting import UNKNOWN, require_balance, settle, total
from .conflicts import Conflicts
from .connection import sql, transaction
from .errors import PgopsError
from .merging import Merger
from .preview import preview
from .profile import Profile, Settings
from .reading import Pace, Reader, as_parameters, scan, stage_keyspace
from .redis_source import RedisSource
from .remembered import Memory, Refill
from .resolving import Resolver
from .sparing import Guard
from .staging import Progress, Stage
from .team import side_by_side
from .written import Written

INSERT_PROGRESS = """
    INSERT INTO {progress} VALUES (%(identity)s, %(run_id)s, %(cursor)s, %(finished)s, %(next_id)s, %(scanned)s,
                                   clock_timestamp(), %(keys)s)
"""
LOAD_PROGRESS = """
    SELECT cursor, finished, next_id, scanned FROM {progress}
    WHERE identity = %s AND updated_at > clock_timestamp() - make_interval(secs => %s)
"""
ADOPT = "UPDATE {progress} SET run_id = %s"
# Every entry is looked at once for all that is told of them.
FATES = """
    SELECT e.pattern, coalesce(v.outcome, e.outcome, 'undecided'), coalesce(v.code, e.code), e.notes, count(*)
    FROM {entry} e LEFT JOIN {verdict} v ON v.entry_id = e.entry_id GROUP BY 1, 2, 3, 4
"""
WRITTEN, STANDING = ("inserted", "updated"), ("inserted", "updated", "unchanged")


@dataclass(frozen=True)
class Options:
    """C(batch_keys) is SCAN's COUNT; so many C(processes) read and convert; C(resume_within_s) is how long staged values count.

    C(unknown_keys) is C(report), C(quarantine) or C(fail); C(conflicts) is one of C(conflicts.POLICIES).
    """

    settings: Settings
    operator: str
    batch_keys: int = 1000
    processes: int = 1
    pace: Pace = field(default_factory=Pace)
    max_latency_ms: int = 0
    resume_within_s: int = 900
    unknown_keys: str = "report"
    conflicts: str = "stop"
    schema_revision: str | None = None


def migrate(conn, source: RedisSource, profile: Profile, options: Options, where: str, check_mode: bool) -> dict:
    """The result of redis_migrate; raises PgopsError, and then the target is as it was."""
    started = time.monotonic()
    require_schema(conn, profile, options.schema_revision, where)
    ledger.require_record(conn, where)
    stage = Stage("pg_temp" if check_mode else "migration", profile)
    guard = Guard(options.max_latency_ms)
    progress = Progress(identity_of(source, profile, options), keys=source.facts().keys)
    if not check_mode:
        ledger.take_lock(conn)
        progress.run_id = ledger.start_run(conn, profile.name, source.where, options.operator)
    try:
        resumed = prepare(conn, stage, progress, options)
        keep_unknown = options.unknown_keys == "quarantine"
        reader = Reader(source, profile, options.settings, keep_unknown)
        with side_by_side(options.processes, reader.convert_batch, not_ours=[conn.fileno()]) as team:
            memory = Memory(conn, profile)
            batches = scan(source, progress, options.batch_keys, options.pace, guard)
            known = (replace(batch, known=memory.of(batch.keys)) for batch in batches)
            stage_keyspace(conn, stage, progress, team, known)
        require_keys(conn, stage, progress.scanned, profile, source.where, options)
        result = finish(conn, stage, reader, progress, options, check_mode)
    except BaseException as error:
        if progress.run_id is not None:
            failure.record(conn, stage, progress.run_id, error, failure.message(error, source.where, where))
        raise
    took = {"duration_s": round(time.monotonic() - started, 3), "slowed_batches": guard.slowed_batches}
    return {**result, "resumed": resumed, "run_id": progress.run_id, **took}


def identity_of(source: RedisSource, profile: Profile, options: Options) -> str:
    """What staged rows depend on. A cursor means nothing to a Redis that was started anew, hence its run id."""
    parts: list = [source.where, source.facts().run_id, profile.name, profile.version, options.settings.source_zone]
    parts += [options.unknown_keys == "quarantine", staging.LAYOUT]
    return hashlib.sha256(json.dumps(parts).encode("utf-8")).hexdigest()


def require_schema(conn, profile: Profile, revision: str | None, where: str) -> None:
    with conn.cursor() as cursor:
        for table in profile.tables:
            cursor.execute("SELECT to_regclass(%s)", (f"{profile.schema}.{table.name}",))
            if cursor.fetchone()[0] is None:
                raise PgopsError(
                    f"Database {where} has no table {profile.schema}.{table.name}: its schema is missing or too old. "
                    "Run site.yml or deploy_schema.yml first."
                )
        if revision is None:
            return
        cursor.execute(sql.SQL(ledger.REVISION).format(sql.Identifier(profile.schema)))
        found = [version for (version,) in cursor.fetchall()]
        if found != [revision]:
            raise PgopsError(
                f"Database {where} has schema revision {', '.join(found) or 'none'}, this release works with {revision}. "
                "Run site.yml or deploy_schema.yml first."
            )


def prepare(conn, stage: Stage, progress: Progress, options: Options) -> bool:
    """Take over what an interrupted run has staged, or start with empty staging tables. True when taken over."""
    with transaction(conn) as cursor:
        cursor.execute("SELECT to_regclass(%s)", (f"{stage.space}.stage_progress",))
        if cursor.fetchone()[0] is not None:
            cursor.execute(stage.format(LOAD_PROGRESS), (progress.identity, options.resume_within_s))
            found = cursor.fetchone()
            if found:
                cursor.execute(stage.format(ADOPT), (progress.run_id,))
                progress.cursor, progress.finished, progress.next_id = (int(found[0]), found[1], found[2])
                progress.scanned = Counter(found[3])
                return True
        stage.drop(cursor)
        stage.create(cursor)
        cursor.execute(stage.format(INSERT_PROGRESS), as_parameters(progress))
    return False


def require_keys(conn, stage: Stage, scanned: Counter, profile: Profile, where: str, options: Options) -> None:
    """A wrong database number or host must not pass for a migration of nothing."""
    problem = None
    if not scanned.total():
        problem = f"Redis {where} holds no keys. Check login_host and the database number login_db."
    elif scanned.total() == scanned[UNKNOWN]:
        problem = (
            f"None of the {scanned.total()} keys in Redis {where} is of a pattern of the profile {profile.name}. "
            "Check login_host and the database number login_db."
        )
    elif options.unknown_keys == "fail" and scanned[UNKNOWN]:
        with conn.cursor() as cursor:
            samples = ", ".join(unknown.samples(cursor, stage))
        problem = (
            f"Redis {where} holds {scanned[UNKNOWN]} keys of no known pattern, and unknown keys are to fail: {samples}."
        )
    if problem:
        with transaction(conn) as cursor:
            stage.drop(cursor)
        raise PgopsError(problem)


def finish(conn, stage: Stage, reader: Reader, progress: Progress, options: Options, check_mode: bool) -> dict:
    """Decide, check the sum, write. In check mode everything but the writing, on temporary tables."""
    profile = stage.profile
    with transaction(conn) as cursor:
        merger = Merger(stage, cursor)
        planning.prepare(cursor, profile)
        refill = Refill(stage, cursor, reader, options.pace, progress.next_id)
        refill.fill()
        repeated, conflicts = decide(stage, cursor, refill, merger, options, check_mode)
        result = summary(stage, cursor, merger, progress, repeated)
        conflicts.require_none()
        result |= {"conflicts": conflicts.report(), "gone": Written(stage, cursor).gone()}
        if not check_mode:
            merger.write_rows(result["tables"], progress.run_id)
            merger.write_rejects(result["quarantine"], progress.run_id)
            ledger.end_run(
                cursor, progress.run_id, "finished", {**result, "patterns": result["accounting"]["patterns"]}
            )
            stage.drop(cursor)
    return result


def decide(stage: Stage, cursor, refill: Refill, merger: Merger, options: Options, check_mode: bool) -> tuple:
    """How many repeated keys of each pattern were dropped, and the conflicts.

    A refusal says of a value what only its conversion knows: a remembered one that is refused is converted, and everything
    decided anew. No lock is held while the source is asked.
    """
    while True:
        cursor.execute("SAVEPOINT undecided")
        resolver = Resolver(stage, cursor)
        repeated = resolver.prepare(refill.reader.source, options.pace)
        if not check_mode:
            merger.lock()
        conflicts = Conflicts(stage, cursor, options.conflicts)
        resolver.resolve(conflicts)
        refused = refill.refused()
        if not refused:
            return repeated, conflicts
        cursor.execute("ROLLBACK TO SAVEPOINT undecided")
        refill.convert_all(refused)


def summary(stage: Stage, cursor, merger: Merger, progress: Progress, repeated: Counter) -> dict:
    """What the verdicts come to; raises unless every key is accounted for."""
    cursor.execute(stage.format(FATES))
    fates = cursor.fetchall()
    outcomes = [(pattern, "written" if fate in WRITTEN else fate, keys) for pattern, fate, _, _, keys in fates]
    patterns = settle(Counter(progress.scanned) - repeated, outcomes)
    require_balance(patterns)
    tables = merger.counts()
    to_write = any(t["inserted"] or t["updated"] for t in tables.values())
    quarantine = merger.rejects_to_change()
    return {
        "changed": to_write or any(quarantine.values()),
        "accounting": {"total": total(patterns), "patterns": patterns},
        "tables": tables,
        "rejects": counted((code, keys) for _, fate, code, _, keys in fates if fate == "quarantined"),
        "skipped_by": counted((code, keys) for _, fate, code, _, keys in fates if fate == "skipped"),
        # Of the rows that stand after the run: what was merged or refused in the end is none of them.
        "notes": counted((note, keys) for _, fate, _, notes, keys in fates if fate in STANDING for note in notes or ()),
        "unknown_prefixes": unknown.prefixes(cursor, stage),
        "unknown_samples": unknown.samples(cursor, stage),
        "repeated_keys": repeated.total(),
        "quarantine": quarantine,
        "diff": preview(stage, cursor, tables, quarantine),
    }


def counted(pairs: Iterable[tuple[str, int]]) -> dict[str, int]:
    """The sum for each name, in their order."""
    sums: Counter[str] = Counter()
    for name, keys in pairs:
        sums[name] += keys
    return dict(sorted(sums.items()))
