"""Whether what an application's drivers found is as it should be, and what to do where it is not."""

from __future__ import annotations

import re

from .application import REFUSED, Found, Settings

PASSWORD = "The password in DATABASE_URL is not the role's: correct threadr_app_password and run site.yml"
SILENT = "Start the pooler or the server there, or correct threadr_application_hosts or threadr_application_port"
NAMELESS = "threadr_application_hosts needs a name that is in the server's certificate"
UNTRUSTED = (
    "The server's certificate is of another authority than threadr_tls_ca: correct that, or renew the certificate"
)
# What drivers say, in the order in which it is looked for, and what to do then.
ADVICE = (
    (r"SASL authentication failed|password authentication failed|InvalidPassword", PASSWORD),
    (r"does not match host name|Hostname mismatch|IP address mismatch|is not valid for", NAMELESS),
    (r"CERTIFICATE_VERIFY_FAILED|certificate verify failed", UNTRUSTED),
    (r"root certificate file|No such file", "The certificate of the authority is missing: run site.yml"),
    (r"translate host name|Name or service not known|name resolution|No address", "Correct threadr_application_hosts, or the host's way to names"),
    (r"refused|timed? ?out|Connect call failed|No route|unreachable", SILENT),
    (r"no such database|database .* does not exist", "Correct threadr_database, or run site.yml"),
    (r"SSL required|no encryption|SSL off|does not support SSL|rejected SSL", "Correct sslmode in DATABASE_URL: run site.yml"),
    (r"too many connections|no more connections allowed", "Raise pgbouncer_max_client_conn, or threadr_app_connection_limit"),
    (r"pg_hba|login rejected", "Add this host to pgbouncer_client_networks, or to threadr_hba_rules where there is no pooler"),
)  # fmt: skip


def told(message: str) -> str:
    """What a driver says, on one line and without a full stop, and what to do about it where that is known."""
    said = " ".join(message.split()).rstrip(".")
    advice = next((advice for pattern, advice in ADVICE if re.search(pattern, said, re.IGNORECASE)), None)
    return f"{said}. {advice}" if advice else said


def problems_of(found: Found, wanted: Settings, pooled: bool | None) -> list[str]:
    """One sentence for everything that is not as it should be."""
    if found.error is not None:
        return [f"{found.driver} cannot connect: {told(found.error)}."]
    facts = found.facts
    problems = [] if found.fault is None else [f"{found.driver} cannot read and write: {told(found.fault)}."]
    if not facts["tls"]:
        problems.append(f"{found.driver} is connected without TLS. Run site.yml, which asks for sslmode=verify-full.")
    if facts["standby"]:
        problems.append(
            f"{found.driver} is connected to {facts['host']}, which is a standby. Add the primary to threadr_application_hosts."
        )
    if pooled is not None and facts["pooled"] != pooled:
        there = "through a pooler" if facts["pooled"] else "to the server itself"
        problems.append(
            f"{found.driver} is connected {there}. Correct threadr_application_port or threadr_pooling_enabled."
        )
    problems += timeout_problems(found, wanted)
    return problems + [
        refusal_problem(found.driver, name, how) for name, how in found.refusals.items() if how != REFUSED
    ]


def refusal_problem(driver: str, name: str, how: str | None) -> str:
    if how is None:
        return f"{driver} could {name}, which it must not. {closing(name)}"
    return (
        f"{driver} was to be refused when it tried to {name}, but the answer was another: {told(how)}. {closing(name)}"
    )


def closing(name: str) -> str:
    if name.startswith("connect"):
        return "Close it in the rules of the pooler or the server (pgbouncer_client_networks, threadr_hba_rules), or correct sslmode."
    return (
        "Take the privilege away (postgresql_objects_databases, in group_vars/postgresql/access.yml) and run site.yml."
    )


def timeout_problems(found: Found, wanted: Settings) -> list[str]:
    """The server's own timeouts for the role, and what the application believes they are."""
    pairs = (
        ("statement_timeout", "DB_STATEMENT_TIMEOUT", wanted.statement_timeout_ms),
        ("idle_in_transaction_session_timeout", "DB_IDLE_TIMEOUT", wanted.idle_timeout_ms),
    )
    return [
        f"{found.driver} has {name} {found.facts[name]} ms, but {variable} is {value}. "
        "Make them the same in group_vars/postgresql/access.yml and threadr_application_own_variables."
        for name, variable, value in pairs
        if found.facts[name] != value
    ]


def described(found: Found) -> dict:
    tried = {"tried": len(found.refusals), "refused": sum(how == REFUSED for how in found.refusals.values())}
    return {"driver": found.driver, "connected": found.error is None, **found.facts, **tried}


def document(found: list[Found], problems: list[str], wanted: Settings) -> dict:
    """What an endpoint /health/database says, of the first driver that is connected."""
    facts = next((one.facts for one in found if one.error is None), {})
    pool = facts.get("pool", {})
    return {
        "status": "unhealthy" if problems else "healthy",
        "connected": all(one.error is None for one in found),
        "version": facts.get("version"),
        "database": facts.get("database"),
        "user": facts.get("user"),
        "host": facts.get("host"),
        "tls": facts.get("tls"),
        "pooled": facts.get("pooled"),
        "schema_revision": facts.get("revision"),
        "pool": {
            "size": wanted.pool_size,
            "max_overflow": wanted.max_overflow,
            "timeout_s": wanted.pool_timeout_s,
            "recycle_s": wanted.pool_recycle_s,
            "checked_out": pool.get("checked_out"),
            "idle": pool.get("idle"),
        },
    }
