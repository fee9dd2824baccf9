"""What an application declares so that the migration engine can move its data: patterns, tables, rules.

Nothing here knows an application. A profile is a value: tables in the order in which references need them, and
patterns in the order in which keys are matched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

KINDS = ("text", "uuid", "timestamptz", "date", "bigint", "double", "boolean", "jsonb", "text[]", "inet")
SKIP_RULES = ("derived", "short_lived", "not_mapped_yet")


class Refusal(Exception):
    """A source value that must not become a row: reason code and one sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


@dataclass(frozen=True)
class Entry:
    """One key as it was read. C(value) is the bytes of a string; other types are read member by member."""

    key: bytes
    redis_type: str
    ttl_ms: int | None
    value: bytes | None = None


@dataclass(frozen=True)
class Row:
    """One row for one table: cells in the order of C(Table.columns), and what was changed on the way.

    C(preference) decides between rows with one primary key: the smallest text, byte by byte, stays.
    C(notes) counts by name what the conversion did to the value, such as C(defaulted users.login_count).
    C(insert_only) marks a source that knows nothing but the key: it may make a row, and never empties one.
    """

    table: str
    cells: tuple
    preference: str = ""
    notes: tuple[str, ...] = ()
    insert_only: bool = False


@dataclass(frozen=True)
class Column:
    """C(stored) is false for a column that only the rules below need and the target does not have."""

    name: str
    kind: str
    secret: bool = False
    stored: bool = True


@dataclass(frozen=True)
class Rivalry:
    """A unique column besides the key: of several rows with one value, one stays and the others are refused.

    A row of an earlier run keeps its value, whatever the source prefers by now: giving it to another would take away
    what refers to the row. C(held_code) is the reason of those who would have got it otherwise.
    C(pointer) names the Redis string, for a value of the column, that holds what C(pointed) of the preferred row is.
    C(order) lists SQL order terms over the staged columns for the rest.
    """

    column: str
    code: str
    held_code: str
    sentence: str
    order: tuple[str, ...]
    pointed: str
    pointer: Callable[[str], bytes]


@dataclass(frozen=True)
class Unique:
    """A unique column that follows from the key, so that only a row of another writer can hold its value."""

    column: str
    code: str
    sentence: str


@dataclass(frozen=True)
class Reference:
    """A column that must find its row in another table; C(named) is the staged column that names it to people."""

    column: str
    table: str
    target: str
    code: str
    named: str


@dataclass(frozen=True)
class Lookup:
    """A column filled with C(value) of the row of C(table) whose C(match) equals C(by) here, null without one."""

    column: str
    table: str
    by: str
    match: str
    value: str


@dataclass(frozen=True)
class Table:
    """A target table. Rows with one key are merged into one when C(merges), otherwise all but one are refused.

    C(changed_at) is the column that says when a row was changed last, on both sides.
    """

    name: str
    columns: tuple[Column, ...]
    key: str
    merges: bool = False
    duplicate_code: str = "duplicate"
    checks: tuple[tuple[str, str, str], ...] = ()  # SQL condition over staged columns, reason code, sentence
    rivalry: Rivalry | None = None
    unique: tuple[Unique, ...] = ()
    reference: Reference | None = None
    lookup: Lookup | None = None
    changed_at: str = ""

    @property
    def stored(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.stored)


@dataclass(frozen=True)
class Settings:
    """What the operator chooses: the zone of timestamps that the source wrote in local time."""

    source_zone: str = "UTC"


@dataclass(frozen=True)
class Pattern:
    """A kind of key: C(matches) tells which, by bytes after C(prefix); exactly one of convert, member, skip is set."""

    name: str
    shown: str
    prefix: bytes
    redis_type: str
    skip: str = ""
    accepts: Callable[[bytes], object] | None = None
    convert: Callable[[Entry, str, Settings], Row] | None = None
    member: Callable[[bytes, Settings], Row] | None = None

    def matches(self, key: bytes) -> bool:
        if not key.startswith(self.prefix):
            return False
        return self.accepts is None or bool(self.accepts(key[len(self.prefix) :]))

    def suffix(self, key: bytes) -> str:
        """What follows the prefix, as text."""
        try:
            return key[len(self.prefix) :].decode("utf-8")
        except UnicodeDecodeError:
            raise Refusal("not_utf8", "The key is not UTF-8 text.") from None


@dataclass(frozen=True)
class Profile:
    """C(session_settings) are set in the transaction that writes; C(version) changes with any rule."""

    name: str
    version: str
    schema: str
    tables: tuple[Table, ...]
    patterns: tuple[Pattern, ...]
    session_settings: dict[str, str] = field(default_factory=dict)

    def table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)

    def classify(self, key: bytes) -> Pattern | None:
        return next((pattern for pattern in self.patterns if pattern.matches(key)), None)


def names(columns: Iterable[Column]) -> list[str]:
    return [column.name for column in columns]
