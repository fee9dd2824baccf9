"""Ansible's view of module_utils/pgops/tables.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_restore_tables
short_description: Bring single tables of a backup back into the live database
description:
  - Restores the rows of O(tables) into a database of their own, counts them against the backup's manifest, compares them with
    what the live database has, and changes that in one transaction. Killed at any moment, the live tables are as they were, or
    wholly restored; the next restore removes what is left beside them.
  - Rows that would refer to what is not there any more, in these tables or in others that refer to them, are found first, and
    the restore is refused; see O(dangling).
  - What is replaced is kept in the schema that RV(kept) tells, until somebody drops it.
  - Sequences of the tables go on behind what was used, by the backup or since, and never back.
  - A dry run restores into a database of its own, too, and drops it; the live one is only read.
  - Tables that are partitioned, partitions, or inherit are refused.
  - Must log in as a superuser. Nobody should write to the tables meanwhile; whoever tries waits for the end.
options:
  directory: {description: "Where backups are kept, on this host.", type: path, required: true}
  backup: {description: Name of the backup. V(latest) is the newest sound one of O(database)., type: str, default: latest}
  database: {description: "Whose backup that is, and where the tables go.", type: str, required: true}
  tables:
    description: Names of the tables, with their schema, or in C(public).
    type: list
    elements: str
    required: true
  mode:
    description:
      - V(missing) adds the rows whose primary key the live table does not have, and changes no other.
      - V(data) replaces all rows. Triggers do not act on that. The table itself stays as it is, and has to have the same columns.
      - V(whole) replaces the table, with its columns, indexes, constraints, triggers and grants, or makes it where it was
        dropped. Foreign keys and views of others refer to it afterwards.
    type: str
    choices: [missing, data, whole]
    default: missing
  dangling:
    description:
      - What happens when rows would refer to nothing afterwards. V(refuse) names them by constraint and number, and the tables
        to restore together. V(keep) lets them be, and makes these constraints C(NOT VALID), so that the server knows.
    type: str
    choices: [refuse, keep]
    default: refuse
  confirm:
    description: The names of O(tables), separated by commas. Required where one of them exists.
    type: str
  lock_timeout_s: {description: Seconds to wait for others who work with the tables., type: int, default: 30}
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
- name: Bring back the orders that somebody has deleted
  pg_restore_tables:
    directory: /var/backups/postgresql
    database: shop
    tables: [orders]
    confirm: orders

- name: Go back to the prices of a certain backup
  pg_restore_tables:
    directory: /var/backups/postgresql
    database: shop
    backup: shop_full_20261124T030000Z
    tables: [stock.items, stock.prices]
    mode: data
    confirm: stock.items,stock.prices
"""

RETURN = r"""
database: {description: Name of the database., returned: success, type: str, sample: shop}
backup:
  description: Name, time and SHA-256 of the backup.
  returned: success
  type: dict
  sample: {name: shop_full_20261124T030000Z}
mode: {description: What was restored., returned: success, type: str, sample: data}
tables:
  description: Each table, its rows before (null where there was no table) and after, and how many of them came and went.
  returned: success
  type: list
  elements: dict
  sample: [{name: public.orders, rows_before: 650, rows_after: 700, rows_added: 60, rows_removed: 10, definition_changed: false}]
plan:
  description: What was done, or would be, in order. Empty when nothing was to be done.
  returned: success
  type: list
  elements: str
  sample: ["keep the 650 rows of public.orders in before_restore_1.orders"]
kept:
  description: The schema with what was replaced; null where nothing was.
  returned: success
  type: str
  sample: before_restore_1
dangling:
  description: With O(dangling=keep), the rows that refer to nothing, by constraint.
  returned: success
  type: list
  elements: dict
  sample: [{constraint: lines_order_id_fkey, table: public.lines, refers_to: public.orders, rows: 12}]
verified:
  description: Whether the live tables were found to have the rows of the backup. False in check mode.
  returned: success
  type: bool
  sample: true
duration_s: {description: "Time that it took, in seconds.", returned: success, type: float, sample: 2.4}
diff:
  description: Rows of each table, and with O(mode=whole) the lines in which their definitions differ.
  returned: success
  type: dict
  sample: {before: "public.orders: 650 rows", after: "public.orders: 700 rows, of which 60 come; 10 go"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.tables import restore_tables
from ansible.module_utils.pgops.tables_keys import KEEP, REFUSE
from ansible.module_utils.pgops.tables_plan import MISSING, MODES

OPTIONS = {
    "directory": {"type": "path", "required": True},
    "backup": {"type": "str", "default": "latest"},
    "database": {"type": "str", "required": True},
    "tables": {"type": "list", "elements": "str", "required": True},
    "mode": {"type": "str", "default": MISSING, "choices": list(MODES)},
    "dangling": {"type": "str", "default": REFUSE, "choices": [REFUSE, KEEP]},
    "confirm": {"type": "str"},
    "lock_timeout_s": {"type": "int", "default": 30},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = restore_tables(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
