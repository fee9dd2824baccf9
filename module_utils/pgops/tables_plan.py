"""What a restore of single tables is going to do, and when it may not: names, modes, confirmation, what stands in the way."""

from __future__ import annotations

from dataclasses import dataclass

from .errors import PgopsError
from .manifest import Manifest
from .tables_catalog import Name, Sequence, Table
from .tables_keys import Dangling

MISSING, DATA, WHOLE = "missing", "data", "whole"
MODES = (MISSING, DATA, WHOLE)
KEPT = "before_restore_"
# Of the rows: in the scratch database, in the temporary table, and in the live one beside those that are kept.
COPIES = 3
SCHEMA_BYTES = 32 << 20
OFFERED = 8


@dataclass(frozen=True)
class Change:
    """What becomes of one table: rows before and after, how many come and go. C(before) is None where there is no table.

    C(raised) are sequences and the values that they are going to have; C(definition) tells whether another one comes.
    """

    name: Name
    before: int | None
    after: int
    added: int
    removed: int
    raised: tuple[tuple[Sequence, int], ...]
    definition: bool = False

    @property
    def replaces(self) -> bool:
        """Whether rows change, or the table itself."""
        return bool(self.added or self.removed or self.definition or self.before is None)

    @property
    def described(self) -> dict:
        return {
            "name": str(self.name), "rows_before": self.before, "rows_after": self.after, "rows_added": self.added,
            "rows_removed": self.removed, "definition_changed": self.definition,
        }  # fmt: skip


def read_names(given: list[str], found: Manifest) -> list[Name]:
    """Tables of the backup; one without a schema is in public."""
    wanted = [text if text in found.rows else f"public.{text}" for text in map(str.strip, given) if text]
    if not wanted:
        raise PgopsError(f"No table is named; backup {found.name} has {offered(found)}. Nothing was changed.")
    for text, asked in zip(wanted, filter(None, map(str.strip, given)), strict=True):
        if text not in found.rows:
            raise PgopsError(
                f"Backup {found.name} has no rows of a table {asked}; it has {offered(found)}. Nothing was changed. Name one of "
                "these; a partitioned table is restored with its database."
            )
    names = [Name(*text.split(".", 1)) for text in dict.fromkeys(wanted)]
    alike = [name for name in names if [one.relation for one in names].count(name.relation) > 1]
    if alike:
        raise PgopsError(
            f"{' and '.join(map(str, alike))} have the same name. Nothing was changed. Restore them one after the other."
        )
    return names


def offered(found: Manifest) -> str:
    names = sorted(found.rows)
    more = f" and {len(names) - OFFERED} more" if len(names) > OFFERED else ""
    return (", ".join(names[:OFFERED]) or "none") + more


def require_present(names: list[Name], present: dict[Name, Table], mode: str, database: str) -> None:
    absent = [str(name) for name in names if name not in present]
    if absent and mode != WHOLE:
        raise PgopsError(
            f"Database {database} has no table {', '.join(absent)} whose rows could be restored. Nothing was changed. Set mode to "
            f"{WHOLE}, which makes it."
        )


def require_confirmation(names: list[Name], present: dict[Name, Table], confirm: str | None, dry: bool) -> None:
    """Tables that are there are changed only by their names."""
    said = None if confirm is None else {one.strip() for one in confirm.split(",")}
    known = {str(name) for name in names} | {name.relation for name in names if name.schema == "public"}
    if not present or (dry and said is None):
        return
    named = {Name(*one.split(".", 1)) if "." in one else Name("public", one) for one in said or () if one in known}
    if said is not None and said <= known and named == set(names):
        return
    given = "no confirmation was given" if confirm is None else f"the confirmation says {confirm!r}"
    raise PgopsError(
        f"{', '.join(map(str, sorted(present)))} would be changed, and {given}. Nothing was changed. Look at the plan in a dry "
        f"run, then set confirm to {','.join(map(str, names))}."
    )


def require_same_columns(live: Table, backup: Table, mode: str) -> None:
    """Rows of other columns are the rows of another table."""
    ours, theirs = ({column.name: column.kind for column in table.columns} for table in (live, backup))
    odd = sorted(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    if odd:
        raise PgopsError(
            f"{live.name} has other columns than in the backup: {', '.join(odd)}. Nothing was changed. Set mode to {WHOLE}, which "
            "restores the columns too, or restore the database beside the original and copy by hand."
        )
    if mode == MISSING and not any(column.primary for column in live.columns):
        raise PgopsError(
            f"{live.name} has no primary key, so nobody knows which of its rows are missing. Nothing was changed. Set mode to {DATA}."
        )


def require_free(dependents: list[str], names: list[Name]) -> None:
    if dependents:
        raise PgopsError(
            f"{', '.join(map(str, names))} cannot be replaced, because this refers to it: {'; '.join(dependents)}. Nothing was "
            f"changed. Drop that first and make it again afterwards, or set mode to {DATA}."
        )


def needed_bytes(names: list[Name], present: dict[Name, Table], found: Manifest) -> int:
    """A table takes what it takes now, or its share of the database by its rows, whichever is more."""
    total = max(1, sum(found.rows.values()))
    sizes = [
        max(
            present[name].size_bytes if name in present else 0,
            found.database_size_bytes * found.rows[str(name)] // total,
        )
        for name in names
    ]
    return SCHEMA_BYTES + COPIES * sum(sizes)


def raised(largest: dict[str, int | None], live: Table | None, backup: Table, anew: bool) -> list[tuple[Sequence, int]]:
    """Sequences that have to go on behind what is used: in the rows, by the backup, and since by others. Never back.

    Those that are made ANEW begin at nothing.
    """
    before = {one.column: one.last for one in backup.sequences}
    now = {one.column: one.last for one in live.sequences} if live else {}
    found = []
    for one in backup.sequences if anew or live is None else live.sequences:
        present = now.get(one.column)
        used = [number for number in (largest.get(one.column), before.get(one.column), present) if number is not None]
        if one.ascends and used and (anew or present is None or max(used) > present):
            found.append((one, max(used)))
    return found


def steps(
    beside: str, backup: str, mode: str, changes: list[Change], kept: str | None, dangling: list[Dangling], views: list
) -> list[str]:
    names = ", ".join(str(one.name) for one in changes)
    told = [f"make database {beside} of backup {backup}, with all rows of {names}, count them, and drop it in the end"]
    for one in changes:
        if one.replaces:
            told += table_steps(one, mode, kept)
        told += [f"have sequence {sequence.name} go on behind {value}" for sequence, value in one.raised]
    told += [f"make view {name} again, upon the restored table" for name, _ in views]
    told += [f"mark constraint {one.key.name} as NOT VALID: {one}" for one in dangling]
    return told


def table_steps(one: Change, mode: str, kept: str | None) -> list[str]:
    if mode == MISSING:
        return [f"add the {one.added} rows to {one.name} whose primary key is missing there"]
    if one.before is None:
        return [f"make table {one.name} with its {one.after} rows"]
    if mode == DATA:
        return [
            f"keep the {one.before} rows of {one.name} in {kept}.{one.name.relation}",
            f"replace them by the {one.after} rows of the backup: {one.added} come, {one.removed} go",
        ]
    return [
        f"keep table {one.name} with its {one.before} rows as {kept}.{one.name.relation}, without its foreign keys",
        f"put the table of the backup in its place, with {one.after} rows",
    ]
