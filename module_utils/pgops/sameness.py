"""Whether a value is the one that an earlier run made a row of, by the same rules."""

from __future__ import annotations

import hashlib
import json
from typing import NamedTuple

from .profile import Profile, Settings

DIGEST_BYTES = 16
# An index holds no longer ones.
KEY_BYTES = 1000


class Line(NamedTuple):
    """What an earlier run wrote of one value."""

    table: str
    row_key: str
    written: int
    preference: str
    notes: list[str] | None


# By key and digest of the value.
Known = dict[tuple[bytes, bytes], Line]


def rules_of(profile: Profile, settings: Settings) -> bytes:
    """What a row depends on besides key and value. The time that a key has left is none of it."""
    parts = [profile.name, profile.version, settings.source_zone]
    return hashlib.sha256(json.dumps(parts).encode("utf-8")).digest()


def digest(value: bytes, rules: bytes) -> bytes:
    return hashlib.blake2b(value, digest_size=DIGEST_BYTES, key=rules).digest()
