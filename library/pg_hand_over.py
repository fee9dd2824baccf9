"""Ansible's view of module_utils/pgops/switchover.py, for the primary that is given up."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_hand_over
short_description: Stop a primary so that a standby can take over without losing anything
description:
  - Checks that the standby streams and is near, writes a checkpoint, stops the server in order, which sends everything to
    its standbys first, and marks its data directory as a standby's. Whoever starts it then, it takes no writes any more.
  - A primary that was stopped in order before is only marked. One that crashed is refused.
  - Runs as root, on a host with systemd.
options:
  standby: {type: str, required: true, description: Name under which the standby streams that is to take over.}
  max_lag_bytes: {type: int, default: 16777216, description: How many bytes of WAL it may be behind before the stop.}
extends_documentation_fragment: [pgops_cluster]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Stop the primary for pg2
  pg_hand_over:
    standby: pg2
  become: true
"""

RETURN = r"""
lsn: {description: Where its WAL ends; empty in a dry run on a primary that runs., returned: success, type: str, sample: 0/3000060}
stopped_at: {description: "When it began to stop the server, by the clock of this host, in seconds.", returned: when it did, type: float}
before_stop_s: {description: "Time that passed in this module before it stopped the server, in seconds.", returned: success, type: float, sample: 0.1}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.cluster_server import CLUSTER_OPTIONS, Server
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.switchover import hand_over

OPTIONS = {
    **CLUSTER_OPTIONS,
    "standby": {"type": "str", "required": True},
    "max_lag_bytes": {"type": "int", "default": 16 * 1024 * 1024},
}


def run(params: dict, check_mode: bool, run_command) -> dict:
    server = Server(run_command, params["version"], params["name"], params["port"])
    result = hand_over(server, params["standby"], params["max_lag_bytes"], check_mode)
    after = f"stop {server.unit} in order, and mark it as a standby of {params['standby']}\n"
    return {**result, "diff": {"before": "", "after": after if result["changed"] else ""}}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode, module.run_command)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
