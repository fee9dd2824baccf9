"""Ansible's view of module_utils/pgops/validation.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_info
short_description: Compare every record of the source with its row in PostgreSQL
description:
  - Reads the whole keyspace and the whole target and compares them record by record, by fingerprints of canonical values.
  - A record without an equal row is a problem, unless it is on record in C(migration.migration_rejects) or merged into
    the row of the same key.
  - Rows without a record are counted as extra; they are no problem, since keys expire and applications write.
extends_documentation_fragment: [pgops, pgops_redis, pgops_migration]
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
- name: Compare the source with the database
  migration_info:
    redis: {login_host: redis1, login_password: "{{ threadr_redis_password }}"}
    login_db: threadr
    login_role: threadr_migration
  register: comparison
"""

RETURN = r"""
healthy: {description: Whether nothing is missing and nothing differs., returned: success, type: bool, sample: true}
problems:
  description: What is wrong, row by row for the first 20 of each table, with the names of the differing columns.
  returned: success
  type: list
  elements: str
  sample: [users 7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77 differs in login_count.]
tables:
  description: Records and rows per table; C(excused) ones are in the quarantine, each for a reason that lies outside of its value.
  returned: success
  type: dict
  sample: {users: {source_rows: 9, target_rows: 9, equal: 9, missing: 0, differing: 0, merged: 0, extra: 0, excused: 0}}
refused: {description: Records per pattern that no row can hold., returned: success, type: dict, sample: {thread: 2}}
excused:
  description:
    - Records per reason that are in the quarantine with the very value that they have.
    - Each reads well by itself, and was refused because of other rows, of the target, or of a check by the server.
  returned: success
  type: dict
  sample: {orphan: 3}
digest: {description: SHA-256 over the digests of all rows in the order of their keys., returned: success, type: str, sample: 9f86d0...}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops import ledger
from ansible.module_utils.pgops.connection import address, connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.keyspace import require_positive
from ansible.module_utils.pgops.migration import require_schema
from ansible.module_utils.pgops.profiles import chosen, migration_spec
from ansible.module_utils.pgops.redis_source import open_source, redis_spec
from ansible.module_utils.pgops.team import processes_for
from ansible.module_utils.pgops.validation import validate
from ansible.module_utils.pgops.values import settings_for


def run(params: dict) -> dict:
    require_positive("batch_keys", params["batch_keys"])
    processes = processes_for(params["processes"])
    settings, profile = settings_for(params["source_zone"]), chosen(params)
    with connect(params, "pgops migration_info") as conn, open_source(params["redis"]) as source:
        require_schema(conn, profile, params["schema_revision"], address(params))
        ledger.require_record(conn, address(params))
        return validate(conn, source, profile, settings, params["batch_keys"], processes)


def main() -> None:
    options = {
        "redis": {"type": "dict", "required": True, "options": redis_spec()},
    }
    module = AnsibleModule(argument_spec={**connection_spec(), **migration_spec(), **options}, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
