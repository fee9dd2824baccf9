"""Ansible's view of module_utils/pgops/backup_history.py and backup_outlook.py, to read it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_backup_history_info
short_description: Tell what backups and restore drills took over time, and how that stands
description:
  - Reads the history that M(pg_backup_record) and M(pg_drill_record) keep in O(login_db), and joins it with the backups that are
    there now. A database that has no history yet, is gone or refuses the connection is an answer (RV(unknown)), not a failure.
options:
  logical: {type: list, elements: dict, default: [], description: "What M(pg_backup_info) returned as C(backups)."}
  physical: {type: list, elements: dict, default: [], description: "What M(pgbackrest_info) returned as C(backups)."}
  rto_limit_s: {type: float, default: 14400, description: Seconds that a restore may take at most.}
  rpo_limit_s: {type: float, default: 3600, description: Seconds of commits that may be lost at most.}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: See how backups have grown
  pg_backup_history_info:
    login_db: threadr
    login_role: threadr_monitor
    logical: "{{ dumps.backups }}"
  become: true
  become_user: postgres
"""

RETURN = r"""
unknown: {description: Why there is no history; null where there is one., returned: success, type: str}
backups:
  description: Backups, oldest first. C(size_bytes) is what each takes by itself; C(present) says whether it is still there.
  returned: success
  type: list
  elements: dict
  sample:
    - {kind: logical, type: full, name: shop_full_20261124T030000Z, repository: null, database: shop, present: true,
       finished_at: "2026-11-24T03:00:04+00:00", duration_s: 4.2, size_bytes: 1048576, database_size_bytes: 8388608}
drills:
  description: Drills, oldest first, with their phases, RTO and RPO in seconds.
  returned: success
  type: list
  elements: dict
  sample: [{kind: logical, passed: true, rto_s: 5.7, rpo_s: 61.2, fetch_s: 0.1, restore_s: 2.5, replay_s: null, verify_s: 3.1}]
verifications:
  description: When all backups of a kind were read to their end, and what was found, oldest first.
  returned: success
  type: list
  elements: dict
  sample: [{kind: physical, passed: true, backups: 9, finished_at: "2026-11-24T05:00:00+00:00", problems: []}]
sentences:
  description: How it stands, a sentence each; C(verdict) is V(good), V(bad) or, where nobody can say, V(open).
  returned: success
  type: list
  elements: dict
  sample: [{verdict: good, text: "The last logical drill passed: 5.7 s of the 4 h that a restore may take."}]
healthy: {description: "Whether none of the sentences is V(bad).", returned: success, type: bool, sample: true}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.backup_history import nothing, read_present, tell
from ansible.module_utils.pgops.backup_outlook import Limits, outlook
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError

ROWS = {"type": "list", "elements": "dict", "default": []}
OPTIONS = {
    "logical": ROWS,
    "physical": ROWS,
    "rto_limit_s": {"type": "float", "default": 14400},
    "rpo_limit_s": {"type": "float", "default": 3600},
}


def run(params: dict) -> dict:
    limits = Limits(params["rto_limit_s"], params["rpo_limit_s"])
    present = read_present(params["logical"], params["physical"])
    try:
        with connect(params, "pg_backup_history_info") as conn:
            told = tell(conn, present)
    except PgopsError as error:
        told = nothing(present, str(error))
    return {"changed": False, **told, **outlook(told, limits, time.time())}


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
