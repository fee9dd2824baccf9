"""Ansible's view of module_utils/pgops/recovery.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_recover
short_description: Take a cluster back to a point in time, proven before it takes the place of what there is
description:
  - Restores a backup of pgBackRest beside the data directory, replays WAL up to the target in a server of its own, and
    reads all that it then has. Only then is the cluster stopped and the directory exchanged for the recovered one.
  - The former data directory is kept under the name that RV(kept) tells, until somebody removes it.
  - All databases of the cluster go back, hence O(confirm). Standbys have to be rebuilt.
  - Killed at any moment, it leaves the former data directory whole, and a run with the same target goes on.
  - Runs as root, on the primary's host, with systemd.
options:
  stanza: {description: Name of the stanza., type: str, default: main}
  version: {type: str, default: "15", description: Major version of the cluster.}
  name: {type: str, default: main, description: Its name.}
  port: {type: int, default: 5432, description: Port that it listens on.}
  side_port: {type: int, default: 5499, description: Port of the server that is recovered beside it; on the socket only.}
  host: {type: str, required: true, description: Name of this host.}
  confirm: {type: str, default: "", description: Name of the host whose databases go back; has to be O(host) in a run.}
  target_time:
    type: str
    default: ""
    description: The last moment that counts, with its zone, such as V(2026-11-24T03:00:00+00:00).
  target_lsn: {type: str, default: "", description: The last position in the WAL that counts.}
  target_xid: {type: str, default: "", description: The last transaction that counts.}
  target_name: {type: str, default: "", description: "The restore point to stop at, as C(pg_create_restore_point) was told."}
  backup: {type: str, default: "", description: Label of the backup to begin with. The newest before the target when empty.}
  timeout_s: {type: int, default: 14400, description: Seconds to wait for the archive and for the replay of WAL.}
  again: {type: bool, default: false, description: Recover although that was done with this target already.}
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Go back to the moment before the mistake
  pg_recover:
    host: pg1
    confirm: pg1
    target_time: 2026-11-24T03:00:00+00:00
  become: true
"""

RETURN = r"""
plan:
  description: What was done, or would be, in order. Empty when nothing was to be done.
  returned: success
  type: list
  elements: str
  sample: ["restore full backup 20261124-020000F of repository 1, 30 MiB, to /var/lib/postgresql/15/main.recovering"]
backup: {description: Label of the backup that it began with., returned: success, type: str, sample: 20261124-020000F}
kept:
  description: Where the former data directory is kept.
  returned: success
  type: str
  sample: /var/lib/postgresql/15/main.before_recovery_1
lsn: {description: Where the replay stopped; null in a dry run., returned: success, type: str, sample: 0/5000148}
last_transaction_at:
  description: When the last transaction that counts was committed; null in a dry run, and when none was replayed.
  returned: success
  type: str
  sample: "2026-11-24T02:59:58.1+00:00"
diff: {description: The plan., returned: success, type: dict, sample: {before: "", after: "restore full backup"}}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.recovery import recover
from ansible.module_utils.pgops.recovery_plan import KINDS

OPTIONS = {
    "stanza": {"type": "str", "default": "main"},
    "version": {"type": "str", "default": "15"},
    "name": {"type": "str", "default": "main"},
    "port": {"type": "int", "default": 5432},
    "side_port": {"type": "int", "default": 5499},
    "host": {"type": "str", "required": True},
    "confirm": {"type": "str", "default": ""},
    **{f"target_{kind}": {"type": "str", "default": ""} for kind in KINDS},
    "backup": {"type": "str", "default": ""},
    "timeout_s": {"type": "int", "default": 14400},
    "again": {"type": "bool", "default": False},
}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = recover(module.params, module.check_mode, module.run_command, lambda: time.sleep(1))
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
