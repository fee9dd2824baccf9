"""What a database is used for, counted by who may only watch; and kept once, for a time, by who owns the history."""

import pytest

from schema import OWNER, deploy
from test_pg_drill_record import MONITOR

ROWS = """
    SELECT host, state, verdict, jsonb_array_length(tables) > 0 AS with_tables, numbers ? 'commits' AS with_counters
    FROM operations.measurements ORDER BY taken_at
"""


@pytest.fixture
def history(host, database):
    deploy(host, database)
    return database


@pytest.fixture(scope="module")
def counting(host):
    """The server counts statements meanwhile."""
    host.execute("ALTER SYSTEM SET shared_preload_libraries = 'pg_stat_statements';")
    host.run("pg_ctlcluster", "15", "main", "restart")
    yield
    host.execute("ALTER SYSTEM RESET shared_preload_libraries;")
    host.run("pg_ctlcluster", "15", "main", "restart")


def usage(host, database: str, **changes) -> dict:
    result = host.module("pg_usage_info", {"login_db": database, "login_role": MONITOR, **changes})
    assert not result.get("failed"), result["msg"]
    return result


def health(host, database: str) -> dict:
    return host.module("pg_health_info", {"login_db": database, "login_role": MONITOR})


def params(host, database: str, **changes) -> dict:
    given = {"health": health(host, database), "usage": usage(host, database)}
    return {"login_db": database, "login_role": OWNER, "host": "pg1", **given, **changes}


def test_a_monitor_counts_and_sees_no_literal(host, database, counting):
    deploy(host, database)
    host.execute(
        "CREATE EXTENSION pg_stat_statements; GRANT USAGE ON SCHEMA public TO threadr_monitor; SELECT pg_stat_statements_reset();",
        database,
    )
    host.execute(
        "CREATE TABLE t AS SELECT i AS id FROM generate_series(1, 5000) i; CREATE INDEX t_id ON t (id);", database
    )
    host.execute(
        "ANALYZE t; CREATE INDEX t_spare ON t (id); DELETE FROM t WHERE id > 3000; SELECT count(*) FROM t WHERE id::text = 'a secret';"
        " ALTER ROLE threadr_app SET application_name = 'a secret';"
        " SET enable_seqscan = off; SELECT id FROM t WHERE id = 7; SELECT pg_stat_force_next_flush();",
        database,
    )
    runs = host.four_runs("pg_usage_info", {"login_db": database, "login_role": MONITOR})
    assert [run["changed"] for run, _ in runs] == [False] * 4
    found = runs[-1][0]
    assert "secret" not in str(found)
    assert found["unknown"] == []
    table = next(one for one in found["tables"] if one["table"] == "t")
    assert (table["live_rows"], table["dead_rows"], table["dead_ratio"]) == (3000, 2000, 0.4)
    [[size]] = host.query("SELECT pg_total_relation_size('t')", database)
    assert table["size_bytes"] == size
    scans = {one["index"]: (one["scans"] > 0, one["unique"]) for one in found["indexes"]}
    assert sorted(scans[name] for name in ("t_id", "t_spare")) == [(False, False), (True, False)]
    counted = next(one for one in found["statements"] if "id::text = $1" in one["statement"])
    assert (counted["role"], counted["calls"], counted["rows"]) == ("postgres", 1, 1)
    assert counted["mean_ms"] == counted["total_ms"] <= found["statement_counters"]["total_ms"] + 1
    assert found["counters"]["blocks_hit"] > 0 and found["counters"]["wal_bytes"] > 0
    assert found["databases"][0].keys() == {"database", "size_bytes"}
    few = usage(host, database, largest=1)
    assert len(few["indexes"]) <= 2 and 1 <= len(few["statements"]) <= 2
    host.execute("ALTER ROLE threadr_app RESET application_name;")


def test_without_the_extension_it_is_one_sentence(host, history):
    found = usage(host, history)
    assert found["unknown"] == [
        f"statements: database {history} has no extension pg_stat_statements, which site.yml makes."
    ]
    assert (found["statements"], found["statement_counters"], found["state"]) == ([], {}, "primary")


def test_four_runs_keep_a_measurement_once(host, history):
    given = params(host, history)
    runs = host.four_runs("pg_health_record", given, lambda: host.query(ROWS, db=history))
    row = ["pg1", "primary", given["health"]["verdict"], True, True]
    assert [(run.get("changed"), rows) for run, rows in runs] == [
        (True, []),
        (True, [row]),
        (False, [row]),
        (False, [row]),
    ], runs
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    assert runs[0][0]["diff"]["after"].startswith(f"measurement of pg1 at {given['health']['checked_at']}: ")


def test_what_is_too_old_goes_and_is_not_added(host, history):
    given = params(host, history, keep_days=30)
    host.module("pg_health_record", given)
    host.execute("UPDATE operations.measurements SET taken_at = taken_at - interval '31 days';", db=history)
    old = {**given, "health": {**given["health"], "checked_at": "2020-01-01T00:00:00+00:00"}}
    runs = host.four_runs("pg_health_record", old, lambda: host.query(ROWS, db=history))
    assert [(run["changed"], run["removed"], run["added"], len(rows)) for run, rows in runs] == [
        (True, 1, False, 1),
        (True, 1, False, 0),
        (False, 0, False, 0),
        (False, 0, False, 0),
    ]


def test_a_server_that_did_not_answer_is_kept_too(host, history):
    down = host.module("pg_health_info", {"login_db": history, "login_port": 5999})
    result = host.module("pg_health_record", {**params(host, history), "health": down, "usage": {}})
    assert result["added"] is True
    assert host.query(ROWS, db=history) == [["pg1", None, "critical", False, False]]


REFUSED = [
    ({"host": ""}, "host is empty: give the host's name"),
    ({"keep_days": 0}, "keep_days is 0: give 1 or more"),
    ({"health": {"verdict": "ok"}}, "The measurement is not as pg_health_info and pg_usage_info tell of it: KeyError('checked_at')"),
    ({"usage": {"databases": []}}, "The measurement is not as pg_health_info and pg_usage_info tell of it: KeyError('connections')"),
]  # fmt: skip


def test_what_cannot_be_kept_is_refused(host, history):
    given = params(host, history)
    for changes, sentence in REFUSED:
        for check_mode in (True, False):
            result = host.module("pg_health_record", given | changes, check_mode)
            assert result["failed"], changes
            assert sentence in result["msg"] and "\n" not in result["msg"]
    assert host.query(ROWS, db=history) == []


def test_a_database_without_a_history_is_named(host, database):
    given = {"login_db": database, "host": "pg1", "health": health(host, database)}
    assert (
        "has no table operations.measurements: its schema is too old" in host.module("pg_health_record", given)["msg"]
    )
    refused = host.module("pg_usage_info", {"login_db": database, "largest": 0})
    assert refused["msg"] == "largest is 0: give 1 or more."
