"""Ansible's view of module_utils/pgops/backup_catalog.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_backup_info
short_description: List the backups in a directory, and say which are sound
description:
  - Reads the manifests of the backups that M(pg_backup) made and looks at their archives. Needs no server.
options:
  directory:
    description: Where backups are kept, on this host.
    type: path
    required: true
  checksum:
    description: Read every archive and compare its SHA-256. Otherwise only sizes are compared.
    type: bool
    default: false
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Changes nothing.
author: The maintainers
"""

EXAMPLES = r"""
- name: List the backups, and read every one of them
  pg_backup_info:
    directory: /var/backups/postgresql
    checksum: true
"""

RETURN = r"""
backups:
  description: Manifests, newest first, with path, age in seconds, and whether the backup is sound.
  returned: success
  type: list
  elements: dict
  sample:
    - name: shop_full_20261124T030000Z
      age_s: 3600
      size_bytes: 1048576
      sound: true
      fault: null
problems:
  description: Damaged backups, a sentence each.
  returned: success
  type: list
  elements: str
  sample: ["The archive of backup shop_full_20261123T030000Z has 4096 bytes instead of 1048576."]
remarks:
  description: Remains of interrupted backups, and foreign files, a sentence each.
  returned: success
  type: list
  elements: str
  sample: []
verification:
  description: With O(checksum) when that was, and what was found, as M(pg_backup_record) keeps it; null without.
  returned: success
  type: dict
  sample: {began_at: "2026-11-24T05:00:00.000+00:00", finished_at: "2026-11-24T05:09:10.000+00:00", passed: true, backups: 9, problems: []}
"""

import time
from datetime import datetime, timezone
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops import backup_catalog, backup_verification
from ansible.module_utils.pgops.errors import PgopsError

OPTIONS = {"directory": {"type": "path", "required": True}, "checksum": {"type": "bool", "default": False}}


def run(params: dict) -> dict:
    began_s = time.time()
    catalog = backup_catalog.read(Path(params["directory"]), params["checksum"])
    now = datetime.now(timezone.utc)
    return {
        "changed": False,
        "backups": [backup.described(now) for backup in catalog.backups],
        "problems": list(catalog.problems),
        "remarks": list(catalog.remarks),
        "verification": backup_verification.described(began_s, time.time(), len(catalog.backups), catalog.problems)
        if params["checksum"]
        else None,
    }


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
