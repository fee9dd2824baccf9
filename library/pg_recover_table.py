"""Ansible's view of module_utils/pgops/recovery_table.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_recover_table
short_description: Have one table as it was at a point in time, beside the present one
description:
  - Restores a backup of pgBackRest, replays WAL up to the target in a server of its own, which listens on a socket in a private
    directory only, makes a new table of the live database with the rows that O(table) had then, compares them, and removes the
    server.
  - The new table has the columns, their types, and the primary key; nobody but the owner of O(table) may use it. No other table of
    the live database is read or changed.
  - Its comment says what it is, so a run with the same target finds it and changes nothing.
  - Killed at any moment, its server ends with it, the new table is not there or is whole, and the next run removes what is left.
  - Run it as the account that owns the backups, on the primary's host.
options:
  database: {type: str, required: true, description: Database that the table was in.}
  table: {type: str, required: true, description: "Name of the table as it was then, with its schema, or in C(public)."}
  new_name:
    type: str
    default: ""
    description: Name of the new table, in the same schema. When empty, such as V(users_as_of_20261129_120300), in UTC.
  target_time:
    type: str
    default: ""
    description: The last moment that counts, with its zone, such as V(2026-11-24T03:00:00+00:00).
  target_lsn: {type: str, default: "", description: The last position in the WAL that counts.}
  target_xid: {type: str, default: "", description: The last transaction that counts.}
  target_name: {type: str, default: "", description: "The restore point to stop at, as C(pg_create_restore_point) was told."}
  backup: {type: str, default: "", description: Label of the backup to begin with. The newest before the target when empty.}
  stanza: {type: str, default: main, description: Name of the stanza.}
  version: {type: str, default: "15", description: Major version of the cluster on this host.}
  name: {type: str, default: main, description: Its name.}
  work_directory:
    type: path
    default: /var/lib/postgresql/table_recovery
    description: Where the server is made, in a subdirectory that holds nothing else. Made if it is missing.
  keep_free_ratio:
    type: float
    default: 0.1
    description: Share, 0 to 1, of that file system that has to stay free.
  preload_libraries:
    type: list
    elements: str
    default: []
    description: What C(shared_preload_libraries) has to have for the extensions of the database.
  timeout_s: {type: int, default: 14400, description: Seconds to wait for the archive and for the replay of WAL.}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: See which users there were before the mistake
  pg_recover_table:
    database: shop
    table: users
    target_time: 2026-11-24T03:00:00+00:00
  become: true
  become_user: postgres
"""

RETURN = r"""
database: {description: Name of the database., returned: success, type: str, sample: shop}
table: {description: Name of the new table., returned: success, type: str, sample: public.users_as_of_20261124_030000}
rows: {description: How many rows were written to it; null where nothing was., returned: success, type: int, sample: 700}
plan:
  description: What was done, or would be, in order. Empty when nothing was to be done.
  returned: success
  type: list
  elements: str
  sample: ["make table public.users_as_of_20261124_030000 with the rows that public.users had then, and compare them"]
backup:
  description: Label of the backup that it began with; null when nothing was to be done.
  returned: success
  type: str
  sample: 20261124-020000F
lsn: {description: Where the replay stopped; null in a dry run., returned: success, type: str, sample: 0/5000148}
last_transaction_at:
  description: When the last transaction that counts was committed; null in a dry run, and when none was replayed.
  returned: success
  type: str
  sample: "2026-11-24T02:59:58.100000+00:00"
diff: {description: The plan., returned: success, type: dict, sample: {before: "", after: "restore full backup"}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.recovery_plan import KINDS
from ansible.module_utils.pgops.recovery_table import recover_table

OPTIONS = {
    "database": {"type": "str", "required": True},
    "table": {"type": "str", "required": True},
    "new_name": {"type": "str", "default": ""},
    **{f"target_{kind}": {"type": "str", "default": ""} for kind in KINDS},
    "backup": {"type": "str", "default": ""},
    "stanza": {"type": "str", "default": "main"},
    "version": {"type": "str", "default": "15"},
    "name": {"type": "str", "default": "main"},
    "work_directory": {"type": "path", "default": "/var/lib/postgresql/table_recovery"},
    "keep_free_ratio": {"type": "float", "default": 0.1},
    "preload_libraries": {"type": "list", "elements": "str", "default": []},
    "timeout_s": {"type": "int", "default": 14400},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = recover_table(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
