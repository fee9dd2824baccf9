"""Ansible's view of module_utils/pgops/migration.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_migrate
short_description: Move an application's data from Redis to PostgreSQL
description:
  - Reads the whole keyspace, decides for every key what becomes of it, and writes all of it in one transaction.
  - Every key is accounted for. Scanned keys are the sum of written, unchanged, merged, skipped, quarantined, vanished
    and unknown ones, per key pattern; a run whose sum is wrong fails and writes nothing.
  - Values that cannot be mapped are kept, raw, in C(migration.migration_rejects).
  - Redis is only read. A run that was killed is continued by the next one; a second run changes nothing.
  - In check mode the same decisions are made on temporary tables, so the counts are those of the run.
options:
  max_keys_per_s:
    description: Keys to read per second at most, to spare the source; V(0) for no limit.
    type: int
    default: 0
  max_latency_ms:
    description:
      - Pause, for longer and longer, while the source takes more than this for a PING; V(0) for no limit.
    type: int
    default: 0
  resume_within_s:
    description: Seconds for which values that an interrupted run has read are still used; older ones are read again.
    type: int
    default: 900
  unknown_keys:
    description:
      - What to do about keys of no known pattern. All ways they are counted, by prefix, with up to 20 samples.
      - V(report) leaves it at that, V(quarantine) keeps their values in C(migration.migration_rejects), V(fail) fails
        before anything is written.
    type: str
    choices: [report, quarantine, fail]
    default: report
  conflicts:
    description:
      - Who wins where a row is not as the migration left it in PostgreSQL and the source says otherwise. The row may have
        been changed or deleted since a run wrote it, or made under the same key by somebody else.
      - V(stop) fails before anything is written, and names the rows.
      - V(source_wins) overwrites the row, or makes a deleted one again. What an overwritten row was before is kept in
        C(migration.migration_rows).
      - V(target_wins) keeps it. The source's value is quarantined as C(changed_in_target), C(deleted_in_target) or
        C(made_in_target).
      - V(newer) overwrites rows whose C(updated_at) is earlier than the source's. All others are kept, also those of
        tables without such a column and deleted ones.
      - A column that is looked up in another table follows that table; it makes no conflict.
    type: str
    choices: [stop, source_wins, target_wins, newer]
    default: stop
  operator:
    description: Who migrates, for the record of runs.
    type: str
    default: ansible
extends_documentation_fragment: [pgops, pgops_redis, pgops_migration]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Migrate, showing the first rows of each kind
  redis_migrate:
    redis: {login_host: redis1, login_password: "{{ threadr_redis_password }}"}
    login_db: threadr
    login_role: threadr_migration
  diff: true
"""

RETURN = r"""
run_id: {description: Number of the run in C(migration.migration_runs)., returned: "success, outside check mode", type: int, sample: 3}
accounting:
  description: Keys by outcome, in total and per key pattern.
  returned: success
  type: dict
  sample: {total: {scanned: 10, written: 7, unchanged: 0, merged: 1, skipped: 1, quarantined: 1, vanished: 0, unknown: 0}}
tables: {description: Rows per table., returned: success, type: dict, sample: {users: {inserted: 7, updated: 0, unchanged: 0}}}
rejects: {description: Keys quarantined in this run by reason code., returned: success, type: dict, sample: {orphan: 1}}
skipped_by: {description: Keys skipped by rule., returned: success, type: dict, sample: {derived: 1}}
notes: {description: What the conversion did to values., returned: success, type: dict, sample: {defaulted users.role: 1}}
unknown_prefixes: {description: Keys of no known pattern by prefix., returned: success, type: dict, sample: {"team:data:": 2}}
unknown_samples: {description: Up to 20 keys of no known pattern., returned: success, type: list, elements: str, sample: []}
conflicts:
  description:
    - Rows that were not as the migration left them, and of which the source said otherwise. C(kept) and C(overwritten)
      count them by table and kind, C(samples) has the first 20, with the names of the differing columns and whether the
      source changed, too. On failure by O(conflicts=stop) all are among C(kept).
  returned: success, and when conflicts stop the run
  type: dict
  sample:
    policy: target_wins
    kept: {users: {changed: 1}}
    overwritten: {}
    samples:
      - {table: users, key: 7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77, kind: changed, source_changed: false, columns: [role], stays: target}
gone:
  description: Rows that runs have written and whose keys are not in the source any more. They are left alone.
  returned: success
  type: dict
  sample: {users: {rows: 1, keys: ["threadr:user:user_a"]}}
quarantine:
  description: How many records of the quarantine the run opened and closed; those that stand as they were are neither.
  returned: success
  type: dict
  sample: {opened: 1, closed: 0}
repeated_keys: {description: Keys that SCAN returned more than once., returned: success, type: int, sample: 0}
resumed: {description: Whether an interrupted run was continued., returned: success, type: bool, sample: false}
slowed_batches: {description: Batches after which the source was slow and the run paused., returned: success, type: int, sample: 0}
duration_s: {description: "Wall time, in seconds.", returned: success, type: float, sample: 1.25}
metrics:
  description: When the run ended, for how long it took, and keys by pattern and outcome, in the text format of Prometheus.
  returned: success, outside check mode
  type: str
  sample: "pgops_migration_duration_seconds 1.25"
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.conflicts import POLICIES, ConflictsFound
from ansible.module_utils.pgops.connection import address, connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.keyspace import require_positive
from ansible.module_utils.pgops.migration import Options, migrate
from ansible.module_utils.pgops.migration_metrics import exposition
from ansible.module_utils.pgops.profiles import chosen, migration_spec
from ansible.module_utils.pgops.reading import Pace
from ansible.module_utils.pgops.redis_source import open_source, redis_spec
from ansible.module_utils.pgops.team import processes_for
from ansible.module_utils.pgops.values import settings_for

OPTIONS = (
    "operator", "batch_keys", "max_latency_ms", "resume_within_s", "unknown_keys", "conflicts", "schema_revision"
)  # fmt: skip


def run(params: dict, check_mode: bool) -> dict:
    require_positive("batch_keys", params["batch_keys"])
    pace, settings = Pace(params["max_keys_per_s"]), settings_for(params["source_zone"])
    processes, given = processes_for(params["processes"]), {name: params[name] for name in OPTIONS}
    options = Options(settings=settings, pace=pace, processes=processes, **given)
    with connect(params, "pgops redis_migrate") as conn, open_source(params["redis"]) as source:
        result = migrate(conn, source, chosen(params), options, address(params), check_mode)
    told = (
        {}
        if check_mode
        else {"metrics": exposition(result["accounting"]["patterns"], time.time(), result["duration_s"])}
    )
    return {**result, **told}


def main() -> None:
    options = {
        "redis": {"type": "dict", "required": True, "options": redis_spec()},
        "max_keys_per_s": {"type": "int", "default": 0},
        "max_latency_ms": {"type": "int", "default": 0},
        "resume_within_s": {"type": "int", "default": 900},
        "unknown_keys": {"type": "str", "default": "report", "choices": ["report", "quarantine", "fail"]},
        "conflicts": {"type": "str", "default": "stop", "choices": list(POLICIES)},
        "operator": {"type": "str", "default": "ansible"},
    }
    module = AnsibleModule(argument_spec={**connection_spec(), **migration_spec(), **options}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except ConflictsFound as error:
        module.fail_json(msg=str(error), conflicts=error.report)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
