"""What an application declares so that the migration engine can move its data: patterns, tables, rules.

Nothing here knows an application. A profile is a value: tables in the order in which references need them, and
patterns in the order in which keys are matched.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from .rules import Absorbing, Choice, Distinct, Hold, Lookup, Owner, Reference, Rivalry, Unique
from .upkeep import Upkeep

SQL_KINDS = {"double": "double precision"}
KINDS = ("text", "uuid", "timestamptz", "date", "bigint", "double", "boolean", "jsonb", "text[]", "inet")
SKIP_RULES = ("derived", "short_lived", "not_chosen")
NOT_CHOSEN = SKIP_RULES[-1]


class Refusal(Exception):
    """A source value that must not become a row: reason code and one sentence."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code
        self.sentence = sentence


# These two are made for every key: a named tuple takes a third of a frozen dataclass's time.
class Entry(NamedTuple):
    """One key as it was read. C(value) is the bytes of a string; other types are read member by member."""

    key: bytes
    redis_type: str
    ttl_ms: int | None
    value: bytes | None = None


class Row(NamedTuple):
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
class Table:
    """A target table. Rows with one key are merged into one when C(merges), otherwise all but one are refused.

    C(adds_up) names a column whose sum over the merged rows the one that stays gets; a sum beyond bigint refuses them all.
    C(owners_first) refuses rows whose references find nothing before rows with one key are compared, so that none gives way
    to them.
    C(natural) are columns that follow from the key and are unique together, nulls being equal: only a row of another
    writer can hold the same. C(changed_at) is the column that says when a row was changed last, on both sides.
    """

    name: str
    columns: tuple[Column, ...]
    key: str
    merges: bool = False
    duplicate_code: str = "duplicate"
    checks: tuple[tuple[str, str, str], ...] = ()  # SQL condition over staged columns, reason code, sentence
    rivalry: Rivalry | None = None
    unique: tuple[Unique, ...] = ()
    distinct: tuple[Distinct, ...] = ()
    references: tuple[Reference, ...] = ()
    holds: tuple[Hold, ...] = ()
    lookup: Lookup | None = None
    owner: Owner | None = None
    owners_first: bool = False
    adds_up: str = ""
    absorbing: Absorbing | None = None
    choice: Choice | None = None
    natural: tuple[str, ...] = ()
    changed_at: str = ""

    @property
    def stored(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.stored)

    @property
    def self_contained(self) -> bool:
        """Whether a row, as it is stored, says all that is decided about its record: what a sentence names aside.

        Then no other record has a part in it, and no rule reads a column that is not stored.
        """
        if self.owner or self.adds_up or self.absorbing or self.choice or self.holds or self.distinct:
            return False
        read = [condition for condition, _, _ in self.checks] + list(self.rivalry.order if self.rivalry else ())
        for reference in self.references:
            read += [reference.column, *(here for here, _ in reference.also)]
        return not any(column.name in term for column in self.columns if not column.stored for term in read)

    @property
    def derived(self) -> frozenset[str]:
        """Stored columns that one record alone does not decide."""
        found = {self.adds_up} if self.adds_up else set()
        if self.lookup:
            found.add(self.lookup.column)
        if self.owner:
            found |= {self.owner.column, *(self.owner.otherwise or ())[:1]}
        return frozenset(found)


@dataclass(frozen=True)
class Settings:
    """What the operator chooses: the zone of timestamps that the source wrote in local time."""

    source_zone: str = "UTC"


@dataclass(frozen=True)
class Pattern:
    """A kind of key: C(matches) tells which, by bytes after C(prefix); exactly one of convert, member, skip is set.

    C(member) gets what C(opens) makes of the key, or its suffix, and a set's member, or a list's element, or a hash's field
    with its value, or a sorted set's member with its score. A refusal by C(opens) refuses the whole key. C(convert) must
    not look at the time that a key has left: of a value that stays the same it is not asked again. Keys of an
    C(optional) pattern are skipped unless the operator chooses them by its name.
    """

    name: str
    shown: str
    prefix: bytes
    redis_type: str
    skip: str = ""
    accepts: Callable[[bytes], object] | None = None
    convert: Callable[[Entry, str, Settings], Row] | None = None
    member: Callable[[Any, Any, Settings], Row] | None = None
    opens: Callable[[str], object] | None = None
    optional: bool = False

    def matches(self, key: bytes) -> bool:
        if not key.startswith(self.prefix):
            return False
        return self.accepts is None or bool(self.accepts(key[len(self.prefix) :]))

    def context(self, key: bytes) -> object:
        suffix = self.suffix(key)
        return suffix if self.opens is None else self.opens(suffix)

    def suffix(self, key: bytes) -> str:
        """What follows the prefix, as text."""
        try:
            return key[len(self.prefix) :].decode("utf-8")
        except UnicodeDecodeError:
            raise Refusal("not_utf8", "The key is not UTF-8 text.") from None


@dataclass(frozen=True)
class Profile:
    """C(session_settings) are set in the transaction that writes; C(version) changes with any rule.

    C(additions) are patterns by the name under which the operator chooses them; unless chosen, their keys are unknown.
    C(upkeep) is what becomes of rows that are over, long after the migration.
    """

    name: str
    version: str
    schema: str
    tables: tuple[Table, ...]
    patterns: tuple[Pattern, ...]
    session_settings: dict[str, str] = field(default_factory=dict)
    additions: Mapping[str, tuple[Pattern, ...]] = field(default_factory=dict)
    upkeep: Upkeep = field(default_factory=Upkeep)

    def table(self, name: str) -> Table:
        return next(table for table in self.tables if table.name == name)

    @property
    def on_request(self) -> list[str]:
        """What C(including) can choose."""
        return [*(pattern.name for pattern in self.patterns if pattern.optional), *self.additions]

    def including(self, chosen: Iterable[str]) -> Profile:
        """The profile with the optional patterns and the additions CHOSEN; keys of other optional patterns are skipped."""
        chosen = set(chosen)
        added = [pattern for name, patterns in self.additions.items() if name in chosen for pattern in patterns]
        patterns = tuple(
            replace(p, skip=NOT_CHOSEN, convert=None, member=None) if p.optional and p.name not in chosen else p
            for p in self.patterns
        )
        return replace(self, patterns=(*patterns, *added), version="+".join([self.version, *sorted(chosen)]))

    def classify(self, key: bytes) -> Pattern | None:
        for pattern in self.patterns:
            # Asked of every key and nearly every pattern: what most of them fail goes without a call.
            if key.startswith(pattern.prefix) and pattern.matches(key):
                return pattern
        return None


def sql_kind(column: Column) -> str:
    return SQL_KINDS.get(column.kind, column.kind)


def names(columns: Iterable[Column]) -> list[str]:
    return [column.name for column in columns]
