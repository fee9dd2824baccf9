"""Ansible's view of module_utils/pgops/requirements.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: host_requirements_info
short_description: Measure whether a host suffices for PostgreSQL
description:
  - Measures memory (the limit of the control group where there is one), cores, the size of the file system below
    O(data_directory), the release, who listens on O(port), whether the clock is kept right, and which addresses O(names)
    have here. Quantities are in decimal GB.
  - Run it as root, who alone sees which program holds a port; one that it cannot see is named by its account.
options:
  memory_minimum_gb: {type: float, required: true, description: Less is a problem.}
  memory_recommended_gb: {type: float, required: true, description: Less is a shortcoming.}
  disk_minimum_gb: {type: float, required: true, description: Less is a problem.}
  disk_recommended_gb: {type: float, required: true, description: Less is a shortcoming.}
  cores_minimum: {type: int, required: true, description: Fewer are a problem.}
  cores_recommended: {type: int, required: true, description: Fewer are a shortcoming.}
  releases: {type: list, elements: str, required: true, description: "Supported releases, such as V(Debian 12)."}
  data_directory: {type: path, default: /var/lib/postgresql, description: Where clusters are kept; it need not exist.}
  port: {type: int, default: 5432, description: Port that PostgreSQL is to listen on.}
  names:
    description: Hosts that this one has to find. A name without an address is a problem.
    type: list
    elements: str
    default: []
  clock:
    description: What a clock that nobody corrects is, a problem or a shortcoming.
    type: str
    choices: [required, recommended]
    default: required
attributes:
  check_mode: {support: full, description: Changes nothing.}
author: The maintainers
"""

EXAMPLES = r"""
- name: Measure the host
  host_requirements_info:
    memory_minimum_gb: 4
    memory_recommended_gb: 8
    disk_minimum_gb: 20
    disk_recommended_gb: 100
    cores_minimum: 2
    cores_recommended: 4
    releases: [Debian 12]
  become: true
"""

RETURN = r"""
healthy: {description: Whether there is no problem., returned: success, type: bool, sample: false}
problems: {description: Minimums that are missed., returned: success, type: list, elements: str, sample: ["cores: 1, at least 2 needed"]}
shortcomings: {description: Recommendations that are missed., returned: success, type: list, elements: str, sample: []}
findings:
  description: Everything that was looked at.
  returned: success
  type: list
  elements: dict
  sample: [{name: memory, measured: 8.2 GB, expected: 8 GB recommended, verdict: ok}]
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.requirements import (
    GB,
    Finding,
    Need,
    judge_clock,
    judge_name,
    judge_port,
    judge_quantity,
    judge_release,
    report,
)
from ansible.module_utils.pgops.requirements_host import (
    addresses,
    clock_error_s,
    cores,
    disk_bytes,
    memory_bytes,
    port_holders,
    release,
)

OPTIONS = {
    "memory_minimum_gb": {"type": "float", "required": True},
    "memory_recommended_gb": {"type": "float", "required": True},
    "disk_minimum_gb": {"type": "float", "required": True},
    "disk_recommended_gb": {"type": "float", "required": True},
    "cores_minimum": {"type": "int", "required": True},
    "cores_recommended": {"type": "int", "required": True},
    "releases": {"type": "list", "elements": "str", "required": True},
    "data_directory": {"type": "path", "default": "/var/lib/postgresql"},
    "port": {"type": "int", "default": 5432},
    "names": {"type": "list", "elements": "str", "default": []},
    "clock": {"type": "str", "choices": ["required", "recommended"], "default": "required"},
}


def findings(params: dict) -> list[Finding]:
    memory = Need("memory", "GB", params["memory_minimum_gb"], params["memory_recommended_gb"])
    disk = Need("disk", "GB", params["disk_minimum_gb"], params["disk_recommended_gb"])
    return [
        judge_quantity(memory, memory_bytes() / GB),
        judge_quantity(disk, disk_bytes(Path(params["data_directory"])) / GB),
        judge_quantity(Need("processors", "cores", params["cores_minimum"], params["cores_recommended"]), cores()),
        judge_release(release(), params["releases"]),
        judge_port(params["port"], port_holders(params["port"])),
        judge_clock(clock_error_s(), params["clock"] == "required"),
        *(judge_name(name, addresses(name)) for name in params["names"]),
    ]


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = report(findings(module.params))
    except PgopsError as error:
        module.fail_json(msg=str(error))
    for sentence in result["shortcomings"]:
        module.warn(sentence)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
