"""pg_schema_info against a real server: whatever differs is named."""

import json

import pytest

from schema import FILES, OWNER, deploy

DECLARED = json.loads((FILES / "declared.json").read_text(encoding="utf-8"))

DAMAGES = {
    "DROP INDEX threads_user_id_created_at_idx": "index threads_user_id_created_at_idx on public.threads is missing",
    "ALTER TABLE users ADD shoe_size integer": "column shoe_size on public.users is not declared",
    "ALTER TABLE teams DROP description": "column description on public.teams is missing",
    "ALTER TABLE threads ALTER title DROP NOT NULL": (
        "column title on public.threads is text where text NOT NULL is declared"
    ),
    "ALTER TABLE users ALTER role SET DEFAULT 'admin'": (
        "column role on public.users is text NOT NULL DEFAULT 'admin'::text "
        "where text NOT NULL DEFAULT 'user'::text is declared"
    ),
    "ALTER TABLE threads ALTER tweet_count DROP EXPRESSION": (
        "column tweet_count on public.threads is integer where integer GENERATED ALWAYS AS ( CASE WHEN"
    ),
    "ALTER TABLE users DROP CONSTRAINT users_status_check": "constraint users_status_check on public.users is missing",
    "ALTER TABLE users ADD CONSTRAINT tall CHECK (true) NOT VALID": "constraint tall on public.users is not declared",
    "ALTER TABLE threads DISABLE TRIGGER threads_set_updated_at": (
        "trigger threads_set_updated_at on public.threads is CREATE TRIGGER"
    ),
    "DROP TRIGGER users_set_updated_at ON users": "trigger users_set_updated_at on public.users is missing",
    "CREATE OR REPLACE FUNCTION set_updated_at() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'": (
        "function public.set_updated_at() is defined otherwise than declared"
    ),
    "GRANT EXECUTE ON FUNCTION cleanup_expired_invites() TO PUBLIC": (
        "function public.cleanup_expired_invites() is defined otherwise than declared"
    ),
    "DROP VIEW subscription_premium": "view public.subscription_premium is missing",
    "CREATE TABLE public.notes (id serial PRIMARY KEY)": "table public.notes is not declared",
    "DROP TABLE app_counters": "table public.app_counters is missing",
    "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'users_created_at_idx'::regclass": (
        "index users_created_at_idx on public.users is CREATE INDEX users_created_at_idx "
        "ON public.users USING btree (created_at) INVALID"
    ),
    "ALTER TABLE migration.migration_runs ADD pace integer": "column pace on migration.migration_runs is not declared",
}


def info(host, database: str) -> dict:
    return host.module("pg_schema_info", {"login_db": database, "login_role": OWNER, "declared": DECLARED})


@pytest.fixture(scope="module")
def deployed(host):
    """A database with a deployed schema, as all tests but those of damages want it."""
    host.execute("CREATE DATABASE schema_deployed;")
    deploy(host, "schema_deployed")
    yield "schema_deployed"
    host.execute("DROP DATABASE schema_deployed WITH (FORCE);")


@pytest.fixture(scope="module")
def problems(host, deployed):
    """What is said of a database with every damage at once."""
    host.execute(f"CREATE DATABASE schema_damaged TEMPLATE {deployed};")
    host.execute("".join(f"{statement};\n" for statement in DAMAGES), db="schema_damaged")
    result = info(host, "schema_damaged")
    assert result["healthy"] is False
    yield result["problems"]
    host.execute("DROP DATABASE schema_damaged WITH (FORCE);")


@pytest.mark.parametrize("problem", DAMAGES.values(), ids=DAMAGES)
def test_each_damage_is_one_problem(problems, problem):
    assert len([said for said in problems if said.startswith(problem)]) == 1


def test_nothing_else_is_a_problem(problems):
    assert len(problems) == len(DAMAGES)


def test_extensions_and_staging_tables_are_no_problem(host, deployed):
    host.execute("CREATE EXTENSION pg_trgm; CREATE EXTENSION pg_stat_statements;", db=deployed)
    host.execute("CREATE TABLE migration.staged (id int); CREATE TEMPORARY TABLE users (id int);", db=deployed)
    result = info(host, deployed)
    assert (result["healthy"], result["changed"], result["revision"]) == (True, False, "0011")
    declared = {kind: len(names) for kind, names in DECLARED["objects"].items()}
    staged = {"table": declared["table"] + 1, "column": declared["column"] + 1}
    assert result["counted"] == {**declared, **staged}


def test_four_runs_change_nothing(host, deployed):
    params = {"login_db": deployed, "login_role": OWNER, "declared": DECLARED}
    runs = host.four_runs("pg_schema_info", params)
    assert all(result == runs[0][0] and result["changed"] is False for result, _ in runs)


def test_a_database_without_schema_is_one_problem(host, database):
    result = host.module("pg_schema_info", {"login_db": database, "declared": DECLARED})
    assert result["problems"] == ["no schema is deployed where revision 0011 is declared"]


def test_an_older_revision_is_named(host, database):
    deploy(host, database, target="0004")
    problems = info(host, database)["problems"]
    assert problems == [
        "the database is at revision 0004 where 0011 is declared",
        "table migration.migration_rejects is missing",
        "table migration.migration_rows is missing",
        "table migration.migration_runs is missing",
        "table operations.backups is missing",
        "table operations.drills is missing",
        "table operations.heartbeat is missing",
        "table operations.measurements is missing",
        "table operations.verifications is missing",
        (
            "column as_of on public.user_thread_stats is timestamp with time zone NOT NULL DEFAULT now() where"
            " timestamp with time zone DEFAULT now() is declared"
        ),
        "column id on public.app_counters is missing",
        "constraint app_counters_id_key on public.app_counters is missing",
    ]
