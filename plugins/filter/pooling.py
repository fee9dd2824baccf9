"""Whether the sizes of a pooler fit its server and its application; and the lines of its files, for templates that only print."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from ansible.errors import AnsibleFilterError

# What a service gets from systemd, and what PgBouncer needs beside its connections.
FILE_DESCRIPTORS = 1024
OWN_DESCRIPTORS = 32


def pooler_connections(sizes: dict[str, Any]) -> int:
    """Server connections of one database at most: each of its users has a pool, and one connection asks for secrets."""
    return sizes["users"] * (sizes["pool_size"] + sizes["reserve_pool_size"]) + 1


def pooling_faults(sizes: dict[str, Any]) -> list[str]:
    """One sentence, with its arithmetic, for each reason why the sizes cannot fit. C(max_connections) may be unknown."""
    faults = (
        server_fault(sizes),
        role_fault(sizes),
        client_fault(sizes),
        session_fault(sizes),
        descriptor_fault(sizes),
    )
    return [fault for fault in faults if fault is not None]


def server_fault(sizes: dict[str, Any]) -> str | None:
    if sizes.get("max_connections") is None:
        return None
    needed = sizes["databases"] * pooler_connections(sizes) + sizes["kept_connections"]
    offered = sizes["max_connections"] - sizes["superuser_reserved_connections"]
    if needed <= offered:
        return None
    return (
        f"pgbouncer_pool_size does not fit the server: {sizes['databases']} databases x ({sizes['users']} users x "
        f"({sizes['pool_size']} + {sizes['reserve_pool_size']} in reserve) + 1 that reads secrets) + "
        f"{sizes['kept_connections']} kept for others = {needed} connections, but max_connections "
        f"{sizes['max_connections']} - superuser_reserved_connections {sizes['superuser_reserved_connections']} = {offered}"
    )


def role_fault(sizes: dict[str, Any]) -> str | None:
    limit = sizes["user_connection_limit"]
    needed = sizes["databases"] * (sizes["pool_size"] + sizes["reserve_pool_size"])
    if limit < 0 or needed <= limit:
        return None
    return (
        f"pgbouncer_pool_size does not fit the role: {sizes['databases']} databases x ({sizes['pool_size']} + "
        f"{sizes['reserve_pool_size']} in reserve) = {needed} connections, but its limit is {limit}"
    )


def application_clients(sizes: dict[str, Any]) -> int:
    return sizes["workers"] * (sizes["db_pool_size"] + sizes["db_max_overflow"])


def application_sum(sizes: dict[str, Any]) -> str:
    return (
        f"{sizes['workers']} workers x (DB_POOL_SIZE {sizes['db_pool_size']} + DB_MAX_OVERFLOW "
        f"{sizes['db_max_overflow']}) = {application_clients(sizes)}"
    )


def client_fault(sizes: dict[str, Any]) -> str | None:
    if application_clients(sizes) <= sizes["max_client_conn"]:
        return None
    return (
        f"pgbouncer_max_client_conn is too small for the application: {application_sum(sizes)} clients, "
        f"but max_client_conn is {sizes['max_client_conn']}"
    )


def session_fault(sizes: dict[str, Any]) -> str | None:
    """In session mode a client keeps its server connection for as long as it stays."""
    pool = sizes["pool_size"] + sizes["reserve_pool_size"]
    if sizes["pool_mode"] != "session" or application_clients(sizes) <= pool:
        return None
    return (
        f"pgbouncer_pool_size is too small for session mode: {application_sum(sizes)} clients, but one role has "
        f"{sizes['pool_size']} + {sizes['reserve_pool_size']} in reserve = {pool} sessions"
    )


def descriptor_fault(sizes: dict[str, Any]) -> str | None:
    servers = sizes["databases"] * pooler_connections(sizes)
    needed = sizes["max_client_conn"] + servers + OWN_DESCRIPTORS
    if needed <= FILE_DESCRIPTORS:
        return None
    return (
        f"pgbouncer_max_client_conn needs too many files: {sizes['max_client_conn']} clients + {servers} server "
        f"connections + {OWN_DESCRIPTORS} of its own = {needed}, but a service may open {FILE_DESCRIPTORS}"
    )


def pooler_value(value: Any) -> str:
    """A value of pgbouncer.ini, which knows no quotes: C(true) becomes 1, a list C(a, b)."""
    if isinstance(value, bool):
        return "1" if value else "0"
    text = ", ".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)
    if "\n" in text or "\0" in text:
        raise AnsibleFilterError(f"A setting of PgBouncer fits on one line; this value does not: {text!r}.")
    return text


def pooler_rules(networks: list[str], auth_user: str) -> list[str]:
    """Lines of the HBA file: SCRAM for everybody, TLS from everywhere but loopback, nothing for the pooler's own role."""
    unfit = [network for network in networks if not is_network(network)]
    if unfit:
        raise AnsibleFilterError(
            f"pgbouncer_client_networks has {', '.join(unfit)}, which is no network such as 192.0.2.0/24."
        )
    rejected = [("local", auth_user, "", "reject")]
    rejected += [("host", auth_user, everywhere, "reject") for everywhere in ("0.0.0.0/0", "::/0")]
    admitted = [("local", "all", "", "scram-sha-256")]
    admitted += [("host", "all", loopback, "scram-sha-256") for loopback in ("127.0.0.1/32", "::1/128")]
    admitted += [("hostssl", "all", network, "scram-sha-256") for network in networks]
    return [f"{kind:<8} all {user:<24} {address:<24} {method}" for kind, user, address, method in rejected + admitted]


def is_network(text: str) -> bool:
    try:
        ip_network(text, strict=False)
    except ValueError:
        return False
    return "/" in text


class FilterModule:
    def filters(self) -> dict:
        return {
            "pooler_connections": pooler_connections,
            "pooler_rules": pooler_rules,
            "pooler_value": pooler_value,
            "pooling_faults": pooling_faults,
        }
