"""The checks of indexes: invalid ones, those that another one replaces, and those that nobody reads."""

from __future__ import annotations

from .health import Check, Limit, duration, size
from .health_declared import Declared, Limits, unknown_all
from .health_server import Answer

# Of what runs once a month, nothing is known before.
OBSERVED_S = 35 * 86_400
NAMED = 3

INVALID = Declared(
    name="invalid_indexes",
    unit="count",
    measures="Indexes that no query uses, because CREATE or REINDEX CONCURRENTLY failed; writes keep them up all the same",
    advice="REINDEX INDEX CONCURRENTLY {index}; one called _ccnew or _ccold is left over, DROP INDEX CONCURRENTLY it.",
    limit=Limit(1.0, None),
)
DUPLICATE = Declared(
    name="duplicate_indexes",
    unit="count",
    measures="Indexes that have the same columns, order and condition as another one of their table",
    advice="DROP INDEX CONCURRENTLY {index}, by a revision of the schema if the schema declares it.",
    limit=Limit(1.0, None),
)
UNUSED = Declared(
    name="unused_indexes",
    unit="bytes",
    measures="Size of indexes that were not read in 35 days or more; those that keep rows unique do not count",
    advice="See that no standby reads it either, then DROP INDEX CONCURRENTLY {index}, by a revision of the schema.",
    limit=Limit(1024.0**3, None),
)
DECLARED = (INVALID, DUPLICATE, UNUSED)


def index_checks(indexes: Answer, counted_s: float, limits: Limits) -> list[Check]:
    """COUNTED_S is for how long the server has counted who reads what."""
    if indexes.failure is not None:
        advice = "Ask again; if it fails again, the server's log tells more."
        return unknown_all(DECLARED, limits, indexes.failure, advice)
    invalid = [row for row in indexes.rows if not row["valid"] and not row["building"]]
    return [
        _listed(INVALID, invalid, limits),
        _listed(DUPLICATE, duplicates(indexes.rows), limits),
        unused_check(indexes.rows, counted_s, limits),
    ]


def name(row: dict) -> str:
    return f"{row['schema']}.{row['index']}"


def _names(rows: list[dict]) -> str:
    more = f" and {len(rows) - NAMED} more" if len(rows) > NAMED else ""
    return ", ".join(name(row) for row in rows[:NAMED]) + more


def _listed(one: Declared, rows: list[dict], limits: Limits) -> Check:
    if not rows:
        return one.found(limits, 0, "There is none.", index="")
    return one.found(limits, len(rows), f"{_names(rows)}.", index=name(rows[0]))


def duplicates(indexes: list[dict]) -> list[dict]:
    """What can go: of indexes that are alike one stays, rather one that keeps rows unique, that is read, that is older."""
    alike: dict[tuple, list[dict]] = {}
    for row in indexes:
        if row["valid"]:
            alike.setdefault((row["schema"], row["table"], row["definition"]), []).append(row)
    found = []
    for rows in alike.values():
        rows.sort(key=lambda row: (not row["constrained"], not row["unique"], -row["scans"], row["number"]))
        found += [row for row in rows[1:] if not row["constrained"]]
    return sorted(found, key=lambda row: (-row["size_bytes"], name(row)))


def unused_check(indexes: list[dict], counted_s: float, limits: Limits) -> Check:
    rows = [
        row for row in indexes if row["scans"] == 0 and row["valid"] and not row["unique"] and not row["constrained"]
    ]
    rows.sort(key=lambda row: (-row["size_bytes"], name(row)))
    if counted_s < OBSERVED_S:
        return UNUSED.stated(0, "ok", f"Reads are counted since {duration(counted_s)}, which is too short to judge.")
    if not rows:
        return UNUSED.found(limits, 0, "There is none.", index="")
    total = sum(row["size_bytes"] for row in rows)
    finding = f"{len(rows)} of {size(total)} were not read in {duration(counted_s)}: {_names(rows)}."
    return UNUSED.found(limits, total, finding, index=name(rows[0]))
