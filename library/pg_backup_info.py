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
"""

from datetime import datetime, timezone
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops import backup_catalog
from ansible.module_utils.pgops.errors import PgopsError

OPTIONS = {"directory": {"type": "path", "required": True}, "checksum": {"type": "bool", "default": False}}


def run(params: dict) -> dict:
    catalog = backup_catalog.read(Path(params["directory"]), params["checksum"])
    now = datetime.now(timezone.utc)
    return {
        "changed": False,
        "backups": [backup.described(now) for backup in catalog.backups],
        "problems": list(catalog.problems),
        "remarks": list(catalog.remarks),
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
