"""Ansible's view of module_utils/pgops/base_backup.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_base_backup
short_description: Copy the cluster of a primary to this host, slice by slice
description:
  - Each call lets pg_basebackup work for O(slice_s) seconds and says how far it is, so that a loop shows its progress. Call
    it until RV(finished). The copy goes on when nobody calls; one that was killed begins anew.
  - It is written beside the data directory, and becomes the data directory of a standby when it is whole. A data directory
    that is a standby already is left alone, and one that holds anything else is refused.
  - Runs as root, on a host with systemd. The cluster is not started.
options:
  version: {type: str, default: "15", description: Major version of the cluster.}
  name: {type: str, default: main, description: Its name.}
  conninfo: {type: str, required: true, description: How to reach the primary; names a passfile and holds no password.}
  slot: {type: str, required: true, description: Replication slot of the primary that keeps the WAL for this copy.}
  max_rate: {type: str, default: "", description: "Bytes in a second, as pg_basebackup reads them, such as V(50M)."}
  slice_s: {type: int, default: 10, description: Seconds after which to say how far it is.}
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Copy the primary
  pg_base_backup:
    conninfo: host=pg1 user=replication passfile=/var/lib/postgresql/15-main.passfile sslmode=verify-full
    slot: pg2
  become: true
  loop: "{{ range(1000) | list }}"
  loop_control:
    label: "{{ base_backup.progress | default('starting') }}"
    break_when: base_backup.finished
  register: base_backup
"""

RETURN = r"""
finished: {description: Whether the data directory is there., returned: success, type: bool, sample: false}
progress: {description: "How far it is, for people.", returned: success, type: str, sample: 34 % of 1200 MB}
"""

import time
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.base_backup import Copy, install, is_present, progress, take_slice
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.replication import find_data_directory

OPTIONS = {
    "version": {"type": "str", "default": "15"},
    "name": {"type": "str", "default": "main"},
    "conninfo": {"type": "str", "required": True},
    "slot": {"type": "str", "required": True},
    "max_rate": {"type": "str", "default": ""},
    "slice_s": {"type": "int", "default": 10},
}


def run(params: dict, check_mode: bool, run_command) -> dict:
    directory, configured = find_data_directory(params["version"], params["name"])
    wanted = {name: params[name] for name in ("version", "name", "conninfo", "slot", "max_rate")}
    copy = Copy(data_directory=Path(directory), **wanted)
    if is_present(copy):
        return {"changed": False, "finished": True, "progress": "there already"}
    diff = {"before": "", "after": f"{directory}: base backup of {params['conninfo']}\n"}
    if check_mode:
        return {"changed": True, "finished": True, "progress": "to be copied", "diff": diff}
    finished = take_slice(run_command, copy, params["slice_s"], lambda: time.sleep(1))
    said = "complete" if finished else progress(copy)
    if finished:
        install(copy, configured)
    return {"changed": True, "finished": finished, "progress": said, "diff": diff if finished else {}}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode, module.run_command)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
