"""Ansible's view of module_utils/pgops/activity.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_activity_info
short_description: What keeps a server busy, and what fills its disk
description:
  - Sessions of clients with state, application and age; who waits for whom; the statements that took most time; the largest
    databases, tables and indexes; WAL, logs and temporary files; and what replication slots hold back. Reads only.
  - What a question could not be answered is in RV(unknown), and does not keep the others from being asked.
options:
  largest: {type: int, default: 10, description: "How many statements, databases, tables and indexes are told, 1 to 1000."}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: Look what keeps it busy
  pg_activity_info:
    login_db: threadr
    largest: 5
"""

RETURN = r"""
state: {description: V(primary) or V(standby)., returned: success, type: str, sample: primary}
max_connections: {description: How many sessions there may be., returned: success, type: int, sample: 200}
reserved_connections: {description: How many of them superusers alone may have., returned: success, type: int, sample: 3}
sessions:
  description: Sessions of clients, oldest first, this one left out. Ages are in seconds.
  returned: success
  type: list
  elements: dict
  sample:
    - session: 4711-0c1d2e
      pid: 4711
      role: threadr_app
      database: threadr
      application: worker
      client: 10.0.0.7
      state: active
      waits_for: "Lock: transactionid"
      age_s: 61.2
      statement_s: 12.0
      transaction_s: 12.0
      state_s: 12.0
      blocked_by: [4700]
      statement: UPDATE users SET …
counts:
  description: Sessions by C(state), C(application), C(role) and C(age).
  returned: success
  type: dict
  sample: {state: {idle: 20, active: 2}}
blocking:
  description: Who holds others up, C(depth) 0, each followed by those that wait for it.
  returned: success
  type: list
  elements: dict
  sample: [{depth: 0, pid: 4700, session: 4700-11aa22}, {depth: 1, pid: 4711, session: 4711-0c1d2e}]
statements:
  description: Statements of this database that took most time in all, by pg_stat_statements.
  returned: success
  type: list
  elements: dict
  sample: [{role: threadr_app, calls: 12, total_ms: 900, mean_ms: 75.0, rows: 12, statement: SELECT $1}]
databases: {description: The largest with C(size_bytes)., returned: success, type: list, elements: dict, sample: [{name: a, size_bytes: 1}]}
tables: {description: The same of tables without indexes., returned: success, type: list, elements: dict, sample: []}
indexes: {description: The same of indexes., returned: success, type: list, elements: dict, sample: []}
places:
  description: Bytes of what lies beside the databases.
  returned: success
  type: dict
  sample: {WAL: 33554432, temporary files: 0}
slots:
  description: Replication slots with what each holds back.
  returned: success
  type: list
  elements: dict
  sample: [{name: pg2, active: true, wal_status: reserved, held_bytes: 0}]
unknown: {description: What could not be asked, and why., returned: success, type: list, elements: str, sample: []}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.activity import PATIENCE, inspect
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError


def run(params: dict) -> dict:
    if not 1 <= params["largest"] <= 1000:
        raise PgopsError(f"largest is {params['largest']}, and has to be 1 to 1000.")
    with connect(params, "pg_activity_info", PATIENCE) as conn:
        return inspect(conn, params["largest"])


def main() -> None:
    options = {"largest": {"type": "int", "default": 10}}
    module = AnsibleModule(argument_spec={**connection_spec(), **options}, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
