"""The history of backups on a real server: kept once, also when they are gone, for a time, and told by who may only watch."""

import pytest

from schema import OWNER, deploy
from test_pg_drill_record import MONITOR, drill
from test_pg_drill_record import record as record_drill

ROWS = "SELECT kind, type, name, repository, size_bytes FROM operations.backups ORDER BY finished_at, name"
READ = "SELECT kind, host, passed, backups, problems FROM operations.verifications ORDER BY began_at"


@pytest.fixture
def history(host, database):
    deploy(host, database)
    return database


def dump(day: int = 1, **changes) -> dict:
    return {
        "name": f"shop_full_202611{day:02}T030000Z",
        "type": "full",
        "database": "shop",
        "created_at": f"2026-11-{day:02}T03:00:00.000+00:00",
        "duration_s": 4.25,
        "size_bytes": 1000 + day,
        "database_size_bytes": 8000,
        "sound": True,
        **changes,
    }


def physical(repository: int = 1, **changes) -> dict:
    return {
        "label": "20261103-020000F",
        "type": "full",
        "repository": repository,
        "stopped_at": "2026-11-03T02:00:30+00:00",
        "duration_s": 30,
        "written_bytes": 500,
        "database_size_bytes": 8000,
        **changes,
    }


def verification(day: int = 4, **changes) -> dict:
    moment = f"2026-11-{day:02}T05:00:00.000+00:00"
    return {"kind": "physical", "host": "pg1", "began_at": moment, "finished_at": moment, "passed": True, "backups": 2,
            "problems": [], **changes}  # fmt: skip


def params(database: str, **changes) -> dict:
    return {"login_db": database, "login_role": OWNER, "keep_days": 40000, **changes}


def record(host, database: str, **changes) -> dict:
    result = host.module("pg_backup_record", params(database, **changes))
    assert not result.get("failed"), result["msg"]
    return result


def told(host, database: str, **changes) -> dict:
    result = host.module("pg_backup_history_info", {"login_db": database, "login_role": MONITOR, **changes})
    assert not result.get("failed"), result["msg"]
    return result


def test_four_runs_keep_each_backup_once(host, history):
    given = {"logical": [dump()], "physical": [physical(1), physical(2)], "verifications": [verification()]}
    rows = "SELECT (SELECT count(*) FROM operations.backups) + (SELECT count(*) FROM operations.verifications)"
    runs = host.four_runs("pg_backup_record", params(history, **given), lambda: host.query(rows, db=history))
    assert [(run.get("changed"), there) for run, [[there]] in runs] == [(True, 0), (True, 4), (False, 4), (False, 4)], (
        runs
    )
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    assert (
        runs[0][0]["diff"]["after"].splitlines()[0] == "logical backup shop_full_20261101T030000Z: 1001 bytes in 4.25 s"
    )
    assert host.query(ROWS, db=history) == [
        ["logical", "full", "shop_full_20261101T030000Z", None, 1001],
        ["physical", "full", "20261103-020000F", 1, 500],
        ["physical", "full", "20261103-020000F", 2, 500],
    ]
    assert host.query(READ, db=history) == [["physical", "pg1", True, 2, []]]


def test_what_is_gone_is_still_told_of_and_what_was_not_recorded_too(host, history):
    record(host, history, logical=[dump(1), dump(2)])
    record_drill(host, history, drill(2))
    found = told(host, history, logical=[dump(2), dump(3)])
    assert [(one["name"][-16:], one["present"]) for one in found["backups"]] == [
        ("20261101T030000Z", False),
        ("20261102T030000Z", True),
        ("20261103T030000Z", True),
    ]
    assert found["backups"][0]["finished_at"] == "2026-11-01T03:00:04+00:00"
    assert [one["rto_s"] for one in found["drills"]] == [8.0]
    assert (found["unknown"], found["healthy"], found["changed"]) == (None, True, False)
    assert told(host, history, rto_limit_s=8)["healthy"] is False


def test_what_is_too_old_goes_and_does_not_come_back_while_it_is_still_there(host, history):
    old = dump(1, name="shop_full_20200101T030000Z", created_at="2020-01-01T03:00:00.000+00:00")
    record(host, history, logical=[old, dump(2)], verifications=[verification(4)])
    host.execute("UPDATE operations.verifications SET began_at = '2020-01-01', finished_at = '2020-01-01';", db=history)
    given = params(history, logical=[old, dump(2)], keep_days=1000)
    runs = host.four_runs("pg_backup_record", given, lambda: host.query(ROWS, db=history))
    assert [run["changed"] for run, _ in runs] == [True, True, False, False], runs
    assert [run["removed"] for run, _ in runs] == [2, 2, 0, 0]
    assert [len(found) for _, found in runs] == [2, 1, 1, 1]


REFUSED = [
    (
        {"logical": [{"name": "x"}]},
        "A backup is not as pg_backup_info and pgbackrest_info tell of it: KeyError('type')",
    ),
    ({"verifications": [{}]}, "A verification lacks kind, host, began_at, finished_at, passed, backups, problems"),
    ({"verifications": [verification(kind="other")]}, "A verification is of kind other"),
    ({"verifications": [verification(began_at="today")]}, "A verification has the time today"),
    ({"keep_days": 0}, "keep_days is 0: give 1 or more"),
]


def test_what_cannot_be_kept_is_refused(host, history):
    for changes, sentence in REFUSED:
        for check_mode in (True, False):
            result = host.module("pg_backup_record", params(history, logical=[dump()]) | changes, check_mode)
            assert result["failed"]
            assert sentence in result["msg"] and "\n" not in result["msg"]
    assert host.query(ROWS, db=history) == []


def test_a_database_without_a_history_is_told_of_and_cannot_keep_one(host, database):
    found = told(host, database, login_role="postgres", logical=[dump()])
    assert "has no table operations.backups: its schema is too old" in found["unknown"]
    assert len(found["backups"]) == 1
    refused = host.module("pg_backup_record", {"login_db": database, "logical": [dump()]})
    assert "has no table operations.backups: its schema is too old" in refused["msg"]


def test_a_database_that_is_gone_is_an_answer(host):
    found = told(host, "nobody", physical=[physical()])
    assert 'database "nobody" does not exist' in found["unknown"]
    assert [one["name"] for one in found["backups"]] == ["20261103-020000F"]
    assert found["sentences"][0]["verdict"] == "open"
