"""The URL that drivers understand, and the inputs that cannot serve."""

from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from ansible.errors import AnsibleFilterError

from plugins.filter.application import application_faults, application_variables, database_url

TARGET = {
    "hosts": ["pg1"], "port": 6432, "database": "threadr", "role": "threadr_app", "password": "correct horse", "ca": "/etc/threadr/ca.crt",
}  # fmt: skip
VERIFIED = "sslmode=verify-full&sslrootcert=/etc/threadr/ca.crt"
INPUTS = {"hosts": ["pg1"], "port": 6432, "variables": {"DB_POOL_SIZE": 10, "DB_REQUIRE_SSL": True}}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        pytest.param({}, f"postgresql://threadr_app:correct%20horse@pg1:6432/threadr?{VERIFIED}", id="one-host"),
        pytest.param(
            {"hosts": ["pg1", "pg2"]},
            f"postgresql://threadr_app:correct%20horse@/threadr?host=pg1,pg2&port=6432,6432&{VERIFIED}&target_session_attrs=read-write",
            id="several-hosts-in-the-query",
        ),
        pytest.param(
            {"password": "a:b@c/d?e#f%g+h&i"},
            f"postgresql://threadr_app:a%3Ab%40c%2Fd%3Fe%23f%25g%2Bh%26i@pg1:6432/threadr?{VERIFIED}",
            id="what-a-url-gives-a-meaning",
        ),
        pytest.param(
            {"password": "pä$s"}, f"postgresql://threadr_app:p%C3%A4%24s@pg1:6432/threadr?{VERIFIED}", id="beyond-ascii"
        ),
        pytest.param(
            {"role": "o'neill", "database": "a b"}, f"postgresql://o%27neill:correct%20horse@pg1:6432/a%20b?{VERIFIED}", id="odd-names"
        ),
        pytest.param(
            {"ca": "/etc/a b/ca&x.crt"},
            "postgresql://threadr_app:correct%20horse@pg1:6432/threadr?sslmode=verify-full&sslrootcert=/etc/a%20b/ca%26x.crt",
            id="odd-folder",
        ),
    ],
)  # fmt: skip
def test_the_url_is_spelled_so_that_every_driver_reads_the_same(given, url):
    target = {**TARGET, **given}
    made = database_url(target)
    assert made == url
    seen = urlsplit(made)
    assert unquote(seen.password) == target["password"]
    assert parse_qs(seen.query)["sslrootcert"] == [target["ca"]]


def test_a_url_without_a_host_is_refused():
    with pytest.raises(AnsibleFilterError, match="needs at least one host"):
        database_url({**TARGET, "hosts": []})


def test_values_become_what_an_environment_holds():
    assert application_variables({"A": True, "B": False, "C": 10, "D": "x", "E": 0.5}) == {
        "A": "true",
        "B": "false",
        "C": "10",
        "D": "x",
        "E": "0.5",
    }


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({}, []),
        ({"hosts": ["pg-1.example.com", "192.0.2.1"]}, []),
        ({"hosts": []}, ["threadr_application_hosts is empty"]),
        ({"hosts": ["pg1:5432"]}, ["threadr_application_hosts has pg1:5432, which is no name of a host"]),
        ({"hosts": ["pg1,pg2"]}, ["threadr_application_hosts has pg1,pg2, which is no name of a host"]),
        ({"port": 0}, ["threadr_application_port is 0, which is no port"]),
        ({"port": 65536}, ["threadr_application_port is 65536, which is no port"]),
        ({"port": 65535}, []),
        (
            {"variables": {"DB_POOL_SIZE": 0}},
            ["threadr_application_variables has DB_POOL_SIZE: 0, which is no whole number from 1 on"],
        ),
        ({"variables": {"DB_MAX_OVERFLOW": 0}}, []),
        ({"variables": {"DB_POOL_SIZE": "10"}}, []),
        (
            {"variables": {"DB_POOL_TIMEOUT": "30s"}},
            ["threadr_application_variables has DB_POOL_TIMEOUT: 30s, which is no whole number from 1 on"],
        ),
        (
            {"variables": {"DB_ENABLE_QUERY_LOGGING": "maybe"}},
            ["threadr_application_variables has DB_ENABLE_QUERY_LOGGING: maybe, which is neither true nor false"],
        ),
        (
            {"variables": {"DB_REQUIRE_SSL": False}},
            ["threadr_application_variables has DB_REQUIRE_SSL: false, but the database is reached with TLS only"],
        ),
        (
            {"variables": {"db_pool": 1}},
            ["threadr_application_variables has db_pool, which is no name of capital letters, digits and _"],
        ),
        (
            {"variables": {"DATABASE_URL": "postgresql://"}},
            ["threadr_application_variables has DATABASE_URL, which is made from the other inputs"],
        ),
        ({"variables": {"X": None}}, ["threadr_application_variables has X without a single value"]),
        ({"variables": {"X": [1]}}, ["threadr_application_variables has X without a single value"]),
    ],
)
def test_an_input_that_cannot_serve_is_named(given, faults):
    assert application_faults({**INPUTS, **given}) == faults
