"""Indexes that are invalid or take more room than they need are made anew, while others go on working."""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from pathlib import Path

from .connection import psycopg2, sql
from .maintenance_indexes import Index, Pages, fate, measurable, read_indexes
from .maintenance_pace import Outcome, Pace
from .maintenance_plan import Planned, Step
from .sizes import shown

TASK = "reindex"
DROP, WAIT, LOOK = "drop", "wait", "look"
# To make one anew takes its size once more, and sorting it about as much.
ROOM = 2
# What dropping a half-made one may take when there is no time left.
TIDY_S = 30.0
# Of the time that there is, to measure indexes; all that is planned is done in the rest.
MEASURING = 0.5
EXTENSION = """
    SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pgstattuple'
"""
# Reads all of the index, of which no other way tells how full its pages are.
DENSITY = """
    SELECT leaf_pages, empty_pages, deleted_pages, CASE WHEN leaf_pages > 0 THEN avg_leaf_density ELSE 0 END::float8 AS density
    FROM {}.pgstatindex(%(number)s::regclass)
"""
PLACE = "SELECT coalesce(nullif(pg_tablespace_location(%(tablespace)s::oid), ''), current_setting('data_directory'))"
BLOCK = "SELECT current_setting('block_size')::int"
MAKE_ANEW = "REINDEX INDEX CONCURRENTLY {}"
DROP_IT = "DROP INDEX CONCURRENTLY {}"


def plan(pace: Pace, limits: Mapping[str, float], live_ratios: Mapping[int, float]) -> Planned:
    """LIVE_RATIOS are the shares of entries that stay, by table, where a VACUUM before this takes others away."""
    indexes = read_indexes(pace.conn)
    steps, left, problems = [], [], []
    for one in (one for one in indexes if not one.valid):
        what = fate(one, indexes)
        if what == WAIT:
            left.append(f"reindex {one.name}: somebody builds an index of {one.schema}.{one.table}.")
        elif what == LOOK:
            problems.append(
                f"reindex {one.name}: it is invalid and looks left over, but {one.schema}.{one.table} has none like it. Look what it "
                "was for, then drop it or give it another name."
            )
        else:
            steps.append(dropping(one) if what == DROP else making(one, "it is invalid"))
    # Writes keep up even those that nothing will ever use.
    steps.sort(key=lambda step: step.what != DROP)
    full = measured(pace, measurable(indexes, limits), limits, live_ratios)
    return Planned(TASK, len(indexes), (*steps, *full.steps), (*left, *full.left), (*problems, *full.problems))


def measured(
    pace: Pace, candidates: list[Index], limits: Mapping[str, float], live_ratios: Mapping[int, float]
) -> Planned:
    if not candidates:
        return Planned(TASK, 0)
    schemas = [schema for (schema,) in pace.question(EXTENSION)]
    if not schemas:
        problem = (
            f"reindex: {len(candidates)} indexes were not measured, since the extension pgstattuple, which tells how full their pages "
            "are, is missing in this database. Declare it in postgresql_objects_databases and run site.yml."
        )
        return Planned(TASK, 0, problems=(problem,))
    with pace.share(MEASURING):
        found = [judged(pace, schemas[0], one, limits, live_ratios.get(one.relation, 1.0)) for one in candidates]
    return Planned(
        TASK,
        len(candidates),
        tuple(step for one in found for step in one.steps),
        tuple(sentence for one in found for sentence in one.left),
        tuple(sentence for one in found for sentence in one.problems),
    )


def judged(pace: Pace, schema: str, one: Index, limits: Mapping[str, float], live_ratio: float) -> Planned:
    """One index, measured."""
    pages: list[Pages] = []

    def measure() -> Outcome:
        rows = pace.execute(sql.SQL(DENSITY).format(sql.Identifier(schema)), {"number": one.number})
        pages.extend(Pages(*row) for row in rows)
        return Outcome()

    outcome = pace.attempt(measure, f"reindex {one.name}, to be measured", one.relation)
    if not pages:
        return Planned(TASK, 1, (), (outcome.left,) * bool(outcome.left), (outcome.problem,) * bool(outcome.problem))
    [(block_bytes,)] = pace.question(BLOCK)
    reason = why_bloated(pages[0], one.fillfactor, live_ratio, block_bytes, limits["reindex_min_bloat_ratio"])
    if not reason:
        return Planned(TASK, 1)
    lacking = lacks_room(pace, one)
    spare = pages[0].spare(one.fillfactor, live_ratio)[0] * block_bytes
    return Planned(TASK, 1, problems=(lacking,)) if lacking else Planned(TASK, 1, (making(one, reason, spare),))


def why_bloated(pages: Pages, fillfactor: int, live_ratio: float, block_bytes: int, min_ratio: float) -> str:
    spare, whole = pages.spare(fillfactor, live_ratio)
    if not spare or spare < whole * min_ratio:
        return ""
    return f"{spare / whole:.0%} of it is bloat ({shown(spare * block_bytes)} of {shown(whole * block_bytes)})"


def lacks_room(pace: Pace, one: Index) -> str:
    """Where the server is on this host, and the new index would not fit beside the old one."""
    [(place,)] = pace.question(PLACE, {"tablespace": one.tablespace})
    if pace.conn.info.host.startswith("/") and Path(place).exists():
        free = shutil.disk_usage(place).free
        if free < ROOM * one.size_bytes:
            return (
                f"reindex {one.name}: to make it anew needs {shown(ROOM * one.size_bytes)} in {place}, where {shown(free)} are free. "
                "Make room, free_space.yml shows how."
            )
    return ""


def dropping(one: Index) -> Step:
    def apply(pace: Pace) -> Outcome:
        return drop(pace, one)

    return Step(DROP, one.name, "an interrupted REINDEX CONCURRENTLY left it", apply, one.relation)


def making(one: Index, reason: str, spare_bytes: int | None = None) -> Step:
    def apply(pace: Pace) -> Outcome:
        return make_anew(pace, one)

    return Step(TASK, one.name, reason, apply, one.relation, spare_bytes=spare_bytes)


def drop(pace: Pace, one: Index, at_least_s: float = 0.0) -> Outcome:
    """Only if it still is what it was: its name may be another's by now."""
    present = {other.number: other for other in read_indexes(pace.conn, one.relation)}
    if one.number not in present or not present[one.number].is_leftover:
        return Outcome()
    pace.execute(sql.SQL(DROP_IT).format(sql.Identifier(one.schema, present[one.number].index)), None, at_least_s)
    return Outcome(changed=True)


def make_anew(pace: Pace, one: Index) -> Outcome:
    """What is half made when it ends is dropped again: queries never use it, and writes keep it up all the same."""
    readers = pace.old_readers()
    if readers:
        return Outcome(left=f"reindex {one.name}: it would have to wait for the transaction of {readers}.")
    before = {other.number for other in read_indexes(pace.conn, one.relation)}

    def work() -> Outcome:
        pace.execute(sql.SQL(MAKE_ANEW).format(sql.Identifier(one.schema, one.index)))
        return Outcome(changed=True)

    outcome = pace.attempt(work, f"reindex {one.name}", one.relation)
    if outcome.changed:
        return outcome
    half_made = [
        other for other in read_indexes(pace.conn, one.relation) if other.is_leftover and other.number not in before
    ]
    remaining = [other.name for other in half_made if not tidied(pace, other)]
    if not remaining:
        return outcome
    more = f" {', '.join(remaining)} is left over from it, and the next run drops it."
    return Outcome(left=f"{outcome.left or outcome.problem}{more}")


def tidied(pace: Pace, one: Index) -> bool:
    try:
        drop(pace, one, TIDY_S)
    except psycopg2.Error:
        if pace.conn.closed:
            raise
        return False
    return True
