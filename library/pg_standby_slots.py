"""Ansible's view of module_utils/pgops/slots.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_standby_slots
short_description: Keep the replication slots of a server for its standbys
description:
  - Makes the slots named in O(slots), which keep WAL from now on. Drops those of O(leftover) by which nobody streams, such
    as the slots that a former primary kept for its standbys and that would fill its disk now. Others are left alone.
  - A dry run on a host without a cluster plans for a server without slots, and says so.
options:
  slots: {type: list, elements: str, default: [], description: Slots that are to be there.}
  leftover: {type: list, elements: str, default: [], description: Slots that are to go if nobody streams by them.}
  rewind_role:
    type: str
    description: Role that is allowed to execute what pg_rewind needs. Not looked at on a standby.
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Keep a slot for the standby
  pg_standby_slots:
    slots: [pg2]
    leftover: [pg1]
    rewind_role: replication
"""

RETURN = r"""
statements:
  description: What was executed, or would be.
  returned: success
  type: list
  elements: str
  sample: ["SELECT pg_create_physical_replication_slot('pg2', true);"]
assumed_because: {description: Why a dry run took the slots for missing., returned: when so, type: str, sample: no cluster yet}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.schema_target import absent_locally
from ansible.module_utils.pgops.slots import REWIND_FUNCTIONS, apply, plan, read_missing_grants, read_slots
from ansible.module_utils.pgops.statement import report

OPTIONS = {
    "slots": {"type": "list", "elements": "str", "default": []},
    "leftover": {"type": "list", "elements": "str", "default": []},
    "rewind_role": {"type": "str"},
}


def run(params: dict, check_mode: bool) -> dict:
    slots, leftover, role = params["slots"], params["leftover"], params["rewind_role"]
    reason = absent_locally(params) if check_mode else None
    if reason is not None:
        return {**report(plan({}, slots, [], list(REWIND_FUNCTIONS), role)), "assumed_because": reason}
    with connect(params, "pg_standby_slots") as conn:
        missing = read_missing_grants(conn, role) if role else []
        steps = plan(read_slots(conn), slots, leftover, missing, role)
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
