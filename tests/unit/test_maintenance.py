"""What maintenance chooses, by case: tables, indexes, partitions, rows; and what it refuses before it asks anybody."""

from dataclasses import replace
from datetime import datetime, timezone

import pytest
from ansible.module_utils.pgops.maintenance_indexes import Index, Pages, fate, measurable
from ansible.module_utils.pgops.maintenance_metrics import exposition
from ansible.module_utils.pgops.maintenance_pace import Outcome, Pace
from ansible.module_utils.pgops.maintenance_partitions import wanted
from ansible.module_utils.pgops.maintenance_plan import Planned, Step, carried_out
from ansible.module_utils.pgops.maintenance_reindex import why_bloated
from ansible.module_utils.pgops.maintenance_rows import parts
from ansible.module_utils.pgops.maintenance_tables import ANALYZE, VACUUM, Table, choose
from ansible.module_utils.pgops.metrics_file import require_exposition
from ansible.module_utils.pgops.threadr.upkeep import UPKEEP
from ansible.module_utils.pgops.upkeep import Rows

import pg_maintenance

LIMITS = {name: option["default"] for name, option in pg_maintenance.THRESHOLDS.items()}
QUIET = Table(1, "public", "t", 100_000, 0, 0, 0, 100_000.0, 8 << 20, 1000)


@pytest.mark.parametrize(
    ("task", "changes", "reason"),
    [
        pytest.param(VACUUM, {}, "", id="nothing-to-do"),
        pytest.param(VACUUM, {"dead_rows": 12_000}, "12000 of 112000 rows are dead", id="both-limits-met"),
        pytest.param(VACUUM, {"dead_rows": 11_000}, "", id="share-too-small"),
        pytest.param(VACUUM, {"live_rows": 10, "dead_rows": 999}, "", id="too-few"),
        pytest.param(VACUUM, {"live_rows": 0, "dead_rows": 1000}, "1000 of 1000 rows are dead", id="all-of-it-is-dead"),
        pytest.param(
            VACUUM, {"inserted_rows": 20_000}, "20000 of 100000 rows were inserted since the last one", id="inserted"
        ),
        pytest.param(VACUUM, {"inserted_rows": 19_999}, "", id="inserted-share-too-small"),
        pytest.param(VACUUM, {"live_rows": 9_999, "inserted_rows": 9_999}, "", id="inserted-too-few"),
        pytest.param(VACUUM, {"age_xids": 150_000_000}, "its oldest row is 150000000 transactions old", id="old"),
        pytest.param(VACUUM, {"age_xids": 149_999_999}, "", id="not-old-yet"),
        pytest.param(ANALYZE, {}, "", id="analysed"),
        pytest.param(
            ANALYZE, {"changed_rows": 10_000}, "10000 rows were changed since the last one, of 100000", id="changed"
        ),
        pytest.param(ANALYZE, {"changed_rows": 9_999}, "", id="changed-share-too-small"),
        pytest.param(ANALYZE, {"live_rows": 0, "changed_rows": 999}, "", id="changed-too-few"),
        pytest.param(ANALYZE, {"estimated_rows": -1.0}, "it never was, so that the planner guesses", id="never"),
        pytest.param(ANALYZE, {"estimated_rows": -1.0, "live_rows": 0}, "", id="never-and-empty"),
    ],
)
def test_a_table_is_chosen_by_what_was_counted(task, changes, reason):
    assert [why for _, why in choose(task, [replace(QUIET, **changes)], LIMITS)] == ([reason] if reason else [])


def test_zeros_as_limits_choose_no_table_without_a_reason():
    none = {
        **LIMITS,
        "vacuum_min_dead_rows": 0,
        "vacuum_min_dead_ratio": 0,
        "vacuum_min_inserted_rows": 0,
        "vacuum_min_inserted_ratio": 0,
    }
    assert choose(VACUUM, [QUIET], none) == []


def test_the_oldest_go_first_and_then_the_smallest():
    tables = [
        replace(QUIET, table="large", dead_rows=50_000, size_bytes=9 << 30),
        replace(QUIET, table="small", dead_rows=50_000, size_bytes=9 << 20),
        replace(QUIET, table="old", age_xids=1_000_000_000, size_bytes=9 << 40),
    ]
    assert [one.table for one, _ in choose(VACUUM, tables, LIMITS)] == ["old", "small", "large"]


def test_rows_that_are_to_be_written_are_foreseen():
    seen = replace(QUIET, dead_rows=5).after({(1, "update"): 10, (1, "delete"): 100, (2, "delete"): 7})
    assert (seen.live_rows, seen.dead_rows, seen.changed_rows) == (99_900, 115, 110)


VALID = Index(10, "public", "t", 1, "t_id", 64 << 20, "btree", True, 0, False, False, 90, "on id")
BROKEN = replace(VALID, number=11, valid=False)


@pytest.mark.parametrize(
    ("one", "others", "what"),
    [
        pytest.param(replace(BROKEN, index="t_id_ccnew"), [VALID], "drop", id="new-one-that-was-not-finished"),
        pytest.param(replace(BROKEN, index="t_id_ccold"), [VALID], "drop", id="old-one-that-was-replaced"),
        pytest.param(replace(BROKEN, index="t_id_ccnew2"), [VALID], "drop", id="with-a-number"),
        pytest.param(replace(BROKEN, index="t_id_ccnew"), [replace(VALID, valid=False)], "drop", id="beside-one-that-is-invalid-too"),
        pytest.param(replace(BROKEN, index="t_id_ccnew"), [], "look", id="alone"),
        pytest.param(replace(BROKEN, index="t_id_ccnew"), [replace(VALID, definition="on name")], "look", id="beside-another"),
        pytest.param(replace(BROKEN, index="t_id_ccnew"), [replace(VALID, relation=2)], "look", id="of-another-table"),
        pytest.param(
            replace(BROKEN, index="t_id_ccnew"), [replace(BROKEN, number=12, index="t_id_ccnew1")], "look", id="two-leftovers-of-none",
        ),
        pytest.param(replace(BROKEN, index="t_id_ccnew", building=True), [VALID], "wait", id="somebody-builds"),
        pytest.param(replace(BROKEN, index="other"), [VALID], "reindex", id="create-index-concurrently-failed"),
        pytest.param(replace(BROKEN, index="t_ccnew", constrained=True), [VALID], "reindex", id="a-constraint-has-it"),
        pytest.param(replace(BROKEN, index="t_ccnewest"), [VALID], "reindex", id="called-nearly-so"),
    ],
)  # fmt: skip
def test_what_becomes_of_an_invalid_index(one, others, what):
    assert fate(one, [one, *others]) == what


@pytest.mark.parametrize(
    ("pages", "fillfactor", "live_ratio", "why"),
    [
        pytest.param(Pages(1000, 0, 0, 90.0), 90, 1.0, "", id="new"),
        pytest.param(Pages(1000, 0, 0, 54.0), 90, 1.0, "40% of it is bloat (3.1 MB of 7.8 MB)", id="at-the-limit"),
        pytest.param(Pages(1000, 0, 0, 55.0), 90, 1.0, "", id="below-the-limit"),
        pytest.param(
            Pages(100, 50, 50, 90.0), 90, 1.0, "50% of it is bloat (800 kB of 1.6 MB)", id="empty-pages-count"
        ),
        pytest.param(Pages(1000, 0, 0, 50.0), 50, 1.0, "", id="as-full-as-it-was-made"),
        pytest.param(
            Pages(1000, 0, 0, 90.0), 90, 0.5, "50% of it is bloat (3.9 MB of 7.8 MB)", id="half-of-it-goes-before"
        ),
        pytest.param(Pages(1, 0, 0, 0.5), 90, 1.0, "", id="one-page-is-the-least"),
        pytest.param(Pages(0, 0, 0, 0.0), 90, 1.0, "", id="empty"),
    ],
)
def test_an_index_is_bloated_by_pages_that_it_would_do_without(pages, fillfactor, live_ratio, why):
    assert why_bloated(pages, fillfactor, live_ratio, 8192, LIMITS["reindex_min_bloat_ratio"]) == why


def test_small_and_foreign_and_invalid_indexes_are_not_measured():
    others = [
        replace(VALID, size_bytes=9 << 20), replace(VALID, method="gin"), BROKEN, replace(VALID, building=True),
        replace(VALID, size_bytes=10 << 20),
    ]  # fmt: skip
    assert measurable([VALID, *others], LIMITS) == [others[-1], VALID]


NOVEMBER = datetime(2026, 11, 29, 12, tzinfo=timezone.utc)


def bounds(start: str, end: str) -> str:
    return f"FOR VALUES FROM ('{start}') TO ('{end}')"


@pytest.mark.parametrize(
    ("present", "ahead_days", "missing"),
    [
        pytest.param([bounds("2026-11-01 00:00:00+00", "2026-12-01 00:00:00+00"), "DEFAULT"], 40,
                     ["2026-12-01 2027-01-01", "2027-01-01 2027-02-01"], id="months-over-the-year"),
        pytest.param([bounds("2026-12-01", "2027-01-01")], 30, [], id="enough"),
        pytest.param([bounds("2026-11-27", "2026-11-28")], 2,
                     ["2026-11-28 2026-11-29", "2026-11-29 2026-11-30", "2026-11-30 2026-12-01", "2026-12-01 2026-12-02"], id="days-that-are-late"),
        pytest.param([bounds("2026-11-23", "2026-11-30")], 3, ["2026-11-30 2026-12-07"], id="weeks"),
        pytest.param([bounds("2026-01-01", "2027-01-01")], 60, ["2027-01-01 2028-01-01"], id="years"),
        pytest.param([bounds("2026-11-01", "2026-12-01"), bounds("2026-01-01", "2026-02-01")], 20, ["2026-12-01 2027-01-01"], id="newest"),
        pytest.param([bounds("2026-11-01", "2026-11-11")], 60, None, id="ten-days"),
        pytest.param([bounds("2026-10-31 23:00:00+00", "2026-11-30 23:00:00+00")], 60, None, id="months-of-another-zone"),
        pytest.param(["FOR VALUES FROM (MINVALUE) TO ('2026-11-11')"], 60, None, id="without-a-beginning"),
        pytest.param([], 60, None, id="none"),
    ],
)  # fmt: skip
def test_partitions_go_on_as_the_newest_one(present, ahead_days, missing):
    found = wanted(present, NOVEMBER, ahead_days)
    assert (None if found is None else [f"{start:%Y-%m-%d} {end:%Y-%m-%d}" for start, end in found]) == missing


def test_each_row_is_taken_by_one_declaration_only():
    first = Rows("cleanup", "public", "t", "id", "old < %(days)s", "", keep="t", days=9)
    second = Rows("cleanup", "public", "t", "id", "over", "", becomes="over = false")
    found = parts(second, [first])
    assert found["due"].string == "(over) IS TRUE AND (old < %(days0)s) IS NOT TRUE"
    assert found["values"] == {"days": None, "days0": 9}


@pytest.mark.parametrize(
    ("keep_days", "kept"),
    [
        ({}, {"usage_days": 30, "usage_months": 365, "usage_events": 7}),
        (
            {"sessions": 90, "usage_days": "45"},
            {"sessions": 90, "usage_days": 45, "usage_months": 365, "usage_events": 7},
        ),
        ({"usage_days": None, "usage_months": None, "usage_events": None}, {}),
    ],
)
def test_rows_are_kept_for_as_long_as_the_operator_says(keep_days, kept):
    assert {one.keep: one.days for one in UPKEEP.kept(keep_days) if one.keep} == kept


class Clock:
    """A second goes by whenever somebody looks."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def test_nothing_is_begun_when_the_time_is_over():
    done = []

    def apply(pace: Pace) -> Outcome:
        done.append(pace)
        return Outcome(changed=True)

    pace = Pace(None, budget_s=6, lock_timeout_s=1, pause_s=0, clock=Clock())
    steps = tuple(Step("vacuum", name, "", apply) for name in ("a", "b", "c", "d"))
    told = carried_out(Planned("vacuum", 4, steps), pace)
    assert len(done) < 4 and told["changed"] is True
    assert told["left"] == [f"vacuum {name}: out of time." for name in "abcd"[len(done) :]]
    assert [one["outcome"] for one in told["steps"]] == ["done"] * len(done) + ["left"] * (4 - len(done))


@pytest.mark.parametrize(("left", "complete"), [([], True), (["vacuum a: out of time."], False)])
def test_metrics_can_be_read_and_say_complete_only_of_what_is(left, complete):
    task = {"task": "vacuum", "left": left, "problems": [], "duration_s": 1.5}
    told = exposition(
        {"database": 'a"b', "tasks": [task], "duration_s": 2.0, "left": left, "problems": []}, 1796000000.0
    )
    require_exposition(told["metrics"])
    assert ("metrics_complete" in told) is complete
    assert f'pgops_maintenance_left{{database="a\\"b",task="vacuum"}} {len(left)}\n' in told["metrics"]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tasks": ["vacum"]}, "There is no task vacum; did you mean vacuum?"),
        (
            {"tasks": ["vacuum", "xyz"]},
            "There is no task xyz; there are cleanup_sessions, cleanup_invites, expire_usage, partitions, ",
        ),
        ({"time_budget_s": 0}, "time_budget_s is 0, and has to be 1 or more."),
        ({"batch_rows": 0}, "batch_rows is 0, and has to be 1 or more."),
        ({"vacuum_cost_delay_ms": 101}, "vacuum_cost_delay_ms is 101, and has to be 0 to 100."),
        ({"thresholds": {"vacuum_min_dead_ratio": 1.5}}, "vacuum_min_dead_ratio is 1.5, and has to be 0 to 1."),
        ({"thresholds": {"reindex_min_bloat_ratio": 0.1}}, "reindex_min_bloat_ratio is 0.1, and has to be 0.3 or more"),
        ({"keep_days": {"usage": 3}}, "keep_days has usage, which nothing is kept by: it may have invites, sessions, "),
        (
            {"keep_days": {"usage_days": 0}},
            "keep_days of usage_days is 0: give whole days, 1 or more, or null for ever.",
        ),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_cannot_be_meant_is_refused_before_anybody_is_asked(run_module, changes, sentence, check_mode):
    told = run_module(pg_maintenance, check_mode, login_host="/nonexistent", profile="threadr", **changes)
    assert told["failed"] and told["msg"].startswith(sentence) and told["msg"].endswith("Nothing was done.")


def test_tasks_of_a_profile_are_none_without_it(run_module):
    told = run_module(pg_maintenance, login_host="/nonexistent", tasks=["cleanup_sessions"])
    assert told["msg"] == (
        "There is no task cleanup_sessions; there are partitions, vacuum, analyze, reindex, reset_statistics. Nothing was done."
    )


def test_what_has_a_share_of_the_time_leaves_the_rest_to_others():
    now = [0.0]
    pace = Pace(None, budget_s=100, lock_timeout_s=1, pause_s=0, clock=lambda: now[0])
    with pace.share(0.5):
        now[0] = 49.0
        assert not pace.is_over
        now[0] = 51.0
        assert pace.is_over
    assert pace.left_s == 49.0
