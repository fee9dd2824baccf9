"""Ansible's view of module_utils/pgops/backup_history.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_backup_record
short_description: Keep what backups took in the history, also for when they are gone
description:
  - Adds those of O(logical), O(physical) and O(verifications) that are not there yet to the tables C(operations.backups) and
    C(operations.verifications) of O(login_db), and removes rows that are too old. Nothing is kept twice.
options:
  logical: {type: list, elements: dict, default: [], description: "What M(pg_backup_info) returned as C(backups)."}
  physical: {type: list, elements: dict, default: [], description: "What M(pgbackrest_info) returned as C(backups)."}
  verifications:
    type: list
    elements: dict
    default: []
    description: >-
      What M(pg_backup_info) and M(pgbackrest_info) returned as C(verification) after they had read everything, with C(kind),
      V(logical) or V(physical), and C(host) in addition.
  keep_days: {type: int, default: 730, description: Days that all of it is kept.}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Remember the dumps
  pg_backup_record:
    login_db: threadr
    login_role: threadr_owner
    logical: "{{ dumps.backups }}"
  become: true
  become_user: postgres
"""

RETURN = r"""
added: {description: Names of the backups that were not in the history yet., returned: success, type: list, elements: str}
removed: {description: How many rows were too old., returned: success, type: int, sample: 0}
diff:
  description: The rows.
  returned: success
  type: dict
  sample: {before: "", after: "logical backup shop_full_20261124T030000Z: 1048576 bytes in 4.2 s"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.backup_history import read_present, record
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError

ROWS = {"type": "list", "elements": "dict", "default": []}
OPTIONS = {"logical": ROWS, "physical": ROWS, "verifications": ROWS, "keep_days": {"type": "int", "default": 730}}


def run(params: dict, check_mode: bool) -> dict:
    if params["keep_days"] < 1:
        raise PgopsError(f"keep_days is {params['keep_days']}: give 1 or more. Nothing was changed.")
    present = read_present(params["logical"], params["physical"])
    with connect(params, "pg_backup_record") as conn:
        return record(conn, present, params["verifications"], params["keep_days"], check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
