"""A strict reader of the Redis protocol, and what its commands leave behind."""

from __future__ import annotations

from collections.abc import Iterator

ADDERS = {b"SADD": "set", b"RPUSH": "list", b"HSET": "hash", b"ZADD": "zset", b"XADD": "stream"}


def commands(stream: bytes) -> Iterator[list[bytes]]:
    """The commands in STREAM, nothing left over and nothing but arrays of bulk strings."""
    place = 0

    def line(mark: bytes) -> int:
        nonlocal place
        end = stream.index(b"\r\n", place)
        text = stream[place:end]
        assert text[:1] == mark and text[1:].isdigit(), (place, text[:40])
        place = end + 2
        return int(text[1:])

    while place < len(stream):
        words = []
        for _word in range(line(b"*")):
            size = line(b"$")
            words.append(stream[place : place + size])
            assert stream[place + size : place + size + 2] == b"\r\n"
            place += size + 2
        yield words


def applied(sent: Iterator[list[bytes]]) -> dict[bytes, tuple]:
    """{key: (type, value as in Entry, TTL in ms or None)}"""
    stored: dict[bytes, tuple] = {}
    for name, key, *arguments in sent:
        if name == b"SET":
            value, *expiry = arguments
            assert expiry[:1] in ([], [b"PX"])
            stored[key] = ("string", value, int(expiry[1]) if expiry else None)
        elif name == b"PEXPIRE":
            kind, value, _ttl_ms = stored[key]
            stored[key] = (kind, value, int(arguments[0]))
        else:
            kind, value, ttl_ms = stored.get(key, (ADDERS[name], (), None))
            assert kind == ADDERS[name]
            stored[key] = (kind, value + _members(kind, arguments), ttl_ms)
    return stored


def _members(kind: str, arguments: list[bytes]) -> tuple:
    if kind in ("set", "list"):
        return tuple(arguments)
    if kind == "stream":
        return ((arguments[0], tuple(arguments[1:])),)
    pairs = zip(arguments[::2], arguments[1::2], strict=True)
    return tuple(pairs) if kind == "hash" else tuple((member, score) for score, member in pairs)
