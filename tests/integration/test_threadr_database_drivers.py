"""threadr_database_info with Debian's drivers: what they may do, what they must not, and an environment that is none."""

import json
import secrets

import pytest

from application_server import ACCOUNT, FOLDER, PASSWORD, PORT, asker, made_server


@pytest.fixture(scope="module")
def server(host):
    with made_server(host) as execute:
        yield execute


@pytest.fixture
def ask(host, server):
    return asker(host)


def test_both_drivers_do_what_the_application_does_and_nothing_is_left(ask, server):
    before = server("SELECT md5(array_agg(t)::text) FROM pg_class t; SELECT count(*) FROM app_counters;")
    result = ask()
    assert (result.get("problems"), result.get("healthy"), result.get("changed")) == ([], True, False), result
    document = result["document"]
    assert {key: document[key] for key in ("status", "connected", "database", "user", "host", "tls", "pooled", "schema_revision")} == {
        "status": "healthy", "connected": True, "database": "threadr", "user": "threadr_app", "host": "localhost", "tls": "TLSv1.3",
        "pooled": False, "schema_revision": "0005",
    }  # fmt: skip
    assert document["version"] == server("SHOW server_version;")
    assert document["pool"] == {
        "size": 10, "max_overflow": 20, "timeout_s": 30, "recycle_s": 3600, "checked_out": 1, "idle": 0,
    }  # fmt: skip
    assert [(one["tried"], one["refused"]) for one in result["drivers"]] == [(16, 16), (1, 1)]
    assert PASSWORD not in json.dumps(result)
    assert server("SELECT md5(array_agg(t)::text) FROM pg_class t; SELECT count(*) FROM app_counters;") == before


@pytest.mark.parametrize(
    ("granted", "taken", "problem"),
    [
        ("GRANT CREATE ON SCHEMA public TO threadr_app", "REVOKE CREATE ON SCHEMA public FROM threadr_app", "could make a table"),
        ("GRANT TEMPORARY ON DATABASE threadr TO threadr_app", "REVOKE TEMPORARY ON DATABASE threadr FROM threadr_app", "make a temporary table"),
        ("GRANT TRUNCATE ON users TO threadr_app", "REVOKE TRUNCATE ON users FROM threadr_app", "could empty a table"),
        ("ALTER ROLE threadr_app CREATEROLE", "ALTER ROLE threadr_app NOCREATEROLE", "could make a role"),
        ("GRANT pg_read_server_files TO threadr_app; GRANT EXECUTE ON FUNCTION pg_read_file(text) TO threadr_app",
         "REVOKE pg_read_server_files FROM threadr_app; REVOKE EXECUTE ON FUNCTION pg_read_file(text) FROM threadr_app", "could read files"),
        ("GRANT USAGE ON SCHEMA migration TO threadr_app", "REVOKE USAGE ON SCHEMA migration FROM threadr_app",
         "tried to read what the migration keeps, but the answer was another: 42P01"),
    ],
)  # fmt: skip
def test_what_is_permitted_and_must_not_be_is_a_problem_and_is_taken_back(ask, server, granted, taken, problem):
    server(f"{granted};")
    try:
        result = ask()
    finally:
        server(f"{taken};")
    assert [one for one in result["problems"] if problem in one], result["problems"]
    assert (
        server(
            "SELECT count(*) FROM pg_class WHERE relname = 'check_application'; SELECT count(*) FROM pg_roles WHERE rolname ~ '^check';"
        )
        == "0\n0"
    )
    assert ask()["healthy"]


def test_a_lock_is_not_waited_for(host, ask, server):
    server("GRANT TRUNCATE ON users TO threadr_app;")
    host.run(
        "bash",
        "-c",
        f"echo 'BEGIN; SELECT FROM users; SELECT pg_sleep(60)' | psql -qX -p {PORT} threadr >/dev/null 2>&1 &",
        user="postgres",
    )
    host.run("bash", "-c", f"until psql -XAtqp {PORT} threadr -c \"SELECT 1 FROM pg_locks WHERE relation = 'users'::regclass\" | grep -q 1; do :; done",
             user="postgres", timeout=20)  # fmt: skip
    try:
        result = ask()
    finally:
        server(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'pg_sleep' AND pid <> pg_backend_pid();"
        )
        server("REVOKE TRUNCATE ON users FROM threadr_app;")
    assert [one for one in result["problems"] if "empty a table, but the answer was another: 55P03" in one], result[
        "problems"
    ]


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [
        ("rm {0}", "There is no {0}. Run site.yml"),
        ("chmod 600 {0}", "may not read {0}. Set threadr_application_user"),
        ("echo nonsense >> {0}", "{0} is no environment file. Line"),
        ("sed -i /DATABASE_URL/d {0}", "{0} has no DATABASE_URL. Run site.yml"),
        ("sed -i s/^DB_POOL_SIZE=.*/DB_POOL_SIZE=ten/ {0}", "{0} has DB_POOL_SIZE=ten, which is no whole number"),
        ("sed -i s/^DATABASE_URL=.*/DATABASE_URL=mysql:x/ {0}", "{0} has a DATABASE_URL that is not postgresql://"),
    ],
)
def test_a_file_that_is_none_is_refused_in_a_sentence(host, ask, spoil, sentence):
    path = f"{FOLDER}/database.env"
    ask()
    host.run("sh", "-c", spoil.format(path))
    result = host.module("threadr_database_info", {"environment_file": path}, user=ACCOUNT)
    assert result["failed"]
    assert sentence.format(path) in result["msg"]
    assert PASSWORD not in result["msg"]


def test_a_python_without_the_drivers_is_named(host, ask):
    ask()
    hidden = f"/tmp/{secrets.token_hex(4)}"
    host.run("mkdir", hidden)
    host.run("sh", "-c", f"echo 'raise ImportError(name=\"asyncpg\")' > {hidden}/asyncpg.py")
    request = json.dumps({"params": {"environment_file": f"{FOLDER}/database.env"}})
    runner = [
        "env",
        f"PYTHONPATH={hidden}:/opt/ansible-core",
        "python3",
        "/src/tests/module_runner.py",
        "threadr_database_info",
    ]
    result = json.loads(host.run(*runner, user=ACCOUNT, stdin=request, check=False).stdout)
    assert "has no asyncpg. Install python3-asyncpg, or set threadr_application_interpreter" in result["msg"]
