"""The module's own part: options, and what is a failure rather than a finding."""

from __future__ import annotations

import pytest
import yaml

import pg_security_info

# Nothing listens there: every run ends at the door of the server.
NOWHERE = {"login_host": "/nonexistent"}


def test_documented_options_are_those_that_exist():
    documented = yaml.safe_load(pg_security_info.DOCUMENTATION)["options"]
    shared = {"ssl_mode", "ca_cert", "connect_timeout_s"}
    own = {
        name: spec
        for name, spec in pg_security_info.options_spec().items()
        if name not in shared and (not name.startswith("login_") or name == "login_roles")
    }
    assert {name: (option["type"], option.get("default")) for name, option in documented.items()} == {
        name: (spec["type"], spec.get("default")) for name, spec in own.items()
    }


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({}, "PostgreSQL postgres@/nonexistent:5432/postgres"),
        ({"base_backup_days": 0}, "base_backup_days is 0: give 1 or more."),
        ({"waivers": {"CIS 0": "x"}}, "The waiver for CIS 0 names no item of this audit."),
        ({"waivers": {"CIS 6.8": ""}}, "The waiver for CIS 6.8 gives no reason."),
    ],
)
@pytest.mark.parametrize("check_mode", [True, False])
def test_a_server_that_does_not_answer_and_bad_options_are_failures(run_module, check_mode, options, words):
    result = run_module(pg_security_info, check_mode=check_mode, **NOWHERE, **options)
    assert result["failed"] is True
    assert words in result["msg"]
