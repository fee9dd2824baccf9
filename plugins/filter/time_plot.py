"""Series of values over time as a plot in a page: SVG that needs no script, no font and no network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta, timezone
from html import escape
from typing import NamedTuple

DOCUMENTATION = r"""
name: time_plot
short_description: Series of values over time as inline SVG
description:
  - Turns C({title, unit, series, limits}) into a C(figure) with an axis of time and one of values, for role result_page, whose
    style sheet has its colours. C(unit) is C(bytes), C(s), C(ms), C(count) or C(ratio). A series is C({name, points}), a point
    C({at, value, label, hollow}); one without a value is a cross at the foot of the plot. A limit is C({name, value}).
  - With C(lines) points have no marks but the last of each series, and one without a value is a gap; fewer than two make no plot.
    With C(from_zero) false the axis of values begins near the smallest of them. C(begins_at) and C(ends_at) are where the axis of time
    does.
"""

# Units of the drawing; the page scales it to the width that there is.
WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 460, 250, 82, 14, 14, 42
# A series with more points shows the largest of each so many: a peak is not lost, and the page stays small.
MOST_POINTS = 300
# From this ratio on the smaller values would lie on the foot of a linear axis.
LOGARITHMIC_FROM = 50
TICKS = 6
# So many times above all values a limit is told in words instead of being drawn.
FAR = 3
SECONDS = (0.1, 1, 10, 60, 600, 3600, 14400, 86400, 864000, 8640000)
SECOND_STEPS = (
    0.1,
    0.2,
    0.5,
    1,
    2,
    5,
    10,
    20,
    30,
    60,
    120,
    300,
    600,
    1200,
    1800,
    3600,
    7200,
    14400,
    21600,
    43200,
    86400,
)
# From then on milliseconds are told as seconds.
SECOND_MS = 1000
COUNT_UNITS = ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k"))
SECOND_UNITS = ((86400, "d"), (3600, "h"), (60, "min"))
BYTE_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
HOUR_S, DAY_S = 3600, 86_400
MARKS = ("circle", "square", "triangle", "diamond", "bar")
# Steps of the axis of time in seconds or, from a month on, in months.
TIME_STEPS = (*(hours * HOUR_S for hours in (1, 3, 6, 12)), *(days * DAY_S for days in (1, 2, 7, 14)))
MONTH_STEPS = (1, 3, 6, 12, 24, 60)
# Of how many there is room for: a time and a day are wider than the name of a month.
TIME_TICKS, MONTH_TICKS = 6, 9


class Axis(NamedTuple):
    """Where a value lies between 0 and 1, and what is written beside it."""

    place: Callable[[float], float]
    ticks: list[tuple[float, str]]
    logarithmic: bool = False
    began: bool = False  # not at zero


def number(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")


def amount(value: float, unit: str) -> str:
    """As an axis has it: 90 is 1.5 min, 4800 is 80 min, 1536 is 1.5 KiB."""
    if unit == "bytes":
        power = min(int(math.log(value, 1024)) if value >= 1 else 0, len(BYTE_UNITS) - 1)
        return f"{number(value / 1024**power)} {BYTE_UNITS[power]}"
    if unit == "ratio":
        return f"{number(value * 100)} %"
    if unit == "count":
        size, word = next(((size, word) for size, word in COUNT_UNITS if value >= size), (1, ""))
        # 20 000 is 20 k.
        return f"{number(value / min(size, 1000) if word == 'k' else value / size)}{f' {word}' if word else ''}"
    if unit == "ms":
        return amount(value / SECOND_MS, "s") if value >= SECOND_MS else f"{number(value)} ms"
    size, word = next(
        ((size, word) for size, word in SECOND_UNITS if value >= size and value % (size / 2) == 0), (1, "s")
    )
    return f"{number(value / size)} {word}"


def value_axis(values: Sequence[float], unit: str, linear: bool = False, from_zero: bool = True) -> Axis:
    positive = [value for value in values if value > 0]
    if not linear and positive and max(positive) / min(positive) >= LOGARITHMIC_FROM:
        return logarithmic(min(positive), max(positive), unit)
    if not from_zero and positive and 0 < min(values) < max(values):
        return narrow_axis(min(values), max(values), unit)
    most = max(values, default=0) or 1
    step = next(step for step in steps(most, unit) if math.ceil(most * 1.02 / step) <= TICKS)
    top = step * math.ceil(most * 1.02 / step)
    ticks = [(index * step / top, amount(index * step, unit)) for index in range(round(top / step) + 1)]
    return Axis(lambda value: value / top, ticks)


def narrow_axis(least: float, most: float, unit: str) -> Axis:
    """From a round value below the smallest: what grows a little each day is seen to grow."""
    # In tenths of the unit in which they are told.
    base = 1024.0 ** int(math.log(most, 1024)) if unit == "bytes" and most >= 1 else 1.0
    rounds = (base * 10.0**power * factor for power in range(-5, 16) for factor in (1, 2, 5))
    step = next(step for step in rounds if math.ceil(most / step) - math.floor(least / step) <= TICKS)
    low, high = step * math.floor(least / step), step * math.ceil(most / step)
    ticks = [
        ((index * step) / (high - low), amount(low + index * step, unit))
        for index in range(round((high - low) / step) + 1)
    ]
    return Axis(lambda value: (value - low) / (high - low), ticks, began=low > 0)


def steps(most: float, unit: str) -> Iterable[float]:
    """Round ones, ascending."""
    if unit in ("count", "ms", "ratio"):
        # No half connection, and no thousandth of a percent.
        least = {"count": 0, "ms": -3, "ratio": -5}[unit]
        return (factor * 10.0**power for power in range(least, 16) for factor in (1, 2, 5))
    if unit == "s" and most <= TICKS * SECOND_STEPS[-1]:
        return SECOND_STEPS
    if unit == "s":
        return (DAY_S * factor * 10**power for power in range(16) for factor in (1, 2, 5))
    return (1024**power * factor for power in range(9) for factor in (1, 2, 5, 10, 20, 50, 100, 256, 512))


def logarithmic(least: float, most: float, unit: str) -> Axis:
    every = SECONDS if unit == "s" else [1024**power * factor for power in range(9) for factor in (1, 32)]
    low = max((one for one in every if one * 1.5 <= least), default=every[0])
    high = most * 1.3
    span = math.log(high / low)

    def place(value: float) -> float:
        return min(1.0, math.log(value / low) / span) if value > low else 0.0

    shown = [one for one in every if low <= one <= high]
    while len(shown) > TICKS + 1:
        shown = shown[::2]
    return Axis(place, [(place(one), amount(one, unit)) for one in shown], logarithmic=True)


def time_axis(moments: Sequence[datetime], exact: bool = False) -> Axis:
    """With room at both ends, unless it is EXACT; a single moment is in the middle of a day."""
    first, last = min(moments), max(moments)
    margin = max((last - first) * 0.04, timedelta(hours=1) if last > first else timedelta(hours=12))
    if exact and last > first:
        margin = timedelta(0)
    low, high = (first - margin).timestamp(), (last + margin).timestamp()

    def place(second: float) -> float:
        return (second - low) / (high - low)

    marks, size_s = time_marks(low, high)
    return Axis(
        place, [(place(one.timestamp()), text) for one, text in zip(marks, time_texts(marks, size_s), strict=True)]
    )


def time_marks(low: float, high: float) -> tuple[list[datetime], int]:
    """Round moments, and how far they are from one another."""
    for step in TIME_STEPS:
        first = math.ceil(low / step) * step
        if (high - first) / step < TIME_TICKS:
            marks = [
                datetime.fromtimestamp(first + index * step, timezone.utc)
                for index in range(int((high - first) // step) + 1)
            ]
            return marks, step
    begin, end = (datetime.fromtimestamp(one, timezone.utc) for one in (low, high))
    months = range(begin.year * 12 + begin.month, end.year * 12 + end.month)
    size = next((size for size in MONTH_STEPS if len(months) / size < MONTH_TICKS), MONTH_STEPS[-1])
    marks = [datetime(one // 12, one % 12 + 1, 1, tzinfo=timezone.utc) for one in months if one % size == 0]
    return marks, size * 30 * DAY_S


def time_texts(marks: Sequence[datetime], step_s: int) -> list[str]:
    """Two lines each: the second says of which day or year, where that is another one than before."""
    short, long = ("%H:%M", "%d %b") if step_s < DAY_S else ("%d %b", "%Y") if step_s < 28 * DAY_S else ("%b", "%Y")
    found, before = [], ""
    for one in marks:
        of = f"{one:{long}}"
        found.append(f"{one:{short}}\n{'' if of == before else of}")
        before = of
    return found


def thinned(points: list[dict], most: int = MOST_POINTS) -> tuple[list[dict], int]:
    """The largest of each so many, and how many that is."""
    each = math.ceil(len(points) / most) or 1
    groups = [points[start : start + each] for start in range(0, len(points), each)]
    return [max(group, key=lambda one: -1 if one["value"] is None else one["value"]) for group in groups], each


def time_plot(plot: dict) -> str:
    series = [one for one in plot["series"] if one["points"]]
    if not series:
        return figure(plot, '<p class="quiet">Nothing yet.</p>')
    limits, lines, far = plot.get("limits", []), plot.get("lines", False), []
    if lines and (few := too_few(series, plot["unit"])):
        return figure(plot, f'<p class="quiet">{escape(few)}</p>')
    shown = [(one["name"], *thinned(one["points"])) for one in series]
    moments = [moment(point) for one in series for point in one["points"]]
    values = [point["value"] for one in series for point in one["points"] if point["value"] is not None]
    if lines:
        # One that lies far above would press all lines to the foot of the plot.
        far = [one for one in limits if one["value"] > FAR * max(values)]
        limits = [one for one in limits if one not in far]
    ruled = [*values, *(one["value"] for one in limits)]
    ends = [datetime.fromisoformat(plot[end]) for end in ("begins_at", "ends_at") if end in plot]
    across = time_axis([*moments, *ends], exact=bool(ends))
    up = value_axis(ruled, plot["unit"], lines, plot.get("from_zero", True))
    # The first series is what the plot is about: it lies above the others, and a limit above all of them.
    draw = drawn_line if lines else drawn_series
    drawn = [draw(index, points, across, up) for index, (_, points, _) in enumerate(shown)]
    drawn = [grid(across, up), *reversed(drawn), *(limit_line(one, up) for one in limits)]
    label = f"{plot['title']}, {days(min(moments), max(moments))}: {', '.join(name for name, _, _ in shown)}"
    inner = "\n".join(drawn)
    svg = f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">\n{inner}\n</svg>'
    notes = [] if ends else [days(min(moments), max(moments))]
    notes += ["logarithmic"] if up.logarithmic else ["not from zero"] if up.began else []
    notes += [f"{one['name']} at {amount(one['value'], plot['unit'])}" for one in far]
    each = max(each for _, _, each in shown)
    notes += [f"the largest of every {each}"] if each > 1 else []
    return figure(plot, f"{legend(shown)}\n{svg}", ", ".join(notes))


def days(first: datetime, last: datetime) -> str:
    begin, end = (f"{one.astimezone(timezone.utc):%Y-%m-%d}" for one in (first, last))
    return begin if begin == end else f"{begin} to {end}"


def moment(point: dict) -> datetime:
    return datetime.fromisoformat(point["at"])


def figure(plot: dict, body: str, note: str = "") -> str:
    remark = f' <span class="quiet">{escape(note)}</span>' if note else ""
    return f'<figure class="plot">\n<figcaption>{escape(plot["title"])}{remark}</figcaption>\n{body}\n</figure>'


def legend(shown: Sequence[tuple]) -> str:
    keys = [
        f'<span class="series{index}"><svg class="key" viewBox="-6 -6 12 12" aria-hidden="true">{mark(index, 0, 0, 4.5)}</svg></span>{escape(name)}'
        for index, (name, _, _) in enumerate(shown)
    ]
    return f'<p class="legend">{"".join(f"<span>{key}</span>" for key in keys)}</p>'


def x(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 1)


def y(share: float) -> float:
    return round(HEIGHT - BOTTOM - share * (HEIGHT - TOP - BOTTOM), 1)


def grid(across: Axis, up: Axis) -> str:
    lines = []
    for share, text in up.ticks:
        lines.append(f'<path class="grid" d="M{LEFT} {y(share)}H{WIDTH - RIGHT}"/>')
        lines.append(f'<text class="tick" x="{LEFT - 8}" y="{y(share) + 4}" text-anchor="end">{escape(text)}</text>')
    for share, text in across.ticks:
        first, second = text.split("\n")
        lines.append(f'<path class="grid" d="M{x(share)} {y(0)}v5"/>')
        # The last one must not stand out of the drawing.
        place = (
            f'x="{WIDTH - 1}" text-anchor="end"' if WIDTH - x(share) < 22 else f'x="{x(share)}" text-anchor="middle"'
        )
        lines.append(f'<text class="tick" {place} y="{y(0) + 19}">{escape(first)}</text>')
        if second:
            lines.append(f'<text class="tick" {place} y="{y(0) + 35}">{escape(second)}</text>')
    return "\n".join(lines)


def limit_line(limit: dict, up: Axis) -> str:
    height = y(up.place(limit["value"]))
    below = height < TOP + 14
    return (
        f'<path class="limit" d="M{LEFT} {height}H{WIDTH - RIGHT}"/>'
        f'<text class="limit" x="{WIDTH - RIGHT}" y="{height + 14 if below else height - 5}" text-anchor="end">{escape(limit["name"])}</text>'
    )


def drawn_series(index: int, points: list[dict], across: Axis, up: Axis) -> str:
    radius = 4 if len(points) <= 40 else 2.5 if len(points) <= 120 else 1.5
    placed = [(x(across.place(moment(one).timestamp())), one) for one in points]
    line = " ".join(f"{left},{y(up.place(one['value']))}" for left, one in placed if one["value"] is not None)
    dots = [dot(index, one, left, up, radius) for left, one in placed]
    return f'<g class="series{index}">\n<polyline points="{line}"/>\n' + "\n".join(dots) + "\n</g>"


def drawn_line(index: int, points: list[dict], across: Axis, up: Axis) -> str:
    """A line for each run of values, and a mark on the last of them, with the value in words."""
    runs: list[list[tuple[float, float]]] = [[]]
    last = None
    for one in points:
        if one["value"] is None:
            runs.append([])
            continue
        runs[-1].append((x(across.place(moment(one).timestamp())), y(up.place(one["value"]))))
        last = runs[-1][-1]
    # A run of one is a point of the line's own width.
    paths = [" ".join(f"{left},{top}" for left, top in (run if len(run) > 1 else run * 2)) for run in runs if run]
    lines = "\n".join(f'<polyline class="line" points="{path}"/>' for path in paths)
    return f'<g class="series{index}">\n{lines}\n<g class="full">{mark(index, *last, 4) if last else ""}</g>\n</g>'


def too_few(series: list[dict], unit: str) -> str:
    """Why there is no plot: a line needs two points."""
    known = [(one["name"], [point["value"] for point in one["points"] if point["value"] is not None]) for one in series]
    if any(len(values) > 1 for _, values in known):
        return ""
    told = ", ".join(f"{name} {amount(values[0], unit)}" for name, values in known if values)
    return f"Too few measurements for a plot. Once: {told}." if told else "Nothing yet."


def dot(index: int, point: dict, left: float, up: Axis, radius: float) -> str:
    title = f"<title>{escape(point['label'])}</title>"
    if point["value"] is None:
        return f'<g class="cross">{title}<path d="M{left - 4} {y(0) - 4}l8 8m0 -8l-8 8"/></g>'
    style = "hollow" if point.get("hollow") else "full"
    return f'<g class="{style}">{title}{mark(index, left, y(up.place(point["value"])), radius)}</g>'


def mark(index: int, left: float, top: float, radius: float) -> str:
    """Another shape for each series: colours alone do not tell them apart for everybody."""
    shape, size = MARKS[index % len(MARKS)], radius
    if shape == "circle":
        return f'<circle cx="{left}" cy="{top}" r="{size}"/>'
    outline = {
        "square": f"m{-size} {-size}h{2 * size}v{2 * size}h{-2 * size}z",
        "triangle": f"m0 {-1.2 * size}l{1.2 * size} {2.1 * size}h{-2.4 * size}z",
        "diamond": f"m0 {-1.3 * size}l{1.3 * size} {1.3 * size}l{-1.3 * size} {1.3 * size}l{-1.3 * size} {-1.3 * size}z",
        "bar": f"m{-size} {-0.5 * size}h{2 * size}v{size}h{-2 * size}z",
    }[shape]
    return f'<path d="M{left} {top}{outline}"/>'


class FilterModule:
    def filters(self) -> dict:
        return {"time_plot": time_plot}
