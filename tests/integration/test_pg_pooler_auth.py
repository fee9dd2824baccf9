"""pg_pooler_auth against a real server: four runs, and whom the function answers for."""

import secrets
from pathlib import Path

import pytest

BODY = (Path(__file__).resolve().parents[2] / "roles/pgbouncer/files/get_auth.sql").read_text(encoding="utf-8")
MADE = (
    "SELECT pg_get_userbyid(proowner), prosecdef FROM pg_proc WHERE oid = to_regprocedure('pgbouncer.get_auth(text)')"
)


@pytest.fixture
def prefix(host):
    name = f"r{secrets.token_hex(3)}_"
    host.execute(f"CREATE ROLE {name}pooler LOGIN;")
    yield name
    host.execute("DROP SCHEMA IF EXISTS pgbouncer CASCADE;")
    for (role,) in host.query(f"SELECT rolname FROM pg_roles WHERE rolname LIKE '{name}%'"):
        host.execute(f"DROP OWNED BY {role};")
        host.execute(f"DROP ROLE {role};")


def wanted(prefix: str) -> dict:
    return {"owner": f"{prefix}owner", "reader": f"{prefix}pooler", "body": BODY}


def test_four_runs_make_the_function_once(host, prefix):
    runs = host.four_runs("pg_pooler_auth", wanted(prefix), lambda: host.query(MADE))
    made = [[f"{prefix}owner", True]]
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert [rows for _, rows in runs] == [[], made, made, made]
    assert runs[0][0]["statements"] == runs[1][0]["statements"]


@pytest.mark.parametrize(
    ("options", "answered"),
    [
        ("LOGIN", True),
        ("LOGIN VALID UNTIL 'infinity'", True),
        ("LOGIN VALID UNTIL '2020-01-01'", False),
        ("NOLOGIN", False),
        ("LOGIN SUPERUSER", False),
        ("LOGIN REPLICATION", False),
    ],
)
def test_it_answers_for_roles_that_may_log_in_here_and_now(host, prefix, options, answered):
    host.module("pg_pooler_auth", wanted(prefix))
    host.execute(f"CREATE ROLE {prefix}app {options} PASSWORD 'correct horse battery staple 7';")
    rows = host.query(f"SELECT usename FROM pgbouncer.get_auth('{prefix}app')")
    assert rows == ([[f"{prefix}app"]] if answered else [])


@pytest.mark.parametrize(
    "drift",
    [
        "GRANT EXECUTE ON FUNCTION pgbouncer.get_auth(text) TO PUBLIC",
        "GRANT CREATE ON SCHEMA pgbouncer TO {0}pooler",
        "ALTER FUNCTION pgbouncer.get_auth(text) OWNER TO postgres",
        "ALTER FUNCTION pgbouncer.get_auth(text) RESET search_path",
        "ALTER ROLE {0}owner LOGIN",
        "REVOKE SELECT (rolvaliduntil) ON pg_authid FROM {0}owner",
    ],
)
def test_drift_is_repaired_once(host, prefix, drift):
    host.module("pg_pooler_auth", wanted(prefix))
    host.execute(f"{drift.format(prefix)};")
    assert [host.module("pg_pooler_auth", wanted(prefix))["changed"] for _ in range(2)] == [True, False]
