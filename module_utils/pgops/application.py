"""What an application's environment says of its database, and what its drivers are to find out."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit, urlunsplit

from .errors import PgopsError
from .threadr.application import WRITES

REFUSED = "42501"  # insufficient_privilege
FACTS = """
    SELECT current_setting('server_version') AS version, current_database() AS database, current_user AS "user",
           pg_is_in_recovery() AS standby, pg_backend_pid() AS pid,
           (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout') AS statement_timeout,
           (SELECT setting::int FROM pg_settings WHERE name = 'idle_in_transaction_session_timeout')
               AS idle_in_transaction_session_timeout
"""
NO_WAITING = "SET LOCAL lock_timeout = '1s'"
WITHOUT_TLS = "connect without TLS"
OTHER_AUTHORITY = "connect although another authority is trusted"
OTHER_NAME = "connect although the certificate names another host"
# What they have to be refused with; another refusal would prove nothing.
CLOSED = {
    WITHOUT_TLS: r"SSL required|no encryption|SSL off",
    OTHER_AUTHORITY: r"certificate verify failed",
    OTHER_NAME: r"does not match host name",
}
# Of asyncpg; an older one sends what it does not know to the server.
KNOWS_SESSION_ATTRS = (0, 28)


@dataclass(frozen=True)
class Settings:
    url: str
    pool_size: int
    max_overflow: int
    pool_timeout_s: int
    pool_recycle_s: int
    statement_timeout_ms: int
    idle_timeout_ms: int


@dataclass(frozen=True)
class Found:
    """What one driver saw. C(error) is why it did not connect; the rest is then empty."""

    driver: str
    error: str | None = None
    facts: dict[str, Any] = field(default_factory=dict)
    fault: str | None = None  # of reading and writing
    # What was tried, and how it was refused; nothing if it was done.
    refusals: dict[str, str | None] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()


NUMBERS = {
    "pool_size": "DB_POOL_SIZE",
    "max_overflow": "DB_MAX_OVERFLOW",
    "pool_timeout_s": "DB_POOL_TIMEOUT",
    "pool_recycle_s": "DB_POOL_RECYCLE",
    "statement_timeout_ms": "DB_STATEMENT_TIMEOUT",
    "idle_timeout_ms": "DB_IDLE_TIMEOUT",
}


def settings(variables: dict[str, str], path: str) -> Settings:
    """The settings that the drivers are given; a sentence about the first that is missing or unfit."""
    missing = [name for name in ("DATABASE_URL", *NUMBERS.values()) if not variables.get(name)]
    if missing:
        raise PgopsError(f"{path} has no {', '.join(missing)}. Run site.yml, which writes it.")
    unfit = [name for name in NUMBERS.values() if not variables[name].isdecimal()]
    if unfit:
        raise PgopsError(
            f"{path} has {unfit[0]}={variables[unfit[0]]}, which is no whole number. Run site.yml, which writes it."
        )
    require_url(variables["DATABASE_URL"], path)
    return Settings(variables["DATABASE_URL"], **{key: int(variables[name]) for key, name in NUMBERS.items()})


def require_url(url: str, path: str) -> None:
    """The URL is never shown: whatever is wrong with it, a password is in it."""
    try:
        parts, hosts = urlsplit(url), addresses(url)
    except ValueError:
        raise PgopsError(
            f"{path} has a DATABASE_URL that is no URL of a database. Run site.yml, which writes it."
        ) from None
    if parts.scheme not in ("postgresql", "postgres") or not hosts or not all(host for host, _ in hosts):
        raise PgopsError(
            f"{path} has a DATABASE_URL that is not postgresql://ROLE:PASSWORD@HOST:PORT/DATABASE. Run site.yml, which writes it."
        )
    if not parts.username or not parts.password or not parts.path.strip("/"):
        raise PgopsError(
            f"{path} has a DATABASE_URL without role, password or database. Run site.yml, which writes it."
        )


def addresses(url: str) -> list[tuple[str, int]]:
    """Hosts and ports of the URL; several of them are in its query."""
    parts = urlsplit(url)
    query = parse_qs(parts.query)
    if "host" not in query:
        return [(parts.hostname or "", parts.port or 5432)]
    hosts = query["host"][0].split(",")
    ports = query.get("port", ["5432"])[0].split(",")
    if len(ports) == 1:
        ports *= len(hosts)
    return [(host, int(port)) for host, port in zip(hosts, ports, strict=True)]


def urls_for_asyncpg(url: str, version: tuple[int, ...]) -> list[str]:
    """The URL itself, or, for a version that cannot look for the primary, one URL for each host, without asking for it."""
    query = parse_qs(urlsplit(url).query)
    if "target_session_attrs" not in query or version >= KNOWS_SESSION_ATTRS:
        return [url]
    kept = {name: values[0] for name, values in query.items() if name != "target_session_attrs"}
    return [with_query(url, {**kept, "host": host, "port": str(port)}) for host, port in addresses(url)]


def with_query(url: str, query: dict[str, str]) -> str:
    return urlunsplit(urlsplit(url)._replace(query=urlencode(query)))


def with_option(url: str, name: str, value: str) -> str:
    kept = {key: values[0] for key, values in parse_qs(urlsplit(url).query).items()}
    return with_query(url, {**kept, name: value})


def refusal(way: str, said: str | None) -> str | None:
    """REFUSED for a way in that is closed as it should be; what was said otherwise, nothing when it was open."""
    if said is None:
        return None
    return REFUSED if re.search(CLOSED[way], said) else said


def work_fault(values: list[int], left: int) -> str | None:
    expected = [value for _, value in WRITES]
    if values != expected:
        return f"what was inserted, updated and deleted came back as {values}, not as {expected}"
    return None if left == 0 else f"{left} rows are left of a transaction that was rolled back"


def require_drivers(missing: list[str]) -> None:
    if missing:
        packages = " ".join(f"python3-{name.lower()}" for name in missing)
        raise PgopsError(
            f"The application's Python, {sys.executable}, has no {', '.join(missing)}. Install {packages}, or set "
            "threadr_application_interpreter to the Python that has them."
        )
