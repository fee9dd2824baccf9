"""One text per value, whatever it went through: what is compared when a source is held against its rows."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
import struct
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from functools import lru_cache

CELL_BYTES, ROW_BYTES = 8, 16
# In place of the fingerprint of a cell that is not judged by it.
NO_CELL = bytes(CELL_BYTES)
# No value of PostgreSQL holds either of them: half of a pair of UTF-16, and U+0000.
NULL, SEPARATOR = "\ud800", "\0"
# Kinds of which few values stand in many rows, and how many of their texts are remembered.
REPEATING = ("boolean", "bigint", "date", "double", "inet")
REMEMBERED = 4096
# Of JSON the empty object is the commonest by far, and the encoder takes as long for it as for a short value.
EMPTY = "{}"
# How Python writes a whole number that it holds as a double: never with a negative exponent, which identifiers look like.
WHOLE_DOUBLE = re.compile(r"[0-9](?:\.0(?![0-9])|e\+[0-9])")
encode_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode
encode_texts = json.JSONEncoder(ensure_ascii=False).encode


def number(value: float) -> str:
    """Sign, digits without trailing zeros, exponent: 10, 10.0 and 1e1 are one number, here as in PostgreSQL."""
    sign, digits, exponent = Decimal(repr(value)).as_tuple()
    text = "".join(map(str, digits)).lstrip("0")
    stripped = text.rstrip("0")
    return f"{'-' if sign else ''}{stripped}e{int(exponent) + len(text) - len(stripped)}" if stripped else "0"


def json_value(value: object) -> object:
    """VALUE with whole numbers in one form: PostgreSQL writes 1e22 out, and keeps the fraction of 10.0."""
    if isinstance(value, dict):
        return {name: json_value(element) for name, element in value.items()}
    if isinstance(value, list):
        return [json_value(element) for element in value]
    if isinstance(value, float) and value.is_integer():
        return int(Decimal(repr(value)))
    return value


def json_text(value: object) -> str:
    if value == {}:
        return EMPTY
    text = encode_json(value)
    # A string may look like one; that costs time and nothing else. Searching for two literals first costs a tenth.
    if (".0" in text or "e+" in text) and WHOLE_DOUBLE.search(text):
        return encode_json(json_value(value))
    return text


def _sent_json(text: str) -> str:
    return EMPTY if text == EMPTY else json_text(json.loads(text))


def _moment(value: object) -> str:
    """From the profile's rule it is text already, in UTC and to the microsecond."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="microseconds")
    return str(value)


TEXTS: dict[str, Callable] = {
    "jsonb": json_text,
    "text[]": encode_texts,
    "timestamptz": _moment,
    "double": lambda value: number(float(value)),
    "inet": lambda value: ipaddress.ip_address(value).exploded,
}
TEXTS_SENT = {**TEXTS, "jsonb": _sent_json}


def text_of(kind: str, value: object) -> str:
    """The canonical text of a cell that is not null, from the profile's rule or from the server alike."""
    return TEXTS.get(kind, str)(value)


def texts_of(kinds: Sequence[str], as_sent: bool = False) -> Callable[[Sequence], list[str]]:
    """A function from a row's cells to the canonical text of each, C(NULL) for null. AS_SENT, jsonb is the server's text."""
    listed = TEXTS_SENT if as_sent else TEXTS
    functions = [
        (place, lru_cache(REMEMBERED)(listed.get(kind, str)) if kind in REPEATING else listed.get(kind, str))
        for place, kind in enumerate(kinds)
        if kind != "text"
    ]

    def texts(cells: Sequence) -> list[str]:
        found = [NULL if cell is None else cell for cell in cells]
        for place, text in functions:
            if (cell := found[place]) is not NULL:
                found[place] = text(cell)
        return found

    return texts


def fingerprints(texts: Sequence[str]) -> bytes:
    """Eight bytes for each of a row's canonical texts.

    They are comparable in this process and in those forked from it: Python's hash of bytes is SipHash, with a key that is
    drawn when Python starts, and takes a fraction of the time that any function of hashlib takes. Not of the text itself: that
    is of its characters in memory, of one, two or four bytes, so that different texts have one hash.
    """
    return struct.pack(f"={len(texts)}q", *[hash(text.encode("utf-8", "surrogatepass")) for text in texts])


def row_digest(texts: Sequence[str]) -> bytes:
    """Sixteen bytes for a row's canonical texts, everywhere the same."""
    whole = SEPARATOR.join(texts).encode("utf-8", "surrogatepass")
    return hashlib.blake2b(whole, digest_size=ROW_BYTES).digest()


def differing(columns: list[str], one: bytes, other: bytes) -> list[str]:
    """Names of the columns whose fingerprints differ, from two concatenations in the order of COLUMNS."""
    parts = range(0, len(columns) * CELL_BYTES, CELL_BYTES)
    return [
        name
        for name, start in zip(columns, parts, strict=True)
        if one[start : start + CELL_BYTES] != other[start : start + CELL_BYTES]
    ]
