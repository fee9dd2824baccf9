"""What the keys of teams have in common: an id in the key, a JSON object in a field or an element."""

from __future__ import annotations

from typing import cast

from ..profile import Refusal
from ..strict_json import clean, needs_cleaning, parse_object
from ..values import as_uuid
from .fields import Fields, spelling


def id_of_key(suffix: str) -> str:
    """As it is spelled there."""
    as_uuid(suffix, "the key's id")
    return suffix


def read_json(value: bytes, table: str, notes: list[str]) -> Fields:
    found = parse_object(value, notes)
    return Fields(clean(found, notes) if needs_cleaning(value) else found, table, notes)


def read_field(field: object, name: str, table: str, notes: list[str]) -> Fields:
    """The object in the one field of a hash that is known."""
    found, value = cast("tuple[bytes, bytes]", field)
    if found != name.encode("ascii"):
        raise Refusal("unknown_field", f"The hash has a field besides {name}, of which nothing is known.")
    return read_json(value, table, notes)


def earlier(identifier: str, moment: str) -> str:
    """Preference among rows that claim one thing: a lower-case UUID before other spellings, then who came first."""
    return spelling(identifier)[0] + moment + identifier
