"""Cells as lines of COPY's text format."""

from __future__ import annotations

import json
from collections.abc import Callable

NULL = "\\N"
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
    "jsonb": lambda value: escape(encode_json(value)),
    "text[]": _array,
    "inet": str,
    "bytea": lambda value: "\\\\x" + value.hex(),
}


def encoder(kinds: list[str]) -> Callable[[tuple], str]:
    """A function from the cells of one row to its line, newline included."""
    functions = [ENCODERS[kind] for kind in kinds]

    def line(cells: tuple) -> str:
        # A list: join makes one of anything else, and slowly.
        return "\t".join([NULL if cell is None else f(cell) for f, cell in zip(functions, cells, strict=True)]) + "\n"

    return line


def taken(lines: dict[str, list[str]]) -> dict[str, bytes]:
    """The texts of the tables that have lines, which are forgotten."""
    texts = {name: "".join(found).encode("utf-8") for name, found in lines.items() if found}
    for found in lines.values():
        found.clear()
    return texts
