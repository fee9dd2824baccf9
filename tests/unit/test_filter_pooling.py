"""Sizes of a pooler that fit or do not, with their arithmetic, and the lines of its files."""

import pytest
from ansible.errors import AnsibleFilterError

from plugins.filter.pooling import pooler_connections, pooler_rules, pooler_value, pooling_faults

FITTING = {
    "databases": 1, "users": 1, "pool_mode": "session", "pool_size": 20, "reserve_pool_size": 5, "max_client_conn": 100,
    "kept_connections": 10, "user_connection_limit": 100, "workers": 2, "db_pool_size": 5, "db_max_overflow": 7,
    "max_connections": 60, "superuser_reserved_connections": 3,
}  # fmt: skip


@pytest.mark.parametrize(
    ("sizes", "faults"),
    [
        pytest.param({}, [], id="fitting"),
        pytest.param({"kept_connections": 31}, [], id="the-server-exactly"),
        pytest.param(
            {"kept_connections": 32},
            [("pgbouncer_pool_size does not fit the server: 1 databases x (1 users x (20 + 5 in reserve) + 1 that reads secrets) + 32 kept for "
             "others = 58 connections, but max_connections 60 - superuser_reserved_connections 3 = 57")],
            id="one-too-many-for-the-server",
        ),
        pytest.param(
            {"databases": 2, "users": 3, "pool_size": 10, "reserve_pool_size": 0},
            [("pgbouncer_pool_size does not fit the server: 2 databases x (3 users x (10 + 0 in reserve) + 1 that reads secrets) + 10 kept for "
             "others = 72 connections, but max_connections 60 - superuser_reserved_connections 3 = 57"),
             ("pgbouncer_pool_size is too small for session mode: 2 workers x (DB_POOL_SIZE 5 + DB_MAX_OVERFLOW 7) = 24 clients, but one role has "
             "10 + 0 in reserve = 10 sessions")],
            id="a-pool-for-each-user-of-each-database",
        ),
        pytest.param({"max_connections": None, "kept_connections": 99}, [], id="a-server-that-is-still-to-be-made"),
        pytest.param({"user_connection_limit": 25}, [], id="the-limit-of-the-role-exactly"),
        pytest.param(
            {"user_connection_limit": 24},
            ["pgbouncer_pool_size does not fit the role: 1 databases x (20 + 5 in reserve) = 25 connections, but its limit is 24"],
            id="beyond-the-limit-of-the-role",
        ),
        pytest.param({"user_connection_limit": -1}, [], id="a-role-without-limit"),
        pytest.param({"max_client_conn": 24}, [], id="the-clients-exactly"),
        pytest.param(
            {"max_client_conn": 23},
            [("pgbouncer_max_client_conn is too small for the application: 2 workers x (DB_POOL_SIZE 5 + DB_MAX_OVERFLOW 7) = 24 clients, "
             "but max_client_conn is 23")],
            id="one-client-too-many",
        ),
        pytest.param(
            {"workers": 3},
            [("pgbouncer_pool_size is too small for session mode: 3 workers x (DB_POOL_SIZE 5 + DB_MAX_OVERFLOW 7) = 36 clients, but one role has "
             "20 + 5 in reserve = 25 sessions")],
            id="clients-that-would-wait-in-session-mode",
        ),
        pytest.param({"workers": 3, "pool_mode": "transaction"}, [], id="clients-that-share-in-transaction-mode"),
        pytest.param({"workers": 0, "max_client_conn": 1}, [], id="an-application-that-nobody-declared"),
        pytest.param({"max_client_conn": 966}, [], id="the-files-exactly"),
        pytest.param(
            {"max_client_conn": 967},
            [("pgbouncer_max_client_conn needs too many files: 967 clients + 26 server connections + 32 of its own = 1025, "
             "but a service may open 1024")],
            id="one-file-too-many",
        ),
    ],
)  # fmt: skip
def test_what_cannot_fit_is_said_with_its_arithmetic(sizes, faults):
    assert pooling_faults({**FITTING, **sizes}) == faults


def test_the_limit_of_a_database_is_what_the_arithmetic_counts():
    assert pooler_connections({**FITTING, "users": 3}) == 3 * 25 + 1


@pytest.mark.parametrize(
    ("value", "text"), [(True, "1"), (False, "0"), (20, "20"), ("session", "session"), (["a", "b"], "a, b"), ("", "")]
)
def test_values_are_written_as_pgbouncer_reads_them(value, text):
    assert pooler_value(value) == text


def test_a_value_of_two_lines_could_smuggle_a_setting_in():
    with pytest.raises(AnsibleFilterError, match="fits on one line"):
        pooler_value("session\nauth_type = trust")


def test_everybody_comes_with_scram_from_elsewhere_over_tls_and_the_poolers_role_not_at_all():
    assert [line.split() for line in pooler_rules(["192.0.2.0/24"], "pooler")] == [
        ["local", "all", "pooler", "reject"],
        ["host", "all", "pooler", "0.0.0.0/0", "reject"],
        ["host", "all", "pooler", "::/0", "reject"],
        ["local", "all", "all", "scram-sha-256"],
        ["host", "all", "all", "127.0.0.1/32", "scram-sha-256"],
        ["host", "all", "all", "::1/128", "scram-sha-256"],
        ["hostssl", "all", "all", "192.0.2.0/24", "scram-sha-256"],
    ]


@pytest.mark.parametrize(
    "network", ["192.0.2.0", "192.0.2.0/33", "app.example.com", "all", "192.0.2.0/24 trust", "a\nhost"]
)
def test_a_network_is_one_that_pgbouncer_reads(network):
    with pytest.raises(AnsibleFilterError, match="which is no network such as"):
        pooler_rules([network], "pooler")
