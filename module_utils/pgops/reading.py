"""From the source into the staging tables, batch by batch, each batch committed together with the cursor."""

from __future__ import annotations

import json
import time
from typing import Any

from .connection import transaction
from .profile import Entry, Pattern, Profile, Refusal, Settings
from .redis_source import RedisSource
from .staging import Progress, Stage, Writer

FLUSH_ROWS = 2000
KEPT_VALUES = "quarantined"

SAVE_PROGRESS = """
    UPDATE {progress} SET cursor = %(cursor)s, finished = %(finished)s, next_id = %(next_id)s,
           scanned = %(scanned)s, notes = %(notes)s, updated_at = clock_timestamp()
"""


class Reader:
    """Sorts keys by pattern, reads what a rule wants, and stages what comes of it."""

    def __init__(
        self, source: RedisSource, profile: Profile, settings: Settings, writer: Writer, progress: Progress
    ) -> None:
        self.source, self.profile, self.settings = source, profile, settings
        self.writer, self.progress = writer, progress
        self.waiting = 0

    def batch(self, keys: list[bytes], cursor) -> None:
        wanted: list[tuple[Pattern, bytes]] = []
        for key in dict.fromkeys(keys):
            pattern = self.profile.classify(key)
            self.progress.scanned[pattern.name if pattern else "unknown"] += 1
            if pattern is None:
                self.note("unknown", key, outcome="unknown")
            elif pattern.skip:
                self.note(pattern.name, key, outcome="skipped", code=pattern.skip)
            else:
                wanted.append((pattern, key))
        entries = self.source.read(key for _, key in wanted) if wanted else []
        for (pattern, _), entry in zip(wanted, entries, strict=True):
            self.take(pattern, entry, cursor)
            if self.waiting >= FLUSH_ROWS:
                self.flush(cursor)

    def take(self, pattern: Pattern, entry: Entry, cursor) -> None:
        if entry.redis_type == "none":
            self.note(pattern.name, entry.key, outcome="vanished")
        elif entry.redis_type != pattern.redis_type:
            self.refuse_type(pattern, entry)
        elif pattern.member:
            self.note(pattern.name, entry.key, "merged", redis_type=entry.redis_type, ttl_ms=entry.ttl_ms)
            self.take_members(pattern, entry, cursor)
        else:
            self.convert(
                pattern.name, entry, None, lambda: pattern.convert(entry, pattern.suffix(entry.key), self.settings)
            )

    def take_members(self, pattern: Pattern, entry: Entry, cursor) -> None:
        name = f"{pattern.name}.member"
        for members in self.source.members(entry.key, entry.redis_type):
            for member in members:
                self.progress.scanned[name] += 1
                self.convert(name, entry, member, lambda member=member: pattern.member(member, self.settings))
            if self.waiting >= FLUSH_ROWS:
                self.flush(cursor)

    def convert(self, name: str, entry: Entry, member: bytes | None, make) -> None:
        facts: dict[str, Any] = {"member": member, "redis_type": entry.redis_type, "ttl_ms": entry.ttl_ms}
        try:
            row = make()
        except Refusal as refusal:
            raw = entry.value if member is None else member
            self.note(name, entry.key, KEPT_VALUES, refusal.code, refusal.sentence, raw=raw, **facts)
            return
        self.progress.notes.update(row.notes)
        self.writer.row(self.note(name, entry.key, **facts), row)

    def refuse_type(self, pattern: Pattern, entry: Entry) -> None:
        raw = self.source.raw(entry.key, entry.redis_type)
        if raw is None:
            self.note(pattern.name, entry.key, outcome="vanished")
            return
        sentence = f"The key holds a {entry.redis_type} where a {pattern.redis_type} is expected."
        self.note(
            pattern.name, entry.key, KEPT_VALUES, "wrong_type", sentence,
            redis_type=entry.redis_type, ttl_ms=entry.ttl_ms, raw=raw,
        )  # fmt: skip

    def note(
        self, pattern: str, key: bytes, outcome: str | None = None, code: str | None = None, reason: str | None = None,
        member: bytes | None = None, redis_type: str | None = None, ttl_ms: int | None = None, raw: bytes | None = None,
    ) -> int:  # fmt: skip
        """Account for a key; without an outcome its row's fate decides later. Returns the entry's number."""
        entry_id = self.progress.next_id
        self.progress.next_id += 1
        self.writer.entry(entry_id, pattern, key, member, redis_type, ttl_ms, outcome, code, reason, raw)
        self.waiting += 1
        return entry_id

    def flush(self, cursor) -> None:
        self.writer.flush(cursor)
        self.waiting = 0


def read_keyspace(conn, stage: Stage, reader: Reader, batch_keys: int, max_keys_per_s: int = 0) -> None:
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
        if max_keys_per_s:
            # Pacing that the operator asked for, to spare the source.
            time.sleep(max(0.0, len(keys) / max_keys_per_s - (time.monotonic() - started)))


def as_parameters(progress: Progress) -> dict:
    return {
        "identity": progress.identity,
        "run_id": progress.run_id,
        "cursor": progress.cursor,
        "finished": progress.finished,
        "next_id": progress.next_id,
        "scanned": json.dumps(progress.scanned),
        "notes": json.dumps(progress.notes),
    }
