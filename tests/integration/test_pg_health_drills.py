"""Health of drills and of the heartbeat, asked of a real server by the role that may only watch."""

import pytest

from health_sessions import check
from schema import deploy
from test_pg_drill_record import FAILED, drill, record

BEAT = "INSERT INTO operations.heartbeat (beat_at) VALUES (now()) ON CONFLICT (only_row) DO UPDATE SET beat_at = now();"
NAMES = {"heartbeat", "drill_logical", "drill_physical", "drill_rto", "drill_rpo"}


@pytest.fixture
def watched(host, database):
    deploy(host, database)
    host.execute(BEAT, db=database)
    return database


def examine(host, database: str, **changes) -> dict:
    params = {"login_db": database, "login_role": "threadr_monitor", "drill_kinds": ["logical", "physical"], **changes}
    result = host.module("pg_health_info", params)
    assert not result.get("failed"), result
    return result


def age(host, database: str, **changes) -> None:
    """Have the drills, or what CHANGES names, be as old as it says."""
    for column, days in changes.items():
        table = "heartbeat" if column in ("beat_at", "began_at") else "drills"
        host.execute(f"UPDATE operations.{table} SET {column} = now() - interval '{days} days';", db=database)


def verdicts(result: dict) -> dict[str, str]:
    return {one["name"]: one["verdict"] for one in result["checks"] if one["name"] in NAMES}


def test_a_new_server_has_time_for_its_first_drill(host, watched):
    assert verdicts(examine(host, watched)) == {"heartbeat": "ok", "drill_logical": "ok", "drill_physical": "ok"}
    age(host, watched, began_at=40)
    assert verdicts(examine(host, watched))["drill_logical"] == "warning"
    assert verdicts(examine(host, watched, drill_kinds=[])) == {}


def test_each_kind_is_judged_by_its_last_drill(host, watched):
    record(host, watched, drill(1, rpo_s=7200.0, rto_s=20000.0))
    record(host, watched, drill(2, kind="physical", repository=1))
    host.execute("UPDATE operations.drills SET finished_at = now();", db=watched)
    found = examine(host, watched)
    assert verdicts(found) == {**dict.fromkeys(NAMES, "ok"), "drill_rto": "warning"}
    assert check(found, "drill_rpo")["value"] == 61.5
    assert verdicts(examine(host, watched, drill_kinds=["logical"]))["drill_rpo"] == "warning"
    record(host, watched, drill(3, kind="physical", **FAILED))
    found = examine(host, watched)
    assert verdicts(found)["drill_physical"] == "critical"
    assert any(
        "drill_physical: The last drill, with no backup on pg1, failed. There is no backup." in one
        for one in found["problems"]
    )


def test_a_heartbeat_that_stands_still_is_found(host, watched):
    age(host, watched, beat_at=1)
    found = examine(host, watched)
    assert verdicts(found)["heartbeat"] == "critical"
    host.execute("DELETE FROM operations.heartbeat;", db=watched)
    assert check(examine(host, watched), "heartbeat")["value"] == "none"


def test_a_schema_without_drills_is_unknown(host, database):
    deploy(host, database, target="0007")
    found = examine(host, database)
    assert verdicts(found) == {"heartbeat": "unknown"}
    assert check(found, "heartbeat")["finding"] == 'relation "operations.heartbeat" does not exist.'
