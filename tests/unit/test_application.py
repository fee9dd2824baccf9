"""What an environment says of the database, which URLs drivers are given, and how what they found is judged."""

from dataclasses import replace

import pytest
from ansible.module_utils.pgops.application import (
    OTHER_NAME,
    REFUSED,
    WITHOUT_TLS,
    Found,
    Settings,
    addresses,
    refusal,
    require_drivers,
    settings,
    urls_for_asyncpg,
    with_option,
    work_fault,
)
from ansible.module_utils.pgops.application_judgement import document, problems_of, told
from ansible.module_utils.pgops.errors import PgopsError

ONE = "postgresql://app:s3cr%40t@pg1:6432/threadr?sslmode=verify-full&sslrootcert=/etc/ca.crt"
TWO = (
    "postgresql://app:s3cr%40t@/threadr?host=pg1,pg2&port=6432,6433&sslmode=verify-full&target_session_attrs=read-write"
)
VARIABLES = {
    "DATABASE_URL": ONE, "DB_POOL_SIZE": "10", "DB_MAX_OVERFLOW": "20", "DB_POOL_TIMEOUT": "30", "DB_POOL_RECYCLE": "3600",
    "DB_STATEMENT_TIMEOUT": "30000", "DB_IDLE_TIMEOUT": "300000",
}  # fmt: skip
WANTED = Settings(ONE, 10, 20, 30, 3600, 30000, 300000)
FACTS = {
    "version": "15.14", "database": "threadr", "user": "threadr_app", "host": "pg1", "port": 6432, "tls": "TLSv1.3", "pooled": True,
    "standby": False, "revision": "0005", "statement_timeout": 30000, "idle_in_transaction_session_timeout": 300000,
    "pool": {"checked_out": 1, "idle": 0},
}  # fmt: skip
GOOD = Found("asyncpg", facts=FACTS, refusals={"drop a table": REFUSED, WITHOUT_TLS: REFUSED})


def test_an_environment_gives_the_settings_of_the_pool():
    assert settings(VARIABLES, "f") == WANTED


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"DATABASE_URL": ""}, "f has no DATABASE_URL."),
        ({"DB_POOL_SIZE": "", "DB_POOL_TIMEOUT": ""}, "f has no DB_POOL_SIZE, DB_POOL_TIMEOUT."),
        ({"DB_POOL_SIZE": "-1"}, "f has DB_POOL_SIZE=-1, which is no whole number."),
        ({"DATABASE_URL": "mysql://a:secret@h/d"}, "f has a DATABASE_URL that is not postgresql://"),
        ({"DATABASE_URL": "postgresql://a:secret@h:port/d"}, "f has a DATABASE_URL that is no URL of a database."),
        (
            {"DATABASE_URL": "postgresql://a:secret@/d?host=a,b&port=1,2,3"},
            "f has a DATABASE_URL that is no URL of a database.",
        ),
        ({"DATABASE_URL": "postgresql://a@secret/d"}, "f has a DATABASE_URL without role, password or database."),
        ({"DATABASE_URL": "postgresql://a:secret@h"}, "f has a DATABASE_URL without role, password or database."),
    ],
)
def test_an_environment_that_cannot_serve_is_named_without_its_secret(given, said):
    with pytest.raises(PgopsError) as refused:
        settings({**VARIABLES, **given}, "f")
    assert str(refused.value).startswith(said)
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize(
    ("url", "found"),
    [
        (ONE, [("pg1", 6432)]),
        (TWO, [("pg1", 6432), ("pg2", 6433)]),
        ("postgresql://a:b@/d?host=x,y&port=7", [("x", 7), ("y", 7)]),
        ("postgresql://a:b@h/d", [("h", 5432)]),
    ],
)
def test_the_hosts_of_a_url(url, found):
    assert addresses(url) == found


@pytest.mark.parametrize(
    ("url", "version", "hosts"),
    [
        pytest.param(ONE, (0, 27), [[("pg1", 6432)]], id="one-host-as-it-is"),
        pytest.param(TWO, (0, 28), [[("pg1", 6432), ("pg2", 6433)]], id="a-new-one-looks-itself"),
        pytest.param(TWO, (0, 27), [[("pg1", 6432)], [("pg2", 6433)]], id="an-old-one-is-led"),
    ],
)
def test_asyncpg_is_given_what_it_understands(url, version, hosts):
    given = urls_for_asyncpg(url, version)
    assert [addresses(one) for one in given] == hosts
    assert version >= (0, 28) or not any("target_session_attrs" in one for one in given)
    assert all("sslmode=verify-full" in one and "app:s3cr%40t@" in one for one in given)


def test_an_option_of_the_query_is_replaced_and_the_rest_kept():
    assert with_option(ONE, "sslmode", "disable") == ONE.replace("verify-full", "disable").replace("/etc/", "%2Fetc%2F")


@pytest.mark.parametrize(
    ("way", "said", "judged"),
    [
        (WITHOUT_TLS, None, None),
        (WITHOUT_TLS, "SSL required", REFUSED),
        (WITHOUT_TLS, 'no pg_hba.conf entry for host "10.0.0.2", user "a", database "d", no encryption', REFUSED),
        (WITHOUT_TLS, "connection refused", "connection refused"),
        (OTHER_NAME, 'server certificate for "pg1" does not match host name "another.invalid"', REFUSED),
        (OTHER_NAME, "timeout expired", "timeout expired"),
    ],
)
def test_only_the_right_refusal_closes_a_door(way, said, judged):
    assert refusal(way, said) == judged


@pytest.mark.parametrize(
    ("values", "left", "fault"),
    [
        ([1, 2, 2], 0, None),
        ([1, 2, None], 0, "came back as [1, 2, None]"),
        ([1, 2, 2], 1, "1 rows are left of a transaction that was rolled back"),
    ],
)
def test_what_was_written_has_to_come_back_and_to_be_gone(values, left, fault):
    seen = work_fault(values, left)
    assert (seen is None) if fault is None else fault in seen


@pytest.mark.parametrize(
    ("found", "pooled", "problems"),
    [
        pytest.param(GOOD, True, [], id="good"),
        pytest.param(GOOD, None, [], id="a-pooler-that-nobody-asks-for"),
        pytest.param(GOOD, False, ["asyncpg is connected through a pooler. Correct threadr_application_port"], id="a-pooler-too-many"),
        pytest.param(
            replace(GOOD, facts={**FACTS, "pooled": False}), True, ["asyncpg is connected to the server itself. Correct"], id="no-pooler"
        ),
        pytest.param(replace(GOOD, facts={**FACTS, "tls": None}), True, ["asyncpg is connected without TLS."], id="plain-text"),
        pytest.param(replace(GOOD, facts={**FACTS, "standby": True}), True, ["asyncpg is connected to pg1, which is a standby."], id="standby"),
        pytest.param(Found("asyncpg", error="Connection refused"), True, ["asyncpg cannot connect: Connection refused. Start the pooler"], id="nobody"),
        pytest.param(replace(GOOD, fault="permission denied for table users"), True, ["asyncpg cannot read and write: permission denied"], id="blind"),
        pytest.param(
            replace(GOOD, facts={**FACTS, "statement_timeout": 0}), True,
            ["asyncpg has statement_timeout 0 ms, but DB_STATEMENT_TIMEOUT is 30000."], id="timeout",
        ),
        pytest.param(
            replace(GOOD, refusals={"drop a table": None}), True,
            ["asyncpg could drop a table, which it must not. Take the privilege away"], id="permitted",
        ),
        pytest.param(
            replace(GOOD, refusals={"drop a table": "42P01"}), True,
            ["asyncpg was to be refused when it tried to drop a table, but the answer was another: 42P01."], id="refused-for-another-reason",
        ),
        pytest.param(
            replace(GOOD, refusals={WITHOUT_TLS: None}), True, ["asyncpg could connect without TLS, which it must not. Close it"], id="open-door"
        ),
    ],
)  # fmt: skip
def test_everything_that_is_wrong_is_a_sentence(found, pooled, problems):
    seen = problems_of(found, WANTED, pooled)
    assert len(seen) == len(problems)
    assert all(one.startswith(problem) for one, problem in zip(seen, problems, strict=True)), seen


@pytest.mark.parametrize(
    ("message", "advice"),
    [
        ("SASL authentication failed", "threadr_app_password"),
        ('connection to server at "pg1" (10.89.0.2), port 6432 failed: Connection refused', "threadr_application_port"),
        ("[Errno 111] Connect call failed ('10.89.0.2', 6432)", "threadr_application_port"),
        ("timed out after 10 s", "threadr_application_port"),
        ('could not translate host name "x" to address: Name or service not known', "threadr_application_hosts"),
        ('server certificate for "pg1" does not match host name "pg2"', "name that is in the server's certificate"),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: Hostname mismatch", "name that is in the server's certificate"),
        ("SSL error: certificate verify failed", "threadr_tls_ca"),
        ('root certificate file "/etc/threadr/database-ca.crt" does not exist', "run site.yml"),
        ("no such database: x", "threadr_database"),
        ("something that nobody has seen yet", None),
    ],
)  # fmt: skip
def test_what_drivers_say_comes_with_advice(message, advice):
    said = told(message)
    assert said.startswith(message)
    assert said == message if advice is None else advice in said


def test_the_document_says_what_an_endpoint_reports():
    assert document([GOOD, GOOD], [], WANTED) == {
        "status": "healthy", "connected": True, "version": "15.14", "database": "threadr", "user": "threadr_app", "host": "pg1",
        "tls": "TLSv1.3", "pooled": True, "schema_revision": "0005",
        "pool": {"size": 10, "max_overflow": 20, "timeout_s": 30, "recycle_s": 3600, "checked_out": 1, "idle": 0},
    }  # fmt: skip


def test_the_document_of_a_database_that_is_not_reached_says_so():
    seen = document([Found("a", error="x"), Found("b", error="x")], ["x"], WANTED)
    assert (seen["status"], seen["connected"], seen["version"], seen["tls"]) == ("unhealthy", False, None, None)


def test_missing_drivers_are_named_with_their_packages():
    require_drivers([])
    with pytest.raises(
        PgopsError, match=r"has no SQLAlchemy, asyncpg\. Install python3-sqlalchemy python3-asyncpg, or set"
    ):
        require_drivers(["SQLAlchemy", "asyncpg"])
