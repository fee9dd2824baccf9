"""Ansible's view of module_utils/pgops/offsite.py, to read it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_backup_offsite_info
short_description: List the dumps in an S3 compatible object store
description:
  - Lists what M(pg_backup_offsite) has sent there. Reads only, by rclone, which is told everything by its environment.
  - A store that cannot be reached is an answer (RV(unknown)), not a failure of the module.
extends_documentation_fragment: [pgops_store]
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: See which dumps are off-site
  pg_backup_offsite_info:
    endpoint: https://s3.example.org
    bucket: backups
    key: "{{ threadr_backup_s3_key }}"
    secret: "{{ threadr_backup_s3_key_secret }}"
"""

RETURN = r"""
unknown: {description: Why nobody knows; null where the store could be listed., returned: success, type: str}
copies:
  description: Whole backups in the store, newest first, with the size of their archives in bytes.
  returned: success
  type: list
  elements: dict
  sample: [{name: shop_full_20261124T030000Z, database: shop, kind: full, created_at: "2026-11-24T03:00:00+00:00", size_bytes: 1048576}]
unfinished:
  description: Backups that were sent in part. They do not count; the next run sends them again.
  returned: success
  type: list
  elements: str
  sample: []
foreign: {description: Objects below the prefix that are none of ours., returned: success, type: list, elements: str, sample: []}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.offsite import Held, held
from ansible.module_utils.pgops.offsite_store import Store, store_spec
from ansible.module_utils.pgops.offsite_transfer import described


def run(params: dict) -> dict:
    found, unknown = Held((), (), ()), None
    try:
        found = held(Store(**{name: params[name] for name in store_spec()}).files())
    except PgopsError as error:
        unknown = str(error)
    return {"changed": False, "unknown": unknown, **described(found)}


def main() -> None:
    module = AnsibleModule(argument_spec=store_spec(), supports_check_mode=True)
    module.exit_json(**run(module.params))


if __name__ == "__main__":
    main()
