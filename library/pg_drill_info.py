"""Ansible's view of module_utils/pgops/drill_history.py, to read it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_drill_info
short_description: Tell of the restore drills so far
description:
  - Reads the table C(operations.drills) of O(login_db). A database that has none yet is told of as one without drills.
  - A database that is gone or refuses the connection is an answer (RV(unknown)), not a failure of the module.
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: See which backups were restored
  pg_drill_info:
    login_db: threadr
    login_role: threadr_monitor
  become: true
  become_user: postgres
"""

RETURN = r"""
unknown: {description: Why nobody knows; null where the database could be asked., returned: success, type: str}
kept: {description: Whether the database has a history of drills., returned: success, type: bool, sample: true}
latest:
  description: >-
    Of each kind the last drill, with C(passed) and C(problems), and of the last one that passed C(passed_at), C(passed_age_s),
    durations, RTO and RPO, all in seconds, and null where there is none.
  returned: success
  type: list
  elements: dict
  sample:
    - {kind: logical, host: pg1, backup: shop_full_20261124T030000Z, repository: null, passed: true, problems: [],
       finished_at: "2026-11-24T04:00:07+00:00", finished_age_s: 3600, passed_at: "2026-11-24T04:00:07+00:00", passed_age_s: 3600,
       fetch_s: 0.1, restore_s: 2.5, replay_s: null, verify_s: 3.1, rto_s: 5.7, rpo_s: 3642.0}
restored:
  description: Each backup that a drill has restored, and when one that passed did so last; the latest first.
  returned: success
  type: list
  elements: dict
  sample: [{kind: physical, backup: 20261124-020000F, repository: 1, finished_at: "2026-11-24T04:00:27+00:00", finished_age_s: 3580}]
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.drill_history import LATEST, RESTORED, described, has_history, rows
from ansible.module_utils.pgops.errors import PgopsError


def run(params: dict) -> dict:
    kept, now_s, unknown = False, time.time(), None
    latest: list[dict] = []
    restored: list[dict] = []
    try:
        with connect(params, "pg_drill_info") as conn:
            kept = has_history(conn)
            latest, restored = (rows(conn, query) if kept else [] for query in (LATEST, RESTORED))
    except PgopsError as error:
        unknown = str(error)
    return {
        "changed": False,
        "unknown": unknown,
        "kept": kept,
        "latest": [described(row, now_s) for row in latest],
        "restored": [described(row, now_s) for row in restored],
    }


def main() -> None:
    module = AnsibleModule(argument_spec=connection_spec(), supports_check_mode=True)
    module.exit_json(**run(module.params))


if __name__ == "__main__":
    main()
