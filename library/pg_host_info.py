"""Ansible's view of module_utils/pgops/server_host.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_host_info
short_description: Say what a host has of PostgreSQL, and whether a cluster can be made there
description:
  - Reads which release the host runs, which of O(packages) dpkg has installed, which clusters there are, who listens
    at the port of the one that is wanted, and whether systemd runs. Needs no server, and root only to name
    whoever listens.
options:
  version: {type: str, default: "15", description: Major version of the cluster that is wanted.}
  name: {type: str, default: main, description: Its name.}
  port: {type: int, default: 5432, description: Port that it is to listen on.}
  data_directory: {type: path, description: "Where it is to keep its data, if not in Debian's own place."}
  packages: {type: list, elements: str, default: [], description: Packages to look for.}
  releases: {type: list, elements: str, required: true, description: "Releases on which it can be installed, such as V(Debian 12)."}
attributes:
  check_mode: {support: full, description: Changes nothing.}
  diff_mode: {support: none, description: Changes nothing.}
author: The maintainers
"""

EXAMPLES = r"""
- name: Look at the host
  pg_host_info:
    packages: [postgresql-15]
    releases: [Debian 12]
  register: host
"""

RETURN = r"""
release: {description: Name and number of the release., returned: success, type: str, sample: Debian 12}
problems: {description: Why the cluster cannot be made here., returned: success, type: list, elements: str, sample: []}
missing_packages: {description: Those of O(packages) that are not installed., returned: success, type: list, elements: str, sample: []}
clusters:
  description: Clusters of this host, whatever their version.
  returned: success
  type: list
  elements: dict
  sample: [{version: "15", name: main, port: 5432, data_directory: /var/lib/postgresql/15/main}]
systemd: {description: Whether systemd runs., returned: success, type: bool, sample: true}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.packages import installed_packages
from ansible.module_utils.pgops.requirements_host import port_holders, release
from ansible.module_utils.pgops.server_host import Wanted, asked_port, described, problems, read_clusters

OPTIONS = {
    "version": {"type": "str", "default": "15"},
    "name": {"type": "str", "default": "main"},
    "port": {"type": "int", "default": 5432},
    "data_directory": {"type": "path"},
    "packages": {"type": "list", "elements": "str", "default": []},
    "releases": {"type": "list", "elements": "str", "required": True},
}


def run(params: dict, root: Path = Path("/")) -> dict:
    clusters, found = read_clusters(root), release(root)
    wanted = Wanted(params["version"], params["name"], params["port"], params["data_directory"] or "")
    holders = tuple(port_holders(asked_port(clusters, wanted), root))
    installed = set(installed_packages(root))
    return {
        "changed": False,
        "release": found,
        "problems": problems(found, params["releases"], clusters, wanted, holders),
        "missing_packages": [package for package in params["packages"] if package not in installed],
        "clusters": described(clusters),
        "systemd": (root / "run/systemd/system").is_dir(),
    }


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    module.exit_json(**run(module.params))


if __name__ == "__main__":
    main()
