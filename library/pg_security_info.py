"""Ansible's view of module_utils/pgops/security_audit.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_security_info
short_description: Judge a PostgreSQL server by the CIS benchmark, and say what mends it
description:
  - Asks the server over one connection, reads the files and processes of its host, and judges each item.
  - An item is named after its section in the CIS PostgreSQL benchmark, such as C(CIS 3.1.22); what this project demands
    beyond that is named C(HOUSE) with a number of its section.
  - Reads only, a dry run is the same run. No password, verifier or connection string is returned.
  - Run it on the server's host as the OS user that owns the data directory. Elsewhere the host's items are
    C(not_applicable). What should be readable and is not is a C(fail) that says why.
  - Grants, functions and policies are those of O(login_db).
options:
  waivers:
    description: Reason by item, such as C(CIS 4.10), for those that may fail. An unknown item or no reason is refused.
    type: dict
    default: {}
  login_roles:
    description: Roles that are meant to log in, beside O(superusers). Without it CIS 4.4 is C(not_applicable).
    type: list
    elements: str
  superusers: {description: Roles that are meant to be superusers., type: list, elements: str, default: [postgres]}
  package_sources:
    description: Hosts that packages may come from. While it is empty, any host will do whose packages are signed.
    type: list
    elements: str
    default: []
  fips: {description: Whether FIPS 140 is wanted., type: bool, default: false}
  base_backup_days: {description: Age in days up to which a base backup is recent., type: int, default: 8}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: Audit the server
  pg_security_info:
    login_db: threadr
    waivers:
      CIS 7.3: The base backups of this environment are taken on its standby.
  become: true
  become_user: postgres
  register: security

- name: Refuse a server that is not safe
  ansible.builtin.assert:
    that: security.healthy
    fail_msg: "{{ security.problems | join('\n') }}"
"""

RETURN = r"""
healthy: {description: Whether no item fails., returned: success, type: bool, sample: true}
items:
  description:
    - Every item. C(verdict) is C(pass), C(fail), C(waived) or C(not_applicable).
    - C(sentence) is the remedy of a C(fail), the reason of C(waived) and C(not_applicable), and empty for a C(pass).
  returned: success
  type: list
  elements: dict
  sample: [{id: CIS 6.8, title: TLS is on, verdict: fail, measured: "off", sentence: Set ssl to on in ...}]
counts: {description: Number of items by verdict., returned: success, type: dict, sample: {fail: 0, pass: 80}}
problems:
  description: For each item that fails, what was measured and what to do.
  returned: success
  type: list
  elements: str
  sample: ["CIS 6.8 TLS is on: off. Set ssl to on in ..."]
superfluous_waivers: {description: Waivers of items that do not fail., returned: success, type: list, elements: str}
server: {description: "Version, database, data directory, and whether it is a standby.", returned: success, type: dict}
duration_s: {description: "Wall time, in seconds.", returned: success, type: float, sample: 0.2}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.security_audit import audit


def options_spec() -> dict:
    return {
        **connection_spec(),
        "waivers": {"type": "dict", "default": {}},
        "login_roles": {"type": "list", "elements": "str"},
        "superusers": {"type": "list", "elements": "str", "default": ["postgres"]},
        "package_sources": {"type": "list", "elements": "str", "default": []},
        "fips": {"type": "bool", "default": False},
        "base_backup_days": {"type": "int", "default": 8},
    }


def main() -> None:
    module = AnsibleModule(argument_spec=options_spec(), supports_check_mode=True)
    started = time.monotonic()
    try:
        result = audit(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result, duration_s=round(time.monotonic() - started, 3))


if __name__ == "__main__":
    main()
