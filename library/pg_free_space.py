"""Ansible's view of module_utils/pgops/free_space.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_free_space
short_description: Make room on the disks of a database host, step by step
description:
  - Looks for what takes room and need not, in the order in which it should go, and says how much each step gives and what is given up
    with it. Does only the steps that are named in O(steps).
  - Never touches WAL, which goes by itself once it is archived and no slot holds it, and nothing else of a data directory in use but
    temporary files of processes that are gone.
  - Works also while the server is down, then without what only the server knows.
options:
  steps:
    description:
      - What is to be done, by the names that RV(plan) has. V(old_logs), V(temporary_files), V(interrupted_backups), V(expired_dumps) and
        V(expired_physical_backups) are of a kind; with the others something is given up, and each is named by itself, such as
        V(database:shop_before_restore_1), V(schema:before_restore_1), V(directory:/var/lib/postgresql/15/main.before_recovery_1) or
        V(slot:pg2).
      - One that is not there (any more) is told in RV(absent); one that must not go is refused.
    type: list
    elements: str
    default: []
  directory: {type: path, required: true, description: Where dumps are kept.}
  keep_days: {type: int, description: Dumps that are older have expired. Without it none has for its age.}
  keep_count: {type: int, description: Of a database and type so many dumps stay. Without it all do.}
  log_keep_days: {type: int, default: 30, description: "Log files with a date in their names, or rotated, that nobody has written to for so many days may go."}
  log_directory: {type: path, default: /var/log/postgresql, description: Where log files are beside those that the server itself knows.}
  stanza: {type: str, description: Stanza of pgBackRest whose expired backups are looked for. Without it none are.}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Make room for what is written now
  pg_free_space:
    directory: /var/backups/postgresql
    keep_days: 30
    steps: [old_logs, expired_dumps]
  become: true
  become_user: postgres
"""

RETURN = r"""
plan:
  description: What could go, in order, with its size, what is given up with it, and whether it was named.
  returned: success
  type: list
  elements: dict
  sample: [{step: old_logs, bytes: 1048576, what: 3 log files in /var/log/postgresql, loss: what the server has told then, confirmed: true}]
state: {description: "V(primary), V(standby), or V(unknown) where no server answers.", returned: success, type: str, sample: primary}
total_bytes: {description: What all of it gives., returned: success, type: int, sample: 1048576}
done: {description: Steps that were done. Empty in a dry run., returned: success, type: list, elements: str, sample: [old_logs]}
freed_bytes: {description: "What they gave, or would.", returned: success, type: int, sample: 1048576}
absent: {description: Named steps that have nothing to do., returned: success, type: list, elements: str, sample: []}
refused: {description: "What must not go, with the reason.", returned: success, type: dict, sample: {"slot:pg2": process 4711 streams by it.}}
unknown: {description: What could not be looked at., returned: success, type: list, elements: str, sample: []}
failures: {description: What kept steps from being done., returned: success, type: list, elements: str, sample: []}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops import free_space
from ansible.module_utils.pgops.connection import connection_spec
from ansible.module_utils.pgops.errors import PgopsError

OPTIONS = {
    "steps": {"type": "list", "elements": "str", "default": []},
    "directory": {"type": "path", "required": True},
    "keep_days": {"type": "int"},
    "keep_count": {"type": "int"},
    "log_keep_days": {"type": "int", "default": 30},
    "log_directory": {"type": "path", "default": "/var/log/postgresql"},
    "stanza": {"type": "str"},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = free_space.run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
