"""Where a run keeps what it has read until everything is known: one row per key, one row per future row.

A run keeps it in unlogged tables: fast, and kept when the run is killed, so that the next one continues. When the
server itself crashes PostgreSQL empties all unlogged tables together, C(stage_progress) included, and the next run
starts over; a cursor can never outlive the rows that it stands for. A dry run keeps the same in temporary tables.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from .connection import copy_in, sql
from .copytext import ENCODERS, NULL, binary, binary_row, encoder, taken
from .profile import Profile, Row, Table, names, sql_kind

# C(raw) and C(readable) are what the quarantine gets; C(digest) is kept with what was written.
ENTRY = {
    "entry_id": "bigint",
    "pattern": "text",
    "key": "bytea",
    "member": "bytea",
    "redis_type": "text",
    "ttl_ms": "bigint",
    "outcome": "text",
    "code": "text",
    "reason": "text",
    "notes": "text[]",
    "raw": "bytea",
    "readable": "text",
    "digest": "bytea",
}
# A row of an earlier run that its value still says: where it is in the target, and what else the conversion said.
KNOWN = {"entry_id": "bigint", "table_name": "text", "row_key": "text", "written": "bigint", "preference": "text"}
SHAPES = {
    "entry": ", ".join(f"{name} {kind}" for name, kind in ENTRY.items()),
    "known": ", ".join(f"{name} {kind}" for name, kind in KNOWN.items()),
    # A value that looks well, for the case that its row is refused later: apart from what is read time and again.
    "original": "entry_id bigint, source bytea",
    "verdict": "entry_id bigint, outcome text, code text, reason text",
    "pointer": "value text, pointed text",
    # Rows that differ from the target's, and those among them that somebody else has changed.
    "differing": "entry_id bigint",
    "conflict": (
        "entry_id bigint, table_name text, key text, kind text, source_changed boolean, columns text[], stays text"
    ),
    "progress": (
        "identity text, run_id bigint, cursor numeric, finished boolean, next_id bigint, scanned jsonb,"
        " updated_at timestamptz, keys bigint"
    ),
}
# What is staged is written once and soon dropped: neither compressed nor moved out of line as long as it fits into a page.
INLINE = "toast_tuple_target = 8160"
# The table whose values are taken over as they are.
BINARY = "original"
# Another one of these tables: what an older release has staged is of no use then.
LAYOUT = 3
ROW = {"entry_id": "bigint", "preference": "text", "insert_only": "boolean"}
# Which version of the target's row a staged one was taken from; null in one that was converted.
SEEN = {"seen_at": "tid", "seen_by": "xid"}
# A staged row s that no verdict has decided.
ALIVE = "NOT EXISTS (SELECT FROM {verdict} v WHERE v.entry_id = s.entry_id)"


def readable(raw: bytes) -> str:
    """A rendering for people: what is not UTF-8, and U+0000, as escapes."""
    return raw.decode("utf-8", "backslashreplace").replace("\0", "\\x00")


@dataclass
class Progress:
    """How far the reading is; C(identity) says of which source, by which rules, C(keys) how many it had at the start."""

    identity: str
    run_id: int | None = None
    cursor: int = 0
    finished: bool = False
    next_id: int = 0
    scanned: Counter = field(default_factory=Counter)
    keys: int = 0


@dataclass(frozen=True)
class Stage:
    """Names of the staging tables; C(space) is a schema of its own, or C(pg_temp) for a dry run."""

    space: str
    profile: Profile

    def name(self, what: str):
        return sql.Identifier(self.space, f"stage_{what}")

    def target(self, table: Table):
        return sql.Identifier(self.profile.schema, table.name)

    @property
    def names(self) -> list[str]:
        return [*SHAPES, *(table.name for table in self.profile.tables)]

    def format(self, query: str, **parts):
        """QUERY with the staging tables' names filled in, and PARTS."""
        fixed = {what: self.name(what) for what in SHAPES}
        return sql.SQL(query).format(**fixed, **parts)

    def create(self, cursor) -> None:
        kind = sql.SQL("TEMPORARY" if self.space == "pg_temp" else "UNLOGGED")
        for what, columns in SHAPES.items():
            cursor.execute(sql.SQL(f"CREATE {{}} TABLE {{}} ({columns}) WITH ({INLINE})").format(kind, self.name(what)))
        cursor.execute(self.format("ALTER TABLE {original} ALTER COLUMN source SET STORAGE EXTERNAL"))
        for table in self.profile.tables:
            stored = sql.SQL(", ").join(sql.Identifier(name) for name in names(table.stored))
            extra = [
                sql.SQL(f"NULL::{sql_kind(c)} AS {{}}").format(sql.Identifier(c.name))
                for c in table.columns
                if not c.stored
            ]
            own = sql.SQL(", ".join(f"NULL::{one} AS {name}" for name, one in ROW.items()))
            seen = sql.SQL(", ".join(f"NULL::{one} AS {name}" for name, one in SEEN.items()))
            columns = sql.SQL(", ").join([own, stored, *extra, seen])
            cursor.execute(
                sql.SQL(f"CREATE {{}} TABLE {{}} WITH ({INLINE}) AS SELECT {{}} FROM {{}} WITH NO DATA").format(
                    kind, self.name(table.name), columns, self.target(table)
                )
            )

    def copy(self, cursor, texts: dict[str, bytes]) -> None:
        """Texts of COPY, by the table that they belong to."""
        for what, text in texts.items():
            if what == BINARY:
                copy_in(cursor, self.format("COPY {original} FROM STDIN BINARY"), binary(text))
                continue
            order = self.orders.get(what)
            columns = sql.SQL("({})").format(sql.SQL(", ").join(map(sql.Identifier, order))) if order else sql.SQL("")
            copy_in(cursor, sql.SQL("COPY {}{} FROM STDIN").format(self.name(what), columns), text)

    @property
    def orders(self) -> dict[str, list[str]]:
        """Cells come in declared order; a staging table has the columns that are not stored at its end."""
        return {table.name: [*ROW, *names(table.columns)] for table in self.profile.tables}

    def drop(self, cursor) -> None:
        for what in self.names:
            cursor.execute(sql.SQL("DROP TABLE IF EXISTS {}").format(self.name(what)))


class Lines:
    """Lines for the staging tables, as COPY wants them."""

    def __init__(self, profile: Profile) -> None:
        self.lines: dict[str, list[bytes]] = {
            n: [] for n in ["entry", "known", BINARY, *(t.name for t in profile.tables)]
        }
        self.entry_cells = {name: (place, ENCODERS[kind]) for place, (name, kind) in enumerate(ENTRY.items())}
        self.encode_known = encoder(list(KNOWN.values()))
        self.encode_row = {t.name: encoder([*ROW.values(), *(c.kind for c in t.columns)]) for t in profile.tables}

    def entry(self, cells: dict) -> None:
        """CELLS by their names in C(ENTRY); the readable one is made from the raw one."""
        if cells.get("raw") is not None:
            cells["readable"] = readable(cells["raw"])
        line = [NULL] * len(ENTRY)
        for name, cell in cells.items():
            if cell is not None:
                place, encode = self.entry_cells[name]
                line[place] = encode(cell)
        self.lines["entry"].append("\t".join(line).encode("utf-8") + b"\n")

    def known(self, cells: tuple) -> None:
        """CELLS in the order of C(KNOWN)."""
        self.lines["known"].append(self.encode_known(cells))

    def original(self, entry_id: int, raw: bytes) -> None:
        self.lines[BINARY].append(binary_row(entry_id, raw))

    def row(self, entry_id: int, row: Row) -> None:
        cells = (entry_id, row.preference, row.insert_only, *row.cells)
        self.lines[row.table].append(self.encode_row[row.table](cells))

    def take(self) -> dict[str, bytes]:
        """What was collected, by the table, and forget it."""
        return taken(self.lines)
