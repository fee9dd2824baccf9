"""Ansible's view of module_utils/pgops/schedule_keeping.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: schedule_jobs
short_description: Keep what is known of scheduled jobs, for those that are scheduled and no others
description:
  - A job that is new is one that never ran, which its metrics say from now on. What is known of a job that has run stays as it is.
  - Of a job that is scheduled no more, what is known and its metrics are removed.
  - The job runner of role schedule writes the same files, and is waited for.
options:
  schedule: {type: str, required: true, description: "Name of the schedule, with which the names of its metrics' files begin."}
  state_directory: {type: path, required: true, description: Where there is a file for each job. It has to exist.}
  metrics_directory: {type: str, default: "", description: Where the textfile collector looks; empty for no metrics.}
  jobs:
    description: By name, with C(permitted_age_s) for each, after which a job that has not succeeded is late.
    type: dict
    required: true
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Know every job, and no other
  schedule_jobs:
    schedule: postgresql-schedule
    state_directory: /var/lib/postgresql-schedule
    metrics_directory: /var/lib/prometheus/node-exporter
    jobs: {daily: {permitted_age_s: 104400}}
  become: true
"""

RETURN = r"""
added: {description: Jobs that nothing was known of., returned: success, type: list, elements: str, sample: [daily]}
removed: {description: Jobs that are scheduled no more., returned: success, type: list, elements: str, sample: []}
diff: {description: What is known of jobs., returned: success, type: dict, sample: {before: "", after: "daily: never ran"}}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.schedule_keeping import keep

OPTIONS = {
    "schedule": {"type": "str", "required": True},
    "state_directory": {"type": "path", "required": True},
    "metrics_directory": {"type": "str", "default": ""},
    "jobs": {"type": "dict", "required": True},
}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = keep(module.params, time.time(), module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
