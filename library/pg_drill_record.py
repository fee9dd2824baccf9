"""Ansible's view of module_utils/pgops/drill_history.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_drill_record
short_description: Keep the result of a restore drill in the history
description:
  - Appends a row to the table C(operations.drills) of O(login_db), and removes rows that are too old. The last drill of each kind
    that passed always stays. A drill that is there already is not kept twice.
options:
  drill: {type: dict, required: true, description: "What pg_drill returned as C(drill)."}
  keep_days: {type: int, default: 730, description: Days that drills are kept.}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Remember the drill
  pg_drill_record:
    login_db: threadr
    login_role: threadr_owner
    drill: "{{ drilled.drill }}"
  become: true
  become_user: postgres
"""

RETURN = r"""
added: {description: Whether the drill was not in the history yet., returned: success, type: bool, sample: true}
removed: {description: How many drills were too old., returned: success, type: int, sample: 0}
metrics:
  description: >-
    What the history now says of the last drill of each kind, and of the last that passed, as text for Prometheus; in a dry run
    what it says at present. Durations in seconds, times in seconds since 1970.
  returned: success
  type: str
  sample: "pgops_drill_rto_seconds{kind=\"logical\"} 12.5\n"
diff: {description: The rows., returned: success, type: dict, sample: {before: "", after: "physical drill on pg1 with 20261124-020000F: passed"}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.drill_history import LATEST, append, rows
from ansible.module_utils.pgops.drill_metrics import exposition
from ansible.module_utils.pgops.errors import PgopsError

OPTIONS = {"drill": {"type": "dict", "required": True}, "keep_days": {"type": "int", "default": 730}}


def run(params: dict, check_mode: bool) -> dict:
    if params["keep_days"] < 1:
        raise PgopsError(f"keep_days is {params['keep_days']}: give 1 or more. Nothing was changed.")
    with connect(params, "pg_drill_record") as conn:
        result = append(conn, params["drill"], params["keep_days"], check_mode)
        return {**result, "metrics": exposition(rows(conn, LATEST))}


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
