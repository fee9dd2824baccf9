"""Dead rows, the estimate of bloat, and tables that nobody has vacuumed or analysed."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.health_server import Answer
from ansible.module_utils.pgops.health_tables import (
    NEVER_VACUUMED,
    bloat_check,
    bloat_ratio,
    dead_rows_check,
    never_check,
    row_bytes,
)

from health_limits import LIMITS


def table(live: int, dead: int, name: str = "threads") -> dict:
    return {"schema": "public", "table": name, "live_rows": live, "dead_rows": dead}


@pytest.mark.parametrize(
    ("tables", "value", "verdict"),
    [
        pytest.param([], 0.0, "ok", id="none"),
        pytest.param([table(1, 49_999)], 0.0, "ok", id="too-few-to-matter"),
        pytest.param([table(116_670, 50_000)], 0.3, "warning", id="what-is-printed-is-judged"),
        pytest.param([table(117_000, 50_000)], 0.2994, "ok", id="just-under"),
        pytest.param([table(450_000, 50_000), table(40_000, 60_000, "worst")], 0.6, "critical", id="the-worst"),
        pytest.param([table(0, 50_000)], 1.0, "critical", id="nothing-alive"),
    ],
)
def test_dead_rows_are_a_share_of_all(tables, value, verdict):
    check = dead_rows_check(tables, LIMITS)
    assert (check.value, check.verdict) == (value, verdict)
    assert ("ANALYZE) public." in check.advice) == (verdict != "ok")


@pytest.mark.parametrize(
    ("number", "finding"),
    [(0, "There is none."), (2, "public.t0, public.t1."), (5, "public.t0, public.t1, public.t2 and 2 more.")],
)
def test_tables_that_nobody_vacuumed_are_named(number, finding):
    check = never_check(NEVER_VACUUMED, [table(1, 1, f"t{place}") for place in range(number)], LIMITS)
    assert (check.value, check.finding, check.verdict) == (number, finding, "warning" if number else "ok")


# 10000 rows of 4 columns and 100 bytes, which are 132 with their headers: 61 a page, so 164 pages.
WIDTHS = {
    "schema": "public", "table": "threads", "rows": 10_000.0, "pages": 164, "toast_pages": 0, "toast_rows": 0.0,
    "page_bytes": 8192, "columns": 4, "all_columns": True, "has_nulls": False, "data_bytes": 100.0, "fillfactor": 100,
}  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "length"),
    [
        ({}, 132),
        ({"data_bytes": 96.0}, 124),
        ({"data_bytes": 96.1}, 132),
        ({"has_nulls": True}, 132),
        ({"has_nulls": True, "columns": 9}, 140),
        ({"data_bytes": 0.0}, 28),
    ],
)
def test_the_length_of_a_row_is_that_of_its_columns_header_and_pointer(changes, length):
    assert row_bytes({**WIDTHS, **changes}) == length


@pytest.mark.parametrize(
    ("changes", "ratio"),
    [
        pytest.param({}, 0.0, id="no-bloat"),
        pytest.param({"pages": 328}, 0.5, id="half"),
        pytest.param({"pages": 100}, 0.0, id="denser-than-estimated"),
        pytest.param({"rows": 0.0}, 1.0, id="no-rows"),
        pytest.param({"rows": -1.0}, 1.0, id="never-counted"),
        pytest.param({"fillfactor": 50, "pages": 334}, 0.0, id="half-full-on-purpose"),
        pytest.param({"toast_pages": 164, "toast_rows": 656.0}, 0.0, id="full-toast"),
        pytest.param({"toast_pages": 164, "toast_rows": 0.0}, 0.5, id="empty-toast"),
        pytest.param({"toast_pages": 328, "toast_rows": 656.0}, 1 / 3, id="half-of-toast"),
        pytest.param({"data_bytes": 20_000.0}, 0.0, id="wider-than-a-page"),
    ],
)
def test_bloat_is_what_the_rows_would_not_need(changes, ratio):
    assert bloat_ratio({**WIDTHS, **changes}) == pytest.approx(ratio, abs=0.01)


@pytest.mark.parametrize(
    ("rows", "verdict", "words"),
    [
        pytest.param([], "ok", "No table has 10 MB.", id="small"),
        pytest.param(
            [{**WIDTHS, "all_columns": False}], "unknown", "monitor may read no statistics", id="not-readable"
        ),
        pytest.param(
            [WIDTHS, {**WIDTHS, "all_columns": False}], "ok", "About 0 % of public.threads", id="some-readable"
        ),
        pytest.param([{**WIDTHS, "pages": 326}], "ok", "About 49.7 %", id="just-under"),
        pytest.param(
            [WIDTHS, {**WIDTHS, "table": "b", "pages": 328}], "warning", "50 % of public.b is bloat", id="exactly"
        ),
    ],
)
def test_the_most_bloated_table_is_judged(rows, verdict, words):
    check = bloat_check("monitor", Answer(rows), LIMITS)
    assert check.verdict == verdict
    assert words in check.finding
