"""Ansible's view of module_utils/pgops/fencing.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_fence
short_description: Let a primary that is given up take no writes any more
description:
  - Marks the data directory as a standby's and stops the server, if it runs. Whoever starts it then, it only reads. What its
    standbys have not received yet stays in it, until it is made a standby again.
  - A server that does not answer, or does not end within a minute, is killed. Its control file says whether it is a standby.
  - Standbys are left alone. Runs as root, on a host with systemd.
options:
  host: {type: str, required: true, description: Name of this host.}
  confirm: {type: str, default: "", description: Name of the host that is given up; has to be O(host).}
extends_documentation_fragment: [pgops_cluster]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Give the old primary up
  pg_fence:
    host: pg1
    confirm: pg1
  become: true
"""

RETURN = r"""
steps: {description: "What was done, or would be.", returned: success, type: list, elements: str, sample: [stop postgresql@15-main]}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.cluster_server import CLUSTER_OPTIONS, Server
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.fencing import fence

OPTIONS = {
    **CLUSTER_OPTIONS,
    "host": {"type": "str", "required": True},
    "confirm": {"type": "str", "default": ""},
}


def run(params: dict, check_mode: bool, run_command) -> dict:
    server = Server(run_command, params["version"], params["name"], params["port"])
    steps = fence(server, params["host"], params["confirm"], check_mode)
    return {"changed": bool(steps), "steps": steps, "diff": {"before": "", "after": "".join(f"{s}\n" for s in steps)}}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode, module.run_command)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
