"""The target's rows as fingerprints, for the comparison with what the source says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .canonical import row_digest
from .connection import extras, sql
from .copytext import encoder
from .expectations import Sheet
from .profile import names

# Of rows of some kilobytes several portions are in memory at once: fewer fetches would save nothing that can be measured.
ROWS_PER_FETCH = 250

# Not the driver's named cursor: it wants to manage the transaction itself.
DECLARE = "DECLARE target NO SCROLL CURSOR FOR SELECT {listed} FROM {target} ORDER BY {key}"
FETCH = "FETCH FORWARD %s FROM target"


@dataclass(frozen=True)
class Portion:
    """Rows of one table as the server sends them: jsonb as text."""

    table: str
    rows: list[tuple]


@dataclass(frozen=True)
class Printed:
    """Digests of all rows of a portion, and lines of the temporary table."""

    digests: bytes
    text: bytes


def portions(cursor, sheet: Sheet) -> Iterator[Portion]:
    """All rows, in the order of their key. JSON is left to whoever computes the fingerprints."""
    extras.register_default_jsonb(cursor, loads=str)
    listed = sql.SQL(", ").join(map(sql.Identifier, names(sheet.table.stored)))
    cursor.execute(sheet.format(DECLARE, listed=listed, key=sql.Identifier(sheet.table.key)))
    while True:
        cursor.execute(FETCH, (ROWS_PER_FETCH,))
        rows = cursor.fetchall()
        if not rows:
            break
        yield Portion(sheet.table.name, rows)
    cursor.execute("CLOSE target")


class Rows:
    """Makes fingerprints of rows."""

    def __init__(self, sheets: list[Sheet]) -> None:
        self.sheets = {sheet.table.name: sheet for sheet in sheets}
        self.encode = {
            name: encoder(["text", "bytea", *(column.kind for column in sheet.judged)])
            for name, sheet in self.sheets.items()
        }

    def print(self, portion: Portion) -> Printed:
        sheet, encode = self.sheets[portion.table], self.encode[portion.table]
        key = names(sheet.table.stored).index(sheet.table.key)
        digests, lines = [], []
        for cells in portion.rows:
            texts = sheet.texts_sent(cells)
            digests.append(row_digest(texts))
            judged = [cells[place] for place in sheet.judged_at]
            lines.append(encode((str(cells[key]), sheet.printed(texts), *judged)))
        return Printed(b"".join(digests), b"".join(lines))
