"""A server as the application sees it: a cluster with TLS of its own, the application's account, and how it is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

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


@contextmanager
def made_server(host) -> Iterator[Callable[..., str]]:
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


def asker(host) -> Callable[..., dict]:
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
