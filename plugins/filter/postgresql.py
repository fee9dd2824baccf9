"""Lines of PostgreSQL's configuration files, for templates that only print."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

from ansible.errors import AnsibleFilterError

LOCAL_SUPERUSER = "postgres"

# Of those settings of which a standby may not have less than its primary.
OWN_VALUES = {
    "max_connections": 100,
    "max_locks_per_transaction": 64,
    "max_prepared_transactions": 0,
    "max_wal_senders": 10,
    "max_worker_processes": 8,
}

# Words that mean something in pg_hba.conf unless they are quoted.
DATABASE_KEYWORDS = ("all", "sameuser", "samerole", "samegroup", "replication")
ROLE_KEYWORDS = ("all",)
ADDRESS_KEYWORDS = ("all", "samehost", "samenet")
BARE = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.")


def conf_value(value: Any) -> str:
    """A value of postgresql.conf, quoted: C(true) becomes C('on'), a list C('a, b')."""
    return "'" + conf_text(value).replace("\\", "\\\\").replace("'", "''") + "'"


def conf_text(value: Any) -> str:
    """The value as the server shows it, without quotes."""
    if isinstance(value, bool):
        return "on" if value else "off"
    text = ", ".join(str(item) for item in value) if isinstance(value, (list, tuple)) else str(value)
    if "\n" in text or "\0" in text:
        raise AnsibleFilterError(f"A setting of PostgreSQL fits on one line; this value does not: {text!r}.")
    return text


def conf_texts(settings: dict[str, Any]) -> dict[str, str]:
    return {name: conf_text(value) for name, value in settings.items()}


def at_least(settings: dict[str, Any], minimums: dict[str, int]) -> dict[str, Any]:
    """The settings, none of which is below its minimum; one that is not declared has PostgreSQL's own value."""
    raised = {
        name: minimum
        for name, minimum in minimums.items()
        if int(settings.get(name, OWN_VALUES.get(name, 0))) < minimum
    }
    return {**settings, **raised}


def limiting_settings(restarted: dict[str, str], known: dict[str, int]) -> dict[str, int]:
    """Those of the settings that change with a restart which a standby has to know; C(known) names them."""
    return {name: int(value) for name, value in restarted.items() if name in known}


def shrinks(settings: dict[str, int], before: dict[str, int]) -> bool:
    """Whether a primary has less of anything than C(before), so that a standby may have less too, but only then."""
    return any(value < before[name] for name, value in settings.items() if name in before)


def hba_lines(rules: list[dict]) -> list[str]:
    """The rules as lines of pg_hba.conf; refused when they would lock the provisioning itself out."""
    lines = [hba_line(rule, number) for number, rule in enumerate(rules, 1)]
    if not admits_superuser(rules):
        raise AnsibleFilterError(
            "The first rule for local connections in postgresql_config_hba_rules that fits role postgres has to say method: peer, "
            "or nobody could correct pg_hba.conf through PostgreSQL again."
        )
    return lines


def hba_line(rule: dict, number: int) -> str:
    local = rule["type"] == "local"
    address = rule.get("address")
    parts = (rule["type"], rule.get("database") or "all", rule.get("user") or "all", address, rule["method"])
    rule_name = f"Rule {number} of postgresql_config_hba_rules ({' '.join(str(part) for part in parts if part)})"
    if local and address:
        raise AnsibleFilterError(f"{rule_name} is local and yet has the address {address}.")
    if not local and not address:
        raise AnsibleFilterError(f"{rule_name}, of type {rule['type']}, needs an address.")
    if address and not is_address(address):
        raise AnsibleFilterError(
            f"{rule_name} has the address {address}. Give a network such as 192.0.2.0/24, a host name, "
            "a .domain, all, samehost or samenet."
        )
    exposed = rule["type"] == "host" and rule["method"] != "reject" and not rule.get("plaintext")
    if address and exposed and not is_loopback(address):
        raise AnsibleFilterError(
            f"{rule_name} lets {address} in without encryption. Say type: hostssl, or plaintext: true."
        )
    if not local and rule["method"] == "peer":
        raise AnsibleFilterError(f"{rule_name} asks for peer, which only local connections have.")
    fields = [
        rule["type"].ljust(8),
        name_field(rule.get("database") or "all", DATABASE_KEYWORDS).ljust(16),
        name_field(rule.get("user") or "all", ROLE_KEYWORDS).ljust(24),
        (address or "").ljust(24),
        rule["method"],
    ]
    return " ".join(fields)


def is_loopback(address: str) -> bool:
    try:
        return ip_network(address, strict=False).is_loopback
    except ValueError:
        return address == "localhost"


def is_address(address: str) -> bool:
    """As PostgreSQL reads it: a number needs the length of its network, a name has none."""
    if "/" in address or ":" in address or set(address) <= set("0123456789."):
        try:
            ip_network(address, strict=False)
        except ValueError:
            return False
        return "/" in address
    return address in ADDRESS_KEYWORDS or (bool(address) and set(address) <= BARE)


def name_field(name: str, keywords: tuple[str, ...]) -> str:
    """Quoted where it has to be; C(+group) means the members of a role."""
    if "\n" in name or "\0" in name:
        raise AnsibleFilterError(
            f"A name in postgresql_config_hba_rules fits on one line; this one does not: {name!r}."
        )
    if name in keywords:
        return name
    sign, bare = ("+", name[1:]) if name.startswith("+") else ("", name)
    return name if set(bare) <= BARE else sign + '"' + bare.replace('"', '""') + '"'


def admits_superuser(rules: list[dict]) -> bool:
    for rule in rules:
        fits = rule.get("database") or "all", rule.get("user") or "all"
        if rule["type"] == "local" and fits[0] == "all" and fits[1] in ("all", LOCAL_SUPERUSER):
            return rule["method"] == "peer"
    return False


def key_fingerprints(colons: str) -> list[str]:
    """Of the keys that C(gpg --show-keys --with-colons) shows: of each key itself, not of its subkeys."""
    found, wanted = [], False
    for line in colons.splitlines():
        kind, *fields = line.split(":")
        if kind == "fpr" and wanted:
            found.append(fields[8])
        wanted = kind == "pub"
    return found


class FilterModule:
    def filters(self) -> dict:
        return {
            "at_least": at_least,
            "conf_texts": conf_texts,
            "conf_value": conf_value,
            "hba_lines": hba_lines,
            "key_fingerprints": key_fingerprints,
            "limiting_settings": limiting_settings,
            "shrinks": shrinks,
        }
