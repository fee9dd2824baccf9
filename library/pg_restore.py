"""Ansible's view of module_utils/pgops/restore.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_restore
short_description: Make a database of a backup, verified before it gets its name
description:
  - Checks the archive against its manifest, restores it into a database beside the target, and counts each table's
    rows against the manifest. Only then is the new database renamed to O(target), in one transaction.
  - An existing O(target) is replaced only when O(confirm) says its name. It is never dropped, but kept under the name
    that RV(kept) tells.
  - Where O(target) was made of the same backup and still is what was made then, to the last row and index, nothing is
    changed.
  - An archive of the directory format is unpacked beside the backups, and restored with as many processes as there are cores.
  - Must log in as a superuser over the socket, or with the rights to make databases and to end sessions.
options:
  directory:
    description: Where backups are kept, on this host.
    type: path
    required: true
  backup:
    description: Name of the backup, which is a full one. V(latest) is the newest sound one of O(database).
    type: str
    default: latest
  database:
    description: Whose backup V(latest) means.
    type: str
    required: true
  target:
    description: Name of the database to make.
    type: str
    required: true
  confirm:
    description: Name of the database that may be replaced. Required where O(target) exists.
    type: str
  compare_with:
    description:
      - A database to compare the restored one with, by the hash of every table's rows, the sequences and the schema.
        RV(comparison) tells the result. Make sure that nobody writes to it meanwhile.
    type: str
extends_documentation_fragment: [pgops]
requirements:
  - pg_dump and pg_restore of PostgreSQL 15
  - zstd
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Restore the newest backup beside the original, and compare both
  pg_restore:
    directory: /var/backups/postgresql
    database: shop
    target: shop_restored
    compare_with: shop

- name: Go back to a certain backup
  pg_restore:
    directory: /var/backups/postgresql
    database: shop
    backup: shop_full_20261124T030000Z
    target: shop
    confirm: shop
"""

RETURN = r"""
database: {description: Name of the restored database., returned: success, type: str, sample: shop_restored}
backup:
  description: Name, time and SHA-256 of the backup it is made of.
  returned: success
  type: dict
  sample: {name: shop_full_20261124T030000Z}
plan:
  description: What was done, or would be, in order. Empty when nothing was to be done.
  returned: success
  type: list
  elements: str
  sample: ["make database shop_restored_restoring from backup shop_full_20261124T030000Z (1 tables, 7 rows)"]
kept:
  description: Name under which the former database is kept; null when there was none.
  returned: success
  type: str
  sample: shop_before_restore_1
verified:
  description: Whether each table was found to have the rows that the manifest names. False in check mode.
  returned: success
  type: bool
  sample: true
comparison:
  description: Result of the comparison with O(compare_with); null without, and in a dry run that has nothing to compare.
  returned: success
  type: dict
  sample: {equal: true, tables: {public.orders: {restored: 7, original: 7, equal: true}}, differences: []}
duration_s: {description: "Time that the restore took, in seconds.", returned: success, type: float, sample: 2.4}
diff: {description: The plan., returned: success, type: dict, sample: {before: "", after: "make database shop"}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.restore import restore

OPTIONS = {
    "directory": {"type": "path", "required": True},
    "backup": {"type": "str", "default": "latest"},
    "database": {"type": "str", "required": True},
    "target": {"type": "str", "required": True},
    "confirm": {"type": "str"},
    "compare_with": {"type": "str"},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = restore(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
