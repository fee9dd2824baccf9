"""The history of drills on a real server: kept once, for a time, read by who may only watch; and a file of metrics."""

import pytest

from schema import OWNER, deploy

MONITOR = "threadr_monitor"
ROWS = "SELECT kind, backup, passed, rto_s FROM operations.drills ORDER BY began_at"
METRICS = "/var/tmp/metrics/pgops_drills.prom"


@pytest.fixture
def history(host, database):
    deploy(host, database)
    return database


def drill(day: int = 1, **changes) -> dict:
    moment = f"2026-11-{day:02}T03:00:00.000+00:00"
    return {
        "kind": "logical",
        "host": "pg1",
        "backup": "shop_full_1",
        "repository": None,
        "began_at": moment,
        "finished_at": moment.replace("03:00:00", "03:00:08"),
        "passed": True,
        "durations_s": {"fetch": 0.5, "restore": 4.0, "replay": None, "verify": 3.5},
        "rto_s": 8.0,
        "rpo_s": 61.5,
        "heartbeat_at": moment,
        "checks": [{"name": "rows", "verdict": "passed", "finding": "It's all there.", "duration_s": 0.1}],
        "problems": [],
        **changes,
    }


FAILED = {"passed": False, "rto_s": None, "rpo_s": None, "backup": None, "problems": ["There is no backup."]}


def params(database: str, kept: dict, **changes) -> dict:
    return {"login_db": database, "login_role": OWNER, "drill": kept, "keep_days": 40000, **changes}


def record(host, database: str, kept: dict, **changes) -> dict:
    result = host.module("pg_drill_record", params(database, kept, **changes))
    assert not result.get("failed"), result["msg"]
    return result


def info(host, database: str) -> dict:
    result = host.module("pg_drill_info", {"login_db": database, "login_role": MONITOR})
    assert not result.get("failed"), result["msg"]
    return result


def test_four_runs_keep_a_drill_once(host, history):
    runs = host.four_runs("pg_drill_record", params(history, drill()), lambda: host.query(ROWS, db=history))
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    row = ["logical", "shop_full_1", True, 8]
    assert [found for _, found in runs] == [[], [row], [row], [row]]
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    assert runs[0][0]["metrics"] == ""
    assert 'pgops_drill_rto_seconds{kind="logical"} 8\n' in runs[1][0]["metrics"]
    assert 'pgops_drill_phase_duration_seconds{kind="logical",phase="restore"} 4\n' in runs[1][0]["metrics"]
    assert "replay" not in runs[1][0]["metrics"]


def test_a_failed_drill_is_kept_and_the_last_that_passed_is_still_known(host, history):
    record(host, history, drill(1))
    metrics = record(host, history, drill(2, **FAILED))["metrics"]
    assert 'pgops_drill_last_run_passed{kind="logical"} 0\n' in metrics
    assert 'pgops_drill_rpo_seconds{kind="logical"} 61.5\n' in metrics
    told = info(host, history)
    [latest] = told["latest"]
    assert (latest["passed"], latest["problems"], latest["backup"]) == (False, ["There is no backup."], None)
    assert latest["passed_at"] == "2026-11-01T03:00:08+00:00"
    assert latest["finished_at"] == "2026-11-02T03:00:08+00:00"
    [restored] = told["restored"]
    assert (restored["backup"], restored["finished_at"]) == ("shop_full_1", "2026-11-01T03:00:08+00:00")


def test_what_is_too_old_goes_but_the_last_that_passed(host, history):
    for day in (1, 2, 3):
        record(host, history, drill(day))
    record(host, history, drill(4, **FAILED))
    host.execute(
        "UPDATE operations.drills SET began_at = began_at - interval '1000 days', finished_at = now();", db=history
    )
    removed = record(host, history, drill(5, kind="physical", repository=2), keep_days=730)["removed"]
    assert removed == 3
    assert host.query(ROWS, db=history) == [["logical", "shop_full_1", True, 8], ["physical", "shop_full_1", True, 8]]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"drill": {}}, "The drill lacks kind, host, began_at, finished_at, passed, durations_s, checks, problems"),
        ({"drill": drill(kind="other")}, "The drill is of kind other"),
        ({"drill": drill(began_at="yesterday evening")}, "invalid input syntax for type timestamp"),
        ({"keep_days": 0}, "keep_days is 0: give 1 or more"),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_what_cannot_be_kept_is_refused(host, history, changes, sentence, check_mode):
    result = host.module("pg_drill_record", {**params(history, drill()), **changes}, check_mode)
    assert result["failed"]
    assert sentence in result["msg"] and "\n" not in result["msg"]
    assert host.query(ROWS, db=history) == []


def test_a_database_without_a_history_is_told_of_and_cannot_keep_one(host, database):
    told = host.module("pg_drill_info", {"login_db": database})
    assert (told["kept"], told["latest"], told["restored"], told["unknown"]) == (False, [], [], None)
    refused = host.module("pg_drill_record", {"login_db": database, "drill": drill()})
    assert "has no table operations.drills: its schema is too old" in refused["msg"]


def test_a_database_that_is_gone_is_an_answer(host):
    told = host.module("pg_drill_info", {"login_db": "nobody"})
    assert (told["changed"], told["restored"]) == (False, [])
    assert 'database "nobody" does not exist' in told["unknown"]


def test_metrics_in_four_runs(host):
    def witness() -> str:
        return host.run(
            "sh", "-c", f"cat {METRICS} 2>&1; stat --format=%a {METRICS} 2>&1; ls -A $(dirname {METRICS})", check=False
        ).stdout

    content = '# HELP pgops_drill_rto_seconds How long.\n# TYPE pgops_drill_rto_seconds gauge\npgops_drill_rto_seconds{kind="logical"} 8\n'
    try:
        runs = host.four_runs("metrics_file", {"path": METRICS, "content": content}, witness, user="root")
        assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
        assert [seen for _, seen in runs[1:]] == [f"{content}644\npgops_drills.prom\n"] * 3
        # What a killed run has left is no obstacle.
        host.run("sh", "-c", "ln -s /etc/passwd /var/tmp/metrics/.pgops_drills.prom.new")
        before = host.run("cat", "/etc/passwd").stdout
        assert host.module("metrics_file", {"path": METRICS, "content": "up 1\n"}, user="root")["changed"]
        assert host.run("cat", METRICS).stdout == "up 1\n"
        assert host.run("cat", "/etc/passwd").stdout == before
        for wrong in ("up\n", "up 1", 'up{kind="a} 1\n', "# a remark\n"):
            assert host.module("metrics_file", {"path": METRICS, "content": wrong}, user="root")["failed"]
        assert host.run("cat", METRICS).stdout == "up 1\n"
    finally:
        host.run("rm", "-rf", "/var/tmp/metrics")
