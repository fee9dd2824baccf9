"""A kind of record that stands in one field of a hash, well-formed until told otherwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lab.keyspace.entry import Entry
from lab.keyspace.hostile.case import Case, Expectation
from lab.keyspace.hostile.kind import spaced


@dataclass(frozen=True)
class HashKind:
    """``value`` and ``row`` give a well-formed value and the row that it becomes, for a slug that names the case;
    ``rest`` what follows the prefix of the key. CHANGES are fields of the value; None as their content is null.
    """

    pattern: str
    table: str
    prefix: str
    field: bytes
    value: Callable[[str], dict]
    row: Callable[[str], dict]
    rest: Callable[[dict], str]

    def entry(self, slug: str, changes: Mapping | None, rest: str | None = None, raw: bytes | None = None) -> Entry:
        value = {**self.value(slug), **(changes or {})}
        key = self.prefix + (self.rest(value) if rest is None else rest)
        return Entry(key.encode(), "hash", ((self.field, spaced(value) if raw is None else raw),))

    def accept(
        self, slug: str, note: str, changes: Mapping | None = None, cells: Mapping | None = None, **how
    ) -> Case:  # fmt: skip
        """Becomes a row: the well-formed one, but for CELLS."""
        rows = ((self.table, {**self.row(slug), **(cells or {})}),)
        return self._case(self.entry(slug, changes, **how), note, "written", None, rows)

    def refuse(self, slug: str, reason: str, note: str, changes: Mapping | None = None, **how) -> Case:
        """The field is quarantined for REASON."""
        return self._case(self.entry(slug, changes, **how), note, "quarantined", reason)

    def with_field(self, case: Case, name: bytes, value: bytes) -> Case:
        """CASE with a field more, which nobody knows."""
        entry = case.entry._replace(value=(*case.entry.value, (name, value)))
        more = Expectation(entry.key, f"{self.pattern}.member", "quarantined", "unknown_field", member=name)
        return Case(entry, case.note, (*case.expected, more))

    def _case(self, entry: Entry, note: str, outcome: str, reason: str | None, rows: tuple = ()) -> Case:
        member = Expectation(entry.key, f"{self.pattern}.member", outcome, reason, rows, self.field)
        return Case(entry, note, (Expectation(entry.key, self.pattern, "merged"), member))
