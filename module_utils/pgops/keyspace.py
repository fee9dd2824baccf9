"""What is in a keyspace: keys by pattern, type, remaining life and size, and what no pattern knows."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .errors import PgopsError
from .profile import Pattern, Profile
from .redis_source import Measured, RedisSource

SAMPLES = 20
MAX_PREFIXES = 100
DISPOSITIONS = {
    "derived": "skipped: derived",
    "short_lived": "skipped: short-lived",
    "not_chosen": "skipped: not chosen",
}


@dataclass
class Summary:
    """Keys of one pattern. C(bytes) is the server's own figure; C(no_ttl) keys never expire."""

    types: Counter = field(default_factory=Counter)
    keys: int = 0
    no_ttl: int = 0
    min_ttl_ms: int | None = None
    max_ttl_ms: int | None = None
    bytes: int = 0

    def add(self, found: Measured) -> None:
        self.keys += 1
        self.types[found.redis_type] += 1
        self.bytes += found.bytes or 0
        if found.ttl_ms is None:
            self.no_ttl += 1
            return
        self.min_ttl_ms = found.ttl_ms if self.min_ttl_ms is None else min(self.min_ttl_ms, found.ttl_ms)
        self.max_ttl_ms = found.ttl_ms if self.max_ttl_ms is None else max(self.max_ttl_ms, found.ttl_ms)

    def report(self) -> dict:
        return {
            "keys": self.keys,
            "types": dict(sorted(self.types.items())),
            "no_ttl": self.no_ttl,
            "min_ttl_s": None if self.min_ttl_ms is None else self.min_ttl_ms // 1000,
            "max_ttl_s": None if self.max_ttl_ms is None else self.max_ttl_ms // 1000,
            "bytes": self.bytes,
        }


def prefix_of(key: bytes) -> str:
    """What unknown keys are grouped by: the key's first two parts, or its first where it has only two."""
    parts = shown(key).split(":")
    return ":".join(parts[: min(2, max(1, len(parts) - 1))]) + (":" if len(parts) > 1 else "")


def add_prefix(counted: Counter, key: bytes) -> None:
    """Bounded, whatever the keyspace holds: what comes late is counted together."""
    prefix = prefix_of(key)
    counted[prefix if prefix in counted or len(counted) < MAX_PREFIXES else "(others)"] += 1


def shown(key: bytes) -> str:
    """At most 120 characters; what is not printable, or not UTF-8, as escapes."""
    text = key.decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)[:120]


def disposition(pattern: Pattern) -> str:
    if pattern.skip:
        return DISPOSITIONS[pattern.skip]
    return "migrated on request" if pattern.optional else "migrated"


class Audit:
    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.known = {pattern.name: Summary() for pattern in profile.patterns}
        self.wrong_types: Counter[str] = Counter()
        self.unknown = Summary()
        self.prefixes: Counter[str] = Counter()
        self.samples: list[str] = []

    def add(self, found: Measured) -> None:
        pattern = self.profile.classify(found.key)
        if pattern is None:
            self.add_unknown(found)
            return
        self.known[pattern.name].add(found)
        if found.redis_type != pattern.redis_type:
            self.wrong_types[pattern.name] += 1

    def add_unknown(self, found: Measured) -> None:
        self.unknown.add(found)
        add_prefix(self.prefixes, found.key)
        if len(self.samples) < SAMPLES:
            self.samples.append(shown(found.key))

    def patterns(self) -> list[dict]:
        return [
            {
                "pattern": pattern.name,
                "shown": pattern.shown,
                "disposition": disposition(pattern),
                "wrong_types": self.wrong_types[pattern.name],
                **self.known[pattern.name].report(),
            }
            for pattern in self.profile.patterns
            if self.known[pattern.name].keys
        ]


def audit(source: RedisSource, profile: Profile, batch_keys: int, measure_memory: bool) -> dict:
    """The result of redis_keyspace_info. Memory does not grow with the keyspace; a key that vanishes is not counted."""
    facts = source.facts()
    seen, vanished, cursor = Audit(profile), 0, None
    while cursor != 0:
        cursor, keys = source.scan(cursor or 0, batch_keys)
        for found in source.measure(dict.fromkeys(keys), measure_memory):
            if found.redis_type == "none":
                vanished += 1
            else:
                seen.add(found)
    total = sum(summary.keys for summary in seen.known.values()) + seen.unknown.keys
    return {
        "changed": False,
        "redis": {"address": source.where, "version": facts.version, "used_memory_bytes": facts.used_memory_bytes},
        "keys": total,
        "vanished": vanished,
        "bytes": sum(summary.bytes for summary in seen.known.values()) + seen.unknown.bytes,
        "patterns": seen.patterns(),
        "unknown": {
            **seen.unknown.report(),
            "prefixes": dict(seen.prefixes.most_common()),
            "samples": sorted(seen.samples),
        },
        "problems": problems(total, seen, source.where),
    }


def problems(total: int, seen: Audit, where: str) -> list[str]:
    if not total:
        return [f"Redis {where} holds no keys. Check login_host and the database number login_db."]
    if total == seen.unknown.keys:
        return [f"None of the {total} keys in Redis {where} is of a pattern of the profile {seen.profile.name}."]
    return [
        f"{keys} keys of the pattern {name} have another type than expected."
        for name, keys in sorted(seen.wrong_types.items())
    ]


def require_positive(name: str, value: int) -> None:
    if value < 1:
        raise PgopsError(f"{name} is {value}; it must be at least 1.")
