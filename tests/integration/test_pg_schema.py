"""pg_schema against a real server: what it does, what it refuses, what it leaves behind."""

import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import pytest

from schema import OWNER, deploy, provision, rendered, schema_params

TABLES = "SELECT schemaname || '.' || tablename FROM pg_tables WHERE schemaname IN ('public', 'migration', 'operations') ORDER BY 1"
COUNT = f"SELECT count(*) FROM ({TABLES}) t"
REVISION = "SELECT version_num FROM alembic_version"
LEFT = """
    SELECT (SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
            WHERE nspname IN ('public', 'migration', 'operations')) AS relations,
           (SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE nspname IN ('public', 'migration', 'operations')) AS functions
"""
RUNNER = "SELECT pid FROM pg_stat_activity WHERE application_name = 'pg_schema' AND wait_event_type = 'Lock'"


def test_dry_run_run_dry_run_run(host, database):
    provision(host, database)
    runs = host.four_runs("pg_schema", schema_params(database), lambda: host.query(COUNT, db=database)[0][0])
    assert [(result["changed"], tables) for result, tables in runs] == [(True, 0), (True, 25), (False, 25), (False, 25)]
    dry, wet = runs[0][0], runs[1][0]
    assert dry["diff"] == wet["diff"]
    assert runs[2][0]["diff"]["after"] == ""
    owners = host.query(
        "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname IN ('public', 'migration', 'operations')",
        db=database,
    )
    assert owners == [[OWNER]]


def test_downgrades_four_times(host, database):
    deploy(host, database)
    params = schema_params(database, target="0003", confirm=database)
    runs = host.four_runs("pg_schema", params, lambda: host.query(REVISION, db=database)[0][0])
    assert [(result["changed"], revision) for result, revision in runs] == [
        (True, "0011"),
        (True, "0003"),
        (False, "0003"),
        (False, "0003"),
    ]


def test_a_downgrade_to_base_leaves_nothing_and_can_be_deployed_again(host, database):
    deploy(host, database)
    result = host.module("pg_schema", schema_params(database, target="base", confirm=database))
    assert (result["changed"], result["revision"]) == (True, None)
    assert host.query(LEFT, db=database) == [[0, 0]]
    assert deploy(host, database)["revision_before"] is None
    assert host.query(COUNT, db=database) == [[25]]


READERS = """
    SELECT grantee::regrole::text AS reader, string_agg(privilege_type, ',' ORDER BY privilege_type)
    FROM pg_class c, aclexplode(c.relacl) WHERE c.oid = 'alembic_version'::regclass AND grantee <> c.relowner
    GROUP BY 1 ORDER BY 1
"""


def readers(host, database: str) -> list | None:
    exists = host.query("SELECT to_regclass('public.alembic_version') IS NOT NULL", db=database)[0][0]
    return host.query(READERS, db=database) if exists else None


def test_only_readers_may_see_the_revision_and_none_may_set_it(host, database):
    provision(host, database)
    params = schema_params(database, revision_readers=["threadr_migration", "threadr_monitor"])
    runs = host.four_runs("pg_schema", params, lambda: readers(host, database))
    granted = [["threadr_migration", "SELECT"], ["threadr_monitor", "SELECT"]]
    assert [(result["changed"], seen) for result, seen in runs] == [
        (True, None),
        (True, granted),
        (False, granted),
        (False, granted),
    ]
    # The dry run knew what the owner's default privileges would give to a table that did not exist yet.
    assert runs[0][0]["privileges"] == runs[1][0]["privileges"]
    assert (
        "REVOKE DELETE, INSERT, SELECT, UPDATE ON TABLE public.alembic_version FROM threadr_app;"
        in runs[0][0]["privileges"]
    )
    host.execute("GRANT UPDATE ON alembic_version TO threadr_app;", db=database)
    assert host.module("pg_schema", params)["privileges"] == [
        "REVOKE UPDATE ON TABLE public.alembic_version FROM threadr_app;"
    ]


def test_without_readers_the_privileges_are_left_alone(host, database):
    deploy(host, database)
    host.execute("GRANT TRUNCATE ON alembic_version TO threadr_app;", db=database)
    result = host.module("pg_schema", schema_params(database))
    assert (result["changed"], result["privileges"]) == (False, [])


AUDITOR = "schema_auditor"
AUDITED = f"""
    SELECT c.relname, string_agg(privilege_type, ',' ORDER BY privilege_type)
    FROM pg_class c, aclexplode(c.relacl) WHERE grantee = '{AUDITOR}'::regrole AND relnamespace = 'public'::regnamespace
    GROUP BY 1 ORDER BY 1
"""


@pytest.fixture
def auditor(host, database):
    host.execute(f"CREATE ROLE {AUDITOR};")
    yield AUDITOR
    host.execute(f"DROP OWNED BY {AUDITOR}; DROP ROLE {AUDITOR};", db=database)


def test_writes_to_the_audited_tables_are_the_auditors_and_no_others(host, database, auditor):
    provision(host, database)
    params = schema_params(database, audit_role=auditor, audited_tables=["users", "teams"])
    runs = host.four_runs("pg_schema", params, lambda: host.query(AUDITED, db=database))
    granted = [["teams", "DELETE,INSERT,UPDATE"], ["users", "DELETE,INSERT,UPDATE"]]
    assert [(result["changed"], seen) for result, seen in runs] == [
        (True, []),
        (True, granted),
        (False, granted),
        (False, granted),
    ]
    assert runs[0][0]["privileges"] == runs[1][0]["privileges"]
    host.execute(f"GRANT UPDATE ON threads TO {AUDITOR}; REVOKE UPDATE ON users FROM {AUDITOR};", db=database)
    host.module("pg_schema", params)
    assert host.query(AUDITED, db=database) == granted


@pytest.mark.parametrize("check_mode", [True, False])
def test_an_audited_table_that_is_not_there_is_named(host, database, auditor, check_mode):
    deploy(host, database)
    params = schema_params(database, audit_role=auditor, audited_tables=["users", "accounts"])
    result = host.module("pg_schema", params, check_mode)
    assert result["failed"] is True
    assert result["msg"].startswith("audited_tables names accounts, which the newest revision does not have.")


@pytest.mark.parametrize("confirm", [None, "another"])
def test_a_downgrade_without_the_name_drops_nothing(host, database, confirm):
    deploy(host, database)
    result = host.module("pg_schema", schema_params(database, target="base", confirm=confirm))
    assert result["failed"] is True
    assert f"Set confirm to {database} if that is meant" in result["msg"]
    assert host.query(COUNT, db=database) == [[25]]


def broken_after(statements: list[str]) -> list[dict]:
    """The project's revisions and one more, whose statements are these."""
    last = {"revision": "0012", "down_revision": "0011", "description": "Breaks."}
    sql = ["BEGIN;", *statements, "UPDATE alembic_version SET version_num = '0012';", "COMMIT;"]
    return [*rendered(), {**last, "upgrade_sql": sql, "downgrade_sql": ["BEGIN;", "COMMIT;"]}]


@pytest.mark.parametrize(
    ("statement", "answer"),
    [
        pytest.param("CREATE TABLE users (id int);", 'relation "users" already exists', id="exists-already"),
        pytest.param("CREATE TABEL x (id int);", 'syntax error at or near "TABEL"', id="syntax"),
        pytest.param("ALTER TABLE users ADD CHECK (login_count > 9);", "violated by some row", id="data-in-the-way"),
    ],
)
def test_a_failed_revision_leaves_the_database_at_the_one_before(host, database, statement, answer):
    deploy(host, database, target="0003")
    host.execute("INSERT INTO users (email, password_hash) VALUES ('a@example.com', 'x');", db=database)
    revisions = broken_after(["CREATE TABLE half_way (id int);", statement])
    result = host.module("pg_schema", schema_params(database, revisions=revisions))
    assert result["failed"] is True
    assert result["msg"].startswith(
        f"upgrade 0012 (Breaks) was rolled back; the database is at 0011. Statement: {statement}"
    )
    assert answer in result["msg"]
    assert host.query(REVISION, db=database) == [["0011"]]
    assert ["public.half_way"] not in host.query(TABLES, db=database)
    assert host.query("SELECT count(*) FROM users", db=database) == [[1]]


@contextmanager
def version_table_held(host, database: str):
    """Another session that lets readers of alembic_version through, and lets whoever changes it wait."""
    command = ["podman", "exec", "--interactive", "--user", "postgres", host.name, "psql", "-XAtq", "-d", database]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as session:
        assert session.stdin and session.stdout
        session.stdin.write("BEGIN; LOCK TABLE alembic_version IN EXCLUSIVE MODE; SELECT 'held';\n")
        session.stdin.flush()
        assert session.stdout.readline() == "held\n"
        yield
        session.stdin.close()


def test_a_second_runner_is_refused_and_told_of_the_first(host, database):
    deploy(host, database, target="0004")
    with ThreadPoolExecutor(1) as pool:
        with version_table_held(host, database):
            first = pool.submit(host.module, "pg_schema", schema_params(database))
            deadline = time.monotonic() + 30
            while not (waiting := host.query(RUNNER)) and not first.done():
                assert time.monotonic() < deadline, "the first runner never came to wait"
            second = host.module("pg_schema", schema_params(database))
        assert first.result()["revision"] == "0011"
    assert second["failed"] is True
    assert (
        f"Another run is changing the schema of {database}: process {waiting[0][0]}, connected since 2" in second["msg"]
    )


def test_a_table_that_others_hold_ends_the_wait_with_a_sentence(host, database):
    deploy(host, database, target="0004")
    with version_table_held(host, database):
        result = host.module("pg_schema", schema_params(database, lock_timeout_s=1))
    assert result["failed"] is True
    assert "the database is at 0004" in result["msg"]
    assert "canceling statement due to lock timeout" in result["msg"]


@pytest.mark.parametrize("check_mode", [True, False])
def test_a_revision_that_nobody_knows_is_refused(host, database, check_mode):
    deploy(host, database)
    host.execute("UPDATE alembic_version SET version_num = 'f00d';", db=database)
    result = host.module("pg_schema", schema_params(database), check_mode)
    assert result["failed"] is True
    assert "The database is at revision f00d, which is not among those given (0001 to 0011)" in result["msg"]


def test_an_emptied_version_table_is_refused(host, database):
    deploy(host, database)
    host.execute("DELETE FROM alembic_version;", db=database)
    result = host.module("pg_schema", schema_params(database))
    assert result["failed"] is True
    assert "alembic_version holds 0 revisions" in result["msg"]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"login_db": "not_yet"}, "database not_yet does not exist yet", id="no-database"),
        pytest.param({"login_role": "not_yet"}, "role not_yet does not exist yet", id="no-role"),
    ],
)
def test_a_dry_run_before_provisioning_shows_the_whole_schema(host, database, changes, reason):
    result = host.module("pg_schema", {**schema_params(database), **changes}, check_mode=True)
    assert (result["assumed_empty"], result["assumed_because"]) == (True, reason)
    assert len(result["steps"]) == len(schema_params(database)["revisions"])
    assert "CREATE TABLE users" in result["diff"]["after"]
    assert host.module("pg_schema", {**schema_params(database), **changes})["failed"] is True


def test_a_run_refuses_a_server_that_is_not_there(host, database):
    """What a dry run makes of it, and of one that is down, is in test_absent_server.py."""
    result = host.module("pg_schema", schema_params(database, login_port=5999))
    assert result["failed"] is True
    assert "No such file or directory" in result["msg"]
