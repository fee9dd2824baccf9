"""What a report tells of a history: differences of counters, what grew, what is in need, and what to do with the command to run."""

import re
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ansible.module_utils.pgops import report_advice as advice
from ansible.module_utils.pgops import report_series as over_time
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.health_catalog import DECLARED
from ansible.module_utils.pgops.measurement import measurement
from ansible.module_utils.pgops.report import PERIODS, assembled, compared, in_need, indexes, moment_of
from ansible.module_utils.pgops.report_statements import told

from health_history import NOW, History, backups, check

PLAYBOOKS = Path(__file__).resolve().parents[2] / "playbooks"
HOUR = timedelta(hours=1)
BEGIN = NOW - 10 * HOUR


def row(hours: float, host: str = "pg1", statements=(), **numbers) -> dict:
    """A measurement so many hours after BEGIN."""
    return {"taken_at": BEGIN + hours * HOUR, "host": host, "state": "primary", "verdict": "ok", "checks": {}, "numbers": numbers,
            "statements": list(statements)}  # fmt: skip


@pytest.mark.parametrize(("before", "after", "by"), [(5, 9, 4), (5, 5, 0), (9, 5, 5), (9, 0, 0)])
def test_a_counter_that_is_smaller_has_begun_anew(before, after, by):
    assert over_time.difference(before, after) == by


@pytest.mark.parametrize(
    ("rows", "values"),
    [
        pytest.param([], [], id="none"),
        pytest.param([row(1, commits=5)], [], id="one"),
        pytest.param([row(1, commits=0), row(2, commits=3600), row(4, commits=3600)], [1.0, 0.0], id="grown"),
        pytest.param([row(1, commits=90), row(2, commits=36)], [0.01], id="begun-anew"),
        pytest.param([row(1, commits=0), row(2, "pg2", commits=3600), row(3, commits=7200)], [1.0], id="another-host"),
        pytest.param([row(1), row(2, commits=1)], [], id="not-counted-before"),
    ],
)
def test_rates_are_of_the_time_between_two_looks_at_one_host(rows, values):
    assert [value for _, value in over_time.rates(rows, "commits", 1)] == values


def test_the_cache_is_judged_by_what_was_asked_for_meanwhile():
    rows = [
        row(1, blocks_hit=0, blocks_read=0),
        row(2, blocks_hit=90, blocks_read=10),
        row(3, blocks_hit=90, blocks_read=10),
    ]
    assert [value for _, value in over_time.hit_ratios(rows)] == [0.9]


def test_a_line_breaks_where_measurements_are_missing():
    rows = [row(hours) for hours in (1, 2, 3, 7, 8)]
    missing = over_time.gaps(rows)
    assert missing == [BEGIN + 4 * HOUR]
    points = over_time.series("x", [(one["taken_at"], 1.0) for one in rows], missing)["points"]
    assert [point["value"] for point in points] == [1.0, 1.0, 1.0, None, 1.0, 1.0]


@pytest.mark.parametrize(("worst", "kept"), [(max, [2, 4, 5]), (min, [1, 3, 5])])
def test_hundreds_of_points_are_thinned_to_the_worst_of_their_neighbours(worst, kept):
    points = [(BEGIN, value) for value in (1, 2, 3, 4, 5)]
    assert [value for _, value in over_time.thinned(points, worst, most=3)] == kept
    assert [value for _, value in over_time.thinned([*points, (BEGIN, None), *points], worst, most=6)] == [
        *kept,
        None,
        *kept,
    ]


def statement(queryid: str, calls: int, total_ms: float) -> dict:
    return {
        "role": "app",
        "queryid": queryid,
        "statement": f"SELECT {queryid}",
        "calls": calls,
        "total_ms": total_ms,
        "rows": calls,
    }


MANY = [statement(f"m{number}", 1, 100.0) for number in range(20)]


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param([row(1, statements=[statement("a", 5, 50)]), row(2, statements=[statement("a", 7, 80)])], [("a", 2, 30.0)], id="grown"),
        pytest.param([row(1, statements=[statement("a", 5, 50)]), row(2, statements=[statement("a", 2, 8)])], [("a", 2, 8.0)], id="begun-anew"),
        pytest.param([row(1, statements=[statement("a", 5, 50)]), row(2, statements=[statement("a", 5, 50)])], [], id="not-called"),
        pytest.param([row(1, statements=[statement("a", 5, 50)]), row(2, statements=[statement("b", 2, 8)])], [("b", 2, 8.0)], id="new"),
        pytest.param([row(1, statements=MANY), row(2, statements=[statement("b", 8, 400)])], [("b", 6, 300.0)], id="was-not-listed"),
        pytest.param([row(1, statements=[statement("a", 5, 50)]), row(2, "pg2", statements=[statement("a", 9, 90)])], [("a", 9, 90.0)], id="another-host"),
        pytest.param([row(-1, statements=[statement("a", 5, 50)]), row(1, statements=[statement("a", 6, 70)])], [("a", 1, 20.0)], id="since-before"),
        pytest.param([row(1, statements=[statement("a", 5, 50)])], [("a", 5, 50.0)], id="once"),
        pytest.param([], [], id="none"),
    ],
)  # fmt: skip
def test_statements_are_told_by_what_they_took_in_the_period(rows, found):
    shown = told(rows, BEGIN)
    assert [(one["queryid"], one["calls"], one["total_ms"]) for one in shown["by_total"]] == found
    assert shown["whole"] is (len({one["host"] for one in rows}) != 1 or len(rows) < 2)


def test_the_slowest_are_not_those_that_took_most():
    first = row(1, statements=[statement("a", 0, 0), statement("b", 0, 0)], statements_total_ms=0)
    last = row(2, statements=[statement("a", 1000, 900), statement("b", 1, 100)], statements_total_ms=1000)
    shown = told([first, last], BEGIN)
    assert [one["queryid"] for one in shown["by_total"]] == ["a", "b"]
    assert [one["queryid"] for one in shown["by_mean"]] == ["b", "a"]
    assert [one["share_ratio"] for one in shown["by_total"]] == [0.9, 0.1]


@pytest.mark.parametrize(
    ("before", "days", "change", "pace"),
    [([{"n": "a", "size_bytes": 40}], 2, 60, 30), ([], 2, None, None), ([{"n": "a", "size_bytes": 40}], 0, None, None),
     ([{"n": "a", "size_bytes": 40}], 0.01, 60, None), ([{"n": "a", "size_bytes": 160}], 2, -60, -30)],
)  # fmt: skip
def test_growth_is_told_where_there_is_something_to_compare_with(before, days, change, pace):
    found = compared(before, [{"n": "a", "size_bytes": 100}], lambda one: one["n"], days)
    assert found == [{"name": "a", "size_bytes": 100, "change_bytes": change, "bytes_per_day": pace}]


def table(name: str, **changes) -> dict:
    return {"schema": "public", "table": name, "size_bytes": 1 << 30, "live_rows": 10_000, "dead_rows": 0, "dead_ratio": 0.0,
            "bloat_ratio": None, "sequential_scans": 0, "index_scans": 0, **changes}  # fmt: skip


def test_tables_are_in_need_for_one_of_three_reasons():
    found = in_need([
        table("fine", bloat_ratio=0.29, sequential_scans=99), table("dead", dead_rows=1000, dead_ratio=0.1), table("few", dead_rows=999, dead_ratio=0.9),
        table("bloated", bloat_ratio=0.3), table("small", bloat_ratio=0.9, size_bytes=8192), table("scanned", sequential_scans=100),
        table("served", sequential_scans=100, index_scans=101),
    ])  # fmt: skip
    assert [(one["table"], one["dead"], one["bloated"], one["scanned"]) for one in found] == [
        ("bloated", False, True, False),
        ("dead", True, False, False),
        ("scanned", False, False, True),
    ]


def test_an_index_is_unread_when_nothing_read_it_in_the_period():
    def index(name: str, scans: int, unique: bool = False) -> dict:
        return {"schema": "public", "table": "t", "index": name, "size_bytes": 9, "scans": scans, "unique": unique}

    first = {"taken_at": BEGIN, "indexes": [index("a", 5), index("b", 5), index("c", 5, True), index("e", 90)]}
    last = {
        "taken_at": NOW,
        "indexes": [index("a", 9), index("b", 5), index("c", 5, True), index("d", 0), index("e", 3)],
    }
    found = indexes(first, last)
    assert [(one["index"], one["scans_in_period"]) for one in found["most_used"]] == [("a", 4), ("e", 3)]
    assert [one["index"] for one in found["unused"]] == ["b"]
    assert [one["index"] for one in indexes(last, last)["unused"]] == ["d"]


@pytest.mark.parametrize("name", [one.name for one in DECLARED])
def test_every_check_has_a_command_whose_playbook_there_is(name):
    found = advice.command(advice.COMMANDS[name], "pg1", "inventories/production")
    playbook = re.fullmatch(r"ansible-playbook -i inventories/production playbooks/(\w+\.yml)( .*)?", found)
    assert playbook and (PLAYBOOKS / playbook[1]).is_file()
    assert advice.command("site.yml", "pg1", "") == "ansible-playbook playbooks/site.yml"


def test_problems_come_first_and_the_worst_before_others():
    health = {
        "pg1": {
            "checks": [
                check("disk_data", 0.9, verdict="warning", finding="90 %.", advice="Free space."),
                check("bloat", 0.1),
            ]
        },
        "pg2": {"checks": [check("reachable", "no", "", "critical", finding="It is down.")]},
    }
    assert [(one["verdict"], one["subject"], one["text"], one["command"]) for one in advice.for_checks(health, "")] == [
        ("critical", "pg2: reachable", "It is down.", "ansible-playbook playbooks/check_health.yml --limit pg2"),
        ("warning", "pg1: disk_data", "90 %. Free space.", "ansible-playbook playbooks/free_space.yml --limit pg1"),
    ]


@pytest.mark.parametrize(
    ("ratios", "days", "said"),
    [
        ((0.7, 0.8), 10, "80 % of disk data are in use; as it grew in this period it has 95 % in 15 days."),
        ((0.7, 0.71), 10, ""), ((0.8, 0.7), 10, ""), ((0.7, 0.8), 0.1, ""), ((0.9, 0.96), 10, ""),
    ],
)  # fmt: skip
def test_a_disk_that_fills_up_is_told_of_in_time(ratios, days, said):
    points = [(0.0, ratios[0]), (days * 86400, ratios[1])]
    assert "".join(one["text"] for one in advice.for_disks({"data": points}, 0.95, "pg1", "")) == said


@pytest.mark.parametrize(
    ("last_s", "unknown", "said"),
    [
        (None, [], "There is no measurement in this period"), (100, [], "The last measurement is 5 h 31 min old"), (19000, [], ""),
        (19999, ["statements: database shop has no extension pg_stat_statements, which site.yml makes."], "Statements: database shop has no"),
        (19999, ["bloat: x."], ""),
    ],
)  # fmt: skip
def test_a_history_that_lacks_something_is_told_of(last_s, unknown, said):
    found = advice.for_history(last_s, 20000, unknown, "pg1", "")
    assert (found[0]["text"][: len(said)] if found else "") == said


def whole(period: str, days: float = 35) -> dict:
    rows, health, usage = History(days).told(measurement)
    begin = NOW - PERIODS[period]
    of_host = [one for one in rows if one["host"] == "pg1" and one["taken_at"] > begin]
    near = [one for one in rows if one["taken_at"] > begin - HOUR]
    kept = {**backups(), "sentences": [], "healthy": True, "limits": {}}
    return assembled(near, [of_host[0], of_host[-1]], "pg1", period, health, usage, kept, "")


@pytest.mark.parametrize(("period", "hours"), [("day", 24), ("week", 168 - 12), ("month", 720 - 12)])
def test_a_report_is_of_its_period(period, hours):
    found = whole(period)
    assert found["measurements"] == pytest.approx(hours * 2, abs=4)
    assert datetime.fromisoformat(found["ends_at"]) - datetime.fromisoformat(found["begins_at"]) == PERIODS[period]
    assert sum(found["hosts"][0]["measured"].values()) == found["measurements"] / 2
    drawn = [series for group in found["groups"] for plot in group["plots"] for series in plot["series"]]
    moments = [datetime.fromisoformat(point["at"]) for series in drawn for point in series["points"]]
    assert min(moments) > NOW - PERIODS[period] and max(moments) == NOW
    assert {group["title"] for group in found["groups"]} >= {
        "Connections and work",
        "Replication",
        "Size and growth",
        "Slow statements",
    }
    assert min(one["finished_at"] for one in found["backups"]["backups"]) < found["begins_at"]


def test_the_first_report_has_what_is_known_now():
    rows, health, usage = History(0).told(measurement)
    found = assembled(rows, [], "pg1", "week", health, usage, {}, "")
    assert (found["measurements"], found["backups"], found["troubled"]) == (0, {}, [])
    assert found["statements"]["whole"] and found["indexes"]["whole"]
    assert "There is no measurement in this period" in found["recommendations"][-1]["text"]


def test_bad_input_is_a_sentence():
    with pytest.raises(PgopsError, match="health has no host pg9: give what pg_health_info returned"):
        moment_of("pg9", {})
    with pytest.raises(PgopsError, match="The health of pg1 is not as pg_health_info tells of it"):
        moment_of("pg1", {"pg1": {}})
