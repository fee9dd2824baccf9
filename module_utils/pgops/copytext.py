"""Cells as lines of COPY's text format, and large values in its binary one."""

from __future__ import annotations

import json
import struct
from collections.abc import Callable

NULL = "\\N"
# Signature, no flags, no extension; how many cells, then each as its length and its bytes; at the end no cells.
BINARY_HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TWO_CELLS = struct.Struct("!hiqi")
BINARY_TRAILER = b"\xff\xff"
encode_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def escape(text: str) -> str:
    """Guarded replacements: four searches cost less than one str.translate of a long text."""
    if "\\" in text:
        text = text.replace("\\", "\\\\")
    if "\n" in text:
        text = text.replace("\n", "\\n")
    if "\r" in text:
        text = text.replace("\r", "\\r")
    if "\t" in text:
        text = text.replace("\t", "\\t")
    return text


def _array(values: list[str]) -> str:
    quoted = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    return escape("{" + ",".join(quoted) + "}")


def _json(value: object) -> str:
    # Nearly always of metadata; the encoder takes as long for nothing as for a short value.
    if value == {}:
        return "{}"
    return escape(encode_json(value))


def _boolean(value: bool) -> str:
    return "t" if value else "f"


ENCODERS: dict[str, Callable] = {
    "text": escape,
    "uuid": str,
    "timestamptz": str,
    "date": str,
    "bigint": str,
    "double": repr,
    "boolean": _boolean,
    "jsonb": _json,
    "text[]": _array,
    "inet": str,
    "bytea": lambda value: "\\\\x" + value.hex(),
}


def encoder(kinds: list[str]) -> Callable[[tuple], bytes]:
    """A function from the cells of one row to its line, newline included."""
    functions = [ENCODERS[kind] for kind in kinds]

    def line(cells: tuple) -> bytes:
        # A list: join makes one of anything else, and slowly. Encoded line by line: a single wide character would widen all.
        line = "\t".join([NULL if cell is None else f(cell) for f, cell in zip(functions, cells, strict=True)])
        return line.encode("utf-8") + b"\n"

    return line


def taken(lines: dict[str, list[bytes]]) -> dict[str, bytes]:
    """The texts of the tables that have lines, which are forgotten."""
    texts = {name: b"".join(found) for name, found in lines.items() if found}
    for found in lines.values():
        found.clear()
    return texts


def binary_row(number: int, raw: bytes) -> bytes:
    """A bigint and a bytea. Neither side has to look at every byte of RAW, as it has to in text."""
    return TWO_CELLS.pack(2, 8, number, len(raw)) + raw


def binary(rows: bytes) -> bytes:
    return BINARY_HEADER + rows + BINARY_TRAILER
