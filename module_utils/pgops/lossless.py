"""A collection's members as JSON without loss, for the quarantine."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable

# What is kept of a value that no row can hold; members are collected in memory.
KEPT_BYTES = 64 << 20


class TooLarge(Exception):
    """A value of more than C(KEPT_BYTES)."""


def collect(batches: Iterable[list], ordered: bool) -> bytes | None:
    """Members that have no order of their own are sorted, each once, so that one value gives one text.

    None when there is nothing.
    """
    found: list = []
    size = 0
    for batch in batches:
        found += batch
        size += sum(len(part) for member in batch for part in (member if isinstance(member, tuple) else (member,)))
        if size > KEPT_BYTES:
            raise TooLarge
    return encode(found if ordered else sorted(set(found))) if found else None


def identity(member: bytes | tuple) -> bytes:
    """What tells a set's member, a hash's field or a sorted set's member from the others of its key."""
    return member[0] if isinstance(member, tuple) else member


def kept(member: bytes | tuple) -> bytes:
    """A member as the quarantine keeps it: with its value or score as JSON, as it is where it has neither."""
    return encode(member) if isinstance(member, tuple) else member


def encode(members: Iterable) -> bytes:
    """JSON; what is not UTF-8 in base64."""

    def shown(value):
        if isinstance(value, tuple):
            return [shown(part) for part in value]
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            return {"base64": base64.b64encode(value).decode("ascii")}

    return json.dumps([shown(member) for member in members], ensure_ascii=False).encode("utf-8")
