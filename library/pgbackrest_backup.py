"""Ansible's view of module_utils/pgops/pgbackrest_backup.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_backup
short_description: Make a physical backup with pgBackRest, where one is due
description:
  - Takes the type that is due, waits until the WAL that belongs to it is in the repository, and removes what the
    retention does not keep any more. A backup that was killed does not count; the next one goes on with its files.
  - Run it as the account that PostgreSQL runs as, on the host of the primary; or on that of a standby, with O(primary), into a
    repository that both reach.
options:
  stanza: {description: Name of the stanza., type: str, default: main}
  repository: {description: Number of the repository to back up to., type: int, default: 1}
  type:
    description: V(auto) is full when there is no full backup, or the last one is older than O(full_every_days); else incremental.
    type: str
    default: auto
    choices: [auto, full, diff, incr]
  full_every_days: {description: Age in days from which on V(auto) makes a full backup., type: float, default: 7}
  at_most_every_s:
    description:
      - Do nothing while the last backup of this type, or one that serves as well, is younger than so many seconds.
      - V(0) makes one on every run.
    type: int
    default: 0
  archive_timeout_s: {description: Seconds to wait for the WAL of the backup in the repository., type: int, default: 60}
  primary:
    description: Host of the primary, whose pgBackRest serves this one; the files are then read here. Empty on the primary itself.
    type: str
    default: ""
  primary_port: {description: Port of PostgreSQL there., type: int, default: 5432}
  primary_server_port: {description: Port of pgBackRest there., type: int, default: 8432}
  primary_data_directory: {description: Where the primary keeps its data., type: path, default: /var/lib/postgresql/15/main}
  tls_directory:
    description: Folder with C(server.crt), C(server.key) and C(ca.crt), by which both hosts know each other.
    type: path
    default: /etc/postgresql/tls
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Back up, full once a week, at most once an hour
  pgbackrest_backup:
    type: auto
    full_every_days: 7
    at_most_every_s: 3600
  become: true
  become_user: postgres
"""

RETURN = r"""
type: {description: "Type that was made, or would be; null where none is due.", returned: success, type: str, sample: full}
reason: {description: Why., returned: success, type: str, sample: there is no full backup in this repository yet}
backup:
  description:
    - The new backup as M(pgbackrest_info) tells of it; the present one where none is due, null in a dry run that would
      make one.
  returned: success
  type: dict
  sample: {label: 20261124-030000F, type: full, repository: 1, duration_s: 12, wal_start: "000000010000000000000005"}
duration_s: {description: "Time that it took, in seconds.", returned: success, type: float, sample: 12.4}
diff: {description: What is made., returned: success, type: dict, sample: {before: "", after: "full backup of stanza main"}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.pgbackrest_backup import back_up

OPTIONS = {
    "stanza": {"type": "str", "default": "main"},
    "repository": {"type": "int", "default": 1},
    "type": {"type": "str", "default": "auto", "choices": ["auto", "full", "diff", "incr"]},
    "full_every_days": {"type": "float", "default": 7},
    "at_most_every_s": {"type": "int", "default": 0},
    "archive_timeout_s": {"type": "int", "default": 60},
    "primary": {"type": "str", "default": ""},
    "primary_port": {"type": "int", "default": 5432},
    "primary_server_port": {"type": "int", "default": 8432},
    "primary_data_directory": {"type": "path", "default": "/var/lib/postgresql/15/main"},
    "tls_directory": {"type": "path", "default": "/etc/postgresql/tls"},
}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = back_up(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
