"""Ansible's view of module_utils/pgops/offsite_transfer.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_backup_offsite
short_description: Keep dumps in an S3 compatible object store, and bring them back from there
description:
  - With O(state=present) sends every sound dump of M(pg_backup) that the store lacks, reads it back to its end, compares its
    SHA-256 with that of its manifest, and removes copies that are older than O(keep_days).
  - With O(state=fetched) brings one dump back into O(directory), where it appears once it is whole and compared.
  - The newest copy of each database and type is never removed. What the store has besides is left alone.
  - Uses rclone, which is told everything by its environment; needs no server. Run it as the account that owns the dumps.
options:
  directory: {type: path, required: true, description: Where dumps are kept on this host.}
  state:
    type: str
    choices: [present, fetched]
    default: present
    description: Whether dumps go there, or one comes back.
  backup: {type: str, default: latest, description: "With O(state=fetched): name of the backup. V(latest) is the newest full one of O(database)."}
  database: {type: str, description: "With O(state=fetched): whose backup V(latest) means."}
  keep_days: {type: int, default: 90, description: Days for which a copy is kept at least.}
extends_documentation_fragment: [pgops_store]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Keep the dumps off-site
  pg_backup_offsite:
    directory: /var/backups/postgresql
    endpoint: https://s3.example.org
    bucket: backups
    key: "{{ threadr_backup_s3_key }}"
    secret: "{{ threadr_backup_s3_key_secret }}"
"""

RETURN = r"""
plan:
  description: What was done, or would be, in order.
  returned: success
  type: list
  elements: str
  sample: ["send shop_full_20261124T030000Z, 1048576 bytes, and read it back"]
copies:
  description: Whole backups in the store, newest first, with the size of their archives in bytes.
  returned: success
  type: list
  elements: dict
  sample: [{name: shop_full_20261124T030000Z, database: shop, kind: full, size_bytes: 1048576, archive: archive.dump.zst}]
unfinished:
  description: Backups that were sent in part. They do not count; the next run sends them again.
  returned: success
  type: list
  elements: str
  sample: []
foreign: {description: Objects below the prefix that are none of ours., returned: success, type: list, elements: str, sample: []}
problems: {description: "Damaged dumps on this host, which are not sent, a sentence each.", returned: success, type: list, elements: str, sample: []}
backup: {description: Name of the backup that was fetched., returned: "success, with state=fetched", type: str, sample: shop_full_20261124T030000Z}
diff: {description: The plan., returned: success, type: dict, sample: {before: "", after: "remove shop_full_20260801T030000Z of 2026-08-01"}}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.offsite_store import Store, store_spec
from ansible.module_utils.pgops.offsite_transfer import fetch, send

OPTIONS = {
    "directory": {"type": "path", "required": True},
    "state": {"type": "str", "default": "present", "choices": ["present", "fetched"]},
    "backup": {"type": "str", "default": "latest"},
    "database": {"type": "str"},
    "keep_days": {"type": "int", "default": 90},
}


def run(params: dict, check_mode: bool) -> dict:
    store = Store(**{name: params[name] for name in store_spec()})
    directory = Path(params["directory"])
    if params["state"] == "present":
        return send(store, directory, params["keep_days"], check_mode)
    if params["backup"] == "latest" and not params["database"]:
        raise PgopsError(
            "database is missing: say whose newest backup is to be fetched, or give the name of one as backup."
        )
    return fetch(store, directory, params["backup"], params["database"] or "", check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec={**store_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    except OSError as error:
        module.fail_json(
            msg=f"{error.filename or module.params['directory']} cannot be used: {error.strerror}. Nothing was removed. It has to be "
            "there, and to belong to the account that this runs as."
        )
    module.exit_json(**result)


if __name__ == "__main__":
    main()
