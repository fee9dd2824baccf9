"""A JSON value under a key, with some of its fields changed or left out, as the profile converts it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from ansible.module_utils.pgops.profile import Entry, Row, Settings, Table, names


@dataclass(frozen=True)
class Conversion:
    """C(value) and C(suffix) belong together, and become a row of C(table)."""

    table: Table
    convert: Callable[[Entry, str, Settings], Row]
    value: dict
    suffix: str

    def converted(self, suffix: str | None = None, zone: str = "UTC", drop: tuple[str, ...] = (), **fields) -> Row:
        value = {name: cell for name, cell in {**self.value, **fields}.items() if name not in drop}
        entry = Entry(b"k", "string", None, json.dumps(value).encode())
        return self.convert(entry, self.suffix if suffix is None else suffix, Settings(zone))

    def row(self, *arguments, **fields) -> dict:
        """Its cells by their columns' names."""
        return dict(zip(names(self.table.columns), self.converted(*arguments, **fields).cells, strict=True))
