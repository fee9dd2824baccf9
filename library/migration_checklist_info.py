"""Ansible's view of module_utils/pgops/checklist.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_checklist_info
short_description: Say whether a migration may begin
description:
  - Judges the schema and the privileges of the target, the source, a backup of the source, and whether anybody writes to it.
  - Reads only. The backup is read to its end by C(redis-check-rdb), and its age is what it says of itself.
options:
  profile:
    description: Whose keys and tables these are.
    type: str
    choices: [threadr]
    default: threadr
  schema_revision:
    description: Alembic revision that the database must have. Not checked when not given.
    type: str
  backup:
    description: Path on this host of a snapshot of the source, as C(redis-cli --rdb) makes it.
    type: path
  backup_max_age_s:
    description: How old the snapshot may be, in seconds.
    type: int
    default: 86400
  backup_waived_because:
    description: Why there is no backup. It is told with the result.
    type: str
  window:
    description:
      - V(acknowledged) says that the writers of the source have been stopped, which is then measured.
      - V(live) says that they go on, and that a later run will move what they write.
    type: str
    choices: [acknowledged, live]
  window_s:
    description: Seconds in which write commands of the source are counted.
    type: int
    default: 10
extends_documentation_fragment: [pgops, pgops_redis]
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
- name: Ask whether the migration may begin
  migration_checklist_info:
    redis: {login_host: redis1, login_password: "{{ threadr_redis_password }}"}
    login_db: threadr
    login_role: threadr_migration
    backup: /var/backups/redis/dump.rdb
    window: acknowledged
  register: checklist
"""

RETURN = r"""
healthy: {description: Whether nothing is critical., returned: success, type: bool, sample: true}
problems: {description: What is critical., returned: success, type: list, elements: str, sample: ["maintenance window: not spoken of"]}
findings:
  description: Every point with what was measured, what is expected, and the verdict, V(ok), V(critical) or V(waived).
  returned: success
  type: list
  elements: dict
  sample: [{name: schema, measured: revision 0011, expected: as this release has it, verdict: ok}]
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.checklist import WINDOWS, Asked, check
from ansible.module_utils.pgops.connection import address, connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.keyspace import require_positive
from ansible.module_utils.pgops.profiles import PROFILES
from ansible.module_utils.pgops.redis_source import open_source, redis_spec
from ansible.module_utils.pgops.requirements import report


def run(params: dict) -> dict:
    for name in ("backup_max_age_s", "window_s"):
        require_positive(name, params[name])
    asked = Asked(
        params["schema_revision"], params["backup"], params["backup_max_age_s"], params["backup_waived_because"],
        params["window"], params["window_s"],
    )  # fmt: skip
    with connect(params, "pgops migration_checklist_info") as conn, open_source(params["redis"]) as source:
        return report(check(conn, source, PROFILES[params["profile"]], asked, address(params), time.time()))


def main() -> None:
    options = {
        "redis": {"type": "dict", "required": True, "options": redis_spec()},
        "profile": {"type": "str", "default": "threadr", "choices": ["threadr"]},
        "schema_revision": {"type": "str"},
        "backup": {"type": "path"},
        "backup_max_age_s": {"type": "int", "default": 86400},
        "backup_waived_because": {"type": "str"},
        "window": {"type": "str", "choices": list(WINDOWS)},
        "window_s": {"type": "int", "default": 10},
    }
    module = AnsibleModule(argument_spec={**connection_spec(), **options}, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
