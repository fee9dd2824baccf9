"""What of a database's use is listed and kept: what is largest, most used or most in need, and numbers by their names."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.measurement import measurement, number_or_none, usage_numbers
from ansible.module_utils.pgops.usage import chosen_indexes, chosen_tables


def table(name: str, size_bytes: int, dead_rows: int = 0, **changes) -> dict:
    return {
        "schema": "public",
        "table": name,
        "size_bytes": size_bytes,
        "live_rows": 3000,
        "dead_rows": dead_rows,
        **changes,
    }


def index(name: str, scans: int, size_bytes: int = 8192, **changes) -> dict:
    return {"schema": "public", "table": "t", "index": name, "size_bytes": size_bytes, "scans": scans, "valid": True, "unique": False,
            "constrained": False, **changes}  # fmt: skip


@pytest.mark.parametrize(
    ("tables", "bloat", "chosen"),
    [
        pytest.param([], {}, [], id="none"),
        pytest.param([table("a", 9), table("b", 8), table("c", 7)], {}, ["a"], id="the-largest"),
        pytest.param([table("a", 9), table("b", 8, 999), table("c", 7, 1000)], {}, ["a", "c"], id="dead-rows"),
        pytest.param([table("a", 9), table("b", 8, 1000), table("c", 7)], {("public", "c"): 0.6}, ["a", "c"], id="bloat"),
        pytest.param([table("a", 9), table("b", 8, 1000), table("c", 7)], {("public", "c"): 0.1}, ["a", "b"], id="the-worst"),
    ],
)  # fmt: skip
def test_tables_that_are_largest_or_most_in_need_are_listed(tables, bloat, chosen):
    found = chosen_tables(tables, bloat, 1)
    assert [one["table"] for one in found] == chosen
    assert all(one["bloat_ratio"] == bloat.get(("public", one["table"])) for one in found)


@pytest.mark.parametrize(
    ("indexes", "chosen"),
    [
        pytest.param([index("a", 5), index("b", 9), index("c", 0)], ["b", "c"], id="most-and-least"),
        pytest.param([index("a", 5), index("b", 0, 99), index("c", 0, 100)], ["a", "c"], id="the-larger"),
        pytest.param([index("a", 5), index("b", 1), index("c", 0, unique=True)], ["a", "b"], id="keeps-unique"),
        pytest.param([index("a", 5), index("c", 0, constrained=True)], ["a"], id="constrained"),
        pytest.param([index("a", 5), index("c", 0, valid=False)], ["a"], id="invalid"),
    ],
)
def test_indexes_that_are_read_most_or_hardly_are_listed(indexes, chosen):
    assert [one["index"] for one in chosen_indexes(indexes, 1)] == chosen


USAGE = {
    "database": "shop",
    "max_connections": 100,
    "connections": {"active": 2, "idle": 5, "idle in transaction": 1, "idle in transaction (aborted)": 1},
    "databases": [{"database": "shop", "size_bytes": 900}, {"database": "postgres", "size_bytes": 100}],
    "tables": [{"size_bytes": 400, "bloat_ratio": 0.25}, {"size_bytes": 50, "bloat_ratio": None}],
    "rows": {"live_rows": 7, "dead_rows": 3},
    "counters": {"commits": 11, "since_s": 1},
    "statement_counters": {"calls": 4, "total_ms": 8},
}


def test_what_is_counted_has_names():
    assert usage_numbers(USAGE) == {
        "connections": 9, "connections_active": 2, "connections_idle": 5, "connections_idle_in_transaction": 2, "max_connections": 100,
        "database_bytes": 900, "databases_bytes": 1000, "bloat_bytes": 100, "live_rows": 7, "dead_rows": 3, "commits": 11, "since_s": 1,
        "statements_calls": 4, "statements_total_ms": 8,
    }  # fmt: skip
    assert usage_numbers({}) == {}
    assert "bloat_bytes" not in usage_numbers({**USAGE, "tables": []})


@pytest.mark.parametrize(("value", "kept"), [(0, 0), (1.5, 1.5), ("yes", None), (None, None), (True, None)])
def test_only_numbers_are_kept_of_values(value, kept):
    assert number_or_none(value) is kept or number_or_none(value) == kept


HEALTH = {"checked_at": "2026-11-29T12:00:00+00:00", "verdict": "ok", "server": {"state": "primary"},
          "checks": [{"name": "connections", "value": 0.1, "verdict": "ok"}]}  # fmt: skip


def test_a_measurement_has_the_checks_by_their_names():
    row = measurement("pg1", HEALTH, {})
    assert (row["host"], row["state"], row["verdict"]) == ("pg1", "primary", "ok")
    assert row["checks"] == {"connections": {"value": 0.1, "verdict": "ok"}}
    assert (row["numbers"], row["tables"]) == ({}, [])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"checked_at": "2026-11-29T12:00:00"}, "give what pg_health_info returned. Nothing was changed."),
        ({"checked_at": "today"}, "ValueError"),
        ({"checked_at": None}, "TypeError"),
        ({"verdict": "fine"}, "with verdict fine"),
        ({"checks": [{}]}, "KeyError"),
    ],
)
def test_what_is_no_measurement_is_refused(changes, sentence):
    with pytest.raises(PgopsError, match=sentence):
        measurement("pg1", {**HEALTH, **changes}, {})
