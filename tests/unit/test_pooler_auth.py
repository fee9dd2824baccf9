"""The statements that make the pooler's function, and those that repair it; a second run has none."""

from dataclasses import replace

import pytest
from ansible.module_utils.pgops.pooler_auth import NATURE, Declared, Present, plan

import pg_pooler_auth

BODY = "SELECT $1, 'x'"
WANTED = Declared("keeper", "pooler", BODY)
AS_DECLARED = Present(
    owner_exists=True, owner_powerful=False, unreadable=(), schema_owner="keeper", schema_grants=("pooler USAGE",),
    body=BODY, function_owner="keeper", nature=NATURE, function_grants=("pooler EXECUTE",),
)  # fmt: skip
MADE = "CREATE FUNCTION pgbouncer.get_auth(role_name text)"


def shown(now: Present) -> list[str]:
    return [statement.shown() for statement in plan(WANTED, now)]


def test_on_an_empty_database_all_of_it_is_made_and_closed():
    statements = shown(Present())
    assert [line for line in statements if not line.startswith(MADE)] == [
        "CREATE ROLE keeper NOLOGIN;",
        "GRANT SELECT (rolcanlogin, rolname, rolpassword, rolreplication, rolsuper, rolvaliduntil) ON pg_catalog.pg_authid TO keeper;",
        "CREATE SCHEMA pgbouncer AUTHORIZATION keeper;",
        "GRANT USAGE ON SCHEMA pgbouncer TO pooler;",
        "ALTER FUNCTION pgbouncer.get_auth(text) OWNER TO keeper;",
        "REVOKE ALL ON FUNCTION pgbouncer.get_auth(text) FROM PUBLIC;",
        "GRANT EXECUTE ON FUNCTION pgbouncer.get_auth(text) TO pooler;",
    ]
    assert "SECURITY DEFINER SET search_path = pg_catalog, pg_temp" in statements[4]


def test_what_is_as_declared_is_left_alone():
    assert shown(AS_DECLARED) == []


@pytest.mark.parametrize(
    ("drift", "repair"),
    [
        ({"owner_powerful": True}, ["ALTER ROLE keeper NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS NOREPLICATION;"]),
        ({"unreadable": ("rolsuper",)}, ["GRANT SELECT (rolsuper) ON pg_catalog.pg_authid TO keeper;"]),
        ({"schema_owner": "postgres"}, ["ALTER SCHEMA pgbouncer OWNER TO keeper;"]),
        ({"schema_grants": ("pooler CREATE", "pooler USAGE")}, ["REVOKE ALL ON SCHEMA pgbouncer FROM pooler;", "GRANT USAGE ON SCHEMA pgbouncer TO pooler;"]),
        ({"function_owner": "postgres"}, ["ALTER FUNCTION pgbouncer.get_auth(text) OWNER TO keeper;"]),
        ({"function_grants": ("PUBLIC EXECUTE", "pooler EXECUTE")}, ["REVOKE ALL ON FUNCTION pgbouncer.get_auth(text) FROM PUBLIC;"]),
        ({"function_grants": ()}, ["GRANT EXECUTE ON FUNCTION pgbouncer.get_auth(text) TO pooler;"]),
    ],
)  # fmt: skip
def test_drift_is_repaired_by_as_little_as_possible(drift, repair):
    assert shown(replace(AS_DECLARED, **drift)) == repair


@pytest.mark.parametrize("drift", [{"body": "SELECT 1"}, {"nature": NATURE.replace(" t ", " f ")}])
def test_another_function_is_replaced_and_closed_again(drift):
    statements = shown(replace(AS_DECLARED, **drift))
    assert statements[0] == "DROP FUNCTION pgbouncer.get_auth(text);"
    assert statements[1].startswith(MADE)
    assert statements[3:] == [
        "REVOKE ALL ON FUNCTION pgbouncer.get_auth(text) FROM PUBLIC;",
        "GRANT EXECUTE ON FUNCTION pgbouncer.get_auth(text) TO pooler;",
    ]


def test_a_dry_run_without_a_database_plans_for_an_empty_one(run_module, monkeypatch):
    monkeypatch.setattr(pg_pooler_auth, "absent", lambda params: "database shop does not exist yet")
    result = run_module(pg_pooler_auth, check_mode=True, login_db="shop", owner="keeper", reader="pooler", body=BODY)
    assert result["changed"] is True
    assert result["assumed_because"] == "database shop does not exist yet"
    assert len(result["statements"]) == 8
