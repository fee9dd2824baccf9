"""Ansible's view of module_utils/pgops/pgbackrest.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_info
short_description: Tell of pgBackRest's repositories, and of the physical backups in them
description:
  - Asks C(pgbackrest info); with O(verify) it reads every file of the repositories and compares its checksum.
  - Run it as the account that PostgreSQL runs as.
options:
  stanza: {description: Name of the stanza., type: str, default: main}
  verify: {description: Read every file of every backup and of the WAL archive. Takes as long as that., type: bool, default: false}
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: List the physical backups
  pgbackrest_info:
    stanza: main
  become: true
  become_user: postgres
"""

RETURN = r"""
repositories:
  description: Each repository, by its number, with its cipher, the cluster that it is for, and the WAL that it has.
  returned: success
  type: list
  elements: dict
  sample:
    - key: 1
      code: 0
      message: ok
      cipher: aes-256-cbc
      system_identifier: "7439012345678901234"
      version: "15"
      wal_min: "000000010000000000000001"
      wal_max: "000000010000000000000009"
backups:
  description: Backups of the cluster that the stanza is for, newest first. Sizes in bytes, ages and durations in seconds.
  returned: success
  type: list
  elements: dict
  sample:
    - label: 20261124-030000F
      type: full
      repository: 1
      age_s: 3600
      duration_s: 12
      database_size_bytes: 31457280
      repository_size_bytes: 4194304
      read_bytes: 31457280
      written_bytes: 4194304
      wal_start: "000000010000000000000005"
      wal_stop: "000000010000000000000005"
      prior: null
      error: false
running: {description: Whether a backup or an expiry runs., returned: success, type: bool, sample: false}
problems: {description: "What is wrong with a repository or a backup, a sentence each.", returned: success, type: list, elements: str}
verified: {description: "Whether every file was read, and all of them were good.", returned: success, type: bool, sample: false}
verification:
  description: With O(verify) when that was, and what was found, as M(pg_backup_record) keeps it; null without.
  returned: success
  type: dict
  sample: {began_at: "2026-11-24T05:00:00.000+00:00", finished_at: "2026-11-24T05:09:10.000+00:00", passed: true, backups: 9, problems: []}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops import backup_verification, pgbackrest, pgbackrest_verify
from ansible.module_utils.pgops.errors import PgopsError

OPTIONS = {"stanza": {"type": "str", "default": "main"}, "verify": {"type": "bool", "default": False}}


def run(params: dict) -> dict:
    found = pgbackrest.ask(params["stanza"])
    problems, now_s = pgbackrest.faults(found), time.time()
    unsound = pgbackrest_verify.faults(found) if params["verify"] else []
    every = [*problems, *unsound]
    return {
        "changed": False,
        "repositories": [pgbackrest.described(one) for one in found.repositories],
        "backups": [one.described(now_s) for one in found.backups],
        "running": found.locked,
        "problems": every,
        "verified": params["verify"] and not every,
        "verification": backup_verification.described(now_s, time.time(), len(found.backups), every)
        if params["verify"]
        else None,
    }


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
