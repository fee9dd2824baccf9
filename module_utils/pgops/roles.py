"""Which roles a server should have: attributes, password, settings, memberships."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field

from .connection import transaction
from .scram import SALT_BYTES, matches, verifier
from .statement import Statement

READ_ROLES = """
    SELECT r.rolname, r.rolcanlogin, r.rolreplication, r.rolconnlimit,
           r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolbypassrls,
           r.rolpassword,
           ARRAY(SELECT g.rolname FROM pg_auth_members m JOIN pg_authid g ON g.oid = m.roleid
                 WHERE m.member = r.oid ORDER BY g.rolname),
           coalesce((SELECT setconfig FROM pg_db_role_setting WHERE setrole = r.oid AND setdatabase = 0), '{}')
    FROM pg_authid r
    WHERE r.rolname = ANY(%s)
    ORDER BY r.rolname
"""
QUOTE_NAMES = (
    "SELECT coalesce(array_agg(quote_ident(n) ORDER BY i), '{}') FROM unnest(%s::text[]) WITH ORDINALITY u(n, i)"
)

# Verifiers belong into pg_authid only: not into the log, not into pg_stat_statements.
KEEP_OUT_OF_LOGS = """
    SELECT set_config('log_statement', 'none', true), set_config('log_min_duration_statement', '-1', true),
           set_config('log_min_error_statement', 'panic', true), set_config('log_duration', 'off', true),
           set_config('log_transaction_sample_rate', '0', true), set_config('pg_stat_statements.track_utility', 'off', true)
"""

CREATE = "CREATE ROLE {}"
POWERLESS = "ALTER ROLE {} NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS"
SWITCH = {
    ("login", True): "ALTER ROLE {} LOGIN",
    ("login", False): "ALTER ROLE {} NOLOGIN",
    ("replication", True): "ALTER ROLE {} REPLICATION",
    ("replication", False): "ALTER ROLE {} NOREPLICATION",
}
LIMIT = "ALTER ROLE {} CONNECTION LIMIT"
PASSWORD = "ALTER ROLE {} PASSWORD %s"
SET = "ALTER ROLE {} SET {} TO %s"
SET_LIST = "ALTER ROLE {} SET {} TO "
RESET = "ALTER ROLE {} RESET {}"
JOIN = "GRANT {} TO {}"
LEAVE = "REVOKE {} FROM {}"


@dataclass(frozen=True)
class Declared:
    name: str
    login: bool = False
    replication: bool = False
    connection_limit: int = -1
    password: str | None = field(default=None, repr=False)
    member_of: tuple[str, ...] = ()
    settings: tuple[tuple[str, str | tuple[str, ...]], ...] = ()  # a tuple of names for a setting that is a list


@dataclass(frozen=True)
class Present:
    """A role as the catalog has it. Names of settings are in lower case."""

    login: bool = False
    replication: bool = False
    connection_limit: int = -1
    powerful: bool = False
    verifier: str | None = field(default=None, repr=False)
    member_of: tuple[str, ...] = ()
    settings: tuple[tuple[str, str], ...] = ()


def declared(option: dict) -> Declared:
    """A role of the module's option C(roles)."""
    settings = {name.lower(): setting_value(value) for name, value in option["settings"].items()}
    return Declared(
        name=option["name"],
        login=option["login"],
        replication=option["replication"],
        connection_limit=option["connection_limit"],
        password=option["password"],
        member_of=tuple(sorted(option["member_of"])),
        settings=tuple(sorted(settings.items())),
    )


def setting_value(value) -> str | tuple[str, ...]:
    if isinstance(value, list):
        return tuple(str(item) for item in value)
    if isinstance(value, bool):
        return "on" if value else "off"
    return str(value)


def plan(
    wanted: list[Declared],
    present: dict[str, Present],
    quoted: Callable[[str], str],
    make_salt: Callable[[], bytes],
) -> list[Statement]:
    """What is missing or too much; roles are all made before one becomes a member of another."""
    created = [Statement(CREATE, (role.name,)) for role in wanted if role.name not in present]
    altered = [s for role in wanted for s in plan_role(role, present.get(role.name, Present()), quoted, make_salt)]
    joined = [s for role in wanted for s in plan_memberships(role, present.get(role.name, Present()))]
    return created + altered + joined


def plan_role(
    role: Declared,
    now: Present,
    quoted: Callable[[str], str],
    make_salt: Callable[[], bytes],
) -> list[Statement]:
    me = (role.name,)
    steps = [Statement(POWERLESS, me)] if now.powerful else []
    if role.login != now.login:
        steps.append(Statement(SWITCH["login", role.login], me))
    if role.replication != now.replication:
        steps.append(Statement(SWITCH["replication", role.replication], me))
    if role.connection_limit != now.connection_limit:
        steps.append(Statement(f"{LIMIT} {role.connection_limit:d}", me))
    if role.password is not None and not matches(role.password, now.verifier):
        steps.append(Statement(PASSWORD, me, (verifier(role.password, make_salt()),), secret=True))
    return steps + plan_settings(role, dict(now.settings), quoted)


def plan_settings(role: Declared, now: dict[str, str], quoted: Callable[[str], str]) -> list[Statement]:
    wanted = dict(role.settings)
    steps = [Statement(RESET, (role.name, name)) for name in sorted(now.keys() - wanted.keys())]
    for name, value in role.settings:
        if isinstance(value, tuple):
            stored = ", ".join(quoted(item) for item in value)
            step = Statement(SET_LIST + ", ".join(["%s"] * len(value)), (role.name, name), value)
        else:
            stored, step = value, Statement(SET, (role.name, name), (value,))
        if now.get(name) != stored:
            steps.append(step)
    return steps


def plan_memberships(role: Declared, now: Present) -> list[Statement]:
    wanted, held = set(role.member_of), set(now.member_of)
    joins = [Statement(JOIN, (group, role.name)) for group in sorted(wanted - held)]
    return [Statement(LEAVE, (group, role.name)) for group in sorted(held - wanted)] + joins


def names_in_settings(wanted: list[Declared]) -> list[str]:
    return sorted({item for role in wanted for _, value in role.settings if isinstance(value, tuple) for item in value})


def new_salt() -> bytes:
    return secrets.token_bytes(SALT_BYTES)


def read_roles(conn, names: list[str]) -> dict[str, Present]:
    with conn.cursor() as cursor:
        cursor.execute(READ_ROLES, (names,))
        return {
            name: Present(
                login,
                replication,
                limit,
                powerful,
                stored,
                tuple(groups),
                split_settings(settings),
            )
            for name, login, replication, limit, powerful, stored, groups, settings in cursor
        }


def split_settings(entries: list[str]) -> tuple[tuple[str, str], ...]:
    """C(['TimeZone=UTC']), as the catalog keeps it, to C((('timezone', 'UTC'),))."""
    pairs = (entry.split("=", 1) for entry in entries)
    return tuple(sorted((name.lower(), value) for name, value in pairs))


def quote_names(conn, names: list[str]) -> dict[str, str]:
    with conn.cursor() as cursor:
        cursor.execute(QUOTE_NAMES, (names,))
        return dict(zip(names, cursor.fetchone()[0], strict=True))


def apply(conn, statements: list[Statement]) -> None:
    """All of them or none."""
    with transaction(conn) as cursor:
        cursor.execute(KEEP_OUT_OF_LOGS)
        for statement in statements:
            statement.execute(cursor)
