"""pg_database against a real server: four runs, drift, and what the roles may then really do."""

import secrets

import pytest

DML = ["SELECT", "INSERT", "UPDATE", "DELETE"]


@pytest.fixture
def shop(host):
    """Options for a database of this test alone, whose roles exist; all of it is dropped afterwards."""
    name = f"shop_{secrets.token_hex(3)}"
    host.execute(f"CREATE ROLE {name}_owner; CREATE ROLE {name}_app;")
    yield {
        "name": name,
        "owner": f"{name}_owner",
        "extensions": ["pg_stat_statements", "pg_trgm", "uuid-ossp"],
        "schemas": [{"name": "public"}, {"name": "staging"}],
        "access": [
            {"role": "PUBLIC"},
            {
                "role": f"{name}_app",
                "database": ["CONNECT"],
                "schemas": [{"name": "public", "tables": DML}],
            },
        ],
    }
    host.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE);")
    host.execute(f"DROP ROLE {name}_owner; DROP ROLE {name}_app;")


def databases(host, shop):
    return host.query(
        "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), "
        "has_database_privilege('public', oid, 'CONNECT') AS open, has_database_privilege('public', oid, 'TEMP') AS temp "
        f"FROM pg_database WHERE datname = '{shop['name']}'"
    )


def test_four_runs_make_the_database_once(host, shop):
    runs = host.four_runs("pg_database", shop, lambda: databases(host, shop))
    made = [[shop["owner"], "UTF8", False, False]]
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert [rows for _, rows in runs] == [[], made, made, made]
    # The dry run could not ask the database, and yet foretold every statement.
    assert runs[0][0]["statements"] == runs[1][0]["statements"]
    schemas = (
        "SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname IN ('public', 'staging') ORDER BY 1"
    )
    names = host.query(schemas, db=shop["name"])
    assert names == [["public", "pg_database_owner"], ["staging", shop["owner"]]]


def test_tables_of_the_owner_are_open_for_rows_and_closed_for_the_rest(host, shop):
    host.module("pg_database", shop)
    host.execute(
        f"SET ROLE {shop['owner']}; CREATE TABLE orders (id int); CREATE TABLE staging.raw (id int);",
        db=shop["name"],
    )
    rights = (
        f"SELECT array_agg(p) FROM unnest('{{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER}}'::text[]) p "
        f"WHERE has_table_privilege('{shop['name']}_app', '{{}}', p)"
    )
    assert host.query(
        rights.replace("{}'", "public.orders'").replace("'{{", "'{").replace("}}'", "}'"),
        db=shop["name"],
    ) == [[DML]]
    assert host.query(
        f"SELECT has_schema_privilege('{shop['name']}_app', 'staging', 'USAGE')",
        db=shop["name"],
    ) == [[False]]
    assert host.query(
        f"SELECT has_schema_privilege('{shop['name']}_app', 'public', 'CREATE')",
        db=shop["name"],
    ) == [[False]]
    assert host.module("pg_database", shop)["changed"] is False


@pytest.mark.parametrize(
    ("drift", "repair"),
    [
        pytest.param("GRANT TRUNCATE ON orders TO {0}_app", ["REVOKE TRUNCATE ON TABLE public.orders FROM {0}_app;"], id="table-too-much"),
        pytest.param("REVOKE SELECT ON orders FROM {0}_app", ["GRANT SELECT ON TABLE public.orders TO {0}_app;"], id="table-too-little"),
        pytest.param("GRANT CREATE ON SCHEMA staging TO {0}_app", ["REVOKE CREATE ON SCHEMA staging FROM {0}_app;"], id="schema"),
        pytest.param("GRANT CONNECT ON DATABASE {0} TO PUBLIC", ["REVOKE CONNECT ON DATABASE {0} FROM PUBLIC;"], id="database"),
        pytest.param("DROP EXTENSION pg_trgm", ["CREATE EXTENSION pg_trgm;"], id="extension"),
        pytest.param("ALTER DATABASE {0} OWNER TO postgres", ["ALTER DATABASE {0} OWNER TO {0}_owner;"], id="owner"),
        pytest.param(
            "ALTER DEFAULT PRIVILEGES FOR ROLE {0}_owner IN SCHEMA public REVOKE DELETE ON TABLES FROM {0}_app",
            ["ALTER DEFAULT PRIVILEGES FOR ROLE {0}_owner IN SCHEMA public GRANT DELETE ON TABLES TO {0}_app;"],
            id="tables-to-come",
        ),
    ],
)  # fmt: skip
def test_drift_is_repaired_and_named(host, shop, drift, repair):
    host.module("pg_database", shop)
    host.execute(f"SET ROLE {shop['owner']}; CREATE TABLE orders (id int);", db=shop["name"])
    host.execute(drift.format(shop["name"]) + ";", db=shop["name"])
    expected = [line.format(shop["name"]) for line in repair]
    runs = [host.module("pg_database", shop, check) for check in (True, False, True)]
    assert [run.get("statements") for run in runs] == [expected, expected, []], runs


def test_privileges_on_an_excepted_table_are_left_alone(host, shop):
    shop["schemas"] = [{"name": "public", "except_tables": ["ledger"]}, {"name": "staging"}]
    host.module("pg_database", shop)
    host.execute(
        f"SET ROLE {shop['owner']}; CREATE TABLE ledger (id int); REVOKE DELETE ON ledger FROM {shop['name']}_app;",
        db=shop["name"],
    )
    assert host.module("pg_database", shop)["statements"] == []


def test_what_cannot_be_is_one_sentence(host, shop):
    answer = host.module("pg_database", {**shop, "extensions": ["pg_levitate"]})
    assert answer["msg"].startswith("PostgreSQL has no extension pg_levitate to offer on this host.")
    answer = host.module(
        "pg_database",
        {**shop, "access": [{"role": "x", "schemas": [{"name": "elsewhere"}]}]},
        True,
    )
    assert "names the schema elsewhere, which is not declared" in answer["msg"]
    assert databases(host, shop) == []
