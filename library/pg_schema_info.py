"""Ansible's view of module_utils/pgops/schema_catalog.py and schema_comparison.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_schema_info
short_description: Compare the schema of a database with what is declared
description:
  - Reads tables, columns, constraints, indexes, triggers, views, sequences and functions from the catalog, with their
    definitions as the server prints them, and names every one that is missing, not declared, or different.
  - What belongs to an extension is left out. In schemas other than C(public), undeclared tables are left out too.
options:
  declared:
    description:
      - C(revision), C(schemas) and C(objects) as they should be. The result of a run without it is such a declaration.
    type: dict
  schemas:
    description: Schemas to read when O(declared) is left out.
    type: list
    elements: str
    default: [public, migration, operations]
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: Compare the schema with its declaration
  pg_schema_info:
    login_db: threadr
    declared: "{{ lookup('file', 'declared.json') | from_json }}"
  register: schema
"""

RETURN = r"""
healthy: {description: Whether nothing differs., returned: when O(declared) is given, type: bool, sample: false}
problems:
  description: Every difference as a sentence.
  returned: when O(declared) is given
  type: list
  elements: str
  sample: ["index users_created_at_idx on public.users is missing", "column shoe_size on public.users is not declared"]
revision: {description: Revision of the database; null without schema., returned: success, type: str, sample: "0005"}
counted: {description: Objects found by kind., returned: success, type: dict, sample: {table: 19, index: 46}}
declaration:
  description: What was found, as a declaration.
  returned: when O(declared) is left out
  type: dict
  sample: {revision: "0005"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.schema import read_revision
from ansible.module_utils.pgops.schema_catalog import read_catalog
from ansible.module_utils.pgops.schema_comparison import compare, require_declaration

OPTIONS = {
    "declared": {"type": "dict"},
    "schemas": {"type": "list", "elements": "str", "default": ["public", "migration", "operations"]},
}


def run(params: dict) -> dict:
    declared = params["declared"]
    if declared is not None:
        require_declaration(declared)
    schemas = params["schemas"] if declared is None else declared["schemas"]
    with connect(params, "pg_schema_info", {"search_path": "public"}) as conn:
        revision = read_revision(conn)
        found = read_catalog(conn, schemas)
    result = {"changed": False, "revision": revision, "counted": {kind: len(names) for kind, names in found.items()}}
    if declared is None:
        return {**result, "declaration": {"revision": revision, "schemas": schemas, "objects": found}}
    problems = compare(declared, revision, found)
    return {**result, "healthy": not problems, "problems": problems}


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
