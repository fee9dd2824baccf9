"""A schema as declared against the schema as found: every difference as a sentence."""

from __future__ import annotations

from .errors import PgopsError
from .schema_catalog import QUERIES

Catalog = dict[str, dict[str, str]]

# Here everything has to be declared. Elsewhere others may keep objects of their own, such as staging tables.
CLOSED_SCHEMA = "public"

# Their definitions are pages; a sentence does not print two of them.
LONG_KINDS = ("view", "function")


def require_declaration(declared: dict) -> None:
    """A declaration is {revision, schemas, objects: {kind: {name: definition}}}."""
    missing = [key for key in ("revision", "schemas", "objects") if key not in declared]
    unknown = sorted(set(declared.get("objects") or {}) - set(QUERIES))
    if missing or unknown:
        what = (
            f"lacks {', '.join(missing)}"
            if missing
            else f"has kinds of objects that nobody reads: {', '.join(unknown)}"
        )
        raise PgopsError(f"The declaration {what}. Make it anew from the revisions.")


def table_of(name: str) -> str | None:
    """The table in C(NAME on SCHEMA.TABLE)."""
    return name.rpartition(" on ")[2] if " on " in name else None


def difference(kind: str, name: str, declared: str, found: str) -> str:
    if kind in LONG_KINDS:
        return f"{kind} {name} is defined otherwise than declared"
    return f"{kind} {name} is {' '.join(found.split())} where {' '.join(declared.split())} is declared"


def compare_objects(declared: Catalog, found: Catalog) -> list[str]:
    """Sentences, by kind and name. A table that is missing or undeclared is named once, without its parts."""
    tables = set(declared.get("table", {})) & set(found.get("table", {}))
    views = set(declared.get("view", {})) & set(found.get("view", {}))
    problems = []
    for kind in QUERIES:
        wanted, present = declared.get(kind, {}), found.get(kind, {})
        for name in sorted({*wanted, *present}):
            table = table_of(name)
            if table is not None and table not in tables | views:
                continue
            if name not in present:
                problems.append(f"{kind} {name} is missing")
            elif name not in wanted:
                if table is not None or name.startswith(f"{CLOSED_SCHEMA}."):
                    problems.append(f"{kind} {name} is not declared")
            elif wanted[name] != present[name]:
                problems.append(difference(kind, name, wanted[name], present[name]))
    return problems


def compare(declared: dict, revision: str | None, found: Catalog) -> list[str]:
    """All problems of a database at REVISION with the objects FOUND; none for one that is as declared."""
    if revision is None:
        return [f"no schema is deployed where revision {declared['revision']} is declared"]
    problems = compare_objects(declared["objects"], found)
    if revision != declared["revision"]:
        problems.insert(0, f"the database is at revision {revision} where {declared['revision']} is declared")
    return problems
