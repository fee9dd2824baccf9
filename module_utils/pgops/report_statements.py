"""Which statements took time in a period: what their counters grew by from one measurement to the next."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from .report_series import HOUR_S, Point, difference, gaps, intervals, plot, series
from .usage import DEFAULT_LARGEST

PLOTTED = 5
LISTED = 10
SHOWN_CHARACTERS = 40
Key = tuple[str, str]


@dataclass
class Taken:
    """What one statement of one role took in a period, and in each hour of it."""

    statement: str
    calls: float = 0
    total_ms: float = 0
    rows: float = 0
    hourly_s: list[Point] = field(default_factory=list)
    mean_ms: list[Point] = field(default_factory=list)

    def described(self, key: Key, all_ms: float) -> dict:
        return {
            "role": key[0],
            "queryid": key[1],
            "statement": self.statement,
            "calls": round(self.calls),
            "rows": round(self.rows),
            "total_ms": round(self.total_ms, 1),
            "mean_ms": round(self.total_ms / max(self.calls, 1), 3),
            "share_ratio": round(min(self.total_ms / all_ms, 1), 4) if all_ms > 0 else None,
        }


def by_key(row: dict) -> dict[Key, dict]:
    return {(one["role"], one["queryid"]): one for one in row["statements"]}


def unseen(before: dict[Key, dict], one: dict) -> dict:
    """The least that a statement can have grown by that was not listed before: it had less than the last of those that took most."""
    totals = sorted((other["total_ms"] for other in before.values()), reverse=True)
    most = totals[DEFAULT_LARGEST - 1] if len(totals) >= DEFAULT_LARGEST else 0.0
    share = max(one["total_ms"] - most, 0) / one["total_ms"] if one["total_ms"] > 0 else 0.0
    return {name: one[name] * share for name in ("calls", "total_ms", "rows")}


def grown(before: dict[Key, dict], key: Key, one: dict) -> dict:
    if key not in before:
        return unseen(before, one)
    old = before[key]
    if one["calls"] < old["calls"]:  # began anew, and then all of it did
        return {name: one[name] for name in ("calls", "total_ms", "rows")}
    return {name: difference(old[name], one[name]) for name in ("calls", "total_ms", "rows")}


def changes(rows: list[dict], begin: datetime) -> dict[Key, Taken]:
    found: dict[Key, Taken] = {}
    for before, after, seconds in intervals([row for row in rows if row["statements"]]):
        if after["taken_at"] <= begin:
            continue
        earlier = by_key(before)
        for key, one in by_key(after).items():
            by = grown(earlier, key, one)
            if by["calls"] <= 0 and key not in found:
                continue
            taken = found.setdefault(key, Taken(one["statement"]))
            taken.calls, taken.total_ms, taken.rows = (
                getattr(taken, name) + by[name] for name in ("calls", "total_ms", "rows")
            )
            taken.hourly_s.append((after["taken_at"], by["total_ms"] / 1000 * HOUR_S / seconds))
            if by["calls"] > 0:
                taken.mean_ms.append((after["taken_at"], by["total_ms"] / by["calls"]))
    return found


def since_counting(row: dict) -> dict[Key, Taken]:
    """For want of two measurements: all that was counted."""
    return {
        key: Taken(one["statement"], one["calls"], one["total_ms"], one["rows"]) for key, one in by_key(row).items()
    }


def all_time_ms(rows: list[dict], begin: datetime, whole: bool) -> float:
    """Of all statements, listed or not."""
    name = "statements_total_ms"
    counted = [row for row in rows if name in row["numbers"]]
    if whole:
        return counted[-1]["numbers"][name] if counted else 0.0
    return sum(
        difference(before["numbers"][name], after["numbers"][name])
        for before, after, _ in intervals(counted)
        if after["taken_at"] > begin
    )


def told(rows: list[dict], begin: datetime) -> dict:
    """C(by_total), C(by_mean) and C(plots). C(whole): they are since the counters began, not of the period."""
    of_primary = [row for row in rows if row["state"] == "primary"]
    listed = [row for row in of_primary if row["statements"]]
    whole = not any(after["taken_at"] > begin for _, after, _ in intervals(listed))
    taken = changes(listed, begin) if not whole else since_counting(listed[-1]) if listed else {}
    all_ms = all_time_ms(of_primary, begin, whole)
    by_total = sorted(taken.items(), key=lambda item: (-item[1].total_ms, item[0]))
    by_mean = sorted(taken.items(), key=lambda item: (-item[1].total_ms / max(item[1].calls, 1), item[0]))
    missing = gaps(listed)
    return {
        "whole": whole,
        "by_total": [one.described(key, all_ms) for key, one in by_total[:LISTED]],
        "by_mean": [one.described(key, all_ms) for key, one in by_mean[:LISTED]],
        "plots": [
            plot("Time taken in an hour", "s", [
                series(name(place, one), one.hourly_s, missing) for place, (_, one) in enumerate(by_total[:PLOTTED], 1)]),
            plot("Mean time of a call", "ms", [
                series(name(place, one), one.mean_ms, missing) for place, (_, one) in enumerate(by_mean[:PLOTTED], 1)]),
        ],
    }  # fmt: skip


def name(place: int, one: Taken) -> str:
    text = one.statement
    return f"{place}: {text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + '…'}"
