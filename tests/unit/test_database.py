"""What has to be done to a database, from what is declared and what its catalog has."""

from dataclasses import replace

import pytest
from ansible.module_utils.pgops.database import Declared, Present, declared, newborn, plan
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.privileges import Access, Object

ORDERS = Object("table", "public", "orders")
APP = Access(
    "app", frozenset({"CONNECT"}), {"public": {"schema": frozenset({"USAGE"}), "table": frozenset({"SELECT"})}}
)
SHOP = Declared("shop", "owner", (("public", "pg_database_owner"),), (), ())
PRESENT = Present("owner", {"public": "pg_database_owner"}, frozenset(), (), {})
OURS = {
    (Object("database", "", "shop"), "app"): frozenset({"CONNECT"}),
    (Object("schema", "", "public"), "app"): frozenset({"USAGE"}),
    (Object("default table", "public", ""), "app"): frozenset({"SELECT"}),
}


def shown(wanted: Declared, now: Present) -> list[str]:
    return [step.shown() for step in plan(wanted, now)]


@pytest.mark.parametrize(
    ("wanted", "now", "statements"),
    [
        pytest.param(SHOP, PRESENT, [], id="as-declared"),
        pytest.param(SHOP, replace(PRESENT, owner="x"), ["ALTER DATABASE shop OWNER TO owner;"], id="owner"),
        pytest.param(
            replace(SHOP, schemas=(("s", "owner"),)), PRESENT, ["CREATE SCHEMA s AUTHORIZATION owner;"], id="new-schema"
        ),
        pytest.param(
            SHOP, replace(PRESENT, schemas={"public": "x"}), ["ALTER SCHEMA public OWNER TO pg_database_owner;"], id="schema-owner"
        ),
        pytest.param(replace(SHOP, extensions=("uuid-ossp",)), PRESENT, ['CREATE EXTENSION "uuid-ossp";'], id="extension"),
        pytest.param(replace(SHOP, access=(APP,)), replace(PRESENT, held=OURS), [], id="privileges-as-declared"),
        pytest.param(
            replace(SHOP, access=(APP,)),
            replace(PRESENT, held={**OURS, (ORDERS, "app"): frozenset({"SELECT", "DELETE"})}, found=(ORDERS,)),
            ["REVOKE DELETE ON TABLE public.orders FROM app;"],
            id="too-much-on-a-table",
        ),
        pytest.param(
            replace(SHOP, access=(APP,)),
            replace(PRESENT, held=OURS, found=(ORDERS,)),
            ["GRANT SELECT ON TABLE public.orders TO app;"],
            id="too-little-on-a-table",
        ),
        pytest.param(
            replace(SHOP, access=(APP,), kept_elsewhere=frozenset({ORDERS})),
            replace(PRESENT, held={**OURS, (ORDERS, "app"): frozenset({"DELETE"})}, found=(ORDERS,)),
            [],
            id="kept-elsewhere",
        ),
        pytest.param(
            SHOP, replace(PRESENT, held={(ORDERS, "stranger"): frozenset({"SELECT"})}, found=(ORDERS,)), [], id="others-are-left-alone"
        ),
    ],
)  # fmt: skip
def test_the_plan_for_a_database(wanted, now, statements):
    assert shown(wanted, now) == statements


def test_a_new_database_is_closed_to_the_public():
    assert shown(replace(SHOP, access=(Access("PUBLIC"),)), newborn(SHOP)) == [
        "REVOKE CONNECT, TEMPORARY ON DATABASE shop FROM PUBLIC;",
        "REVOKE USAGE ON SCHEMA public FROM PUBLIC;",
    ]


def options(**given) -> dict:
    return {"name": "shop", "owner": "owner", "schemas": [{"name": name, "owner": None, "except_tables": []} for name in ("public", "s")],
            "extensions": [], "access": [], **given}  # fmt: skip


def test_schemas_without_an_owner_belong_to_the_owner_of_the_database():
    assert declared(options()).schemas == (("public", "pg_database_owner"), ("s", "owner"))


def test_excepted_tables_are_those_of_their_schema():
    schemas = [
        {"name": "public", "owner": None, "except_tables": ["orders"]},
        {"name": "s", "owner": None, "except_tables": []},
    ]
    assert declared(options(schemas=schemas)).kept_elsewhere == {ORDERS}


@pytest.mark.parametrize(
    ("access", "sentence"),
    [
        pytest.param(
            {
                "role": "app",
                "database": [],
                "schemas": [{"name": "x", "privileges": [], "tables": [], "sequences": []}],
            },
            "Access of app to database shop names the schema x, which is not declared.",
            id="unknown-schema",
        ),
        pytest.param({"role": "owner", "database": [], "schemas": []}, "owner owns database shop", id="owner"),
    ],
)
def test_contradictions_are_refused_before_the_server_is_asked(access, sentence):
    with pytest.raises(PgopsError, match=sentence):
        declared(options(access=[access]))
