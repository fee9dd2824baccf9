"""What a server runs with against what its file declares; and what its pooler says."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.health_pooler import judge_pools, pooler_checks
from ansible.module_utils.pgops.health_server import Answer
from ansible.module_utils.pgops.health_settings import changed_check, parse, pending_check, same, settings_checks

from health_limits import LIMITS
from plugins.filter.postgresql import conf_value


def setting(name: str, value: str, **changes) -> dict:
    return {
        "name": name, "value": value, "unit": None, "vartype": "string", "source_file": None, "pending_restart": False,
        "overridden": False, **changes,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("declared", "running", "vartype", "unit", "equal"),
    [
        ("4GB", "524288", "integer", "8kB", True),
        ("4GB", "524287", "integer", "8kB", False),
        ("64MB", "65536", "integer", "kB", True),
        ("65536", "65536", "integer", "kB", True),
        ("1.5GB", "1536", "integer", "MB", True),
        ("30s", "30000", "integer", "ms", True),
        ("5min", "300000", "integer", "ms", True),
        ("1h", "3600", "integer", "s", True),
        ("1d", "1440", "integer", "min", True),
        ("2ms", "2", "real", "ms", True),
        ("0.9", "0.9", "real", None, True),
        ("0.9", "0.5", "real", None, False),
        ("100", "100", "integer", None, True),
        ("100", "200", "integer", None, False),
        ("0640", "416", "integer", None, True),
        ("0600", "416", "integer", None, False),
        ("0", "0", "integer", None, True),
        ("-1", "512", "integer", "8kB", True),
        ("on", "on", "bool", None, True),
        ("true", "on", "bool", None, True),
        ("off", "on", "bool", None, False),
        ("on", "on", "enum", None, True),
        ("true", "on", "enum", None, True),
        ("LZ4", "lz4", "enum", None, True),
        ("lz4", "pglz", "enum", None, False),
        ("a, b", "a,b", "string", None, True),
        ("localhost", "*", "string", None, False),
        ("", "", "string", None, True),
    ],
)
def test_a_declared_value_means_what_the_server_shows(declared, running, vartype, unit, equal):
    assert same(declared, running, vartype, unit) is equal


@pytest.mark.parametrize("value", ["plain", "it's", "C:\\temp", "a, b", "'", "\\", ""])
def test_the_file_is_read_as_the_template_writes_it(value):
    assert parse(f"# managed\n\nwork_mem = '4MB'\narchive_command = {conf_value(value)}\n") == {
        "work_mem": "4MB",
        "archive_command": value,
    }


@pytest.mark.parametrize(
    ("changes", "verdict", "words"),
    [
        pytest.param({}, "ok", "All of 1 declared settings are as declared.", id="as-declared"),
        pytest.param(
            {"value": "9", "source_file": "/data/postgresql.auto.conf"},
            "warning",
            "work_mem is 9kB by /data/postgresql.auto.conf, declared is 4MB.",
            id="altered",
        ),
        pytest.param({"value": "9", "pending_restart": True}, "ok", "All of 1", id="waits-for-a-restart"),
        pytest.param({"value": "9", "overridden": True}, "ok", "All of 1", id="a-role-has-its-own"),
        pytest.param({"name": "other"}, "warning", "work_mem is not known to the server.", id="unknown-to-it"),
    ],
)
def test_what_runs_otherwise_than_declared_is_found(changes, verdict, words):
    row = setting("work_mem", "4096", vartype="integer", unit="kB") | changes
    check = changed_check({"work_mem": "4MB"}, [row], LIMITS)
    assert check.verdict == verdict
    assert words in check.finding
    assert ("RESET work_mem" in check.advice) == (verdict != "ok")


def test_the_first_three_differences_are_told_and_the_others_counted():
    check = changed_check(dict.fromkeys("abcde", "1"), [], LIMITS)
    assert (check.value, check.finding.count("not known"), "; and 2 more." in check.finding) == (5, 3, True)


def test_settings_that_wait_for_a_restart_are_named():
    rows = [setting("a", "1"), setting("b", "1", pending_restart=True), setting("c", "1", pending_restart=True)]
    check = pending_check(rows, LIMITS)
    assert (check.value, check.verdict, check.finding) == (2, "warning", "b, c wait for a restart.")
    assert pending_check(rows[:1], LIMITS).verdict == "ok"


def test_a_file_that_is_not_there_is_unknown_and_none_is_no_check(tmp_path):
    checks = settings_checks(Answer([]), str(tmp_path / "none.conf"), LIMITS)
    assert [check.verdict for check in checks] == ["ok", "unknown"]
    assert "none.conf cannot be read: No such file or directory." in checks[1].finding
    assert [check.name for check in settings_checks(Answer([]), None, LIMITS)] == ["pending_restarts"]


def pool(waiting: int, wait_s: int = 0, database: str = "threadr", microseconds: int = 0) -> dict[str, str]:
    return {
        "database": database, "user": "threadr_app", "cl_waiting": str(waiting), "maxwait": str(wait_s), "maxwait_us": str(microseconds),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("pools", "values", "verdicts"),
    [
        pytest.param([], [0, 0.0], ["ok", "ok"], id="nobody"),
        pytest.param([pool(9, 9, "pgbouncer")], [0, 0.0], ["ok", "ok"], id="the-console"),
        pytest.param([pool(4, 4, microseconds=940_000)], [4, 4.9], ["ok", "ok"], id="just-under"),
        pytest.param([pool(4), pool(1, 5, "other")], [5, 5.0], ["warning", "warning"], id="together"),
        pytest.param([pool(50, 30)], [50, 30.0], ["critical", "critical"], id="many"),
    ],
)
def test_clients_that_wait_for_the_pooler_are_judged(pools, values, verdicts):
    checks = judge_pools(pools, LIMITS)
    assert ([check.value for check in checks], [check.verdict for check in checks]) == (values, verdicts)


def test_no_pooler_is_no_check():
    assert pooler_checks(None, LIMITS) == []
