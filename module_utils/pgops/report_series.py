"""What a report draws over time, from measurements: values as they were, and what was counted from one to the next."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from statistics import median

from .measurement import iso

HOUR_S, DAY_S = 3600, 86_400
# A page of 20 plots stays small, and a peak is not lost: each point is the worst of its neighbours.
MOST_POINTS = 240
# Between measurements that are further apart than so many times the usual one, nothing is known.
GAP = 3
Point = tuple[datetime, float | None]


def gaps(rows: list[dict]) -> list[datetime]:
    """A moment in each time that measurements are missing from."""
    moments = sorted({row["taken_at"] for row in rows})
    usual = usual_distance(moments)
    return [before + usual for before, after in pairwise(moments) if after - before > usual * GAP]


def with_gaps(points: list[Point], missing: list[datetime]) -> list[Point]:
    """With a point without value where a line has to break."""
    within = [(moment, None) for moment in missing if points and points[0][0] < moment < points[-1][0]]
    return sorted([*points, *within], key=lambda point: point[0])


def usual_distance(moments: Iterable[datetime]) -> timedelta:
    ordered = sorted(moments)
    distances = [(after - before).total_seconds() for before, after in pairwise(ordered)]
    return timedelta(seconds=median(distances) if distances else HOUR_S)


def thinned(points: list[Point], worst: Callable = max, most: int = MOST_POINTS) -> list[Point]:
    """The worst of each so many; a gap stays one."""
    each = -(-len(points) // most) or 1
    found: list[Point] = []
    for missing, run in groupby(points, key=lambda point: point[1] is None):
        of_run = list(run)
        groups = [of_run[start : start + each] for start in range(0, len(of_run), each)]
        found += of_run[:1] if missing else [worst(group, key=lambda point: point[1]) for group in groups]
    return found


def series(name: str, points: list[Point], missing: list[datetime], worst: Callable = max) -> dict:
    shown = thinned(with_gaps(points, missing), worst)
    return {"name": name, "points": [{"at": iso(at), "value": rounded(value)} for at, value in shown]}


def rounded(value: float | None) -> float | None:
    """Five digits are more than a plot shows."""
    return float(f"{value:.5g}") if isinstance(value, float) else value


def numbers(rows: list[dict], value: Callable[[dict], float | None]) -> list[Point]:
    """Of each measurement that has it."""
    return [(row["taken_at"], found) for row in rows if (found := value(row["numbers"])) is not None]


def check_values(rows: list[dict], name: str, times: float = 1) -> list[Point]:
    found = [(row["taken_at"], row["checks"].get(name, {}).get("value")) for row in rows]
    return [(at, value * times) for at, value in found if value is not None]


def difference(before: float, after: float) -> float:
    """What was counted between two looks. A counter that is smaller has begun anew since: all of it is new."""
    return after - before if after >= before else after


def intervals(rows: list[dict]) -> list[tuple[dict, dict, float]]:
    """Neighbours on one host, and the seconds between them. What another host has counted is no continuation."""
    found = []
    last: dict[str, dict] = {}
    for row in rows:
        before = last.get(row["host"])
        if before is not None and (seconds := (row["taken_at"] - before["taken_at"]).total_seconds()) > 0:
            found.append((before, row, seconds))
        last[row["host"]] = row
    return found


def rates(rows: list[dict], name: str, per_s: float) -> list[Point]:
    """What a counter grew by, in each so many seconds."""
    return [
        (after["taken_at"], difference(before["numbers"][name], after["numbers"][name]) * per_s / seconds)
        for before, after, seconds in intervals(rows)
        if name in before["numbers"] and name in after["numbers"]
    ]


def hit_ratios(rows: list[dict]) -> list[Point]:
    """Blocks that were found in the cache, of those asked for between two looks."""
    found: list[Point] = []
    for before, after, _ in intervals(rows):
        if "blocks_hit" in before["numbers"] and "blocks_hit" in after["numbers"]:
            hit, read = (
                difference(before["numbers"][name], after["numbers"][name]) for name in ("blocks_hit", "blocks_read")
            )
            if hit + read > 0:
                found.append((after["taken_at"], hit / (hit + read)))
    return found


def plot(title: str, unit: str, found: list[dict], limits: Iterable[dict] = (), from_zero: bool = True) -> dict:
    """For filter time_plot: lines, as there are too many points for marks."""
    shown = [one for one in found if one["points"]]
    return {
        "title": title,
        "unit": unit,
        "series": shown,
        "limits": list(limits),
        "lines": True,
        "from_zero": from_zero,
    }


def over(groups: list[dict], begin: datetime, end: datetime) -> list[dict]:
    """With one axis of time for all: that measurements are missing at an end is seen too."""
    axis = {"begins_at": iso(begin), "ends_at": iso(end)}
    return [{**group, "plots": [{**one, **axis} for one in group["plots"]]} for group in groups]
