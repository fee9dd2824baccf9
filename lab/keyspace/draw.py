"""Deterministic draws: every person and thread has its own, so that each can be made again from its number alone."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from hashlib import shake_128


class Draw:
    """Random numbers of one thing, taken from SIZE bytes; what SEED, KIND and INDEX give is the same everywhere."""

    __slots__ = ("_bits",)

    def __init__(self, seed: int, kind: str, index: int, size: int = 48) -> None:
        self._bits = int.from_bytes(octets(seed, kind, index, size), "little")

    def below(self, limit: int) -> int:
        """A whole number from 0 to LIMIT - 1."""
        self._bits, number = divmod(self._bits, limit)
        return number

    def one_in(self, limit: int) -> bool:
        return self.below(limit) == 0

    def of(self, choices: tuple):
        return choices[self.below(len(choices))]


def octets(seed: int, kind: str, index: int, size: int) -> bytes:
    """SIZE bytes that belong to number INDEX of KIND."""
    return shake_128(f"{seed}/{kind}/{index}".encode()).digest(size)


def uuid4(sixteen: bytes) -> str:
    """A UUID of version 4 in canonical form."""
    digits = sixteen.hex()
    variant = "89ab"[sixteen[8] & 3]
    return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-{variant}{digits[17:20]}-{digits[20:]}"


def token(sixteen: bytes) -> str:
    """22 URL-safe characters, as secrets.token_urlsafe(16) gives."""
    return urlsafe_b64encode(sixteen)[:22].decode()
