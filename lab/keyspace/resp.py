"""Redis protocol for ``redis-cli --pipe``: every command an array of bulk strings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from lab.keyspace.entry import Entry

# Members in one command: large sets stay small pieces on both ends of the pipe.
MEMBERS = 500
CHUNK_BYTES = 1 << 18


def command(*words: bytes) -> bytes:
    """One command."""
    return b"*%d\r\n" % len(words) + b"".join([b"$%d\r\n%b\r\n" % (len(word), word) for word in words])


def commands(entry: Entry) -> Iterator[bytes]:
    """The commands that write ENTRY."""
    key, kind, value, ttl_ms = entry
    if kind == "string":
        yield _set(key, value, ttl_ms)
        return
    yield from _ADDERS[kind](key, value)
    if ttl_ms is not None:
        yield command(b"PEXPIRE", key, b"%d" % ttl_ms)


def stream(entries: Iterable[Entry]) -> Iterator[bytes]:
    """Chunks of about CHUNK_BYTES; memory does not grow with the number of entries."""
    pieces, size = [], 0
    for entry in entries:
        for piece in commands(entry):
            pieces.append(piece)
            size += len(piece)
        if size >= CHUNK_BYTES:
            yield b"".join(pieces)
            pieces, size = [], 0
    if pieces:
        yield b"".join(pieces)


def _set(key: bytes, value: bytes, ttl_ms: int | None) -> bytes:
    # By far the most frequent command, hence in one piece.
    if ttl_ms is None:
        return b"*3\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n" % (len(key), key, len(value), value)
    ttl = b"%d" % ttl_ms
    return b"*5\r\n$3\r\nSET\r\n$%d\r\n%b\r\n$%d\r\n%b\r\n$2\r\nPX\r\n$%d\r\n%b\r\n" % (
        len(key), key, len(value), value, len(ttl), ttl,
    )  # fmt: skip


def _slices(members: tuple) -> Iterator[tuple]:
    return (members[start : start + MEMBERS] for start in range(0, len(members), MEMBERS))


def _set_of(key: bytes, members: tuple) -> Iterator[bytes]:
    return (command(b"SADD", key, *part) for part in _slices(members))


def _list(key: bytes, members: tuple) -> Iterator[bytes]:
    return (command(b"RPUSH", key, *part) for part in _slices(members))


def _hash(key: bytes, fields: tuple) -> Iterator[bytes]:
    return (command(b"HSET", key, *(word for pair in part for word in pair)) for part in _slices(fields))


def _zset(key: bytes, members: tuple) -> Iterator[bytes]:
    return (command(b"ZADD", key, *(w for member, score in part for w in (score, member))) for part in _slices(members))


def _stream(key: bytes, records: tuple) -> Iterator[bytes]:
    return (command(b"XADD", key, identity, *fields) for identity, fields in records)


_ADDERS = {"set": _set_of, "list": _list, "hash": _hash, "zset": _zset, "stream": _stream}
