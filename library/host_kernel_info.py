"""Ansible's view of module_utils/pgops/kernel.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_kernel_info
short_description: Compute the kernel settings that a PostgreSQL host wants, each with its reason
description:
  - Reads the memory of the machine and what the kernel runs with, and says what it should run with.
  - In a container the kernel belongs to the machine; RV(not_ours) then says so, and nothing should be set.
options:
  shared_buffers:
    description:
      - Memory that the server shares, such as V(4GB); huge pages are set aside for it from V(2GB) on.
      - What M(pg_tuning_info) would compute for this machine unless given.
    type: str
attributes:
  check_mode: {support: full, description: Changes nothing.}
  diff_mode: {support: none, description: Changes nothing.}
author: The maintainers
"""

EXAMPLES = r"""
- name: Ask what the kernel should be set to
  host_kernel_info:
    shared_buffers: 4GB
  register: kernel
"""

RETURN = r"""
not_ours: {description: Why this kernel must be left alone; null where it may be set., returned: success, type: str, sample: null}
settings: {description: Settings by their name for sysctl., returned: success, type: dict, sample: {vm.swappiness: "1"}}
table:
  description: The same with the value that runs now (null where the kernel has no such setting) and the reason.
  returned: success
  type: list
  elements: dict
  sample: [{name: vm.swappiness, value: "1", running: "60", reason: Caches go before programs do.}]
transparent_huge_pages: {description: The choice in force; null without such a feature., returned: success, type: str, sample: always}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.kernel import read_machine, report
from ansible.module_utils.pgops.sizes import KB, parse_bytes
from ansible.module_utils.pgops.tuning import computed_shared_buffers


def run(params: dict) -> dict:
    machine, given = read_machine(), params["shared_buffers"]
    buffers = computed_shared_buffers(machine.memory) if given is None else parse_bytes(given, "shared_buffers", 8 * KB)
    return report(machine, buffers)


def main() -> None:
    module = AnsibleModule(argument_spec={"shared_buffers": {"type": "str"}}, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
