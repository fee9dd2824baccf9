"""From the source into the staging tables, batch by batch, each batch committed together with the cursor."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

from .accounting import UNKNOWN
from .connection import transaction
from .lossless import TooLarge
from .profile import Entry, Pattern, Profile, Refusal, Settings
from .redis_source import RedisSource, TypeChanged
from .sparing import Guard
from .staging import Progress, Stage, Writer

FLUSH_ROWS = 2000
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


class Reader:
    """Sorts keys by pattern, reads what a rule wants, and stages what comes of it."""

    def __init__(
        self, source: RedisSource, profile: Profile, settings: Settings, writer: Writer, progress: Progress,
        keep_unknown: bool = False,
    ) -> None:  # fmt: skip
        self.source, self.profile, self.settings = source, profile, settings
        self.writer, self.progress, self.keep_unknown = writer, progress, keep_unknown
        self.waiting = 0

    def batch(self, keys: list[bytes], cursor) -> None:
        wanted: list[tuple[Pattern | None, bytes]] = []
        for key in dict.fromkeys(keys):
            pattern = self.profile.classify(key)
            self.progress.scanned[pattern.name if pattern else UNKNOWN] += 1
            if pattern is None and not self.keep_unknown:
                self.note(UNKNOWN, key, outcome=UNKNOWN)
            elif pattern is not None and pattern.skip:
                self.note(pattern.name, key, outcome="skipped", code=pattern.skip)
            else:
                wanted.append((pattern, key))
        entries = self.source.read(key for _, key in wanted) if wanted else []
        for (pattern, _), entry in zip(wanted, entries, strict=True):
            self.take(pattern, entry, cursor)
            if self.waiting >= FLUSH_ROWS:
                self.flush(cursor)

    def take(self, pattern: Pattern | None, entry: Entry, cursor) -> None:
        """Account for the key once; its members, which are accounted for on their own, come first."""
        name = pattern.name if pattern else UNKNOWN
        facts = {"redis_type": entry.redis_type, "ttl_ms": entry.ttl_ms}
        try:
            if entry.redis_type == "none":
                self.note(name, entry.key, outcome="vanished")
            elif pattern is None:
                self.refuse(name, entry, "unknown_key", "The key is of no known pattern.")
            elif entry.redis_type != pattern.redis_type:
                sentence = f"The key holds a {entry.redis_type} where a {pattern.redis_type} is expected."
                self.refuse(name, entry, "wrong_type", sentence)
            elif pattern.member:
                self.take_members(pattern, entry, cursor)
                self.note(name, entry.key, outcome="merged", **facts)
            else:
                self.convert(
                    name, entry, None, lambda: pattern.convert(entry, pattern.suffix(entry.key), self.settings)
                )
        except TypeChanged:
            self.take(pattern, self.source.read([entry.key])[0], cursor)

    def take_members(self, pattern: Pattern, entry: Entry, cursor) -> None:
        name = f"{pattern.name}.member"
        for members in self.source.members(entry.key, entry.redis_type):
            for member in members:
                self.progress.scanned[name] += 1
                self.convert(name, entry, member, lambda member=member: pattern.member(member, self.settings))
            if self.waiting >= FLUSH_ROWS:
                self.flush(cursor)

    def convert(self, name: str, entry: Entry, member: bytes | None, make) -> None:
        facts = {"member": member, "redis_type": entry.redis_type, "ttl_ms": entry.ttl_ms}
        try:
            row = make()
        except Refusal as refusal:
            raw = entry.value if member is None else member
            facts |= {"code": refusal.code, "reason": refusal.sentence, "raw": raw}
            self.note(name, entry.key, outcome=KEPT_VALUES, **facts)
            return
        # A value that became a row is UTF-8; a member is kept as such already.
        source = entry.value.decode("utf-8") if member is None else None
        self.writer.row(self.note(name, entry.key, notes=list(row.notes) or None, source=source, **facts), row)

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
        entry_id = self.progress.next_id
        self.progress.next_id += 1
        self.writer.entry({"entry_id": entry_id, "pattern": pattern, "key": key, **facts})
        self.waiting += 1
        return entry_id

    def flush(self, cursor) -> None:
        self.writer.flush(cursor)
        self.waiting = 0


def read_keyspace(conn, stage: Stage, reader: Reader, batch_keys: int, pace: Pace, guard: Guard) -> None:
    """Scan from where the progress stands to the end. Killed at any moment, the next call goes on from the last batch."""
    progress = reader.progress
    while not progress.finished:
        started = time.monotonic()
        next_cursor, keys = reader.source.scan(progress.cursor, batch_keys)
        with transaction(conn) as cursor:
            reader.batch(keys, cursor)
            reader.flush(cursor)
            progress.cursor, progress.finished = next_cursor, next_cursor == 0
            cursor.execute(stage.format(SAVE_PROGRESS), as_parameters(progress))
        pace.keep(len(keys), started)
        if guard.max_latency_ms:
            time.sleep(guard.pause_after(reader.source.latency_ms()))


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
