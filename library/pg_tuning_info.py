"""Ansible's view of module_utils/pgops/tuning.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_tuning_info
short_description: Compute PostgreSQL's settings from what a host has, each with its reason
description:
  - Measures memory and cores (within the limits of the control group), the size and the kind of the disk below
    O(data_directory), and computes settings for O(workload).
  - Values in O(settings) win over computed ones, and what depends on them is computed from them.
  - Fails with the arithmetic when the memory that the settings need in the worst case is not there.
options:
  workload:
    description: What the server is for. It decides on sessions, memory per session, WAL, parallel workers and JIT.
    type: str
    choices: [web, oltp, mixed, reporting]
    default: web
  storage:
    description: Kind of the disk. V(auto) asks the kernel, and assumes V(ssd) where it cannot tell.
    type: str
    choices: [auto, ssd, network, hdd]
    default: auto
  memory:
    description: Memory that this server may use, such as V(8GB). Measured unless given.
    type: str
  cores:
    description: Cores that this server may use. Measured unless given.
    type: int
  data_directory: {type: path, default: /var/lib/postgresql, description: Where the data is kept; it need not exist.}
  log_name: {type: str, default: postgresql, description: How the names of log files begin.}
  settings:
    description: The operator's own settings by their name in C(pg_settings).
    type: dict
    default: {}
  running:
    description: Ask the server for the values that it runs with. Where it cannot be asked, RV(running_unknown) says why.
    type: bool
    default: false
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full, description: Changes nothing.}
  diff_mode: {support: none, description: Changes nothing.}
author: The maintainers
"""

EXAMPLES = r"""
- name: Compute the settings of a server for short requests
  pg_tuning_info:
    workload: web
    settings: {max_connections: 100}
  register: tuning
"""

RETURN = r"""
settings:
  description: All settings with the value that is to stand, computed and declared ones.
  returned: success
  type: dict
  sample: {shared_buffers: 2GB, max_connections: "100"}
table:
  description: The same with value, reason, whether it was declared, and the value that runs now (null if not asked).
  returned: success
  type: list
  elements: dict
  sample: [{name: shared_buffers, value: 2GB, running: 128MB, declared: false, reason: A quarter of 8 GB of memory.}]
host:
  description: What was measured or given. Sizes in bytes.
  returned: success
  type: dict
  sample: {memory_bytes: 8589934592, cores: 4, storage: ssd, storage_is_assumed: false, disk_bytes: 107374182400}
worst_case:
  description: Memory needed when everything happens at once, in bytes, and how it adds up.
  returned: success
  type: dict
  sample: {bytes: 8000000000, arithmetic: 2 GB shared_buffers + 819.2 MB for the system}
running_unknown: {description: Why the server could not be asked; null when it was or should not be., returned: success, type: str}
"""

from dataclasses import asdict
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.sizes import parse_bytes
from ansible.module_utils.pgops.tuning import tune
from ansible.module_utils.pgops.tuning_host import read_host
from ansible.module_utils.pgops.tuning_inputs import STORAGE, WORKLOADS
from ansible.module_utils.pgops.tuning_report import read_running, report, texts

OPTIONS = {
    "workload": {"type": "str", "default": "web", "choices": list(WORKLOADS)},
    "storage": {"type": "str", "default": "auto", "choices": ["auto", *STORAGE]},
    "memory": {"type": "str"},
    "cores": {"type": "int"},
    "data_directory": {"type": "path", "default": "/var/lib/postgresql"},
    "log_name": {"type": "str", "default": "postgresql"},
    "settings": {"type": "dict", "default": {}},
    "running": {"type": "bool", "default": False},
}


def run(params: dict) -> dict:
    memory = None if params["memory"] is None else parse_bytes(params["memory"], "memory")
    host = read_host(Path(params["data_directory"]), params["storage"], memory, params["cores"])
    sheet = tune(host, WORKLOADS[params["workload"]], texts(params["settings"]), params["log_name"])
    running, unknown = {}, None
    if params["running"]:
        try:
            with connect(params, "pg_tuning_info") as conn:
                running = read_running(conn)
        except PgopsError as error:  # the computed half of the table needs no server
            unknown = str(error)
    return {**report(sheet, running), "host": asdict(host), "running_unknown": unknown}


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
