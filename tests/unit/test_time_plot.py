"""Plots in pages: axes that people can read, whatever there is to show, and text that stays text."""

import re
from datetime import datetime, timedelta, timezone
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plugins.filter.time_plot import (
    HEIGHT,
    LEFT,
    MOST_POINTS,
    WIDTH,
    amount,
    thinned,
    time_axis,
    time_plot,
    value_axis,
)

FIRST = datetime(2026, 11, 1, tzinfo=timezone.utc)


def points(*values, hours: float = 24) -> list[dict]:
    return [
        {"at": (FIRST + timedelta(hours=hours * index)).isoformat(), "value": value, "label": f"no. {index}"}
        for index, value in enumerate(values)
    ]


def plot(*series, unit: str = "s", limits=()) -> dict:
    named = [{"name": f"series {index}", "points": one} for index, one in enumerate(series)]
    return {"title": "Title", "unit": unit, "series": named, "limits": list(limits)}


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0, "s", "0 s"), (0.5, "s", "0.5 s"), (59, "s", "59 s"), (90, "s", "1.5 min"), (3600, "s", "1 h"), (4800, "s", "80 min"),
        (14400, "s", "4 h"), (172800, "s", "2 d"), (0, "bytes", "0 B"), (1023, "bytes", "1023 B"), (1536, "bytes", "1.5 KiB"),
        (0, "ms", "0 ms"), (0.05, "ms", "0.05 ms"), (1500, "ms", "1.5 s"), (0, "count", "0"), (1500, "count", "1500"), (20_000, "count", "20 k"),
        (2_500_000, "count", "2.5 M"), (0.995, "ratio", "99.5 %"), (1280 * 1024, "bytes", "1.25 MiB"),
        (3 * 1024**4, "bytes", "3 TiB"), (1024**6, "bytes", "1024 PiB"),
    ],
)  # fmt: skip
def test_amounts(value, unit, text):
    assert amount(value, unit) == text


@pytest.mark.parametrize(
    ("values", "unit", "texts"),
    [
        pytest.param([], "s", ["0 s", "0.2 s", "0.4 s", "0.6 s", "0.8 s", "1 s", "1.2 s"], id="nothing"),
        pytest.param([0], "bytes", ["0 B", "1 B", "2 B"], id="nothing-but-zero"),
        pytest.param([4, 11], "s", ["0 s", "2 s", "4 s", "6 s", "8 s", "10 s", "12 s"], id="seconds"),
        pytest.param([3600, 4200], "s", ["0 s", "20 min", "40 min", "1 h", "80 min"], id="hours"),
        pytest.param([150 * 2**20, 230 * 2**20], "bytes", ["0 B", *(f"{n} MiB" for n in (50, 100, 150, 200, 250))], id="bytes"),
        pytest.param([0.1, 14400], "s", ["0.1 s", "1 s", "10 s", "1 min", "10 min", "1 h", "4 h"], id="far-apart"),
        pytest.param([2**20, 2**30], "bytes", ["32 KiB", "1 MiB", "32 MiB", "1 GiB"], id="bytes-far-apart"),
    ],
)  # fmt: skip
def test_the_axis_of_values_has_round_ones(values, unit, texts):
    assert [text for _, text in value_axis(values, unit).ticks] == texts


@pytest.mark.parametrize(
    ("values", "unit", "texts"),
    [
        pytest.param([0.99, 0.9], "ratio", ["90 %", "92 %", "94 %", "96 %", "98 %", "100 %"], id="ratio"),
        pytest.param([28.2 * 2**30, 28.7 * 2**30], "bytes", [f"{n} GiB" for n in (28.2, 28.3, 28.4, 28.5, 28.6, 28.7)], id="bytes"),
        pytest.param([5, 5], "count", [str(n) for n in range(7)], id="all-the-same"),
        pytest.param([0, 4], "count", [str(n) for n in range(6)], id="with-zero"),
    ],
)  # fmt: skip
def test_an_axis_of_values_may_begin_near_the_smallest(values, unit, texts):
    assert [text for _, text in value_axis(values, unit, linear=True, from_zero=False).ticks] == texts


@pytest.mark.parametrize(
    ("days", "texts"),
    [
        pytest.param(0, ["12:00\n31 Oct", "18:00\n", "00:00\n01 Nov", "06:00\n", "12:00\n"], id="a-moment"),
        pytest.param(2, ["00:00\n01 Nov", "12:00\n", "00:00\n02 Nov", "12:00\n", "00:00\n03 Nov"], id="days"),
        pytest.param(10, ["01 Nov\n2026", "03 Nov\n", "05 Nov\n", "07 Nov\n", "09 Nov\n", "11 Nov\n"], id="weeks"),
        pytest.param(120, ["Nov\n2026", "Dec\n", "Jan\n2027", "Feb\n", "Mar\n"], id="months"),
        pytest.param(3650, ["Jan\n2028", "Jan\n2030", "Jan\n2032", "Jan\n2034", "Jan\n2036"], id="years"),
    ],
)
def test_the_axis_of_time_says_day_and_year_where_they_change(days, texts):
    assert [text for _, text in time_axis([FIRST, FIRST + timedelta(days=days)]).ticks] == texts


def drawing(text: str) -> ElementTree.Element:
    return ElementTree.fromstring(re.search(r"<svg viewBox=\"0 0.*?</svg>\n", text, re.DOTALL)[0])


def places(text: str) -> list[tuple[float, float]]:
    return [(float(one.get("cx")), float(one.get("cy"))) for one in drawing(text).iter("circle")]


@given(
    values=st.lists(st.one_of(st.none(), st.floats(0, 1e15, allow_nan=False)), min_size=1, max_size=60),
    hours=st.floats(0, 9000),
    unit=st.sampled_from(["s", "bytes", "ms", "count", "ratio"]),
)
def test_whatever_there_is_lies_within_the_drawing_and_few_labels_stand_beside_it(values, hours, unit):
    text = time_plot(plot(points(*values, hours=hours), unit=unit, limits=[{"name": "limit", "value": 3600}]))
    assert "nan" not in text and "inf" not in text
    assert all(0 <= left <= WIDTH and 0 <= top <= HEIGHT for left, top in places(text))
    assert len(places(text)) == len([value for value in values if value is not None])
    labels = [one for one in drawing(text).iter("text") if one.get("class") == "tick"]
    assert 2 <= len(labels) <= 30


def test_a_limit_lies_where_its_value_does_and_a_failure_is_a_cross():
    text = time_plot(plot(points(60, None, 120), limits=[{"name": "limit 2 min", "value": 120}]))
    height = places(text)[-1][1]
    assert f'<path class="limit" d="M{LEFT} {height}' in text and "limit 2 min" in text
    assert text.count('class="cross"') == 1 and "<title>no. 1</title>" in text


def test_no_data_is_said_and_hundreds_are_thinned_to_their_peaks():
    assert "Nothing yet." in time_plot(plot([]))
    many = points(*range(1000))
    shown, each = thinned(many)
    assert (len(shown), each) == (250, 4)
    assert shown[-1]["value"] == 999
    text = time_plot(plot(many))
    assert len(places(text)) <= MOST_POINTS and "the largest of every 4" in text


def test_text_stays_text():
    wicked = '<script>alert("x")</script>'
    found = plot(points(1), limits=[{"name": wicked, "value": 2}])
    found["title"] = found["series"][0]["name"] = found["series"][0]["points"][0]["label"] = wicked
    text = time_plot(found)
    assert "<script" not in text
    assert text.count("&lt;script&gt;") == 6


@given(
    values=st.lists(st.one_of(st.none(), st.floats(0, 1e15, allow_nan=False)), min_size=1, max_size=60),
    unit=st.sampled_from(["s", "bytes", "ms", "count", "ratio"]),
    from_zero=st.booleans(),
)
def test_lines_lie_within_the_drawing_whatever_there_is(values, unit, from_zero):
    text = time_plot({**plot(points(*values), unit=unit), "lines": True, "from_zero": from_zero})
    known = [value for value in values if value is not None]
    assert "nan" not in text and "inf" not in text
    if len(known) < 2:
        assert (
            "<svg" not in text
            and ("Too few measurements for a plot. Once: series 0 " if known else "Nothing yet.") in text
        )
        return
    drawn = [pair.split(",") for line in drawing(text).iter("polyline") for pair in line.get("points").split()]
    assert all(0 <= float(left) <= WIDTH and 0 <= float(top) <= HEIGHT for left, top in drawn)
    assert len(places(text)) == 1


def lines(*values, **changes) -> str:
    return time_plot({**plot(points(*values)), "lines": True, **changes})


def test_a_line_breaks_where_there_is_no_value_and_ends_in_a_mark():
    text = lines(1, 2, None, 4, None, 6)
    assert [line.get("points").count(",") for line in drawing(text).iter("polyline")] == [2, 2, 2]
    assert "cross" not in text and len(places(text)) == 1


def test_a_limit_far_above_is_told_in_words():
    near, far = ({"name": "warning", "value": value} for value in (6, 7200))
    assert 'class="limit"' in lines(1, 2, limits=[near]) and "warning at" not in lines(1, 2, limits=[near])
    assert 'class="limit"' not in lines(1, 2, limits=[far]) and "warning at 2 h" in lines(1, 2, limits=[far])


def test_the_axis_of_time_may_be_longer_than_what_is_known():
    span = {"begins_at": (FIRST - timedelta(days=8)).isoformat(), "ends_at": (FIRST + timedelta(days=2)).isoformat()}
    left = [
        float(pair.split(",")[0])
        for line in drawing(lines(1, 2, 3, **span)).iter("polyline")
        for pair in line.get("points").split()
    ]
    assert left[0] == pytest.approx(LEFT + (WIDTH - LEFT - 14) * 0.8, abs=0.1) and left[-1] == WIDTH - 14
