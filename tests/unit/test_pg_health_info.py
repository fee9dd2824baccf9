"""The module's own part: options, and what is a failure rather than a finding."""

from __future__ import annotations

import pytest
import yaml

import pg_health_info

# Nothing listens there: every run ends at the door of the server.
NOWHERE = {"login_host": "/nonexistent"}


def test_documented_options_are_those_that_exist():
    documented = yaml.safe_load(pg_health_info.DOCUMENTATION)["options"]
    own = {name: spec for name, spec in pg_health_info.options_spec().items() if not name.startswith("login_")}
    shared = {"ssl_mode", "ca_cert", "connect_timeout_s"}
    assert {name: option.get("default") for name, option in documented.items()} == {
        name: spec.get("default") for name, spec in own.items() if name not in shared
    }
    assert {name: option["type"] for name, option in documented.items()} == {
        name: spec["type"] for name, spec in own.items() if name not in shared
    }


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_server_that_does_not_answer_is_a_finding(run_module, check_mode):
    result = run_module(pg_health_info, check_mode=check_mode, **NOWHERE)
    assert "failed" not in result
    assert (result["healthy"], result["verdict"], result["changed"]) == (False, "critical", False)
    assert [
        problem
        for problem in result["problems"]
        if problem.startswith("reachable: PostgreSQL postgres@/nonexistent:5432")
    ]
    assert {check["name"] for check in result["checks"]} == {"reachable", "disk_data", "memory"}
    assert (result["server"], result["databases"], result["statements"]) == ({}, [], [])


def test_the_host_is_checked_although_the_server_is_down(run_module, tmp_path):
    (tmp_path / "pg_wal").mkdir()
    result = run_module(pg_health_info, **NOWHERE, data_directory=str(tmp_path), backup_directory=str(tmp_path))
    disk = next(check for check in result["checks"] if check["name"] == "disk_data")
    assert 0 <= disk["value"] <= 1
    assert "(data, wal, backup)" in disk["finding"]


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (
            {"thresholds": {"disk_warning_ratio": 0.99}},
            "disk_warning_ratio is 0.99 and disk_critical_ratio is 0.95: give 0 < warning <= critical <= 1.",
        ),
        (
            {"thresholds": {"disk_warning_percent": 70}},
            "There is no threshold disk_warning_percent; did you mean disk_warning_ratio?",
        ),
        ({"declared_settings_file": "90.conf"}, "declared_settings_file is 90.conf: give a path that begins with /."),
        ({"largest_tables": -1}, "largest_tables is -1: give 0 or more."),
        ({"backup_directory": "backups"}, "backup_directory is backups: give a path that begins with /."),
        ({"schema_revision_table": "a.b.c"}, "schema_revision_table is a.b.c: give schema.table."),
        ({"schema_revision_table": "public."}, "schema_revision_table is public.: give schema.table."),
    ],
)
def test_bad_options_are_failures(run_module, options, sentence):
    result = run_module(pg_health_info, **NOWHERE, **options)
    assert (result["failed"], result["msg"]) == (True, sentence)


def test_a_host_without_the_driver_is_a_failure(run_module, monkeypatch):
    monkeypatch.setattr(
        "ansible.module_utils.pgops.connection.MISSING_DRIVER", ImportError("No module named 'psycopg2'")
    )
    assert "Install python3-psycopg2" in run_module(pg_health_info)["msg"]
