"""Sections 6 to 8: each item, passing and failing."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops import security_replication, security_settings
from ansible.module_utils.pgops.security_host import FileFacts

from security_facts import DATA, ROLES, SETTINGS, facts, first_row, rule, setting_rows, verdict_of


def override(name: str, value: str) -> dict:
    return {"overrides": [{"owner": "ROLE app IN DATABASE shop", "name": name, "value": value}]}


def standby(conninfo: str) -> dict:
    return {"server": first_row("server", standby=True), "settings": {"primary_conninfo": conninfo}}


def with_row(**changes) -> dict:
    rows = setting_rows(SETTINGS)
    return {"settings_rows": [*rows[:-1], {**rows[-1], **changes}]}


ALONE = {"roles": ROLES[:2], "replication": first_row("replication", slots=0, streaming=[])}
NO_TLS = {"settings": {"ssl": "off"}}
LOOPBACK = {"listen_addresses": "localhost, ::1, 127.0.0.1"}
SECTION_6 = [
    ("CIS 6.2", {"settings": {"jit_debugging_support": "on"}}, "fail", "jit_debugging_support = on"),
    ("CIS 6.2", {"settings": {"post_auth_delay": "3"}}, "fail", "post_auth_delay = 3"),
    ("CIS 6.3", {"settings": {"data_sync_retry": "on"}}, "fail", "data_sync_retry = on"),
    ("CIS 6.4", {"settings": {"fsync": "off"}}, "fail", "fsync = off"),
    ("CIS 6.5", {"settings": {"zero_damaged_pages": "on"}}, "fail", "zero_damaged_pages = on"),
    ("CIS 6.5", {"settings": {"session_preload_libraries": "x"}}, "fail", "session_preload_libraries = x"),
    ("CIS 6.6", {"settings": {"row_security": "off"}}, "fail", "row_security = off"),
    ("CIS 6.7", {"host": {"fips": False}}, "not_applicable", "off"),
    ("CIS 6.7", {"host": {"fips": False}, "wanted": {"fips": True}}, "fail", "off"),
    ("CIS 6.8", NO_TLS, "fail", "off"),
    ("CIS 6.9", {"extensions": []}, "fail", "pgcrypto is missing"),
    ("CIS 6.9", {"extensions": [{"name": "pgcrypto", "installed": True}]}, "pass", "installed"),
    ("CIS 6.10", {"host": {"weak_ciphers": ["AES128-SHA"]}}, "fail", "AES128-SHA"),
    ("CIS 6.10", NO_TLS, "not_applicable", "TLS is off"),
    ("HOUSE 6.1", override("log_statement", "none"), "fail", "ROLE app IN DATABASE shop: log_statement = none"),
    ("HOUSE 6.1", override("pgaudit.log", "none"), "fail", "ROLE app IN DATABASE shop: pgaudit.log = none"),
    ("HOUSE 6.1", override("row_security", "on"), "pass", "1 setting, all harmless"),
    ("HOUSE 6.2", {"settings": {"ssl_min_protocol_version": "TLSv1.1"}}, "fail", "TLSv1.1"),
    ("HOUSE 6.2", {"settings": {"ssl_min_protocol_version": ""}}, "fail", "any"),
    ("HOUSE 6.2", NO_TLS, "not_applicable", "TLS is off"),
    ("HOUSE 6.3", {"host": {"key_file": FileFacts("/k", "postgres", 0o640)}}, "fail", "/k 0640 postgres"),
    ("HOUSE 6.3", {"host": {"key_file": FileFacts("/k", "root", 0o640)}}, "pass", "/k 0640 root"),
    ("HOUSE 6.3", {"host": {"key_file": FileFacts("/k", "root", 0o644)}}, "fail", "/k 0644 root"),
    ("HOUSE 6.3", NO_TLS, "not_applicable", "TLS is off"),
    ("HOUSE 6.4", {"settings": {"ssl_cert_file": "/etc/ssl/certs/ssl-cert-snakeoil.pem"}}, "fail", "/etc/ssl/certs/ssl-cert-snakeoil.pem"),
    ("HOUSE 6.4", {"settings": LOOPBACK}, "not_applicable", "/etc/postgresql/tls/server.crt"),
]  # fmt: skip
SECTIONS_7_AND_8 = [
    ("CIS 7.1", {"roles": ROLES[:2]}, "fail", "no role of its own"),
    ("CIS 7.1", {"replication": first_row("replication", streaming=["postgres"])}, "fail", "postgres"),
    ("CIS 7.1", ALONE, "not_applicable", "no replication"),
    ("CIS 7.2", {"settings": {"log_replication_commands": "off"}}, "fail", "off"),
    ("CIS 7.3", {"host": {"base_backup_age_days": None}}, "fail", "no base backup"),
    ("CIS 7.3", {"host": {"base_backup_age_days": 8.1}}, "fail", "8.1 days old, at most 8 wanted"),
    ("CIS 7.3", {"host": {"base_backup_age_days": 8.1}, "wanted": {"base_backup_days": 9}}, "pass", "8.1 days old"),
    ("CIS 7.4", {"settings": {"archive_mode": "off"}}, "fail", "off"),
    ("CIS 7.4", {"settings": {"archive_command": ""}}, "fail", "no command"),
    ("CIS 7.4", {"settings": {"archive_command": "/bin/true"}}, "fail", "no command"),
    ("CIS 7.4", {"settings": {"archive_command": "", "archive_library": "basic_archive"}}, "pass", "on, 7 segments archived"),
    ("CIS 7.4", {"replication": first_row("replication", failing=True)}, "fail", "the last attempt failed"),
    ("CIS 7.4", {"server": first_row("server", standby=True)}, "not_applicable", "archive_mode = on"),
    ("CIS 7.5", ALONE, "not_applicable", "no replication"),
    ("CIS 7.5", {"settings": {"max_slot_wal_keep_size": "-1"}}, "fail", "slots keep WAL without limit"),
    ("CIS 7.5", {"rules": [rule(9, type="host", databases=["replication"], users=["r"])]}, "fail",
     "line 9: host replication r 10.0.0.0 scram-sha-256"),
    ("CIS 7.5", standby("host=pg1 password=hunter2 sslmode=verify-full"), "fail", "primary_conninfo holds a password"),
    ("CIS 7.5", standby("host=pg1 passfile=/p sslmode=prefer"), "fail", "primary_conninfo allows plain text"),
    ("CIS 7.5", standby("host=pg1 passfile=/p sslmode=verify-full"), "pass", "encrypted, no password in primary_conninfo"),
    ("CIS 8.1", {"tablespaces": [{"name": "odd", "path": f"{DATA}/odd"}]}, "fail", f"odd {DATA}/odd"),
    ("CIS 8.2", {"host": {"backup_tools": []}}, "fail", "none installed"),
    ("CIS 8.2", {"host": {"backed_up_clusters": ["/other"]}}, "fail", "pgbackrest without this cluster"),
    ("CIS 8.2", {"host": {"backup_tools": ["barman"], "backed_up_clusters": []}}, "pass", "barman"),
    ("CIS 8.3", with_row(pending_restart=True), "fail", "zero_damaged_pages waits for a restart"),
    ("CIS 8.3", with_row(sourcefile=f"{DATA}/postgresql.auto.conf"), "fail", "zero_damaged_pages by ALTER SYSTEM"),
    ("CIS 8.3", with_row(sourcefile=None), "pass", "what runs is what the files say"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "changes", "verdict", "measured"), SECTION_6 + SECTIONS_7_AND_8)
def test_settings_and_copies_are_judged(item, changes, verdict, measured):
    rows = changes.get("settings_rows")
    seen = facts(**{name: value for name, value in changes.items() if name != "settings_rows"})
    if rows:
        seen.answers["settings"].rows[:] = rows
    judgement = verdict_of(item, seen)
    assert (judgement.verdict, judgement.measured) == (verdict, measured)
    assert bool(judgement.sentence) == (verdict != "pass")
    assert "hunter2" not in judgement.sentence


@pytest.mark.parametrize(
    ("catalogue", "cases"), [(security_settings.ITEMS, SECTION_6), (security_replication.ITEMS, SECTIONS_7_AND_8)]
)
def test_every_item_is_seen_failing(catalogue, cases):
    assert {item.id for item in catalogue} == {case[0] for case in cases if case[2] == "fail"}


def test_the_remedy_of_an_override_is_a_statement():
    judgement = verdict_of("HOUSE 6.1", facts(**override("log_statement", "none")))
    assert judgement.sentence == "Run ALTER ROLE app IN DATABASE shop RESET log_statement."
