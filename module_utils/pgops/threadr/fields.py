"""Reading the fields of one JSON object: required ones, defaulted ones, and those that no column takes."""

from __future__ import annotations

from collections.abc import Callable

from ..profile import Entry, Refusal
from ..strict_json import clean, needs_cleaning, parse_object
from ..values import as_key_text, is_uuid

# Where a metadata column keeps what has no column of its own.
EXTRA = "redis_extra"


class Fields:
    """The fields of one object; remembers what was asked for, so that nothing is lost unseen."""

    def __init__(self, found: dict, table: str, notes: list[str], prefix: str = "") -> None:
        self.found, self.table, self.notes, self.prefix = found, table, notes, prefix
        self.left = dict(found)

    def required(self, name: str, read: Callable, *arguments):
        value = self.left.pop(name, None)
        if value is None:
            raise Refusal("missing_field", f"{self.prefix}{name} is missing or null.")
        return read(value, self.prefix + name, *arguments)

    def optional(self, name: str, read: Callable, *arguments):
        """None when missing or null."""
        value = self.left.pop(name, None)
        return None if value is None else read(value, self.prefix + name, *arguments)

    def defaulted(self, name: str, default, read: Callable, *arguments):
        """The column's default when missing or null, which is counted."""
        value = self.left.pop(name, None)
        if value is None:
            self.notes.append(f"defaulted {self.table}.{name}")
            return default
        return read(value, self.prefix + name, *arguments)

    def ignore_rest(self) -> None:
        """Count what no column takes, by name, where the table has none for metadata."""
        self.notes += [f"ignored {self.table}.{name[:80]}" for name in self.left]


def clean_key(suffix: str) -> str:
    """What a key says. In JSON U+0000 is stripped; a key would be another one."""
    if "\0" in suffix:
        raise Refusal("malformed_key", "The key holds U+0000.")
    return suffix


def key_text(suffix: str) -> str:
    """What a key says, for a column that has an index."""
    return as_key_text(clean_key(suffix), "the key")


def read_object(entry: Entry, notes: list[str]) -> dict:
    """The JSON object of a string key, without what PostgreSQL's text and jsonb refuse."""
    found = parse_object(entry.value, notes)
    return clean(found, notes) if needs_cleaning(entry.value) else found


def same_identity(from_value: str, from_key: str) -> bool:
    """UUIDs are compared as such, everything else letter by letter."""
    if is_uuid(from_value) and is_uuid(from_key):
        return from_value.lower() == from_key.lower()
    return from_value == from_key


def require_identity(from_value: str, from_key: str, name: str) -> None:
    if not same_identity(from_value, from_key):
        raise Refusal(
            "identity_mismatch", f"{name} is {from_value[:80]!r} in the value and {from_key[:80]!r} in the key."
        )


def spelling(identifier: str) -> str:
    """Preference among keys that spell one UUID: the lower-case one stays."""
    return ("0" if identifier == identifier.lower() else "1") + identifier


def with_extra(metadata: dict, left: dict, left_of_metadata: dict | None = None) -> dict:
    """METADATA with the fields that no column takes under C(redis_extra), in the shape that they had in the value.

    What the value itself calls C(redis_extra) in its metadata moves down one level, to where it came from.
    """
    nested = dict(left_of_metadata or {})
    rest = {**left, "metadata": nested} if nested else left
    if not rest:
        return metadata
    if EXTRA in metadata:
        rest = {**rest, "metadata": {**nested, EXTRA: metadata[EXTRA]}}
    return {**metadata, EXTRA: rest}
