"""Ansible's view of module_utils/pgops/configuration.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_configuration_info
short_description: Say whether a cluster has its configuration, and reads the files of its folder conf.d
description:
  - Answers in one call what would otherwise be asked for file by file, so that a run which has nothing to do is short.
  - Reads files only; needs neither a server nor root.
options:
  path: {type: path, required: true, description: "Folder of the cluster's configuration, such as V(/etc/postgresql/15/main)."}
  line: {type: str, default: include_dir = 'conf.d', description: Line of postgresql.conf by which it reads them.}
attributes:
  check_mode: {support: full, description: Changes nothing.}
  diff_mode: {support: none, description: Changes nothing.}
author: The maintainers
"""

EXAMPLES = r"""
- name: Look for the cluster
  pg_configuration_info:
    path: /etc/postgresql/15/main
  register: configuration
"""

RETURN = r"""
exists: {description: Whether there is a postgresql.conf., returned: success, type: bool, sample: true}
drop_ins:
  description: Whether conf.d is a directory with mode 0755 that belongs to PostgreSQL.
  returned: success
  type: bool
  sample: true
included: {description: Whether O(line) is the last of its kind in postgresql.conf., returned: success, type: bool, sample: true}
"""

from dataclasses import asdict
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.configuration import read_configuration

OPTIONS = {
    "path": {"type": "path", "required": True},
    "line": {"type": "str", "default": "include_dir = 'conf.d'"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    path = Path(module.params["path"])
    try:
        found = read_configuration(path, module.params["line"])
    except OSError as error:
        module.fail_json(msg=f"{error.filename or path} cannot be read: {error.strerror}. Run this as root.")
    module.exit_json(changed=False, **asdict(found))


if __name__ == "__main__":
    main()
