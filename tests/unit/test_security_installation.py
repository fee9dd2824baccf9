"""Sections 1 and 2: each item, passing and failing."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.security_host import FileFacts, Scan
from ansible.module_utils.pgops.security_installation import ITEMS
from ansible.module_utils.pgops.security_packages import Source, Versions

from security_facts import DATA, facts, verdict_of

FOUND = Scan(("process 7",), 3, 0)


def at(mode: int, owner: str = "postgres", path: str = "/x") -> FileFacts:
    return FileFacts(path, owner, mode)


# The item, what is other about the host, verdict, and a word of the remedy.
CASES = [
    ("CIS 1.1", {"sources": [Source("http://mirror.example/debian", False)]}, "fail", "threadr_security_package_sources"),
    ("CIS 1.1", {"sources": [Source("file:/srv/packages", False)]}, "fail", "/etc/apt"),
    ("CIS 1.1", {"sources": [Source("http://packages.example/debian", True)]}, "fail", "trusted=yes"),
    ("CIS 1.1", {"sources": []}, "pass", ""),
    ("CIS 1.2", {"packages": ["postgresql-15", "postgresql-13"]}, "fail", "purge postgresql-13"),
    ("CIS 1.2", {"packages": ["postgresql-9.6"]}, "fail", "purge"),
    ("CIS 1.2", {"packages": ["postgresql-plpython3-15"]}, "fail", "purge"),
    ("CIS 1.2", {"packages": ["postgresql-15-pgaudit", "postgresql-client-13"]}, "pass", ""),
    ("CIS 1.3", {"unit": "", "unit_starts": []}, "fail", "systemd"),
    ("CIS 1.3", {"unit_starts": []}, "fail", "systemctl enable postgresql@15-main.service"),
    ("CIS 1.4", {"data_directory": at(0o700, "root")}, "fail", "pg_createcluster"),
    ("CIS 1.4", {"version_file": at(0o600, "root")}, "fail", "pg_createcluster"),
    ("CIS 1.5", {"versions": Versions("15.20-1", "15.21-1")}, "fail", "--only-upgrade postgresql-15"),
    ("CIS 1.5", {"versions": Versions("15.21-1", "15.21-1")}, "fail", "Restart"),
    ("CIS 1.6", {"profiles": FOUND}, "fail", ".pgpass"),
    ("CIS 1.7", {"environments": FOUND}, "fail", ".pgpass"),
    ("CIS 2.1", {"umask": 0o022}, "fail", "UMask=0077"),
    ("CIS 2.1", {"umask": 0o027}, "fail", "UMask=0077"),
    ("CIS 2.1", {"umask": 0o177}, "pass", ""),
    ("CIS 2.2", {"extension_directories": [at(0o755, "postgres")]}, "fail", "chown root"),
    ("CIS 2.2", {"extension_directories": [at(0o775, "root")]}, "fail", "0755"),
    ("CIS 2.3", {"history": "/var/lib/postgresql/.psql_history"}, "fail", "ln -sf /dev/null"),
    ("CIS 2.3", {"history": "discarded"}, "pass", ""),
    ("CIS 2.4", {"service_files": FOUND}, "fail", ".pgpass"),
    ("HOUSE 2.1", {"data_directory": at(0o750, path=DATA)}, "fail", f"chmod 0700 {DATA}"),
    ("HOUSE 2.2", {"hba_file": at(0o644, path="/h")}, "fail", "chmod 0640 /h"),
    ("HOUSE 2.2", {"ident_file": at(0o660, path="/i")}, "fail", "chmod 0640 /i"),
    ("HOUSE 2.2", {"hba_file": at(0o600)}, "pass", ""),
    ("HOUSE 2.3", {"config_files": [at(0o664, path="/c")]}, "fail", "chmod 0644 /c"),
    ("HOUSE 2.4", {"log_files": [at(0o644, path="/l")]}, "fail", "chmod 0640 on /l"),
    ("HOUSE 2.4", {"log_files": []}, "pass", ""),
]  # fmt: skip


@pytest.mark.parametrize(("item", "host", "verdict", "word"), CASES)
def test_the_host_is_judged(item, host, verdict, word):
    judgement = verdict_of(item, facts(host=host))
    assert judgement.verdict == verdict
    assert word in judgement.sentence


@pytest.mark.parametrize(("value", "verdict"), [("on", "pass"), ("off", "fail")])
def test_checksums_are_wanted(value, verdict):
    judgement = verdict_of("HOUSE 1.1", facts(settings={"data_checksums": value}))
    assert judgement.verdict == verdict
    assert ("pg_checksums" in judgement.sentence) == (verdict == "fail")


@pytest.mark.parametrize(
    ("known", "unsigned", "verdict"),
    [(("other.example",), False, "fail"), ((), False, "pass"), ((), True, "fail")],
)
def test_any_host_will_do_while_none_is_named_but_not_without_a_signature(known, unsigned, verdict):
    sources = [Source("http://packages.example/debian", unsigned)]
    seen = facts(host={"sources": sources}, wanted={"package_sources": known})
    assert verdict_of("CIS 1.1", seen).verdict == verdict


def test_every_item_is_seen_failing():
    failing = {item for item, _host, verdict, _word in CASES if verdict == "fail"}
    assert {item.id for item in ITEMS} == {*failing, "HOUSE 1.1"}
