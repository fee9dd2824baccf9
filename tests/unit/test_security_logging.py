"""Section 3: each item, passing and failing."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.security_logging import ITEMS

from security_facts import facts, verdict_of

CASES = [
    ("CIS 3.1.2", {"log_destination": "csvlog"}, "pass"),
    ("CIS 3.1.2", {"log_destination": ""}, "fail"),
    ("CIS 3.1.2", {"log_destination": "eventlog"}, "fail"),
    ("CIS 3.1.3", {"logging_collector": "off"}, "fail"),
    ("CIS 3.1.3", {"logging_collector": "off", "log_destination": "syslog"}, "not_applicable"),
    ("CIS 3.1.4", {"log_directory": "log"}, "fail"),
    ("CIS 3.1.4", {"log_directory": "/var/lib/postgresql/15/main/log"}, "fail"),
    ("CIS 3.1.4", {"log_directory": "../../../../log/postgresql"}, "pass"),
    ("CIS 3.1.4", {"log_directory": "/var/lib/postgresql/15/main_log"}, "pass"),
    ("CIS 3.1.5", {"log_filename": "postgresql.log"}, "fail"),
    ("CIS 3.1.5", {"log_filename": "postgresql-%a.log"}, "pass"),
    ("CIS 3.1.6", {"log_file_mode": "0644"}, "fail"),
    ("CIS 3.1.6", {"log_file_mode": "0660"}, "fail"),
    ("CIS 3.1.6", {"log_file_mode": "0600"}, "pass"),
    ("CIS 3.1.7", {"log_truncate_on_rotation": "off"}, "fail"),
    ("CIS 3.1.8", {"log_rotation_age": "0"}, "fail"),
    ("CIS 3.1.8", {"log_rotation_age": "1441"}, "fail"),
    ("CIS 3.1.8", {"log_rotation_age": "60"}, "pass"),
    ("CIS 3.1.9", {"log_rotation_size": "0"}, "fail"),
    ("CIS 3.1.9", {"log_rotation_size": "1048577"}, "fail"),
    ("CIS 3.1.10", {"syslog_facility": "user"}, "fail"),
    ("CIS 3.1.10", {"syslog_facility": "user", "log_destination": "stderr"}, "not_applicable"),
    ("CIS 3.1.11", {"syslog_sequence_numbers": "off"}, "fail"),
    ("CIS 3.1.12", {"syslog_split_messages": "off"}, "fail"),
    ("CIS 3.1.13", {"syslog_ident": "db"}, "fail"),
    ("CIS 3.1.14", {"log_min_messages": "error"}, "fail"),
    ("CIS 3.1.14", {"log_min_messages": "debug1"}, "fail"),
    ("CIS 3.1.14", {"log_min_messages": "notice"}, "pass"),
    ("CIS 3.1.15", {"log_min_error_statement": "panic"}, "fail"),
    ("CIS 3.1.15", {"log_min_error_statement": "warning"}, "pass"),
    ("CIS 3.1.16", {"debug_print_parse": "on"}, "fail"),
    ("CIS 3.1.17", {"debug_print_rewritten": "on"}, "fail"),
    ("CIS 3.1.18", {"debug_print_plan": "on"}, "fail"),
    ("CIS 3.1.19", {"debug_pretty_print": "off"}, "fail"),
    ("CIS 3.1.20", {"log_connections": "off"}, "fail"),
    ("CIS 3.1.21", {"log_disconnections": "off"}, "fail"),
    ("CIS 3.1.22", {"log_error_verbosity": "default"}, "fail"),
    ("CIS 3.1.23", {"log_hostname": "on"}, "fail"),
    ("CIS 3.1.24", {"log_line_prefix": "%m [%p] %q%u@%d %a "}, "fail"),
    ("CIS 3.1.24", {"log_line_prefix": ""}, "fail"),
    ("CIS 3.1.24", {"log_line_prefix": "%t %-5p %l %u %d %10a %r "}, "pass"),
    ("CIS 3.1.25", {"log_statement": "none"}, "fail"),
    ("CIS 3.1.25", {"log_statement": "all"}, "pass"),
    ("CIS 3.1.26", {"log_timezone": "Europe/Berlin"}, "fail"),
    ("CIS 3.1.26", {"log_timezone": "Etc/UTC"}, "pass"),
    ("CIS 3.2", {"shared_preload_libraries": "pg_stat_statements"}, "fail"),
    ("CIS 3.2", {"pgaudit.log": "none"}, "fail"),
    ("CIS 3.2", {"pgaudit.log": "ddl"}, "fail"),
    ("CIS 3.2", {"pgaudit.log": None}, "fail"),
    ("CIS 3.2", {"pgaudit.log": "all, -role"}, "fail"),
    ("CIS 3.2", {"pgaudit.log": "all, -read"}, "pass"),
    ("CIS 3.2", {"pgaudit.log": "ROLE,DDL,write", "shared_preload_libraries": '"pgaudit"'}, "pass"),
]


@pytest.mark.parametrize(("item", "settings", "verdict"), CASES)
def test_a_setting_is_judged(item, settings, verdict):
    judgement = verdict_of(item, facts(settings=settings))
    assert judgement.verdict == verdict
    assert bool(judgement.sentence) == (verdict != "pass")
    if verdict == "fail":
        assert "threadr_security_settings" in judgement.sentence


def test_every_item_is_seen_failing():
    assert {item.id for item in ITEMS} == {item for item, _settings, verdict in CASES if verdict == "fail"}
