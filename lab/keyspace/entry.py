"""One key of a Redis, as every part of the lab's keyspace hands it on."""

from __future__ import annotations

from typing import Any, NamedTuple

SECOND_MS = 1000
DAY_MS = 86_400 * SECOND_MS


class Entry(NamedTuple):
    """A key to write.

    ``value`` by ``type``: string: bytes; list and set: a tuple of members; hash: a tuple of (field, value); zset: a
    tuple of (member, score as text); stream: a tuple of (id, (field, value, ...)). Everything is bytes. Collections
    are added to, so several entries may fill one key. ``ttl_ms`` None means that the key does not expire.
    """

    key: bytes
    type: str
    value: Any
    ttl_ms: int | None = None


def string(key: str, value: str, ttl_ms: int | None = None) -> Entry:
    """A string key from text."""
    return Entry(key.encode(), "string", value.encode(), ttl_ms)
