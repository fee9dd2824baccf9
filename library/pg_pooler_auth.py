"""Ansible's view of module_utils/pgops/pooler_auth.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_pooler_auth
short_description: Keep the function by which a pooler reads the secrets of roles
description:
  - Makes C(pgbouncer.get_auth(text)) in O(login_db), C(SECURITY DEFINER) with a pinned C(search_path), owned by a role
    that cannot log in and may read a few columns of C(pg_authid), nothing else. Only O(reader) may execute it.
options:
  owner: {type: str, required: true, description: "Role that owns schema and function. It is made, and kept without power."}
  reader: {type: str, required: true, description: Role that may ask; it has to exist.}
  body: {type: str, required: true, description: "The function's body, in SQL. C($1) is the name of the role in question."}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Keep the function
  pg_pooler_auth:
    login_db: shop
    owner: pgbouncer_owner
    reader: shop_pooler
    body: "{{ lookup('ansible.builtin.file', 'get_auth.sql') }}"
"""

RETURN = r"""
statements:
  description: What was executed, or would be.
  returned: success
  type: list
  elements: str
  sample: ["CREATE SCHEMA pgbouncer AUTHORIZATION pgbouncer_owner;"]
assumed_because: {description: Why a dry run took all of it for missing., returned: when so, type: str, sample: no cluster yet}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.pooler_auth import Declared, Present, apply, plan, read
from ansible.module_utils.pgops.schema_target import absent
from ansible.module_utils.pgops.statement import report

OPTIONS = {name: {"type": "str", "required": True} for name in ("owner", "reader", "body")}


def run(params: dict, check_mode: bool) -> dict:
    wanted = Declared(params["owner"], params["reader"], params["body"])
    reason = absent(params) if check_mode else None
    if reason is not None:
        return {**report(plan(wanted, Present())), "assumed_because": reason}
    with connect(params, "pg_pooler_auth") as conn:
        steps = plan(wanted, read(conn, wanted.owner))
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
