"""threadr_database_info before every kind of door: without TLS, with a wrong name or key, of a standby, of a pooler."""

import json

import pytest

from application_server import ACCOUNT, FOLDER, PASSWORD, PORT, RULES, SETTINGS, TARGET, asker, made_server
from plugins.filter.application import database_url

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
    with made_server(host) as execute:
        yield execute


@pytest.fixture
def ask(host, server):
    return asker(host)


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
