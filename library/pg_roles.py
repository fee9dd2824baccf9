"""Ansible's view of module_utils/pgops/roles.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_roles
short_description: Keep roles of a server as declared
description:
  - Makes and alters the roles named; others are left alone. Those named are neither superuser nor allowed to make roles
    or databases, and have no setting and no membership beyond O(roles).
  - A password is turned into its SCRAM-SHA-256 verifier here and compared with the stored one, so the server never
    sees it and a second run changes nothing.
  - A dry run on a host without a cluster plans for a server without these roles, and says so.
options:
  roles:
    description: The roles, in any order.
    type: list
    elements: dict
    required: true
    options:
      name: {type: str, required: true, description: Name of the role.}
      login: {type: bool, default: false, description: Whether one can log in as this role.}
      password: {type: str, description: "Password in clear text; when absent, a stored one is left alone."}
      replication: {type: bool, default: false, description: Whether it may stream WAL.}
      connection_limit: {type: int, default: -1, description: Sessions at the same time; V(-1) for any number.}
      member_of: {type: list, elements: str, default: [], description: Roles whose privileges it has.}
      settings:
        description: Settings that its sessions start with. Write a setting that is a list, such as C(search_path), as a list.
        type: dict
        default: {}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Keep the roles
  pg_roles:
    roles:
      - {name: shop_owner}
      - {name: shop_monitor, member_of: [pg_monitor]}
      - name: shop
        login: true
        password: "{{ vault_shop_password }}"
        settings: {statement_timeout: 30s, search_path: [public]}
"""

RETURN = r"""
statements:
  description: What was executed, or would be; passwords are not shown.
  returned: success
  type: list
  elements: str
  sample: ["CREATE ROLE shop;", "ALTER ROLE shop LOGIN;"]
assumed_because: {description: Why a dry run took the roles for missing., returned: when so, type: str, sample: no cluster yet}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.roles import (
    apply,
    declared,
    names_in_settings,
    new_salt,
    plan,
    quote_names,
    read_roles,
)
from ansible.module_utils.pgops.schema_target import absent_locally
from ansible.module_utils.pgops.statement import report, shown_name

ROLE_SPEC = {
    "name": {"type": "str", "required": True},
    "login": {"type": "bool", "default": False},
    "password": {"type": "str", "no_log": True},
    "replication": {"type": "bool", "default": False},
    "connection_limit": {"type": "int", "default": -1},
    "member_of": {"type": "list", "elements": "str", "default": []},
    "settings": {"type": "dict", "default": {}},
}
OPTIONS = {
    "roles": {
        "type": "list",
        "elements": "dict",
        "required": True,
        "options": ROLE_SPEC,
    }
}


def run(params: dict, check_mode: bool) -> dict:
    wanted = [declared(option) for option in params["roles"]]
    reason = absent_locally(params) if check_mode else None
    if reason is not None:
        return {
            **report(plan(wanted, {}, shown_name, new_salt)),
            "assumed_because": reason,
        }
    with connect(params, "pg_roles") as conn:
        quoted = quote_names(conn, names_in_settings(wanted))
        present = read_roles(conn, [role.name for role in wanted])
        steps = plan(wanted, present, quoted.__getitem__, new_salt)
        if steps and not check_mode:
            apply(conn, steps)
    return report(steps)


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
