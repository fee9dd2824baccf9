"""One text per value, whatever it went through: what is compared when a source is held against its rows."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from decimal import Decimal
from functools import lru_cache
from typing import Any

CELL_BYTES = 8
NO_CELL = bytes(CELL_BYTES)
# Kinds of which few values stand in many rows, and how many of them are remembered; so is short text, such as a state.
REPEATING = ("boolean", "bigint", "date", "double", "inet")
REMEMBERED = 4096
SHORT_CHARACTERS = 20
# How Python writes a whole number that it holds as a double.
WHOLE_DOUBLE = re.compile(r"[0-9](?:\.0(?![0-9])|e[-+][0-9])")
encode_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode


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
    text = encode_json(value)
    # A string may look like one; that costs time and nothing else. Searching for three literals first costs a tenth.
    if (".0" in text or "e+" in text or "e-" in text) and WHOLE_DOUBLE.search(text):
        return encode_json(json_value(value))
    return text


def _moment(value: object) -> str:
    """From the profile's rule it is text already, in UTC and to the microsecond."""
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="microseconds")
    return str(value)


TEXTS: dict[str, Callable] = {
    "jsonb": json_text,
    "text[]": lambda value: json.dumps(value, ensure_ascii=False),
    "timestamptz": _moment,
    "double": lambda value: number(float(value)),
    "inet": lambda value: ipaddress.ip_address(value).exploded,
}


def text_of(kind: str, value: object) -> str:
    """The canonical text of a cell that is not null, from the profile's rule or from the server alike."""
    return TEXTS.get(kind, str)(value)


def _print(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8"), digest_size=CELL_BYTES).digest()


def fingerprint(kind: str, value: object) -> bytes:
    """Eight bytes that stand for a cell; zeros stand for null."""
    return NO_CELL if value is None else _print(text_of(kind, value))


def _function(kind: str, as_sent: bool) -> Callable[[Any], bytes]:
    """Fingerprints of one kind of cell that is not null; those of values that come again and again are remembered."""
    text_of_kind = TEXTS.get(kind, str)
    if kind == "jsonb" and as_sent:
        return lambda value: _print(json_text(json.loads(value)))
    if kind in REPEATING:
        return lru_cache(REMEMBERED)(lambda value: _print(text_of_kind(value)))
    if kind == "text":
        remembered = lru_cache(REMEMBERED)(_print)
        return lambda value: remembered(value) if len(value) <= SHORT_CHARACTERS else _print(value)
    return lambda value: _print(text_of_kind(value))


def fingerprints(kinds: list[str], as_sent: bool = False) -> Callable[[Sequence], list[bytes]]:
    """A function from a row's cells to the fingerprint of each. AS_SENT, jsonb is the server's text."""
    functions = [_function(kind, as_sent) for kind in kinds]
    return lambda cells: [NO_CELL if cell is None else f(cell) for f, cell in zip(functions, cells, strict=True)]


def differing(columns: list[str], one: bytes, other: bytes) -> list[str]:
    """Names of the columns whose fingerprints differ, from two concatenations in the order of COLUMNS."""
    parts = range(0, len(columns) * CELL_BYTES, CELL_BYTES)
    return [
        name
        for name, start in zip(columns, parts, strict=True)
        if one[start : start + CELL_BYTES] != other[start : start + CELL_BYTES]
    ]
