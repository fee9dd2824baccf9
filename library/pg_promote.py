"""Ansible's view of module_utils/pgops/switchover.py, for the standby that takes over."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_promote
short_description: Make a standby the primary
description:
  - Waits until the standby has replayed O(wait_lsn), promotes it, and returns when it takes writes. A primary is left alone.
  - Whether the former primary is down is for the caller to know; this module speaks with its own host only.
  - Runs as root.
options:
  wait_lsn: {type: str, default: "", description: Beginning of the last record that it has to have; whatever it has when empty.}
  timeout_s: {type: int, default: 60, description: "Seconds to wait for the record, and again for the promotion."}
extends_documentation_fragment: [pgops_cluster]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Promote the standby
  pg_promote:
    wait_lsn: 0/3000060
  become: true
"""

RETURN = r"""
promoted: {description: Whether it was asked to become the primary; also when the module fails., returned: always, type: bool, sample: true}
promoted_at: {description: "When it took writes, by the clock of this host, in seconds.", returned: when it did, type: float}
timeline: {description: Its timeline then., returned: success, type: int, sample: 2}
lsn: {description: Where its WAL is then., returned: success, type: str, sample: 0/30000D8}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.cluster_server import CLUSTER_OPTIONS, Server
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.switchover import NotPromoted, promote

OPTIONS = {
    **CLUSTER_OPTIONS,
    "wait_lsn": {"type": "str", "default": ""},
    "timeout_s": {"type": "int", "default": 60},
}


def run(params: dict, check_mode: bool, run_command) -> dict:
    server = Server(run_command, params["version"], params["name"], params["port"])
    result = promote(server, params["wait_lsn"], params["timeout_s"], check_mode, lambda: time.sleep(0.05))
    after = f"promote {server.unit}\n" if result["changed"] else ""
    return {**result, "diff": {"before": "", "after": after}}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode, module.run_command)
    except NotPromoted as refusal:
        module.fail_json(msg=str(refusal), promoted=False)
    except PgopsError as error:
        module.fail_json(msg=str(error), promoted=True)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
