"""Ansible's view of module_utils/pgops/measurement.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_health_record
short_description: Keep what a health check and a count of usage have found
description:
  - Adds one row to the table C(operations.measurements) of O(login_db), and removes rows that are too old. A look that is kept already,
    by its time and O(host), is not kept twice.
options:
  host: {type: str, required: true, description: The host that was looked at.}
  health: {type: dict, required: true, description: What M(pg_health_info) returned for it.}
  usage: {type: dict, default: {}, description: "What M(pg_usage_info) returned for it; empty where the server did not answer."}
  keep_days: {type: int, default: 400, description: Days that all of it is kept.}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Remember how the server is
  pg_health_record:
    login_db: threadr
    login_role: threadr_owner
    host: "{{ inventory_hostname }}"
    health: "{{ health }}"
    usage: "{{ usage }}"
  become: true
  become_user: postgres
"""

RETURN = r"""
added: {description: Whether this look was not in the history yet., returned: success, type: bool, sample: true}
removed: {description: How many rows were too old., returned: success, type: int, sample: 0}
diff:
  description: The rows.
  returned: success
  type: dict
  sample: {before: "", after: "measurement of pg1 at 2026-11-24T03:00:00+00:00: ok, 61 checks"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.measurement import measurement, record

OPTIONS = {
    "host": {"type": "str", "required": True},
    "health": {"type": "dict", "required": True},
    "usage": {"type": "dict", "default": {}},
    "keep_days": {"type": "int", "default": 400},
}


def run(params: dict, check_mode: bool) -> dict:
    if params["keep_days"] < 1:
        raise PgopsError(f"keep_days is {params['keep_days']}: give 1 or more. Nothing was changed.")
    row = measurement(params["host"], params["health"], params["usage"])
    with connect(params, "pg_health_record") as conn:
        return record(conn, row, params["keep_days"], check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
