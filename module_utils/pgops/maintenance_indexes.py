"""Which indexes there are, what becomes of one that is invalid, and how much room one would do without."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import ceil

from .connection import extras

# What REINDEX CONCURRENTLY calls the new one while it is made, and the old one when it was replaced.
LEFTOVER = re.compile(r".*_cc(?:new|old)[0-9]*")
# Sizes as VACUUM last saw them, for which nobody is waited for. Where an expression was written is no part of a definition.
INDEXES = """
    SELECT c.oid::bigint AS number, n.nspname AS schema, t.relname AS table, i.indrelid::bigint AS relation, c.relname AS index,
           c.relpages * current_setting('block_size')::bigint AS size_bytes, am.amname AS method,
           i.indisvalid AS valid, c.reltablespace::bigint AS tablespace,
           EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid) AS constrained,
           EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.relid = i.indrelid) AS building,
           coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 90)
               AS fillfactor,
           md5(concat_ws('|', c.relam, i.indisunique, i.indkey, i.indnkeyatts, i.indclass, i.indcollation, i.indoption,
                         regexp_replace(i.indexprs::text, ':location -?[0-9]+', '', 'g'),
                         '#', regexp_replace(i.indpred::text, ':location -?[0-9]+', '', 'g'))) AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace JOIN pg_am am ON am.oid = c.relam
    WHERE c.relkind = 'i' AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast') AND (%(number)s IS NULL OR i.indrelid = %(number)s)
    ORDER BY n.nspname, c.relname
"""


@dataclass(frozen=True)
class Index:
    number: int
    schema: str
    table: str
    relation: int
    index: str
    size_bytes: int
    method: str
    valid: bool
    tablespace: int
    constrained: bool
    building: bool
    fillfactor: int
    definition: str

    @property
    def name(self) -> str:
        return f"{self.schema}.{self.index}"

    @property
    def is_leftover(self) -> bool:
        return not self.valid and not self.constrained and LEFTOVER.fullmatch(self.index) is not None


@dataclass(frozen=True)
class Pages:
    """Of a B-tree, as pgstatindex tells; C(density) is how full its leaves are, in percent."""

    leaf_pages: int
    empty_pages: int
    deleted_pages: int
    density: float

    def spare(self, fillfactor: int, live_ratio: float) -> tuple[int, int]:
        """Pages that it would do without when it is made anew, and all that hold rows or might. LIVE_RATIO of its entries stay."""
        pages = self.leaf_pages + self.empty_pages + self.deleted_pages
        needed = ceil(self.leaf_pages * self.density * live_ratio / fillfactor)
        return max(pages - max(needed, 1), 0), pages


def read_indexes(conn, number: int | None = None) -> list[Index]:
    """All, or those of the table NUMBER."""
    with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        cursor.execute(INDEXES, {"number": number})
        return [Index(**row) for row in cursor.fetchall()]


def fate(one: Index, indexes: list[Index]) -> str:
    """What becomes of an invalid one: C(drop), C(reindex), C(wait) while somebody builds, C(look) where it is not clear.

    A leftover is dropped only beside the one that it was to become or has been.
    """
    if one.building:
        return "wait"
    if not one.is_leftover:
        return "reindex"
    return "drop" if any(is_like(other, one) for other in indexes) else "look"


def is_like(other: Index, one: Index) -> bool:
    same = (other.relation, other.definition) == (one.relation, one.definition)
    return same and other.number != one.number and not other.is_leftover


def measurable(indexes: list[Index], limits: Mapping[str, float]) -> list[Index]:
    """The smallest first: one that takes all of the time keeps it from no other."""
    found = [
        one for one in indexes
        if one.valid and not one.building and one.method == "btree" and one.size_bytes >= limits["reindex_min_bytes"]
    ]  # fmt: skip
    return sorted(found, key=lambda one: (one.size_bytes, one.name))
