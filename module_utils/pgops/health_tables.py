"""The checks of tables: dead rows, bloat, and those that VACUUM or ANALYZE has never seen."""

from __future__ import annotations

from math import ceil, floor

from .health import Check, Limit, percent, size
from .health_declared import Declared, Limits, unknown_all
from .health_server import Answer

PAGE_HEADER, LINE_POINTER, ROW_HEADER, ALIGNMENT = 24, 4, 23, 8
TOAST_ROWS_PER_PAGE = 4
MANY = 50_000
NAMED = 3  # how many of a list are named in a sentence

DEAD_ROWS = Declared(
    name="dead_rows",
    unit="ratio",
    measures="Dead rows of the table that has most of them, of its rows; tables with fewer than 50000 dead rows do not count",
    advice="See what holds VACUUM back (oldest_transaction, slots), then VACUUM (VERBOSE, ANALYZE) {table}.",
    limit=Limit(0.3, 0.6),
)
BLOAT = Declared(
    name="bloat",
    unit="ratio",
    measures="Space without rows in the most bloated table of 10 MB or more: an estimate from the planner's statistics",
    advice="Have it vacuumed more often; if the space is needed, VACUUM (FULL) {table} in a maintenance window, as it locks the table.",
    limit=Limit(0.5, None),
)
NEVER_VACUUMED = Declared(
    name="never_vacuumed",
    unit="count",
    measures="Tables of 10000 rows or more that are due for a VACUUM and, since the counters began, had none",
    advice="VACUUM (ANALYZE) {table}, and see whether autovacuum is on and keeps up.",
    limit=Limit(1.0, None),
)
NEVER_ANALYSED = Declared(
    name="never_analysed",
    unit="count",
    measures="Tables of 10000 rows or more that are due for an ANALYZE and, since the counters began, had none",
    advice="ANALYZE {table}, or the planner guesses; see whether autovacuum is on and keeps up.",
    limit=Limit(1.0, None),
)
DECLARED = (DEAD_ROWS, BLOAT, NEVER_VACUUMED, NEVER_ANALYSED)
AGAIN = "Ask again; if it fails again, the server's log tells more."


def table_checks(role: str, statistics: Answer, widths: Answer, limits: Limits) -> list[Check]:
    if statistics.failure is not None:
        found = unknown_all((DEAD_ROWS, NEVER_VACUUMED, NEVER_ANALYSED), limits, statistics.failure, AGAIN)
    else:
        found = [
            dead_rows_check(statistics.rows, limits),
            never_check(NEVER_VACUUMED, [row for row in statistics.rows if row["vacuum_missing"]], limits),
            never_check(NEVER_ANALYSED, [row for row in statistics.rows if row["analyze_missing"]], limits),
        ]
    return [*found, bloat_check(role, widths, limits)]


def name(row: dict) -> str:
    return f"{row['schema']}.{row['table']}"


def dead_rows_check(tables: list[dict], limits: Limits) -> Check:
    many = [row for row in tables if row["dead_rows"] >= MANY]
    if not many:
        return DEAD_ROWS.found(limits, 0.0, f"No table has {MANY} dead rows.", table="")
    worst = max(many, key=dead_ratio)
    finding = f"{worst['dead_rows']} rows of {name(worst)} are dead ({percent(dead_ratio(worst))} of all)."
    return DEAD_ROWS.found(limits, dead_ratio(worst), finding, table=name(worst))


def dead_ratio(row: dict) -> float:
    return row["dead_rows"] / max(row["live_rows"] + row["dead_rows"], 1)


def never_check(one: Declared, tables: list[dict], limits: Limits) -> Check:
    if not tables:
        return one.found(limits, 0, "There is none.", table="")
    named = ", ".join(name(row) for row in tables[:NAMED])
    more = f" and {len(tables) - NAMED} more" if len(tables) > NAMED else ""
    return one.found(limits, len(tables), f"{named}{more}.", table=name(tables[0]))


def bloat_check(role: str, widths: Answer, limits: Limits) -> Check:
    if widths.failure is not None:
        return BLOAT.unknown(limits, widths.failure, AGAIN)
    known = [row for row in widths.rows if row["all_columns"]]
    if widths.rows and not known:
        advice = (
            "Let the check log in as a role that may read the tables, or as postgres over the socket; and ANALYZE them."
        )
        return BLOAT.unknown(limits, f"{role} may read no statistics of columns, or there are none.", advice)
    if not known:
        return BLOAT.found(limits, 0.0, "No table has 10 MB.", table="")
    worst = max(known, key=bloat_ratio)
    ratio, pages = bloat_ratio(worst), worst["pages"] + worst["toast_pages"]
    finding = (
        f"About {percent(round(ratio, 3))} of {name(worst)} is bloat: {size(ratio * pages * worst['page_bytes'])} "
        f"of {size(pages * worst['page_bytes'])}."
    )
    return BLOAT.found(limits, ratio, finding, table=name(worst))


def bloat_ratio(row: dict) -> float:
    """The share of pages that its rows would not need.

    The estimate is that of table_bloat.sql in ioguix/pgsql-bloat-estimation (BSD-2), which goes back to check_postgres:
    average widths of columns, header, alignment and fillfactor against the pages that VACUUM or ANALYZE has last seen.
    """
    per_page = floor((row["page_bytes"] - PAGE_HEADER) * row["fillfactor"] / 100 / row_bytes(row))
    needed = ceil(max(row["rows"], 0) / max(per_page, 1)) + ceil(max(row["toast_rows"], 0) / TOAST_ROWS_PER_PAGE)
    pages = row["pages"] + row["toast_pages"]
    return max(pages - needed, 0) / pages


def row_bytes(row: dict) -> int:
    """A row with its line pointer; the bit map of nulls, if there is one, has a bit for each column."""
    nulls = (row["columns"] + 7) // 8 if row["has_nulls"] else 0
    return LINE_POINTER + aligned(ROW_HEADER + nulls) + aligned(ceil(row["data_bytes"]))


def aligned(length: int) -> int:
    return ceil(length / ALIGNMENT) * ALIGNMENT
