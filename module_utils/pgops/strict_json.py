"""Strict JSON from bytes: what no other parser, and PostgreSQL's jsonb least of all, would read otherwise."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from .profile import Refusal

# Python's own limit differs from version to version, and what encodes or compares the value has others.
MAX_DEPTH = 200
# Digits that every double keeps.
EXACT_DIGITS = 15
# More digits than a double has room for; cheaper than converting every integer twice.
SAFE_INTEGER_DIGITS = 300
ROUNDED = "rounded numbers"

LONE_SURROGATE = re.compile("[\ud800-\udfff]")
# Escapes of U+0000 and of surrogates that form no pair. An escaped backslash before a u could look like half of one.
# One literal in front of all of it: the search for that one costs a tenth of a search for each.
UNCLEAN_ESCAPE = re.compile(
    rb"\\(?:u0000|\\u|u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F])"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2}\\)u[dD][c-fC-F])"
)
# A string, closed or not, or a bracket: brackets inside strings do not nest.
TOKEN = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?|[\[{]|[\]}]', re.DOTALL)


def decode(value: bytes) -> str:
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal("not_utf8", f"The value is not UTF-8 text at byte {error.start}.") from None


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    number = float(text)
    if math.isinf(number):
        raise ValueError(f"number beyond double precision: {text[:40]}")
    return number


def _integer(text: str) -> int:
    if len(text) > SAFE_INTEGER_DIGITS:
        _finite(text)
    return int(text)


def _is_rounded(text: str, number: float) -> bool:
    try:
        return Decimal(text) != Decimal(repr(number))
    except ArithmeticError:  # an exponent beyond even that
        return True


def _exact(text: str) -> float:
    number = _finite(text)
    if (len(text) > EXACT_DIGITS or number == 0) and _is_rounded(text, number):
        raise ValueError(ROUNDED)
    return number


# To set a decoder up takes as long as to read a short value.
EXACT = json.JSONDecoder(parse_constant=_no_constant, parse_float=_exact, parse_int=_integer)


def _counting(notes: list[str]) -> Callable[[str], float]:
    """A reader of fractions that counts in NOTES what a double cannot hold."""

    def read(text: str) -> float:
        number = _finite(text)
        if (len(text) > EXACT_DIGITS or number == 0) and _is_rounded(text, number):
            notes.append(ROUNDED)
        return number

    return read


def depth(value: bytes) -> int:
    """How deep arrays and objects nest, without parsing; of what is no JSON, some number."""
    deepest = level = 0
    for token in TOKEN.finditer(value):
        first = value[token.start()]
        if first in b"[{":
            level += 1
            deepest = max(deepest, level)
        elif first in b"]}":
            level -= 1
    return deepest


def parse_json(value: bytes, notes: list[str] | None = None) -> object:
    """No NaN, no infinity, no byte order mark, no number beyond double; the last duplicate key counts."""
    text = decode(value)
    # Nearly every value has fewer brackets than the limit has levels.
    if value.count(b"[") + value.count(b"{") > MAX_DEPTH and depth(value) > MAX_DEPTH:
        raise Refusal("malformed_json", f"The value is JSON nested too deeply: more than {MAX_DEPTH} levels.")
    try:
        return EXACT.decode(text)
    except ValueError:
        pass  # not JSON, or with numbers that are rounded: read once more to say what
    try:
        return json.loads(
            text, parse_constant=_no_constant, parse_float=_counting([] if notes is None else notes), parse_int=_integer
        )
    except ValueError as error:
        raise Refusal("malformed_json", f"The value is not JSON: {error}.") from None


def parse_object(value: bytes, notes: list[str] | None = None) -> dict:
    parsed = parse_json(value, notes)
    if not isinstance(parsed, dict):
        raise Refusal("wrong_shape", f"The value is JSON, but {json_kind(parsed)} where an object is expected.")
    return parsed


def json_kind(value: object) -> str:
    kinds = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return kinds.get(type(value), "a number")


def clean(value: Any, notes: list[str]) -> Any:
    """The same JSON value without what C(text) and C(jsonb) refuse: lone surrogates become U+FFFD, U+0000 goes.

    The JSON parser has paired the surrogates that form a character. Every changed string is counted in NOTES.
    """
    if isinstance(value, str):
        if LONE_SURROGATE.search(value):
            value = LONE_SURROGATE.sub("\ufffd", value)
            notes.append("replaced lone surrogates")
        if "\0" in value:
            value = value.replace("\0", "")
            notes.append("stripped U+0000")
        return value
    if isinstance(value, list):
        return [clean(element, notes) for element in value]
    if isinstance(value, dict):
        return {clean(name, notes): clean(element, notes) for name, element in value.items()}
    return value


def needs_cleaning(value: bytes) -> bool:
    """False for nearly every value: only some escapes, or a raw U+0000, can bring what C(clean) removes."""
    return (b"\\u" in value and UNCLEAN_ESCAPE.search(value) is not None) or b"\0" in value
