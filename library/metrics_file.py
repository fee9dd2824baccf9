"""Ansible's view of module_utils/pgops/metrics_file.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: metrics_file
short_description: Keep a file of metrics for the textfile collector of Prometheus' node exporter
description:
  - Whoever reads the file sees all of it, or all of what it was before. Its mode is 0644; its directory is made if it is missing.
  - Content that Prometheus would not read is refused.
options:
  path: {type: path, required: true, description: The file; it has to end with C(.prom).}
  content: {type: str, required: true, description: Its metrics in the text format of Prometheus.}
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Tell Prometheus of the last drills
  metrics_file:
    path: /var/lib/prometheus/node-exporter/pgops_drills.prom
    content: "{{ recorded.metrics }}"
  become: true
"""

RETURN = r"""
path: {description: The file., returned: success, type: str, sample: /var/lib/prometheus/node-exporter/pgops_drills.prom}
diff: {description: Its content., returned: success, type: dict, sample: {before: "", after: "pgops_drill_rto_seconds 12"}}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.metrics_file import keep

OPTIONS = {"path": {"type": "path", "required": True}, "content": {"type": "str", "required": True}}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = keep(Path(module.params["path"]), module.params["content"], module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
