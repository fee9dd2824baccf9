"""The keyspace as JSON lines, for people and for tools other than Redis."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from lab.keyspace.entry import Entry


def stream(entries: Iterable[Entry]) -> Iterator[bytes]:
    """One line an entry: {"key", "type", "ttl_ms", "value"}; what is not UTF-8 becomes {"hex": "..."}."""
    for key, kind, value, ttl_ms in entries:
        record = {"key": readable(key), "type": kind, "ttl_ms": ttl_ms, "value": readable(value)}
        yield json.dumps(record, ensure_ascii=False).encode() + b"\n"


def readable(value: bytes | tuple) -> object:
    """VALUE with text where it is text."""
    if isinstance(value, tuple):
        return [readable(item) for item in value]
    try:
        return value.decode()
    except UnicodeDecodeError:
        return {"hex": value.hex()}
