"""Ansible's view of module_utils/pgops/drill.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_drill
short_description: Prove that the newest backup can be restored, and measure how long that takes and what would be lost
description:
  - Restores a dump, or a physical backup with all WAL that was archived, into a server of its own, which listens on a socket
    in a private directory only. Asks that server whether the data serve, and removes it.
  - The live cluster is not connected to, and none of its files is written to. Run it as the account that owns the backups,
    on the primary's host or on any other that has the repository and the programs of PostgreSQL 15.
  - A backup that does not serve is a result (RV(drill.passed=false)), not a failure of the module; asking for what cannot be
    is one, and then nothing was changed.
  - Killed at any moment, its server ends with it, and the next run removes what is left.
options:
  kind: {type: str, required: true, choices: [logical, physical], description: What is restored.}
  host: {type: str, required: true, description: Name of this host; RV(drill.host) has it.}
  database: {type: str, required: true, description: Database that is asked; with O(kind=logical) the one whose dump is restored.}
  backup: {type: str, default: latest, description: "Name or label of the backup. V(latest) is the newest, be it sound or not."}
  directory: {type: path, description: Where the dumps are. Required with O(kind=logical).}
  stanza: {type: str, default: main, description: Name of the stanza; with O(kind=physical).}
  repository: {type: int, default: 0, description: The only repository to take anything from; V(0) is any.}
  version: {type: str, default: "15", description: "Major version of the cluster on this host, if there is one."}
  name: {type: str, default: main, description: Its name.}
  work_directory:
    type: path
    default: /var/lib/postgresql/drill
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
  roles:
    type: list
    elements: str
    default: []
    description: Roles that a dump relies on, beside those that its manifest names. They cannot log in.
  declared: {type: dict, description: "The schema as it should be; see M(pg_schema_info)."}
  queries:
    type: list
    elements: dict
    default: []
    description: What the application asks of its database.
    options:
      name: {type: str, required: true, description: What the check is called.}
      query: {type: str, required: true, description: One statement that reads.}
      role: {type: str, default: "", description: Role that asks; the superuser when empty.}
      minimum_rows: {type: int, default: 0, description: How many rows there have to be.}
  timeout_s:
    type: int
    default: 14400
    description: Seconds that the replay of WAL may take, and each of the queries.
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Restore the newest dump beside everything else, and ask whether it serves
  pg_drill:
    kind: logical
    host: pg1
    database: shop
    directory: /var/backups/postgresql
    queries: [{name: open orders, query: SELECT id FROM orders WHERE open LIMIT 10, role: shop_app}]
  become: true
  become_user: postgres

- name: The same with the physical backup in the object store, and all WAL
  pg_drill:
    kind: physical
    host: pg1
    database: shop
    repository: 2
  become: true
  become_user: postgres
"""

RETURN = r"""
changed:
  description: Whether something of an interrupted drill was removed, or would be. A drill itself leaves nothing.
  returned: success
  type: bool
  sample: false
plan:
  description: What was done, or would be, in order. Empty where no backup could be chosen.
  returned: success
  type: list
  elements: str
  sample: ["read the archive of shop_full_20261124T030000Z, 1 MiB, and compare its SHA-256"]
drill:
  description: >-
    What was found out; null in a dry run. Durations in seconds, and null for a phase that this kind does not have or that was
    not reached. C(rto_s) is their sum, null unless it passed. C(rpo_s) is the age of the newest commit that was saved, at the
    moment of the drill; null where there is no heartbeat. C(repository) is null for a dump. A check is C(passed), C(failed)
    or C(skipped).
  returned: success
  type: dict
  sample:
    kind: physical
    host: pg1
    backup: 20261124-020000F
    repository: 1
    began_at: "2026-11-24T03:00:00.000+00:00"
    finished_at: "2026-11-24T03:00:20.400+00:00"
    passed: true
    durations_s: {fetch: 0.1, restore: 7.0, replay: 5.2, verify: 8.1}
    rto_s: 20.4
    rpo_s: 42.3
    heartbeat_at: "2026-11-24T02:59:30.000+00:00"
    checks: [{name: amcheck, verdict: passed, finding: pg_amcheck finds nothing wrong in any database., duration_s: 1.2}]
    problems: []
diff: {description: The plan., returned: success, type: dict, sample: {before: "", after: "restore full backup"}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.backup_catalog import LATEST
from ansible.module_utils.pgops.drill import drill
from ansible.module_utils.pgops.drill_plan import KINDS
from ansible.module_utils.pgops.errors import PgopsError

QUERY = {
    "name": {"type": "str", "required": True},
    "query": {"type": "str", "required": True},
    "role": {"type": "str", "default": ""},
    "minimum_rows": {"type": "int", "default": 0},
}
OPTIONS = {
    "kind": {"type": "str", "required": True, "choices": list(KINDS)},
    "host": {"type": "str", "required": True},
    "database": {"type": "str", "required": True},
    "backup": {"type": "str", "default": LATEST},
    "directory": {"type": "path"},
    "stanza": {"type": "str", "default": "main"},
    "repository": {"type": "int", "default": 0},
    "version": {"type": "str", "default": "15"},
    "name": {"type": "str", "default": "main"},
    "work_directory": {"type": "path", "default": "/var/lib/postgresql/drill"},
    "keep_free_ratio": {"type": "float", "default": 0.1},
    "preload_libraries": {"type": "list", "elements": "str", "default": []},
    "roles": {"type": "list", "elements": "str", "default": []},
    "declared": {"type": "dict"},
    "queries": {"type": "list", "elements": "dict", "default": [], "options": QUERY},
    "timeout_s": {"type": "int", "default": 14400},
}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = drill(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
