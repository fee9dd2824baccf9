"""threadr_database_info with Debian's drivers against a server with TLS: what is right, what is wrong, what is left behind."""

import json
import secrets

import pytest

from plugins.filter.application import database_url

PORT = 5440
PASSWORD = "correct horse:battery@staple/7%?"
FOLDER = "/etc/application-test"
ACCOUNT = "application-test"
CERTIFICATES = """
set -e
mkdir -p /etc/postgresql/application-tls && cd /etc/postgresql/application-tls
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ca.key -subj "/CN=Test authority" -days 2 -out ca.crt
openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout server.key -subj /CN=localhost -out server.csr
printf subjectAltName=DNS:localhost > names
openssl x509 -req -in server.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 2 -extfile names -out server.crt
chown postgres server.key && chmod 600 server.key
"""
SETTINGS = """
listen_addresses = 'localhost'
ssl_cert_file = '/etc/postgresql/application-tls/server.crt'
ssl_key_file = '/etc/postgresql/application-tls/server.key'
"""
RULES = "local all postgres peer\nhostssl all all 127.0.0.1/32 scram-sha-256\nhostssl all all ::1/128 scram-sha-256\n"
SCHEMA = """
REVOKE ALL ON DATABASE threadr FROM PUBLIC;
GRANT CONNECT ON DATABASE threadr TO threadr_app;
CREATE SCHEMA migration;
CREATE TABLE alembic_version (version_num text);
INSERT INTO alembic_version VALUES ('0005');
CREATE TABLE users (id int);
CREATE TABLE app_counters (metric text, period_type text, period_start date, value bigint);
GRANT SELECT ON alembic_version TO threadr_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON users, app_counters TO threadr_app;
"""
ROLE = f"""
CREATE ROLE threadr_app LOGIN PASSWORD '{PASSWORD}';
ALTER ROLE threadr_app SET statement_timeout = '30s';
ALTER ROLE threadr_app SET idle_in_transaction_session_timeout = '5min';
CREATE DATABASE threadr;
"""
VARIABLES = {
    "DB_POOL_SIZE": "10", "DB_MAX_OVERFLOW": "20", "DB_POOL_TIMEOUT": "30", "DB_POOL_RECYCLE": "3600",
    "DB_STATEMENT_TIMEOUT": "30000", "DB_IDLE_TIMEOUT": "300000",
}  # fmt: skip
TARGET = {
    "hosts": ["localhost"], "port": PORT, "database": "threadr", "role": "threadr_app", "password": PASSWORD, "ca": f"{FOLDER}/ca.crt",
}  # fmt: skip
POOLER = f"""
[databases]
threadr = host=/var/run/postgresql port={PORT} user=threadr_app
[pgbouncer]
listen_addr = localhost
listen_port = {PORT + 3}
unix_socket_dir =
auth_type = any
client_tls_sslmode = require
client_tls_cert_file = /etc/postgresql/application-tls/server.crt
client_tls_key_file = /etc/postgresql/application-tls/server.key
query_wait_timeout = 2
pidfile = /tmp/application-test.pid
logfile = /tmp/application-test.log
"""


@pytest.fixture(scope="module")
def server(host):
    """A cluster of its own, to which only TLS leads; statements are run there by its superuser."""
    host.run("bash", "-c", CERTIFICATES)
    host.run("pg_createcluster", "15", "application", "--port", str(PORT), "--", "--auth-local=peer")
    host.run("tee", "--append", "/etc/postgresql/15/application/postgresql.conf", stdin=SETTINGS)
    host.run("tee", "/etc/postgresql/15/application/pg_hba.conf", stdin=RULES)
    host.run("pg_ctlcluster", "15", "application", "start")
    host.run("useradd", "--system", ACCOUNT)

    def execute(statements: str, db: str = "threadr") -> str:
        psql = ["psql", "-XAtq", "-p", str(PORT), "-v", "ON_ERROR_STOP=1", "-d", db, "-f", "-"]
        return host.run(*psql, user="postgres", stdin=statements).stdout.strip()

    execute(ROLE, "postgres")
    execute(SCHEMA)
    yield execute
    host.run("pg_dropcluster", "15", "application", "--stop")
    host.run("userdel", ACCOUNT)
    host.run("rm", "-rf", FOLDER, "/etc/postgresql/application-tls")


@pytest.fixture
def ask(host, server):
    """ask(target, variables) gives the application that environment and asks as it."""
    authority = host.run("cat", "/etc/postgresql/application-tls/ca.crt").stdout

    def ask(
        target: dict | None = None,
        variables: dict | None = None,
        ca: str = authority,
        url: str | None = None,
        pooled: bool = False,
    ) -> dict:
        written = {
            "directory": FOLDER,
            "name": "database.env",
            "group": ACCOUNT,
            "variables": {**VARIABLES, **(variables or {})},
            "secret_variables": {"DATABASE_URL": url or database_url({**TARGET, **(target or {})})},
            "files": {"ca.crt": ca},
        }
        assert not host.module("environment_file", written, user="root").get("failed")
        return host.module(
            "threadr_database_info", {"environment_file": f"{FOLDER}/database.env", "pooled": pooled}, user=ACCOUNT
        )

    return ask


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


def test_a_door_without_tls_is_a_problem_of_both_drivers(host, ask, server):
    rules = "/etc/postgresql/15/application/pg_hba.conf"
    host.run("tee", rules, stdin=RULES.replace("hostssl", "host"))
    server("SELECT pg_reload_conf();")
    try:
        problems = ask()["problems"]
    finally:
        host.run("tee", rules, stdin=RULES)
        server("SELECT pg_reload_conf();")
    assert len([one for one in problems if "could connect without TLS" in one]) == 2, problems


@pytest.mark.parametrize(
    ("given", "sentences"),
    [
        pytest.param(
            {"target": {"password": "not-the-password"}}, ["correct threadr_app_password"] * 2, id="wrong-password"
        ),
        pytest.param(
            {"target": {"port": 5441}},
            ["correct threadr_application_hosts or threadr_application_port"] * 2,
            id="nobody-listens",
        ),
        pytest.param(
            {"target": {"hosts": ["nowhere.invalid"]}}, ["Correct threadr_application_hosts"] * 2, id="no-such-host"
        ),
        pytest.param({"target": {"database": "nowhere"}}, ["Correct threadr_database"] * 2, id="no-such-database"),
        pytest.param(
            {"target": {"hosts": ["127.0.0.1"]}},
            ["needs a name that is in the server's certificate"] * 2,
            id="not-the-name",
        ),
        pytest.param(
            {"target": {"ca": f"{FOLDER}/none.crt"}}, ["certificate of the authority is missing"] * 2, id="no-authority"
        ),
        pytest.param(
            {"variables": {"DB_STATEMENT_TIMEOUT": "1000"}},
            ["has statement_timeout 30000 ms, but DB_STATEMENT_TIMEOUT is 1000"] * 2,
            id="timeouts",
        ),
    ],
)
def test_what_is_wrong_is_one_sentence_for_each_driver(ask, given, sentences):
    result = ask(**given)
    assert (result.get("failed"), result["healthy"], result["document"]["status"]) == (None, False, "unhealthy")
    assert len(result["problems"]) == len(sentences), result["problems"]
    for problem, sentence in zip(result["problems"], sentences, strict=True):
        assert sentence in problem
    assert PASSWORD not in json.dumps(result)


def test_a_certificate_of_another_authority_is_not_trusted(host, ask):
    made = host.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", "/dev/null",
                    "-subj", "/CN=Another authority").stdout  # fmt: skip
    problems = ask(ca=made)["problems"]
    assert len(problems) == 2
    assert all("another authority than threadr_tls_ca" in problem for problem in problems), problems


@pytest.fixture(scope="module")
def standby(host, server):
    """A standby of that server; its port."""
    port = PORT + 2
    host.run("pg_createcluster", "15", "standby", "--port", str(port))
    host.run("tee", "--append", "/etc/postgresql/15/standby/postgresql.conf", stdin=SETTINGS)
    host.run("tee", "/etc/postgresql/15/standby/pg_hba.conf", stdin=RULES)
    data = "/var/lib/postgresql/15/standby"
    host.run("rm", "-rf", data)
    host.run("tee", "--append", "/etc/postgresql/15/application/pg_hba.conf", stdin="local replication postgres peer\n")
    server("SELECT pg_reload_conf();")
    copy = ["pg_basebackup", "--port", str(PORT), "--pgdata", data, "--write-recovery-conf", "--checkpoint=fast"]
    host.run(*copy, user="postgres")
    host.run("pg_ctlcluster", "15", "standby", "start")
    yield port
    host.run("pg_dropcluster", "15", "standby", "--stop")


def beside(port: int) -> str:
    """A URL with the standby before the primary."""
    return database_url({**TARGET, "hosts": ["localhost", "localhost"]}).replace(f"{PORT},{PORT}", f"{port},{PORT}")


def test_the_primary_is_found_behind_a_standby(ask, standby):
    result = ask(url=beside(standby))
    assert result["problems"] == []
    assert [(one["port"], one["standby"]) for one in result["drivers"]] == [(PORT, False), (PORT, False)]
    assert ["knows no target_session_attrs" in remark for remark in result["remarks"]] == [True]


def test_a_standby_alone_is_a_problem(ask, standby):
    problems = ask(target={"port": standby})["problems"]
    assert len([problem for problem in problems if "which is a standby" in problem]) == 2, problems


def test_asyncpg_of_debian_12_is_refused_with_the_url_of_several_hosts(host, ask, standby):
    """What the remark is about, and the documentation of the role: the day this fails, both can go."""
    ask(url=beside(standby))
    connect = "import asyncio, asyncpg, os; asyncio.run(asyncpg.connect(os.environ['DATABASE_URL']))"
    service = [
        "systemd-run",
        "--quiet",
        "--wait",
        "--pipe",
        f"--uid={ACCOUNT}",
        f"--property=EnvironmentFile={FOLDER}/database.env",
    ]
    done = host.run(*service, "python3", "-c", connect, check=False)
    assert 'unrecognized configuration parameter "target_session_attrs"' in done.stderr


@pytest.fixture
def pooler(host, server):
    """A pooler before that server, which waits for it no longer than two seconds; its port."""
    host.run("tee", "/etc/pgbouncer/application-test.ini", stdin=POOLER)
    host.run("tee", "/etc/postgresql/15/application/pg_hba.conf", stdin=f"local threadr threadr_app trust\n{RULES}")
    server("SELECT pg_reload_conf();")
    # It has to read the key of the server's certificate, which is the account's.
    host.run("pgbouncer", "--daemon", "/etc/pgbouncer/application-test.ini", user="postgres")
    yield PORT + 3
    host.run("sh", "-c", "kill $(cat /tmp/application-test.pid)")
    host.run("tee", "/etc/postgresql/15/application/pg_hba.conf", stdin=RULES)
    server("SELECT pg_reload_conf();")


def test_a_pooler_is_told_from_the_server(ask, pooler):
    assert ask(target={"port": pooler}, pooled=True)["problems"] == []
    problems = ask(target={"port": pooler}, pooled=False)["problems"]
    assert ["is connected through a pooler" in problem for problem in problems] == [True, True]


def test_a_pooler_whose_server_is_gone_is_a_problem_of_both_drivers(host, ask, pooler):
    """It lets clients in, and fails the first statement."""
    assert ask(target={"port": pooler}, pooled=True)["healthy"]
    host.run("pg_ctlcluster", "15", "application", "stop")
    try:
        result = ask(target={"port": pooler}, pooled=True)
    finally:
        host.run("pg_ctlcluster", "15", "application", "start")
    assert ["cannot connect: " in problem for problem in result["problems"]] == [True, True], result
    assert result["document"]["connected"] is False


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
