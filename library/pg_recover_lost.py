"""Ansible's view of module_utils/pgops/recovery_lost.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_recover_lost
short_description: Bring a lost cluster back from its repositories, on a host that has none
description:
  - Restores a backup of pgBackRest beside the place of the data directory, replays all WAL that was archived, or up to a
    target, in a server of its own, and reads all that it then has. Only then does it get its place, on a timeline of its own.
  - It is left stopped, in order, for whoever configures it; see role C(postgresql_recovery). What it has written for its
    archive waits there.
  - A host that has a cluster, or files where it would be, is refused. Killed at any moment, a run with the same target goes on.
  - Runs as root, on the new host, with PostgreSQL and a configured pgBackRest.
options:
  stanza: {description: Name of the stanza., type: str, default: main}
  repository: {description: The only repository to take anything from; V(0) is any., type: int, default: 0}
  version: {type: str, default: "15", description: Major version of the cluster.}
  name: {type: str, default: main, description: Its name.}
  port: {type: int, default: 5432, description: Port that it is going to listen on.}
  side_port: {type: int, default: 5499, description: Port of the server that is recovered; on the socket only.}
  lost: {type: str, required: true, description: Name of the host whose data are lost.}
  confirm: {type: str, default: "", description: Name of the host whose data are given up; has to be O(lost) in a run.}
  target_time:
    type: str
    default: ""
    description: The last moment that counts, with its zone, such as V(2026-11-24T03:00:00+00:00). All that was archived without a target.
  target_lsn: {type: str, default: "", description: The last position in the WAL that counts.}
  target_xid: {type: str, default: "", description: The last transaction that counts.}
  target_name: {type: str, default: "", description: "The restore point to stop at, as C(pg_create_restore_point) was told."}
  backup: {type: str, default: "", description: Label of the backup to begin with. The newest before the target when empty.}
  timeout_s: {type: int, default: 14400, description: Seconds to wait for the replay of WAL.}
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Have the cluster of pg1, which is lost, on this host
  pg_recover_lost:
    repository: 2
    lost: pg1
    confirm: pg1
  become: true
"""

RETURN = r"""
plan:
  description: What was done, or would be, in order. Empty when nothing was to be done.
  returned: success
  type: list
  elements: str
  sample: ["restore full backup 20261124-020000F of repository 2, 30 MiB, to /var/lib/postgresql/15/main.recovering"]
backup:
  description: Label of the backup that it began with; null in a dry run on a host that has no pgBackRest yet.
  returned: success
  type: str
  sample: 20261124-020000F
lsn: {description: Where the replay stopped; null in a dry run., returned: success, type: str, sample: 0/5000148}
last_transaction_at:
  description: When the last transaction that counts was committed; null in a dry run, and when none was replayed.
  returned: success
  type: str
  sample: "2026-11-24T02:59:58.1+00:00"
durations_s:
  description: How long it took to restore, to replay and to verify; empty in a dry run.
  returned: success
  type: dict
  sample: {restore: 12.3, replay: 4.5, verify: 6.7}
diff: {description: The plan., returned: success, type: dict, sample: {before: "", after: "restore full backup"}}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.recovery_lost import bring_back
from ansible.module_utils.pgops.recovery_plan import KINDS

OPTIONS = {
    "stanza": {"type": "str", "default": "main"},
    "repository": {"type": "int", "default": 0},
    "version": {"type": "str", "default": "15"},
    "name": {"type": "str", "default": "main"},
    "port": {"type": "int", "default": 5432},
    "side_port": {"type": "int", "default": 5499},
    "lost": {"type": "str", "required": True},
    "confirm": {"type": "str", "default": ""},
    **{f"target_{kind}": {"type": "str", "default": ""} for kind in KINDS},
    "backup": {"type": "str", "default": ""},
    "timeout_s": {"type": "int", "default": 14400},
}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = bring_back(module.params, module.check_mode, module.run_command, lambda: time.sleep(1))
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
