"""The operator's verbs: what is kept of each look, and the report that is made of it, as words, a page and JSON."""

import json
import re
import sys
from datetime import datetime, timedelta, timezone

import pytest

from lab.host import PROJECT
from operators import Operator
from schema import OWNER, deploy
from test_pg_drill_record import MONITOR

sys.path.insert(0, str(PROJECT / "tests"))

from health_history import NOW, History

ROWS = "SELECT count(*) FROM operations.measurements"
LATEST = (
    "SELECT host, state, numbers ? 'commits' AS counted FROM operations.measurements ORDER BY taken_at DESC LIMIT 1"
)


@pytest.fixture
def operator(host, database, tmp_path):
    deploy(host, database)
    return Operator(host, tmp_path, threadr_database=database, threadr_drill_kinds=[])


def remember(host, database: str, days: float) -> None:
    """A history that ended an hour ago."""
    history = History(days, hosts=("pg1",))
    shift = datetime.now(timezone.utc) - timedelta(hours=1) - NOW
    rows = []
    for at in history.moments:
        health, usage = history.look(at)
        one = health["pg1"]
        checks = {check["name"]: {"value": check["value"], "verdict": check["verdict"]} for check in one["checks"]}
        numbers = {"database_bytes": usage["databases"][0]["size_bytes"], "max_connections": 100, **usage["counters"]}
        lists = {name: usage[name] for name in ("databases", "tables", "indexes", "statements")}
        rows.append({"taken_at": (at + shift).isoformat(), "host": "pg1", "state": "primary", "verdict": one["verdict"],
                     "checks": checks, "numbers": numbers, **lists})  # fmt: skip
    text = json.dumps(rows).replace("'", "''")
    host.execute(
        f"INSERT INTO operations.measurements SELECT * FROM json_populate_recordset(NULL::operations.measurements, '{text}');",
        database,
    )


def test_a_look_is_kept_and_a_dry_run_keeps_nothing(host, database, operator):
    words, _ = operator.succeed("playbooks/record_health.yml", "--check", "--diff")
    assert "+measurement of pg1 at " in words and "changed=1" in words
    assert host.query(ROWS, database) == [[0]]
    words, told = operator.succeed("playbooks/record_health.yml")
    assert "changed=1" in words and told["changed"] is True
    assert told["hosts"]["pg1"]["server"]["state"] == "primary"
    assert host.query(ROWS, database) == [[1]]
    assert host.query(LATEST, database) == [["pg1", "primary", True]]


def test_the_report_is_a_page_and_json_of_its_period(host, database, operator):
    remember(host, database, 9)
    page = operator.folder / "report.html"
    words, told = operator.succeed("playbooks/report_health.yml", "--check", "--diff", page=str(page))
    assert "changed=0" in words
    assert (told["period"], told["host"], told["database"]) == ("week", "pg1", database)
    assert told["measurements"] == pytest.approx(168, abs=2)
    text = page.read_text(encoding="utf-8")
    assert text.count('<figure class="plot">') >= 14 and "Health of the database" in text
    assert page.stat().st_mode & 0o777 == 0o640
    assert "There are no backups and no drills yet." in text
    # pg_stat_statements is not there in this lab, and that is said with what to do.
    commands = [one["command"] for one in told["recommendations"]]
    assert re.fullmatch(r"ansible-playbook -i \S+hosts.json playbooks/site.yml", commands[-1])
    assert commands[-1] in words
    day = host.module(
        "pg_health_report_info",
        {"login_db": database, "login_role": MONITOR, "host": "pg1", "period": "day", **looked(host, database)},
    )
    assert day["measurements"] == pytest.approx(24, abs=2)
    assert day["statements"]["by_total"] and not day["statements"]["whole"]


def looked(host, database: str) -> dict:
    login = {"login_db": database, "login_role": MONITOR}
    return {"health": {"pg1": host.module("pg_health_info", login)}, "usage": host.module("pg_usage_info", login)}


def test_without_a_table_the_report_has_what_is_known_now(host, database):
    host.execute("CREATE TABLE t AS SELECT 1 AS id;", database)
    options = {"login_db": database, "host": "pg1", **looked(host, "postgres")}
    runs = host.four_runs("pg_health_report_info", options)
    assert [run["changed"] for run, _ in runs] == [False] * 4
    found = runs[0][0]
    assert (
        f"history: Database {database} has no table operations.measurements: its schema is too old."
        in found["unknown"][-1]
    )
    assert found["measurements"] == 0 and found["hosts"][0]["checks"]


REFUSED = [
    ({"period": "year"}, "period is year: give day, week or month."),
    ({"output": "/nonexistent/report.json"}, "The result cannot be written to /nonexistent/report.json"),
]


@pytest.mark.parametrize(("extra", "sentence"), REFUSED)
def test_bad_input_ends_with_a_sentence_before_anybody_is_asked(host, tmp_path, extra, sentence):
    code, words, told = Operator(host, tmp_path).play("playbooks/report_health.yml", **extra)
    assert (code, told) == (2, {})
    assert sentence in " ".join(words.split()) and "Traceback" not in words
    assert "Ask the server" not in words


def test_what_is_given_to_the_module_is_checked(host, database):
    refused = host.module("pg_health_report_info", {"login_db": database, "host": "pg9", "health": {}, "usage": {}})
    assert refused["msg"] == "health has no host pg9: give what pg_health_info returned for it."
    kept = host.module(
        "pg_health_report_info", {"login_db": "nobody", "login_role": OWNER, "host": "pg1", "health": {}, "usage": {}}
    )
    assert 'database "nobody" does not exist' in kept["msg"]
