"""Ansible's view of module_utils/pgops/database.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_database
short_description: Keep a database, its schemas, extensions and privileges as declared
description:
  - Makes what is missing. Nothing is dropped but privileges, which the roles in O(access) hold exactly as declared.
  - Privileges on tables and sequences hold for those that exist and, as default privileges, for those that
    O(owner) makes later.
  - A dry run plans for a new database where there is none yet.
options:
  name: {type: str, required: true, description: Name of the database.}
  owner: {type: str, required: true, description: Role that owns the database and makes what is in it.}
  extensions: {type: list, elements: str, default: [], description: Extensions to create.}
  schemas:
    description: Schemas to create, and to keep the privileges of.
    type: list
    elements: dict
    default: []
    options:
      name: {type: str, required: true, description: Name of the schema.}
      owner: {type: str, description: "Its owner. When absent O(owner), or C(pg_database_owner) for C(public)."}
      except_tables:
        description: Tables whose privileges are kept elsewhere and left alone here.
        type: list
        elements: str
        default: []
  access:
    description: What roles may do. Those that are not named are left alone.
    type: list
    elements: dict
    default: []
    options:
      role: {type: str, required: true, description: "Name of the role, or V(PUBLIC)."}
      database:
        description: Privileges on the database.
        type: list
        elements: str
        default: []
        choices: [CONNECT, CREATE, TEMPORARY]
      schemas:
        description: Privileges in schemas; none in those that are not named here.
        type: list
        elements: dict
        default: []
        options:
          name: {type: str, required: true, description: Name of a schema in O(schemas).}
          privileges:
            description: Privileges on the schema itself.
            type: list
            elements: str
            default: [USAGE]
            choices: [USAGE, CREATE]
          tables:
            description: Privileges on its tables and views.
            type: list
            elements: str
            default: []
            choices: [SELECT, INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER]
          sequences:
            description: Privileges on its sequences.
            type: list
            elements: str
            default: []
            choices: [SELECT, USAGE, UPDATE]
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Keep the shop's database
  pg_database:
    name: shop
    owner: shop_owner
    extensions: [pg_trgm]
    schemas: [{name: public}]
    access:
      - role: PUBLIC
      - role: shop
        database: [CONNECT]
        schemas: [{name: public, tables: [SELECT, INSERT, UPDATE, DELETE]}]
"""

RETURN = r"""
statements:
  description: What was executed, or would be.
  returned: success
  type: list
  elements: str
  sample: ["CREATE DATABASE shop OWNER shop_owner TEMPLATE template0 ENCODING 'UTF8';"]
assumed_because: {description: Why a dry run took the database for missing., returned: when so, type: str, sample: no cluster yet}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connection_spec
from ansible.module_utils.pgops.database import (
    bring_about,
    declared,
    newborn,
    plan,
    plan_creation,
)
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.schema_target import absent_locally
from ansible.module_utils.pgops.statement import report

TABLE_PRIVILEGES = [
    "SELECT",
    "INSERT",
    "UPDATE",
    "DELETE",
    "TRUNCATE",
    "REFERENCES",
    "TRIGGER",
]


def privileges(choices: list[str], default: list[str]) -> dict:
    return {"type": "list", "elements": "str", "default": default, "choices": choices}


SCHEMA_ACCESS_SPEC = {
    "name": {"type": "str", "required": True},
    "privileges": privileges(["USAGE", "CREATE"], ["USAGE"]),
    "tables": privileges(TABLE_PRIVILEGES, []),
    "sequences": privileges(["SELECT", "USAGE", "UPDATE"], []),
}
ACCESS_SPEC = {
    "role": {"type": "str", "required": True},
    "database": privileges(["CONNECT", "CREATE", "TEMPORARY"], []),
    "schemas": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SCHEMA_ACCESS_SPEC,
    },
}
SCHEMA_SPEC = {
    "name": {"type": "str", "required": True},
    "owner": {"type": "str"},
    "except_tables": {"type": "list", "elements": "str", "default": []},
}
OPTIONS = {
    "name": {"type": "str", "required": True},
    "owner": {"type": "str", "required": True},
    "extensions": {"type": "list", "elements": "str", "default": []},
    "schemas": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": SCHEMA_SPEC,
    },
    "access": {
        "type": "list",
        "elements": "dict",
        "default": [],
        "options": ACCESS_SPEC,
    },
}


def run(params: dict, check_mode: bool) -> dict:
    wanted = declared(params)
    reason = absent_locally(params) if check_mode else None
    if reason is not None:
        return {
            **report(plan_creation(wanted) + plan(wanted, newborn(wanted))),
            "assumed_because": reason,
        }
    return report(bring_about(params, wanted, check_mode))


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
