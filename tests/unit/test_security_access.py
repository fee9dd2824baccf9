"""Sections 4 and 5: each item, passing and failing."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops import security_access, security_login
from ansible.module_utils.pgops.security_host import Scan

from security_facts import ROLES, RULES, SUPERUSER, facts, first_row, role, rule, verdict_of, verifier

FOUND = Scan(("process 7",), 3, 0)
LOCAL, LOOPBACK, APPLICATION = RULES[0], RULES[1], RULES[2]


def granted(kind: str, **changes) -> list[dict]:
    return [
        {"kind": kind, "object": "public.t", "grantee": "PUBLIC", "privilege": "SELECT", "grantable": False, **changes}
    ]


def others(**changes) -> dict:
    return {"roles": [*ROLES, role("other", login=False, **changes)]}


# The item, what is other about the server (its host, its settings, what is wanted, its answers), verdict, measured.
ACCESS = [
    ("CIS 4.1", {"host": {"account_state": "P"}}, "fail", "has a password"),
    ("CIS 4.1", {"host": {"account_state": "NP"}}, "fail", "needs no password"),
    ("CIS 4.1", {"host": {"account_keys": ["/k"]}}, "fail", "/k"),
    ("CIS 4.2", {"host": {"account_groups": ["postgres", "sudo", "docker"]}}, "fail", "docker, sudo"),
    ("CIS 4.3", others(superuser=True), "fail", "other (superuser)"),
    ("CIS 4.3", others(createrole=True), "fail", "other (createrole)"),
    ("CIS 4.3", others(createdb=True), "fail", "other (createdb)"),
    ("CIS 4.3", others(bypassrls=True), "fail", "other (bypassrls)"),
    ("CIS 4.3", others(becomes_superuser=True), "fail", "other (member of a superuser)"),
    ("CIS 4.3", {**others(superuser=True), "wanted": {"superusers": ("postgres", "other")}}, "pass", "superusers: postgres, other"),
    ("CIS 4.4", {"roles": [*ROLES, role("intern")]}, "fail", "intern"),
    ("CIS 4.4", {"wanted": {"login_roles": ()}}, "fail", "threadr_app, replicator"),
    ("CIS 4.4", {"wanted": {"login_roles": None}}, "not_applicable", "postgres, threadr_app, replicator"),
    ("CIS 4.5", {"definers": first_row("definers", public=True)}, "fail", "public.f() (open to PUBLIC)"),
    ("CIS 4.5", {"definers": first_row("definers", pinned=False)}, "fail", "public.f() (no search_path)"),
    ("CIS 4.5", {"definers": []}, "pass", "0 functions"),
    ("CIS 4.6", {"grants": granted("relation")}, "fail", "SELECT on public.t to PUBLIC"),
    ("CIS 4.6", {"grants": granted("relation", grantee="app", grantable=True)}, "fail", "SELECT on public.t to app with grant option"),
    ("CIS 4.6", {"grants": granted("schema")}, "pass", "nothing to PUBLIC, no TRUNCATE, no grant option"),
    ("CIS 4.7", {"policies": first_row("policies", enabled=False)}, "fail", "public.threads"),
    ("CIS 4.7", {"policies": []}, "not_applicable", "no policies"),
    ("CIS 4.8", {"verifiers": [verifier("postgres", "scram-sha-256", superuser=True)]}, "fail", "postgres"),
    ("CIS 4.8", {"verifiers": [verifier("postgres", "md5", superuser=True)], "settings": {"shared_preload_libraries": "set_user"}},
     "pass", "set_user is loaded"),
    ("CIS 4.9", others(predefined=["pg_execute_server_program"]), "fail", "other (pg_execute_server_program)"),
    ("CIS 4.9", others(predefined=["pg_write_server_files"]), "fail", "other (pg_write_server_files)"),
    ("CIS 4.9", others(predefined=["pg_monitor"]), "pass", "used by other"),
    ("CIS 4.10", {"grants": granted("schema", privilege="CREATE", object="schema public")}, "fail", "CREATE on schema public to PUBLIC"),
    ("HOUSE 4.1", {"grants": granted("database", privilege="CONNECT", object="database threadr")}, "fail",
     "CONNECT on database threadr to PUBLIC"),
]  # fmt: skip
LOGIN = [
    ("CIS 5.1", {"host": {"command_lines": FOUND}}, "fail", "process 7"),
    ("CIS 5.2", {"settings": {"listen_addresses": "*"}}, "fail", "*"),
    ("CIS 5.2", {"settings": {"listen_addresses": "10.0.0.5, 0.0.0.0"}}, "fail", "10.0.0.5, 0.0.0.0"),
    ("CIS 5.2", {"settings": {"listen_addresses": "::"}}, "fail", "::"),
    ("CIS 5.2", {"settings": {"listen_addresses": ""}}, "pass", "socket only"),
    *[("CIS 5.3", {"rules": [{**LOCAL, "method": method}]}, "fail", f"line 1: local all postgres {method}")
      for method in ("trust", "password", "md5", "ident")],
    *[("CIS 5.4", {"rules": [{**APPLICATION, "method": method}]}, "fail", f"line 3: hostssl threadr threadr_app 10.0.0.0 {method}")
      for method in ("trust", "password", "md5", "ident", "ldap")],
    ("CIS 5.4", {"rules": [{**LOOPBACK, "method": "trust"}]}, "fail", "line 2: host threadr all 127.0.0.1 trust"),
    ("CIS 5.4", {"rules": [{**APPLICATION, "method": "cert"}]}, "pass", "cert"),
    ("CIS 5.5", {"roles": [SUPERUSER, role("threadr_app", connection_limit=-1)]}, "fail", "threadr_app"),
    ("CIS 5.5", {"roles": [{**SUPERUSER, "connection_limit": -1}]}, "pass", "no such role"),
    ("CIS 5.6", {"settings": {"shared_preload_libraries": "pgaudit"}}, "fail", "no check is loaded"),
    ("CIS 5.6", {"settings": {"shared_preload_libraries": "credcheck"}}, "pass", "credcheck"),
    ("HOUSE 5.1", {"verifiers": [verifier("old", "md5")]}, "fail", "old (md5)"),
    ("HOUSE 5.1", {"verifiers": [verifier("odd", "unknown")]}, "fail", "odd (unknown)"),
    ("HOUSE 5.2", {"settings": {"password_encryption": "md5"}}, "fail", "md5"),
    ("HOUSE 5.3", {"rules": [{**APPLICATION, "type": "host"}]}, "fail", "line 3: host threadr threadr_app 10.0.0.0 scram-sha-256"),
    ("HOUSE 5.3", {"rules": [{**APPLICATION, "type": "hostnossl", "method": "reject"}]}, "not_applicable", "no such rule"),
    ("HOUSE 5.3", {"rules": [LOCAL, LOOPBACK]}, "not_applicable", "no such rule"),
    ("HOUSE 5.4", {"rules": [rule(9, address="all", netmask=None)]}, "fail", "line 9: hostssl threadr threadr_app all scram-sha-256"),
    ("HOUSE 5.4", {"rules": [rule(9, address="0.0.0.0", netmask="0.0.0.0")]}, "fail",
     "line 9: hostssl threadr threadr_app 0.0.0.0 scram-sha-256"),
    ("HOUSE 5.4", {"rules": [rule(9, address="::", netmask="::", method="reject")]}, "pass", "no rule for every address"),
    ("HOUSE 5.5", {"rules": [rule(9, users=["all"])]}, "fail",
     "postgres by line 9: hostssl threadr all 10.0.0.0 scram-sha-256"),
    ("HOUSE 5.5", {"rules": [rule(9, users=["x", "postgres"])]}, "fail",
     "postgres by line 9: hostssl threadr x,postgres 10.0.0.0 scram-sha-256"),
    ("HOUSE 5.5", {"rules": [rule(8, type="host", users=["postgres"], databases=["all"], address="all", method="reject"),
                             rule(9, users=["all"])]}, "pass", "none of postgres"),
    ("HOUSE 5.5", {"rules": [rule(8, users=["postgres"], databases=["shop"], method="reject"), rule(9, users=["all"])]}, "fail",
     "postgres by line 9: hostssl threadr all 10.0.0.0 scram-sha-256"),
    ("HOUSE 5.6", {"rules": [*RULES, rule(9, users=None, databases=None, error="invalid")]}, "fail", "line 9: invalid"),
    ("HOUSE 5.7", {"settings": {"authentication_timeout": "61"}}, "fail", "61"),
]  # fmt: skip


@pytest.mark.parametrize(("item", "changes", "verdict", "measured"), ACCESS + LOGIN)
def test_access_is_judged(item, changes, verdict, measured):
    judgement = verdict_of(item, facts(**changes))
    assert (judgement.verdict, judgement.measured) == (verdict, measured)
    assert bool(judgement.sentence) == (verdict != "pass")


@pytest.mark.parametrize(("catalogue", "cases"), [(security_access.ITEMS, ACCESS), (security_login.ITEMS, LOGIN)])
def test_every_item_is_seen_failing(catalogue, cases):
    assert {item.id for item in catalogue} == {case[0] for case in cases if case[2] == "fail"}
