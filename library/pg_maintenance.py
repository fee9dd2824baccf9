"""Ansible's view of module_utils/pgops/maintenance.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_maintenance
short_description: Do what a database needs from time to time
description:
  - Marks and deletes rows that are over, as the application's profile declares them, makes partitions ahead of time, vacuums and
    analyses tables, and makes indexes anew. All of it is chosen by what is found before anything is done.
  - Others go on working meanwhile. Rows go in batches, each a transaction along the primary key, and rows that others hold are left;
    indexes are made anew CONCURRENTLY; whatever does not get its lock in O(lock_timeout_s), or ends after O(time_budget_s), is left
    and named in RV(left).
  - Killed at any instant it loses nothing, and the next run goes on. What an interrupted REINDEX CONCURRENTLY left is dropped.
  - One run at a time in a database. A standby is refused.
options:
  tasks:
    description:
      - What is done, in an order of its own. The general ones are V(partitions), V(vacuum), V(analyze) and V(reindex); those of the
        profile C(threadr) are V(cleanup_sessions), V(cleanup_invites) and V(expire_usage).
      - Without any, all of them but V(reset_statistics), which is only done when it is named. It takes from autovacuum, and from this
        module, what they decide by.
    type: list
    elements: str
    default: []
  profile:
    description: Application whose own tasks there are as well. Without it there are the general ones alone.
    type: str
    choices: [threadr]
  keep_days:
    description:
      - For how many days rows are kept that are over, by the names of the profile; null is for ever.
      - Of C(threadr) those are C(usage_days) (30), C(usage_months) (365), C(usage_events) (7), C(sessions) and C(invites) (for ever).
    type: dict
    default: {}
  rows_role:
    description: Role that is taken on to mark and delete rows, such as the owner of the tables, whose triggers then do not run as a superuser.
    type: str
  time_budget_s: {type: int, default: 3600, description: "After so long nothing more is begun, and what runs is cancelled."}
  lock_timeout_s: {type: int, default: 5, description: "For how long a lock is waited for. Others wait behind it meanwhile."}
  batch_rows: {type: int, default: 1000, description: Rows that are marked or deleted in one transaction.}
  pause_ms: {type: int, default: 50, description: Rest after each batch and each statement.}
  vacuum_cost_delay_ms:
    description: Rest of VACUUM and ANALYZE within their work, as C(vacuum_cost_delay), 0 to 100. V(0) lets them take all of the disk.
    type: int
    default: 2
  partitions_ahead_days: {type: int, default: 60, description: For how long there are to be partitions already.}
  thresholds:
    description: From when on it is worth its while. Ratios are 0 to 1.
    type: dict
    default: {}
    suboptions:
      vacuum_min_dead_rows: {type: int, default: 1000, description: Tables with fewer dead rows are not vacuumed for them.}
      vacuum_min_dead_ratio: {type: float, default: 0.1, description: Nor those of whose rows a smaller share is dead.}
      vacuum_min_inserted_rows: {type: int, default: 10000, description: The same for rows inserted since the last VACUUM.}
      vacuum_min_inserted_ratio: {type: float, default: 0.2, description: And for their share.}
      vacuum_max_age_xids: {type: int, default: 150000000, description: Older tables are vacuumed and frozen.}
      analyze_min_changed_rows: {type: int, default: 1000, description: Tables with fewer rows changed since are not analysed.}
      analyze_min_changed_ratio: {type: float, default: 0.1, description: Nor those with a smaller share.}
      reindex_min_bytes: {type: int, default: 10485760, description: Smaller indexes are not measured.}
      reindex_min_bloat_ratio:
        description: Share of an index's pages that it would do without, from which on it is made anew; V(0.3) at least.
        type: float
        default: 0.4
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Do what the database of the shop needs, for half an hour at most
  pg_maintenance:
    login_db: shop
    time_budget_s: 1800
  become: true
  become_user: postgres
"""

RETURN = r"""
plan:
  description: What is done, with the reason.
  returned: success
  type: list
  elements: str
  sample: ["vacuum public.orders: 3000 of 12000 rows are dead (4 MB)"]
tasks:
  description: Of each task how many objects were examined, what was done to which of them, what is left and for how long it took.
  returned: success
  type: list
  elements: dict
  sample:
    - task: vacuum
      examined: 23
      changed: true
      duration_s: 0.8
      left: []
      problems: []
      steps:
        - {what: vacuum, subject: public.orders, reason: 3000 of 12000 rows are dead (4 MB), rows: null, spare_bytes: null, outcome: done, duration_s: 0.8}
left:
  description: What the next run has to do, because there was no time left or somebody held a lock, who is named.
  returned: success
  type: list
  elements: str
  sample: ["vacuum public.orders: locked for 5 s by 4711-0c1d2e of app in shop (web)."]
problems: {description: What a person has to look at., returned: success, type: list, elements: str, sample: []}
database: {description: Where., returned: success, type: str, sample: shop}
duration_s: {description: "How long it took, in seconds.", returned: success, type: float, sample: 12.5}
finished_at: {description: When it ended., returned: success, type: str, sample: "2026-11-29T03:00:00+00:00"}
metrics: {description: The run in the text format of Prometheus., returned: "success, not in check mode", type: str, sample: "..."}
metrics_complete:
  description: When it ended, in the same format, of a run that left nothing.
  returned: success, not in check mode, when nothing is left and there is no problem
  type: str
  sample: "..."
diff: {description: The plan., returned: success, type: dict, sample: {before: "", after: "..."}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops import maintenance
from ansible.module_utils.pgops.connection import address, connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.profiles import PROFILES
from ansible.module_utils.pgops.upkeep import Upkeep

THRESHOLDS = {
    "vacuum_min_dead_rows": {"type": "int", "default": 1000},
    "vacuum_min_dead_ratio": {"type": "float", "default": 0.1},
    "vacuum_min_inserted_rows": {"type": "int", "default": 10_000},
    "vacuum_min_inserted_ratio": {"type": "float", "default": 0.2},
    "vacuum_max_age_xids": {"type": "int", "default": 150_000_000},
    "analyze_min_changed_rows": {"type": "int", "default": 1000},
    "analyze_min_changed_ratio": {"type": "float", "default": 0.1},
    "reindex_min_bytes": {"type": "int", "default": 10_485_760},
    "reindex_min_bloat_ratio": {"type": "float", "default": 0.4},
}
OPTIONS = {
    "tasks": {"type": "list", "elements": "str", "default": []},
    "profile": {"type": "str", "choices": list(PROFILES)},
    "keep_days": {"type": "dict", "default": {}},
    "rows_role": {"type": "str"},
    "time_budget_s": {"type": "int", "default": 3600},
    "lock_timeout_s": {"type": "int", "default": 5},
    "batch_rows": {"type": "int", "default": 1000},
    "pause_ms": {"type": "int", "default": 50},
    "vacuum_cost_delay_ms": {"type": "int", "default": 2},
    "partitions_ahead_days": {"type": "int", "default": 60},
    "thresholds": {"type": "dict", "default": {}, "options": THRESHOLDS},
}


def run(params: dict, check_mode: bool) -> dict:
    upkeep = PROFILES[params["profile"]].upkeep if params["profile"] else Upkeep()
    maintenance.read_wanted(params, upkeep)
    with connect(params, "pg_maintenance", maintenance.session_settings(params)) as conn:
        return maintenance.run(conn, params, upkeep, address(params), check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
