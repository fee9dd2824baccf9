"""Section 5 of the benchmark: which doors are open, and what each asks for."""

from __future__ import annotations

from .security import (
    Facts,
    Item,
    Judgement,
    counted,
    failed,
    inapplicable,
    listed,
    none_of,
    one_of,
    passed,
    rule_of,
    set_to,
)

LOCAL_METHODS = ("peer", "scram-sha-256", "reject")
# ldap, radius, pam and bsd send the password itself to the server.
NETWORK_METHODS = ("scram-sha-256", "cert", "gss", "sspi", "reject")
ENCRYPTED = ("hostssl", "hostgssenc")
EVERYWHERE = (("0.0.0.0", "0.0.0.0"), ("::", "::"))
COMPLEXITY = {"passwordcheck", "credcheck", "passwordcheck_extra"}
HBA = "threadr_hba_rules (group_vars/postgresql/settings.yml)"
LONGEST_LOGIN_S = 60


def shown(rule: dict) -> str:
    users, databases = ",".join(rule["users"] or ["?"]), ",".join(rule["databases"] or ["?"])
    address = f" {rule['address']}" if rule["address"] else ""
    return f"line {rule['line_number']}: {rule['type']} {databases} {users}{address} {rule['method']}"


def is_loopback(rule: dict) -> bool:
    address = rule["address"] or ""
    return address in ("::1", "localhost") or address.startswith("127.")


def read_rules(facts: Facts) -> list[dict]:
    return [row for row in facts.rows("rules") if row["error"] is None]


def network_rules(facts: Facts) -> list[dict]:
    """Those that let somebody in from another host."""
    rules = read_rules(facts)
    return [row for row in rules if row["type"] != "local" and not is_loopback(row) and row["method"] != "reject"]


def command_lines_rule(facts: Facts) -> Judgement:
    found = facts.host("command_lines")
    return none_of(found.found, "End it, change that password, and use ~/.pgpass with mode 0600.", found.extent)


def addresses_rule(facts: Facts) -> Judgement:
    found = facts.setting("listen_addresses")
    if {"*", "0.0.0.0", "::"} & set(facts.words("listen_addresses")):
        return failed(found, set_to("listen_addresses", "localhost and the addresses of the application's network"))
    return passed(found or "socket only")


def local_rule(facts: Facts) -> Judgement:
    rules = [row for row in read_rules(facts) if row["type"] == "local"]
    bad = [shown(row) for row in rules if row["method"] not in LOCAL_METHODS]
    return none_of(bad, f"Use peer or scram-sha-256 in {HBA}.", listed({row["method"]: 1 for row in rules}))


def network_rule(facts: Facts) -> Judgement:
    rules = [row for row in read_rules(facts) if row["type"] != "local"]
    bad = [shown(row) for row in rules if row["method"] not in NETWORK_METHODS]
    return none_of(bad, f"Use scram-sha-256 or cert in {HBA}.", listed({row["method"]: 1 for row in rules}))


def limits_rule(facts: Facts) -> Judgement:
    logins = [row for row in facts.rows("roles") if row["login"] and not row["superuser"]]
    bad = [row["role"] for row in logins if row["connection_limit"] == -1]
    remedy = "Give it a connection_limit in postgresql_objects_roles (group_vars/postgresql/access.yml)."
    return none_of(bad, remedy, listed((f"{row['role']} {row['connection_limit']}" for row in logins), "no such role"))


def complexity_rule(facts: Facts) -> Judgement:
    found = sorted(COMPLEXITY & set(facts.words("shared_preload_libraries")))
    remedy = "Add passwordcheck to threadr_security_preload_libraries (group_vars/postgresql/security.yml); it needs a restart."
    return passed(listed(found)) if found else failed("no check is loaded", remedy)


def verifiers_rule(facts: Facts) -> Judgement:
    rows = facts.rows("verifiers")
    bad = [f"{row['role']} ({row['kind']})" for row in rows if row["kind"] not in ("none", "scram-sha-256")]
    kept = sum(row["kind"] == "scram-sha-256" for row in rows)
    return none_of(
        bad, "Set its password again: the server then keeps a SCRAM verifier.", counted(kept, "SCRAM verifier")
    )


def encryption_rule(facts: Facts) -> Judgement:
    rules = network_rules(facts)
    if not rules:
        return inapplicable("no such rule", "pg_hba.conf lets nobody in from another host.")
    bad = [shown(row) for row in rules if row["type"] not in ENCRYPTED]
    return none_of(bad, f"Use type hostssl in {HBA}.", f"{counted(len(rules), 'rule')}, all encrypted")


def reach_rule(facts: Facts) -> Judgement:
    found = [shown(row) for row in network_rules(facts) if is_everywhere(row)]
    return none_of(found, f"Name the application's network in {HBA}.", "no rule for every address")


def is_everywhere(rule: dict) -> bool:
    return rule["address"] == "all" or (rule["address"], rule["netmask"]) in EVERYWHERE


def superuser_rule(facts: Facts) -> Judgement:
    superusers = [row["role"] for row in facts.rows("roles") if row["superuser"] and row["login"]]
    rules = [row for row in read_rules(facts) if row["type"] != "local" and not is_loopback(row)]
    found = [f"{role} by {shown(row)}" for role in superusers if (row := first_entrance(rules, role))]
    remedy = f"Name the application's roles instead of all, or put a rule with method reject first, in {HBA}."
    return none_of(found, remedy, f"none of {listed(superusers)}")


def first_entrance(rules: list[dict], role: str) -> dict | None:
    """The first rule that lets ROLE in from afar; a general refusal before it closes all that follow."""
    for rule in rules:
        if not {"all", role} & set(rule["users"]):
            continue
        if rule["method"] != "reject":
            return rule
        if rule["type"] == "host" and "all" in rule["databases"] and rule["address"] == "all":
            return None
    return None


def readable_rule(facts: Facts) -> Judgement:
    bad = [f"line {row['line_number']}: {row['error']}" for row in facts.rows("rules") if row["error"] is not None]
    return none_of(bad, f"The server still uses older rules: correct {HBA}.", counted(len(facts.rows("rules")), "rule"))


def login_time_accepted(found: str) -> bool:
    return 0 < int(found) <= LONGEST_LOGIN_S


ITEMS = (
    Item("CIS 5.1", "No command line shows a password", command_lines_rule),
    Item("CIS 5.2", "The server listens where it was told", addresses_rule),
    Item("CIS 5.3", "Local logins prove who they are", local_rule),
    Item("CIS 5.4", "Network logins prove who they are", network_rule),
    Item("CIS 5.5", "Each login role has a connection limit", limits_rule),
    Item("CIS 5.6", "Passwords are checked for strength", complexity_rule),
    Item("HOUSE 5.1", "Every password is kept as a SCRAM verifier", verifiers_rule),
    Item("HOUSE 5.2", "New passwords become SCRAM verifiers", one_of("password_encryption", "scram-sha-256")),
    Item("HOUSE 5.3", "Logins from other hosts are encrypted", encryption_rule),
    Item("HOUSE 5.4", "No rule is open to every address", reach_rule),
    Item("HOUSE 5.5", "No superuser logs in from another host", superuser_rule),
    Item("HOUSE 5.6", "The server could read every rule", readable_rule),
    Item("HOUSE 5.7", "A login may not take long", rule_of("authentication_timeout", login_time_accepted, "60s")),
)
