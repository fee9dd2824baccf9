"""Rules that a table of a profile declares, beyond its columns and its key; each is carried out in SQL over whole tables."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


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
class Distinct:
    """What rows cannot share, although it does not follow from the key: of several, a row of an earlier run stays, else the
    preferred one.

    C(what) names it to people. C(value) is SQL over C({row}), null for a row that claims nothing. C(parked) is an
    assignment, as SQL over the target's row C(t), by which a row gives its value up before another one takes it; without
    one it never does.
    """

    what: str
    value: str
    code: str = ""
    sentence: str = ""
    parked: str = ""


@dataclass(frozen=True)
class Hold:
    """Rows of C(table) in the target that forbid what the staged row C(s) wants while C(met), SQL over it and C({row}).

    One that is staged as well forbids it only where that still holds by what the source says of it.
    """

    table: str
    met: str
    code: str
    sentence: str


@dataclass(frozen=True)
class Reference:
    """A column that must find its row in another table unless it is null; C(named) is the staged column that names it to
    people.

    C(also) are pairs of a column here and one there that must be equal in that row.
    """

    column: str
    table: str
    target: str
    code: str
    named: str
    also: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Lookup:
    """A column filled with C(value) of the row of C(table) whose C(match) equals C(by) here, null without one."""

    column: str
    table: str
    by: str
    match: str
    value: str


@dataclass(frozen=True)
class Owner:
    """A column filled with C(id) of the row of C(table) that the source means, before anything is compared.

    C(ways) are pairs of a staged column here and a column there that must equal it, tried in this order. Where nobody is
    found the first way's value stays, to be refused by the table's reference; or, with C(otherwise), the column stays null
    and the first column of that pair takes the text of the second.
    """

    column: str
    table: str
    id: str
    ways: tuple[tuple[str, str], ...]
    otherwise: tuple[str, str] | None = None


@dataclass(frozen=True)
class Absorbing:
    """Rows that do not know C(lacking) are merged into one that does and has the same C(group), which may be null."""

    group: str
    lacking: str


@dataclass(frozen=True)
class Choice:
    """Which of several rows with one key stays: one for which a row C(o) of C(table) meets the SQL condition C(met) over
    it and the row C(s), of which it uses C(columns); else the one with the largest number in C(largest).
    """

    table: str
    met: str
    columns: tuple[str, ...]
    largest: str
