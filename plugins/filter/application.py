"""What an application is given to reach its database: the URL, and whether everything that belongs to it can serve."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

from ansible.errors import AnsibleFilterError

NAME = re.compile(r"[A-Z][A-Z0-9_]*")
# As a URL holds it without brackets; a certificate names its host by a name anyway.
HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?")
COUNTS = {
    "DB_POOL_SIZE": 1,
    "DB_MAX_OVERFLOW": 0,
    "DB_POOL_TIMEOUT": 1,
    "DB_POOL_RECYCLE": 1,
    "DB_STATEMENT_TIMEOUT": 0,
    "DB_IDLE_TIMEOUT": 0,
    "DB_SLOW_QUERY_THRESHOLD": 0,
    "BACKUP_RETENTION_DAYS": 1,
    "MAX_BACKUP_COUNT": 1,
}
FLAGS = ("DB_REQUIRE_SSL", "DB_ENABLE_QUERY_LOGGING")


def database_url(target: dict[str, Any]) -> str:
    """The URL as libpq, SQLAlchemy and asyncpg understand it alike; TLS is verified in full.

    Several hosts are tried in turn until one is the primary. They are in the query, because SQLAlchemy takes one host
    only where a URL usually has it.
    """
    if not target["hosts"]:
        raise AnsibleFilterError("A database URL needs at least one host.")
    login = f"{quote(target['role'], safe='')}:{quote(target['password'], safe='')}"
    query = {"sslmode": "verify-full", "sslrootcert": target["ca"]}
    place = f"{target['hosts'][0]}:{target['port']}"
    if len(target["hosts"]) > 1:
        ports = [str(target["port"])] * len(target["hosts"])
        query |= {
            "host": ",".join(target["hosts"]),
            "port": ",".join(ports),
            "target_session_attrs": "read-write",
        }
        place = ""
    options = "&".join(f"{name}={quote(value, safe='/,.-')}" for name, value in sorted(query.items()))
    return f"postgresql://{login}@{place}/{quote(target['database'], safe='')}?{options}"


def application_variables(variables: dict[str, Any]) -> dict[str, str]:
    """As an environment holds them: C(true) becomes C('true'), a number its digits."""
    return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in variables.items()}


def application_faults(target: dict[str, Any]) -> list[str]:
    """One sentence for each input that cannot serve, by the name of its variable; never a password."""
    faults = [*target_faults(target), *name_faults(target["variables"])]
    for name, least in COUNTS.items():
        value = target["variables"].get(name)
        if value is not None and (not str(value).isdecimal() or int(value) < least):
            faults.append(
                f"threadr_application_variables has {name}: {value}, which is no whole number from {least} on"
            )
    for name in FLAGS:
        value = target["variables"].get(name)
        if value is not None and str(value).lower() not in ("true", "false"):
            faults.append(f"threadr_application_variables has {name}: {value}, which is neither true nor false")
    if str(target["variables"].get("DB_REQUIRE_SSL", "true")).lower() == "false":
        faults.append(
            "threadr_application_variables has DB_REQUIRE_SSL: false, but the database is reached with TLS only"
        )
    return faults


def target_faults(target: dict[str, Any]) -> list[str]:
    faults = [] if target["hosts"] else ["threadr_application_hosts is empty"]
    faults += [
        f"threadr_application_hosts has {host}, which is no name of a host"
        for host in target["hosts"]
        if not HOST.fullmatch(str(host))
    ]
    if not 1 <= target["port"] <= 65535:
        faults.append(f"threadr_application_port is {target['port']}, which is no port")
    return faults


def name_faults(variables: dict[str, Any]) -> list[str]:
    faults = []
    for name, value in variables.items():
        if not NAME.fullmatch(str(name)):
            faults.append(
                f"threadr_application_variables has {name}, which is no name of capital letters, digits and _"
            )
        elif name == "DATABASE_URL":
            faults.append("threadr_application_variables has DATABASE_URL, which is made from the other inputs")
        elif value is None or isinstance(value, (dict, list)):
            faults.append(f"threadr_application_variables has {name} without a single value")
    return faults


class FilterModule:
    def filters(self) -> dict:
        return {
            "application_faults": application_faults,
            "application_variables": application_variables,
            "database_url": database_url,
        }
