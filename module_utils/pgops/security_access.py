"""Section 4 of the benchmark: who may do what, on the host and in the database."""

from __future__ import annotations

from .security import Facts, Item, Judgement, counted, failed, inapplicable, listed, none_of, passed

# Whoever is in one of these becomes root, or reads what only root should.
POWERFUL_GROUPS = {"root", "sudo", "wheel", "admin", "docker", "lxd", "disk", "shadow"}
# Whoever is in one of these does on the host what the server's account may do.
HOST_ROLES = {"pg_execute_server_program", "pg_write_server_files", "pg_read_server_files"}
ATTRIBUTES = ("createrole", "createdb", "bypassrls")


def interactive_rule(facts: Facts) -> Judgement:
    account, state, keys = facts.host("data_directory").owner, facts.host("account_state"), facts.host("account_keys")
    if state != "L":
        return failed("has a password" if state == "P" else "needs no password", f"Run passwd --lock {account}.")
    return none_of(
        keys, f"Remove the keys: people become {account} with sudo, which logs their names.", "locked, no keys"
    )


def sudo_rule(facts: Facts) -> Judgement:
    groups, account = facts.host("account_groups"), facts.host("data_directory").owner
    powerful = sorted(POWERFUL_GROUPS & set(groups))
    return none_of(powerful, f"Run gpasswd --delete {account} GROUP for each.", f"member of {listed(groups)}")


def superusers_rule(facts: Facts) -> Judgement:
    roles, known = facts.rows("roles"), facts.wanted.superusers
    found = [f"{row['role']} (superuser)" for row in roles if row["superuser"] and row["role"] not in known]
    found += [f"{row['role']} (member of a superuser)" for row in roles if row["becomes_superuser"]]
    found += [f"{row['role']} ({name})" for row in roles for name in ATTRIBUTES if row[name] and not row["superuser"]]
    names = listed(row["role"] for row in roles if row["superuser"])
    remedy = "Run ALTER ROLE ... NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS for each, or REVOKE the membership."
    return none_of(found, remedy, f"superusers: {names}")


def unused_rule(facts: Facts) -> Judgement:
    logins = [row["role"] for row in facts.rows("roles") if row["login"]]
    if facts.wanted.login_roles is None:
        return inapplicable(
            listed(logins), "Nobody has said which roles should log in: set threadr_security_login_roles."
        )
    known = {*facts.wanted.login_roles, *facts.wanted.superusers}
    remedy = "Run ALTER ROLE ... NOLOGIN for each, or declare it in postgresql_objects_roles (group_vars/postgresql/access.yml)."
    return none_of([role for role in logins if role not in known], remedy, listed(logins))


def definers_rule(facts: Facts) -> Judgement:
    rows = facts.rows("definers")
    found = [f"{row['function']} (open to PUBLIC)" for row in rows if row["public"]]
    found += [f"{row['function']} (no search_path)" for row in rows if not row["pinned"] and not row["public"]]
    remedy = (
        "Run REVOKE EXECUTE ON FUNCTION ... FROM PUBLIC and ALTER FUNCTION ... SET search_path = pg_catalog, pg_temp."
    )
    return none_of(found, remedy, counted(len(rows), "function"))


def _given(facts: Facts, kind: str) -> list[str]:
    rows = (row for row in facts.rows("grants") if row["kind"] == kind)
    return [
        f"{row['privilege']} on {row['object']} to {row['grantee']}{' with grant option' if row['grantable'] else ''}"
        for row in rows
    ]


def rows_rule(facts: Facts) -> Judgement:
    remedy = "Revoke it, and grant what the application needs in postgresql_objects_databases (group_vars/postgresql/access.yml)."
    return none_of(_given(facts, "relation"), remedy, "nothing to PUBLIC, no TRUNCATE, no grant option")


def policies_rule(facts: Facts) -> Judgement:
    rows = facts.rows("policies")
    if not rows:
        return inapplicable("no policies", "The application, not the database, decides who sees which row.")
    idle = [row["table"] for row in rows if not row["enabled"]]
    return none_of(
        idle, "Its policies do nothing: run ALTER TABLE ... ENABLE ROW LEVEL SECURITY.", counted(len(rows), "table")
    )


def set_user_rule(facts: Facts) -> Judgement:
    """set_user logs who became superuser. Where superusers come over the socket by peer only, sudo has logged it."""
    if "set_user" in facts.words("shared_preload_libraries"):
        return passed("set_user is loaded")
    logins = [row for row in facts.rows("verifiers") if row["superuser"] and row["login"]]
    found = [row["role"] for row in logins if row["kind"] != "none"]
    remedy = "Run ALTER ROLE ... PASSWORD NULL and log in by peer over the socket, or load set_user."
    return none_of(found, remedy, f"no password: {listed(row['role'] for row in logins)}")


def predefined_rule(facts: Facts) -> Judgement:
    rows = facts.rows("roles")
    found = [f"{row['role']} ({name})" for row in rows for name in row["predefined"] if name in HOST_ROLES]
    used = [row["role"] for row in rows if row["predefined"]]
    return none_of(found, "Revoke it: its members act on the host as the server does.", f"used by {listed(used)}")


def schemas_rule(facts: Facts) -> Judgement:
    return none_of(_given(facts, "schema"), "Run REVOKE CREATE ON SCHEMA ... FROM PUBLIC.", "no CREATE for PUBLIC")


def database_rule(facts: Facts) -> Judgement:
    remedy = "Run REVOKE ALL ON DATABASE ... FROM PUBLIC; grant CONNECT to each role that needs it."
    return none_of(_given(facts, "database"), remedy, f"{facts.row('server')['database']}: nothing for PUBLIC")


ITEMS = (
    Item("CIS 4.1", "Nobody logs in as the server's account", interactive_rule),
    Item("CIS 4.2", "The server's account cannot become root", sudo_rule),
    Item("CIS 4.3", "Only known roles administer", superusers_rule),
    Item("CIS 4.4", "Only declared roles may log in", unused_rule),
    Item("CIS 4.5", "SECURITY DEFINER functions are closed", definers_rule),
    Item("CIS 4.6", "Nobody has more than rows to work on", rows_rule),
    Item("CIS 4.7", "Row level security works where it is defined", policies_rule),
    Item("CIS 4.8", "Whoever acts as superuser is on record", set_user_rule),
    Item("CIS 4.9", "Predefined roles give no access to the host", predefined_rule),
    Item("CIS 4.10", "PUBLIC creates nothing in any schema", schemas_rule),
    Item("HOUSE 4.1", "PUBLIC has no privilege on the database", database_rule),
)
