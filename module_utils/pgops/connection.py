"""How modules reach PostgreSQL: the only import of psycopg2."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import PgopsError

try:
    import psycopg2
    from psycopg2 import extras, sql
except ImportError as missing:  # reported by connect(), so that option errors still come first
    psycopg2 = extras = sql = None
    MISSING_DRIVER: ImportError | None = missing
else:
    MISSING_DRIVER = None

__all__ = [
    "PATIENT",
    "SUPPORTED_MAJOR",
    "address",
    "connect",
    "connection_spec",
    "copy_across",
    "copy_in",
    "extras",
    "psycopg2",
    "sentence",
    "sql",
    "transaction",
]

SUPPORTED_MAJOR = 15
SOCKET_DIRECTORY = "/var/run/postgresql"

# For work that takes as long as it takes: a session that waits for pg_dump or pg_restore is idle meanwhile.
PATIENT = {"statement_timeout": "0", "idle_in_transaction_session_timeout": "0", "idle_session_timeout": "0"}
COPY_BYTES = 1 << 20
DEFAULT_SETTINGS = {"timezone": "UTC", "datestyle": "ISO, YMD", "intervalstyle": "iso_8601", "bytea_output": "hex"}


def connection_spec() -> dict:
    """Options of every module that talks to one server; documented in the fragment C(pgops)."""
    return {
        "login_host": {"type": "str", "default": ""},
        "login_port": {"type": "int", "default": 5432},
        "login_user": {"type": "str", "default": "postgres"},
        "login_password": {"type": "str", "no_log": True},
        "login_db": {"type": "str", "default": "postgres"},
        "login_role": {"type": "str"},
        "ssl_mode": {
            "type": "str",
            "default": "prefer",
            "choices": ["disable", "allow", "prefer", "require", "verify-ca", "verify-full"],
        },
        "ca_cert": {"type": "path"},
        "connect_timeout_s": {"type": "int", "default": 5},
    }


def address(params: dict) -> str:
    """Who asks whom, as errors name it: C(app@db1:5432/shop)."""
    host = params["login_host"] or SOCKET_DIRECTORY
    return f"{params['login_user']}@{host}:{params['login_port']}/{params['login_db']}"


def sentence(error: Exception) -> str:
    """The driver's message on one line, without its severity prefix and its trailing context."""
    diag = getattr(error, "diag", None)
    if diag is not None and diag.message_primary:
        # The detail of a violated constraint is the row itself, secrets included.
        detail = None if (diag.sqlstate or "").startswith("23") else diag.message_detail
        parts = [diag.message_primary, detail, diag.message_hint]
        return ". ".join(" ".join(part.split()).rstrip(".") for part in parts if part)
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return " ".join(lines).replace("FATAL:  ", "").rstrip(".?")


@contextmanager
def connect(params: dict, application_name: str = "pgops", settings: dict[str, str] | None = None) -> Iterator:
    """An autocommit connection to a PostgreSQL 15, in UTC; every C(psycopg2.Error) becomes one sentence.

    C(login_role), when given, is taken on with C(SET ROLE) after the login.
    """
    if MISSING_DRIVER is not None:
        raise PgopsError(
            f"The Python driver psycopg2 is missing on this host: {MISSING_DRIVER}. Install python3-psycopg2."
        )
    where = address(params)
    options = {**DEFAULT_SETTINGS, **(settings or {})}
    try:
        conn = psycopg2.connect(
            host=params["login_host"] or SOCKET_DIRECTORY,
            port=params["login_port"],
            user=params["login_user"],
            password=params["login_password"],
            dbname=params["login_db"],
            sslmode=params["ssl_mode"],
            sslrootcert=params["ca_cert"],
            connect_timeout=params["connect_timeout_s"],
            application_name=application_name,
            client_encoding="UTF8",
        )
    except psycopg2.Error as error:
        raise PgopsError(f"PostgreSQL {where}: {sentence(error)}.") from error
    try:
        conn.autocommit = True
        major = conn.server_version // 10000
        if major != SUPPORTED_MAJOR:
            raise PgopsError(
                f"PostgreSQL {where} is version {major}; this project works with {SUPPORTED_MAJOR}. "
                "Point login_host and login_port at a PostgreSQL 15 cluster."
            )
        with conn.cursor() as cursor:
            set_all = ", ".join(["set_config(%s, %s, false)"] * len(options))
            cursor.execute(f"SELECT {set_all}", [part for option in options.items() for part in option])
            if params.get("login_role"):
                cursor.execute(sql.SQL("SET ROLE {}").format(sql.Identifier(params["login_role"])))
        yield conn
    except psycopg2.Error as error:
        raise PgopsError(f"PostgreSQL {where}: {sentence(error)}.") from error
    finally:
        conn.close()


def copy_in(cursor, statement, text: bytes) -> None:
    """Send lines of COPY's text format."""
    try:
        cursor.copy_expert(statement, io.BytesIO(text), COPY_BYTES)
    except SystemError as error:
        # What the driver makes of a session that the server ends in the middle of COPY; its own error is behind it.
        if isinstance(error.__cause__, psycopg2.Error):
            raise error.__cause__ from None
        raise


def copy_across(source, query, target, statement) -> None:
    """Stream what QUERY, a COPY TO of cursor SOURCE, sends into STATEMENT, a COPY FROM of cursor TARGET.

    Where the first fails the second may succeed with a part: what this raises must end the transaction.
    """
    outlet, inlet = os.pipe()
    failures: list[Exception] = []

    def send() -> None:
        try:
            with open(inlet, "wb", COPY_BYTES) as pipe:
                source.copy_expert(query, pipe, COPY_BYTES)
        except (psycopg2.Error, OSError) as error:
            failures.append(error)

    sender = threading.Thread(target=send)
    sender.start()
    try:
        with open(outlet, "rb", COPY_BYTES) as pipe:
            target.copy_expert(statement, pipe, COPY_BYTES)
    finally:
        sender.join()
    if failures:
        raise failures[0]


@contextmanager
def transaction(conn) -> Iterator:
    """A cursor whose statements are committed together, or not at all when the block raises."""
    with conn.cursor() as cursor:
        cursor.execute("BEGIN")
        try:
            yield cursor
        except BaseException:
            if not conn.closed:
                cursor.execute("ROLLBACK")
            raise
        cursor.execute("COMMIT")
