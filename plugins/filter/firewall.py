"""Networks of a firewall: those that client authentication lets in already, whether they are any, and by family."""

from __future__ import annotations

from ipaddress import collapse_addresses, ip_network
from typing import Any


def hba_networks(rules: list[dict[str, Any]]) -> list[str]:
    """Addresses that rules of pg_hba.conf let in from other hosts, each once, as they stand there."""
    let_in = [rule["address"] for rule in rules if "address" in rule and rule["method"] != "reject"]
    return list(dict.fromkeys(address for address in let_in if not is_this_host(address)))


def is_this_host(address: str) -> bool:
    """Whether only this host comes from there: by loopback, on which the kernel also delivers what it sends to its own addresses."""
    if address in ("samehost", "localhost"):
        return True
    try:
        return ip_network(address, strict=False).is_loopback
    except ValueError:
        return False


def read_network(address: str) -> Any:
    """As nft would read it: a host or a network, whose host part is empty; None for anything else."""
    try:
        return ip_network(address)
    except ValueError:
        return None


def firewall_faults(services: list[dict[str, Any]]) -> list[str]:
    """One sentence for each entry that no firewall could keep."""
    faults = []
    ports = [service["port"] for service in services]
    faults += [f"port {port} stands there twice" for port in sorted({port for port in ports if ports.count(port) > 1})]
    faults += [f"{port} is no port, from 1 to 65535" for port in ports if not 1 <= port <= 65535]
    for service in services:
        faults += [
            f"{network} of port {service['port']} is no network, such as 192.0.2.0/24 or 2001:db8::/32"
            for network in service["networks"]
            if read_network(network) is None
        ]
    return faults


def networks_of(networks: list[str], version: int) -> list[str]:
    """Those of IP VERSION, sorted; what another one contains is left out, because nft refuses overlaps."""
    found = [network for network in map(read_network, networks) if network is not None and network.version == version]
    return [str(network) for network in collapse_addresses(found)]


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"hba_networks": hba_networks, "firewall_faults": firewall_faults, "networks_of": networks_of}
