"""Ansible's view of module_utils/pgops/health_examination.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_health_info
short_description: Say whether a PostgreSQL server and its host are well, and what to do if not
description:
  - Asks the server over one connection, looks at the disks and the memory of the host, and judges each value.
  - A server that refuses the connection is an answer (RV(healthy=false)), not a failure of the module.
  - It sends twenty statements at most, and gives each 2 seconds; what it cannot ask is C(unknown) and names the reason.
  - A value at or above its limit is a problem (at or below, where less is worse). Reads only; a dry run is the same run.
  - Run it on the server's host, as the OS user that owns the data directory. Elsewhere the host's checks are C(unknown).
  - Membership in C(pg_monitor) is all that O(login_role) needs.
options:
  thresholds:
    description:
      - Limits of checks, by their names, such as V(disk_warning_ratio). C(docs/health.md) lists all, with what they hold unless given.
      - The warning comes before the critical limit, shares are between 0 and 1, and a name that is none is refused.
    type: dict
    default: {}
  largest_tables: {description: How many tables of O(login_db) to list by size., type: int, default: 10}
  ignored_applications:
    description: Values of C(application_name) whose long statements and idle transactions are their work.
    type: list
    elements: str
    default: [pg_dump]
  backup_directory: {description: Directory whose file system is checked as well., type: path}
  pgbackrest_stanza:
    description: Stanza whose physical backups are checked as well, where the server is a primary.
    type: str
  drill_kinds:
    description: >-
      Kinds of backups, V(logical) and V(physical), that are expected to be restored in drills. The heartbeat is checked as well,
      where the server is a primary.
    type: list
    elements: str
    default: []
  pooler_port: {description: Port of the PgBouncer that is expected on this host., type: int}
  declared_settings_file:
    description: File with the settings that the server is meant to run with, as role P(postgresql_config#role) writes it.
    type: path
  verification_kinds:
    description: Kinds of backups that are expected to be read to their end from time to time, where the server is a primary.
    type: list
    elements: str
    default: []
  offsite:
    description: >-
      Object store in which the dumps of O(backup_directory) are expected as well, where the server is a primary: the options of
      M(pg_backup_offsite_info). Its newest dump of O(login_db) is checked.
    type: dict
    suboptions:
      endpoint: {type: str, required: true, description: Address of the store.}
      bucket: {type: str, required: true, description: Name of the bucket.}
      prefix: {type: str, default: dumps, description: Folder in the bucket.}
      region: {type: str, default: us-east-1, description: Region of the bucket.}
      key: {type: str, required: true, description: Access key.}
      secret: {type: str, required: true, description: Its secret.}
      ca: {type: str, default: "", description: Certificates of the authorities that are trusted.}
      path_style: {type: bool, default: true, description: Whether the bucket is in the path of an address.}
      encryption: {type: str, default: AES256, description: Not used when reading.}
      storage_class: {type: str, default: STANDARD_IA, description: Not used when reading.}
  data_directory: {description: "Where the data lies, for the time when the server cannot be asked.", type: path}
  expected_state: {description: What the server is meant to be., type: str, choices: [primary, standby]}
  expected_schema_revision: {description: Revision that the schema in O(login_db) is meant to be at., type: str}
  schema_revision_table: {description: Alembic's table., type: str, default: public.alembic_version}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: Ask how the server is
  pg_health_info:
    login_db: threadr
    login_role: threadr_monitor
    backup_directory: /var/backups/postgresql
  become: true
  become_user: postgres
  register: health

- name: Refuse to go on with a server that is not well
  ansible.builtin.assert:
    that: health.healthy
    fail_msg: "{{ health.problems | join('\n') }}"
"""

RETURN = r"""
healthy: {description: Whether no check is at C(warning) or C(critical)., returned: success, type: bool, sample: true}
verdict:
  description: The worst verdict, in the order C(ok), C(unknown), C(warning), C(critical).
  returned: success
  type: str
  sample: ok
problems:
  description: For each check at C(warning) or C(critical), what was found and what to do; the worst first.
  returned: success
  type: list
  elements: str
  sample: ["connections: 90 of 97 connections are in use (92.8 %; 3 more are kept for superusers): 90 idle. End ..."]
unknown: {description: The same for what could not be measured., returned: success, type: list, elements: str}
summary:
  description: Every check on a line for people, the worst first.
  returned: success
  type: list
  elements: str
  sample: ["ok       uptime: Up for 2 h 17 min."]
checks:
  description: Every check. C(value) is null when C(unknown); the limits are null when the value is not judged by any.
  returned: success
  type: list
  elements: dict
  sample: [{name: uptime, value: 8231.4, unit: s, warning: null, critical: null, verdict: ok, finding: Up., advice: ""}]
server: {description: Version and state; connections by state. Empty when it refused., returned: success, type: dict}
databases: {description: Names and sizes., returned: success, type: list, elements: dict}
tables:
  description: The largest tables of O(login_db), with their indexes and TOAST.
  returned: success
  type: list
  elements: dict
  sample: [{schema: public, table: threads, size_bytes: 81920, index_bytes: 32768, estimated_rows: 40}]
standbys: {description: "Attached standbys, how far behind.", returned: success, type: list, elements: dict}
slots: {description: Replication slots and how much WAL they keep., returned: success, type: list, elements: dict}
statements:
  description: Long-running statements, the longest first; literals are masked and comments left out.
  returned: success
  type: list
  elements: dict
  sample: [{pid: 4711, role: threadr_app, application: api, state: active, duration_s: 7.2, statement: "SELECT pg_sleep(?)"}]
idle_in_transaction: {description: Sessions idle in transaction; likewise., returned: success, type: list, elements: dict}
lock_waits:
  description: Sessions that wait for a lock, the longest first, whom they wait for, and who is the first in the queue.
  returned: success
  type: list
  elements: dict
  sample: [{pid: 4711, role: threadr_app, wait_s: 7.2, blocked_by: [4712], first_blocker: 4712, statement: "UPDATE users ..."}]
metrics:
  description: Value, verdict and limits of every check in the text format of Prometheus, for a textfile collector.
  returned: success
  type: str
  sample: "pgops_health_verdict{check=\"disk\",subject=\"data\"} 0"
checked_at: {description: When this was., returned: success, type: str, sample: "2026-01-31T03:00:00+00:00"}
duration_s: {description: "Wall time, in seconds.", returned: success, type: float, sample: 0.05}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.health_examination import examine
from ansible.module_utils.pgops.offsite_store import store_spec


def options_spec() -> dict:
    return {
        **connection_spec(),
        "thresholds": {"type": "dict", "default": {}},
        "largest_tables": {"type": "int", "default": 10},
        "ignored_applications": {"type": "list", "elements": "str", "default": ["pg_dump"]},
        "backup_directory": {"type": "path"},
        "pgbackrest_stanza": {"type": "str"},
        "drill_kinds": {"type": "list", "elements": "str", "default": []},
        "pooler_port": {"type": "int"},
        "declared_settings_file": {"type": "path"},
        "verification_kinds": {"type": "list", "elements": "str", "default": []},
        "offsite": {"type": "dict", "options": store_spec()},
        "data_directory": {"type": "path"},
        "expected_state": {"type": "str", "choices": ["primary", "standby"]},
        "expected_schema_revision": {"type": "str"},
        "schema_revision_table": {"type": "str", "default": "public.alembic_version"},
    }


def run(params: dict) -> dict:
    started = time.monotonic()
    return {**examine(params), "duration_s": round(time.monotonic() - started, 3)}


def main() -> None:
    module = AnsibleModule(argument_spec=options_spec(), supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
