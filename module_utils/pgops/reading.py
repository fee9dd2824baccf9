"""From the source into the staging tables, batch by batch, each batch committed together with the cursor."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .accounting import UNKNOWN
from .connection import transaction
from .lossless import TooLarge, identity, kept
from .profile import Entry, Pattern, Profile, Refusal, Settings
from .redis_source import RedisSource, TypeChanged
from .sameness import KEY_BYTES, Known, digest, rules_of
from .sparing import Guard
from .staging import Lines, Progress, Stage
from .team import Team

FLUSH_ROWS = 2000
# Numbers of entries that one batch may use: more than there are members of a collection. A prime: PostgreSQL's hash of a
# bigint is that of its two halves' exclusive or, of which multiples of a power of two have few.
ENTRIES_PER_BATCH = 9_999_999_967
KEPT_VALUES = "quarantined"

SAVE_PROGRESS = """
    UPDATE {progress} SET cursor = %(cursor)s, finished = %(finished)s, next_id = %(next_id)s,
           scanned = %(scanned)s, updated_at = clock_timestamp()
"""


@dataclass(frozen=True)
class Pace:
    """How fast the source may be asked, to spare it; 0 is as fast as it goes."""

    max_keys_per_s: int = 0

    def keep(self, keys: int, started: float) -> None:
        if self.max_keys_per_s:
            # Pacing that the operator asked for.
            time.sleep(max(0.0, keys / self.max_keys_per_s - (time.monotonic() - started)))


@dataclass(frozen=True)
class Batch:
    """Keys that one answer to SCAN named; C(cursor) is where it goes on, 0 at the end.

    C(known) is what earlier runs wrote of them.
    """

    keys: list[bytes]
    cursor: int
    first_id: int
    known: Known = field(default_factory=dict)


@dataclass(frozen=True)
class Converted:
    """A part of what has come of a batch: how many records of which pattern, and the lines of the staging tables."""

    scanned: Counter
    texts: dict[str, bytes]


class Reader:
    """Sorts keys by pattern, reads what a rule wants, and makes lines for the staging tables of it."""

    def __init__(self, source: RedisSource, profile: Profile, settings: Settings, keep_unknown: bool = False) -> None:
        self.source, self.profile, self.settings, self.keep_unknown = source, profile, settings, keep_unknown
        self.rules = rules_of(profile, settings)
        self.remembers = {table.name for table in profile.tables if table.self_contained}
        self.known: Known = {}
        self.known_keys: set[bytes] = set()
        self.lines = Lines(profile)
        self.scanned: Counter[str] = Counter()
        self.waiting = self.next_id = 0
        self.emit: Callable[[Converted], None] = lambda _converted: None

    def convert_batch(self, batch: Batch, emit: Callable[[Converted], None]) -> None:
        """EMIT gets the parts, in order."""
        self.emit, self.next_id = emit, batch.first_id
        self.known, self.known_keys = batch.known, {key for key, _ in batch.known}
        self.take_keys(batch.keys)
        self.flush()

    def convert_again(self, keys: list[bytes], first_id: int, emit: Callable[[Converted], None]) -> int:
        """What KEYS say now, of strings that are counted already and of which nothing is remembered; the next number."""
        self.emit, self.next_id, self.known, self.known_keys = emit, first_id, {}, set()
        for key, entry in zip(keys, self.source.read(keys), strict=True):
            self.take(self.profile.classify(key), entry)
        self.flush()
        return self.next_id

    def take_keys(self, keys: list[bytes]) -> None:
        wanted: list[tuple[Pattern | None, bytes]] = []
        for key in dict.fromkeys(keys):
            pattern = self.profile.classify(key)
            self.scanned[pattern.name if pattern else UNKNOWN] += 1
            if pattern is None and not self.keep_unknown:
                self.note(UNKNOWN, key, outcome=UNKNOWN)
            elif pattern is not None and pattern.skip:
                self.note(pattern.name, key, outcome="skipped", code=pattern.skip)
            else:
                wanted.append((pattern, key))
        entries = self.source.first_members(self.source.read(key for _, key in wanted)) if wanted else ()
        for (pattern, _), (entry, first) in zip(wanted, entries, strict=True):
            self.take(pattern, entry, first)
            if self.waiting >= FLUSH_ROWS:
                self.flush()

    def take(self, pattern: Pattern | None, entry: Entry, first: Any = None) -> None:
        """Account for the key once; its members, FIRST among them, are accounted for on their own and come first."""
        name = pattern.name if pattern else UNKNOWN
        try:
            if entry.redis_type == "none":
                self.note(name, entry.key, outcome="vanished")
            elif pattern is None:
                self.refuse(name, entry, "unknown_key", "The key is of no known pattern.")
            elif entry.redis_type != pattern.redis_type:
                sentence = f"The key holds a {entry.redis_type} where a {pattern.redis_type} is expected."
                self.refuse(name, entry, "wrong_type", sentence)
            elif pattern.member:
                self.take_members(pattern, entry, first)
            elif not self.take_known(name, entry):
                self.convert(
                    name, entry, None, lambda: pattern.convert(entry, pattern.suffix(entry.key), self.settings)
                )
        except TypeChanged:
            self.take(pattern, self.source.read([entry.key])[0])

    def take_known(self, name: str, entry: Entry) -> bool:
        """Whether the value is one that was made a row of before: then where that row is."""
        if entry.key not in self.known_keys:
            return False
        line = self.known.get((entry.key, digest(entry.value, self.rules)))
        if line is None:
            return False
        entry_id = self.note(name, entry.key, redis_type=entry.redis_type, ttl_ms=entry.ttl_ms, notes=line.notes)
        self.lines.known((entry_id, line.table, line.row_key, line.written, line.preference))
        return True

    def take_members(self, pattern: Pattern, entry: Entry, first: Any) -> None:
        name = f"{pattern.name}.member"
        try:
            context = pattern.context(entry.key)
        except Refusal as refusal:
            self.refuse(pattern.name, entry, refusal.code, refusal.sentence)
            return
        for members in self.source.members(entry.key, entry.redis_type, first):
            for member in members:
                self.scanned[name] += 1
                self.convert(name, entry, member, lambda member=member: pattern.member(context, member, self.settings))
            if self.waiting >= FLUSH_ROWS:
                self.flush()
        self.note(pattern.name, entry.key, outcome="merged", redis_type=entry.redis_type, ttl_ms=entry.ttl_ms)

    def convert(self, name: str, entry: Entry, member: bytes | tuple | None, make) -> None:
        facts = {"redis_type": entry.redis_type, "ttl_ms": entry.ttl_ms}
        if member is not None:
            facts["member"] = identity(member)
        try:
            row = make()
        except Refusal as refusal:
            raw = entry.value if member is None else kept(member)
            facts |= {"code": refusal.code, "reason": refusal.sentence, "raw": raw}
            self.note(name, entry.key, outcome=KEPT_VALUES, **facts)
            return
        if member is None and row.table in self.remembers and not row.insert_only and len(entry.key) <= KEY_BYTES:
            facts["digest"] = digest(entry.value, self.rules)
        entry_id = self.note(name, entry.key, notes=list(row.notes) or None, **facts)
        # A value that became a row is UTF-8; what says no more than the member is kept with it already.
        if not isinstance(member, bytes):
            self.lines.original(entry_id, entry.value if member is None else kept(member))
        self.lines.row(entry_id, row)

    def refuse(self, name: str, entry: Entry, code: str, reason: str) -> None:
        """Quarantine the whole key."""
        facts = {"redis_type": entry.redis_type, "ttl_ms": entry.ttl_ms}
        raw = entry.value
        try:
            raw = self.source.raw(entry.key, entry.redis_type) if raw is None else raw
        except TooLarge:
            reason += " It is too large to be kept here."
        else:
            if raw is None:
                self.note(name, entry.key, outcome="vanished")
                return
        self.note(name, entry.key, outcome=KEPT_VALUES, code=code, reason=reason, raw=raw, **facts)

    def note(self, pattern: str, key: bytes, **facts) -> int:
        """Account for a key; without an outcome its row's fate decides later. Returns the entry's number."""
        entry_id = self.next_id
        self.next_id += 1
        self.lines.entry({"entry_id": entry_id, "pattern": pattern, "key": key, **facts})
        self.waiting += 1
        return entry_id

    def flush(self) -> None:
        if self.waiting:
            self.emit(Converted(Counter(self.scanned), self.lines.take()))
            self.scanned.clear()
            self.waiting = 0


def scan(source: RedisSource, progress: Progress, batch_keys: int, pace: Pace, guard: Guard) -> Iterator[Batch]:
    """The keyspace from where PROGRESS stands, as fast as PACE and GUARD let it."""
    cursor, first_id, finished = progress.cursor, progress.next_id, progress.finished
    while not finished:
        started = time.monotonic()
        cursor, keys = source.scan(cursor, batch_keys)
        finished = cursor == 0
        yield Batch(keys, cursor, first_id)
        first_id += ENTRIES_PER_BATCH
        pace.keep(len(keys), started)
        if guard.max_latency_ms:
            time.sleep(guard.pause_after(source.latency_ms()))


def stage_batch(cursor, stage: Stage, progress: Progress, converted: Converted) -> None:
    progress.scanned.update(converted.scanned)
    stage.copy(cursor, converted.texts)


def stage_keyspace(conn, stage: Stage, progress: Progress, team: Team, batches: Iterable[Batch]) -> None:
    """Each batch is committed together with the progress. Killed at any moment, the next call goes on from the last one."""
    for batch, deliver in team.hand_out(batches):
        with transaction(conn) as cursor:
            deliver(partial(stage_batch, cursor, stage, progress))
            progress.cursor, progress.finished = batch.cursor, batch.cursor == 0
            progress.next_id = batch.first_id + ENTRIES_PER_BATCH
            cursor.execute(stage.format(SAVE_PROGRESS), as_parameters(progress))


def as_parameters(progress: Progress) -> dict:
    return {
        "identity": progress.identity,
        "run_id": progress.run_id,
        "cursor": progress.cursor,
        "finished": progress.finished,
        "next_id": progress.next_id,
        "keys": progress.keys,
        "scanned": json.dumps(progress.scanned),
    }
