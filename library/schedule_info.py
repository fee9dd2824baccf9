"""Ansible's view of module_utils/pgops/schedule_verdict.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: schedule_info
short_description: Say of each scheduled job when it ran, how that ended, and whether it is late
description:
  - A job that failed, that is late, that never ran although it was due, or that began and was killed is a problem.
options:
  path: {type: path, required: true, description: "The schedule, a file that role schedule writes."}
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: Look at the jobs
  schedule_info:
    path: /etc/postgresql-schedule.json
"""

RETURN = r"""
healthy: {description: Whether there is no problem., returned: success, type: bool, sample: true}
problems: {description: A sentence for each job that a person must look at., returned: success, type: list, elements: str, sample: []}
jobs:
  description: Each job, by name. V(verdict) is V(ok), V(running), V(waiting), V(failed), V(late), V(lost) or V(unknown).
  returned: success
  type: list
  elements: dict
  sample:
    - {name: daily, when: 0 1 * * *, playbook: run_daily.yml, verdict: ok, finding: "It succeeded 2026-11-29T01:04:05+00:00, in 4 min 5 s.",
       began_at: "2026-11-29T01:00:00+00:00", ended_at: "2026-11-29T01:04:05+00:00", succeeded_at: "2026-11-29T01:00:00+00:00",
       duration_s: 245.1, exit_status: 0, result: success, runs: 12, failures: 0, skipped: 0, late_after: "2026-11-30T06:00:00+00:00"}
"""

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.schedule_verdict import judge


def main() -> None:
    module = AnsibleModule(argument_spec={"path": {"type": "path", "required": True}}, supports_check_mode=True)
    try:
        result = judge(Path(module.params["path"]), time.time())
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(changed=False, **result)


if __name__ == "__main__":
    main()
