"""One text per value, whatever it went through: what is compared when a source is held against its rows."""

from __future__ import annotations

import hashlib
import ipaddress
import json
import re
from datetime import datetime, timezone
from decimal import Decimal

CELL_BYTES = 8
NO_CELL = bytes(CELL_BYTES)
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
    # A string may look like one; that costs time and nothing else.
    return encode_json(json_value(value)) if WHOLE_DOUBLE.search(text) else text


def text_of(kind: str, value: object) -> str:
    """The canonical text of a cell that is not null, from the profile's rule or from the server alike."""
    if kind == "jsonb":
        return json_text(value)
    if kind == "text[]":
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, datetime):
        return value.astimezone(timezone.utc).isoformat(timespec="microseconds")
    if kind == "double":
        return number(float(value))  # type: ignore[arg-type]
    if kind == "inet":
        return ipaddress.ip_address(value).exploded  # type: ignore[arg-type]
    return str(value)


def fingerprint(kind: str, value: object) -> bytes:
    """Eight bytes that stand for a cell; zeros stand for null."""
    if value is None:
        return NO_CELL
    return hashlib.blake2b(text_of(kind, value).encode("utf-8"), digest_size=CELL_BYTES).digest()


def differing(columns: list[str], one: bytes, other: bytes) -> list[str]:
    """Names of the columns whose fingerprints differ, from two concatenations in the order of COLUMNS."""
    parts = range(0, len(columns) * CELL_BYTES, CELL_BYTES)
    return [
        name
        for name, start in zip(columns, parts, strict=True)
        if one[start : start + CELL_BYTES] != other[start : start + CELL_BYTES]
    ]
