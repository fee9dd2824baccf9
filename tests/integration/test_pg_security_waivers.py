"""The security audit with waivers, without privileges, from elsewhere, and with passwords about."""

from __future__ import annotations

import json

import pytest

SECRET = "hunter2"
WEAK = "CIS 7.3"  # a server of the tests has no base backup


def row(result: dict, item: str) -> dict:
    return next(each for each in result["items"] if each["id"] == item)


def test_a_waiver_is_shown_with_its_reason_and_no_longer_a_problem(host):
    plain = host.module("pg_security_info", {})
    waived = host.module("pg_security_info", {"waivers": {WEAK: "Taken on the standby."}})
    assert row(plain, WEAK)["verdict"] == "fail"
    assert row(waived, WEAK) == {**row(plain, WEAK), "verdict": "waived", "sentence": "Waived: Taken on the standby."}
    assert len(waived["problems"]) == len(plain["problems"]) - 1
    assert waived["superfluous_waivers"] == []


def test_a_server_whose_every_failure_is_waived_is_healthy(host):
    plain = host.module("pg_security_info", {})
    reasons = {each["id"]: "A server of the tests." for each in plain["items"] if each["verdict"] == "fail"}
    assert host.module("pg_security_info", {"waivers": reasons})["healthy"] is True


def test_a_waiver_of_what_passes_is_superfluous(host):
    result = host.module("pg_security_info", {"waivers": {"HOUSE 1.1": "Old cluster."}})
    assert result["superfluous_waivers"] == ["HOUSE 1.1 is pass without its waiver (Old cluster.). Remove it."]


@pytest.mark.parametrize(
    ("waivers", "words"), [({"CIS 99": "x"}, "names no item of this audit"), ({WEAK: " "}, "gives no reason")]
)
def test_a_bad_waiver_is_refused_before_anything_is_asked(host, waivers, words):
    result = host.module("pg_security_info", {"waivers": waivers, "login_host": "/nonexistent"})
    assert result["failed"] is True
    assert words in result["msg"]


def test_without_privileges_what_is_hidden_fails_and_says_so(host):
    host.execute("CREATE ROLE plain;")
    try:
        result = host.module("pg_security_info", {"login_role": "plain"})
    finally:
        host.execute("DROP ROLE plain;")
    assert "failed" not in result
    for item in ("CIS 4.8", "CIS 5.3", "HOUSE 5.1", "HOUSE 2.1", "CIS 3.1.4"):
        assert row(result, item)["measured"] == "unreadable"
        assert row(result, item)["verdict"] == "fail"
    assert "permission denied" in row(result, "CIS 5.3")["sentence"]
    assert "pg_read_all_settings" in row(result, "HOUSE 2.1")["sentence"]
    assert row(result, "HOUSE 1.1")["verdict"] == "pass"


def test_no_password_and_no_verifier_is_shown(host):
    connection = f"host=pg9 password={SECRET}"
    host.execute(
        f"CREATE ROLE app LOGIN PASSWORD '{SECRET}'; SET password_encryption = md5; "
        f"CREATE ROLE old LOGIN PASSWORD '{SECRET}'; ALTER SYSTEM SET primary_conninfo = '{connection}'; "
        "SELECT pg_reload_conf(); SELECT pg_sleep(0.3);"
    )
    try:
        result = host.module("pg_security_info", {})
        verifiers = host.query("SELECT rolpassword FROM pg_authid WHERE rolpassword IS NOT NULL")
    finally:
        host.execute("DROP ROLE app, old; ALTER SYSTEM RESET primary_conninfo; SELECT pg_reload_conf();")
    assert row(result, "HOUSE 5.1")["measured"] == "old (md5)"
    assert row(result, "CIS 8.3")["measured"] == "primary_conninfo by ALTER SYSTEM"
    assert all(text not in json.dumps(result) for text in (SECRET, *(verifier for [verifier] in verifiers)))


def test_a_password_on_a_command_line_and_in_a_profile_is_found_but_not_shown(host):
    profile = "/var/lib/postgresql/.bashrc"
    host.run("sh", "-c", f"echo 'export PGPASSWORD={SECRET}' > {profile}", user="postgres")
    argument = f"postgresql://app:{SECRET}@localhost/x"
    host.run("sh", "-c", f"nohup sh -c 'sleep 30; true' {argument} >/dev/null 2>&1 & echo $! > /tmp/speaker")
    try:
        result = host.module("pg_security_info", {})
        process = host.run("cat", "/tmp/speaker").stdout.strip()
    finally:
        host.run("sh", "-c", f"kill $(cat /tmp/speaker); rm {profile} /tmp/speaker")
    assert row(result, "CIS 1.6")["measured"] == profile
    assert f"process {process}" in row(result, "CIS 5.1")["measured"]
    assert SECRET not in json.dumps(result)
