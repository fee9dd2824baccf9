"""Ansible's view of module_utils/pgops/progress.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_progress_info
short_description: Say how far a running migration is
description:
  - Reads what M(redis_migrate) commits with every batch. To be asked time and again, beside a run in the background.
options:
  after_run:
    description: Wait for a run with a higher number than this one, as returned before it was started.
    type: int
    default: 0
  scanned_before:
    description: The RV(scanned) of an earlier look at the same run. The rate is that since then.
    type: int
    default: 0
  seconds_before:
    description: The RV(seconds) of that look.
    type: float
    default: 0
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full, description: Reads only.}
  diff_mode: {support: none, description: Changes nothing.}
author: The maintainers
"""

EXAMPLES = r"""
- name: Show how far the run is, every five seconds
  migration_progress_info:
    login_db: threadr
    login_role: threadr_migration
    scanned_before: "{{ progress.scanned | default(0) }}"
    seconds_before: "{{ progress.seconds | default(0) }}"
  register: progress
  loop: "{{ range(100000) | list }}"
  loop_control:
    pause: 5
    label: "{{ progress.summary | default('') }}"
    break_when: not progress.running
"""

RETURN = r"""
run_id: {description: "Number of the newest run, 0 when there is none.", returned: success, type: int, sample: 3}
running: {description: Whether it is at work or about to start., returned: success, type: bool, sample: true}
phase:
  description: V(starting), V(reading), V(deciding and writing), or how it ended.
  returned: success
  type: str
  sample: reading
scanned: {description: Keys and members read so far., returned: success, type: int, sample: 120000}
keys: {description: Keys that the source had when the run began., returned: success, type: int, sample: 457720}
seconds: {description: Age of the run., returned: success, type: float, sample: 31.5}
keys_per_s: {description: Rate since the earlier look., returned: success, type: int, sample: 5200}
remaining_s: {description: Seconds that the reading will still take at this rate., returned: success, type: int, sample: 65}
patterns: {description: Keys read so far per pattern., returned: success, type: dict, sample: {thread: 50000}}
summary: {description: All of it in one line., returned: success, type: str, sample: "run 3: reading, 120000 of 457720 keys"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops import ledger
from ansible.module_utils.pgops.connection import address, connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.progress import report, see


def run(params: dict) -> dict:
    with connect(params, "pgops migration_progress_info") as conn:
        ledger.require_record(conn, address(params))
        return report(see(conn), params["after_run"], params["scanned_before"], params["seconds_before"])


def main() -> None:
    options = {
        "after_run": {"type": "int", "default": 0},
        "scanned_before": {"type": "int", "default": 0},
        "seconds_before": {"type": "float", "default": 0},
    }
    module = AnsibleModule(argument_spec={**connection_spec(), **options}, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
