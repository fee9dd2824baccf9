"""Ansible's view of module_utils/pgops/usage.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_usage_info
short_description: Count what takes room, time and connections in a database
description:
  - Sizes of databases and tables, dead rows and bloat, which indexes are read, which statements take most time in all or on the
    average, connections by state, and counters of the server. Nothing is judged; M(pg_health_info) does that.
  - Membership in C(pg_monitor) is all that O(login_role) needs. Bloat is estimated as who logged in, from statistics of columns that
    this role may read.
  - What could not be asked is in RV(unknown) with its reason, as are statements of a database without C(pg_stat_statements).
  - Reads only; a dry run is the same run.
options:
  largest: {description: "How many tables, indexes and statements to list, of each kind.", type: int, default: 20}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: Count what the database is used for
  pg_usage_info:
    login_db: threadr
    login_role: threadr_monitor
  become: true
  become_user: postgres
"""

RETURN = r"""
state: {description: Whether the server is V(primary) or V(standby)., returned: success, type: str, sample: primary}
database: {description: What was looked at., returned: success, type: str, sample: threadr}
max_connections: {description: How many connections there may be., returned: success, type: int, sample: 100}
connections:
  description: Connections of clients by their state, without the module's own.
  returned: success
  type: dict
  sample: {active: 3, idle: 12}
counters:
  description: What was counted in the database, and the WAL of the server, since C(since_s), in seconds since 1970.
  returned: success
  type: dict
  sample: {commits: 91234, rollbacks: 2, deadlocks: 0, blocks_hit: 99, blocks_read: 1, temporary_bytes: 0, wal_bytes: 16777216, since_s: 1}
rows: {description: Live and dead rows of all tables., returned: success, type: dict, sample: {live_rows: 9000, dead_rows: 30}}
databases: {description: "Names and sizes, the largest first.", returned: success, type: list, elements: dict}
tables:
  description: The largest and those most in need of a VACUUM, the largest first; a ratio is null where it is unknown.
  returned: success
  type: list
  elements: dict
  sample:
    - {schema: public, table: threads, size_bytes: 81920, index_bytes: 32768, estimated_rows: 40, live_rows: 40, dead_rows: 2, changed_rows: 7,
       sequential_scans: 3, index_scans: 90, vacuumed_at: null, analysed_at: "2026-11-24T03:00:00+00:00", dead_ratio: 0.0476, bloat_ratio: null}
indexes:
  description: Those that are read most, and the largest of those that are read least and keep nothing unique; the most read first.
  returned: success
  type: list
  elements: dict
  sample: [{schema: public, table: threads, index: threads_pkey, size_bytes: 16384, scans: 90, unique: true}]
statements:
  description: Those that took most time in all or on the average, without literals; the most time in all first.
  returned: success
  type: list
  elements: dict
  sample:
    - {queryid: "-42", role: threadr_app, calls: 90, total_ms: 180.0, mean_ms: 2.0, longest_ms: 9.1, rows: 90, blocks_read: 1,
       temporary_blocks: 0, statement: "SELECT title FROM threads WHERE id = $1"}
statement_counters:
  description: Calls and time of all statements since C(since_s). Empty where nobody counts them.
  returned: success
  type: dict
  sample: {calls: 91234, total_ms: 80123, since_s: 1764457200}
unknown: {description: "What could not be asked, and why, a sentence each.", returned: success, type: list, elements: str}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.usage import DEFAULT_LARGEST, PATIENCE, used

OPTIONS = {"largest": {"type": "int", "default": DEFAULT_LARGEST}}


def run(params: dict) -> dict:
    if params["largest"] < 1:
        raise PgopsError(f"largest is {params['largest']}: give 1 or more.")
    with connect(params, "pg_usage_info", PATIENCE) as conn:
        return used(conn, params["largest"], params["login_role"])


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
