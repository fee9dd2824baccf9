"""Ansible's view of module_utils/pgops/undo.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_undo
short_description: Take out of PostgreSQL what the migration has written and nobody has changed since
description:
  - Removes the rows that M(redis_migrate) made, and puts back as they were those that it overwrote, in one transaction.
  - A row that somebody has changed since stays, and so does one that a row that stays refers to.
  - The quarantine and the record of runs stay. Redis is not asked. A migration afterwards is like a first one.
  - Redis may not have any more what is removed here. Make a backup first.
options:
  profile:
    description: Whose tables these are.
    type: str
    choices: [threadr]
    default: threadr
  confirm:
    description: Name of the database. Required where there is something to undo; a dry run shows the plan without.
    type: str
  operator:
    description: Who goes back, for the record of runs.
    type: str
    default: ansible
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Go back
  migration_undo:
    login_db: threadr
    login_role: threadr_migration
    confirm: threadr
"""

RETURN = r"""
plan:
  description: What was done to each table's rows, or would be.
  returned: success
  type: list
  elements: str
  sample: ["users: remove 7 rows, keep 1 rows that were changed since"]
tables:
  description: Rows that a run has written, per table, by what becomes of them.
  returned: success
  type: dict
  sample: {users: {remove: 7, restore: 0, changed: 1, deleted: 0, referenced: 0, taken: 0}}
kept:
  description: The first 20 rows of each table that stay, why, and the table or column that is the reason.
  returned: success
  type: list
  elements: dict
  sample: [{table: users, key: 7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77, fate: referenced, by: threads}]
run_id:
  description: Number of this going back in C(migration.migration_runs); null when nothing was done.
  returned: success
  type: int
  sample: 4
diff: {description: The plan., returned: success, type: dict, sample: {before: "", after: "users: remove 7 rows"}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import address, connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.profiles import PROFILES
from ansible.module_utils.pgops.undo import undo


def run(params: dict, check_mode: bool) -> dict:
    profile = PROFILES[params["profile"]]
    with connect(params, "pgops migration_undo") as conn:
        return undo(conn, profile, params["confirm"], params["operator"], address(params), check_mode)


def main() -> None:
    options = {
        "profile": {"type": "str", "default": "threadr", "choices": ["threadr"]},
        "confirm": {"type": "str"},
        "operator": {"type": "str", "default": "ansible"},
    }
    module = AnsibleModule(argument_spec={**connection_spec(), **options}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
