"""Ansible's view of module_utils/pgops/backup.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_backup
short_description: Back up one database, or what all of a server share, verified before it counts
description:
  - Dumps the database O(login_db) with C(pg_dump) in one snapshot, compresses it with zstd, reads the archive back to
    its end, and only then gives the backup its name. A run that is killed leaves nothing that counts as a backup; the
    next one removes the remains.
  - A backup is a folder with the archive and a manifest, which holds the rows of each table in that snapshot, the
    archive's SHA-256 and what C(pg_dump) leaves out (privileges on the database and its settings).
  - Every run makes a new backup. Only one at a time may write to a directory.
  - With O(type=globals) it is what the databases of a server share, by C(pg_dumpall), which is roles without their passwords,
    memberships, settings of roles, and tablespaces. One with anything in it that looks like a password or its verifier is not kept.
  - With O(keep_days) or O(keep_count), older backups of the same database and type are removed once the new one counts. What is no backup of
    ours, and a backup whose manifest is damaged, is left alone.
options:
  directory:
    description: Where backups are kept, on this host. Made, for its owner alone, if it is missing.
    type: path
    required: true
  type:
    description: What is dumped. Only a V(full) one can be restored by M(pg_restore) and tried by M(pg_drill).
    type: str
    choices: [full, data, schema, globals]
    default: full
  level:
    description:
      - Compression level of zstd, 1 to 19. At V(2) zstd takes two thirds of the processor time of V(3), for an archive that is 3 %
        larger; V(1) saves little more, and is another 4 % larger.
    type: int
    default: 2
  threads:
    description: Threads that compress. V(0) takes all cores.
    type: int
    default: 2
  format:
    description:
      - V(single) streams one dump through zstd; one process of the server reads all tables.
      - V(directory) has O(jobs) processes dump tables at the same time, then compresses each file, and packs them into one archive.
        On the way it takes what the database is as text, and each of them reads it from the disk again. It is restored with as many
        processes as there are cores, and unpacked for that.
      - Globals are always of their own format.
    type: str
    choices: [single, directory]
    default: single
  jobs:
    description: How many tables are dumped at the same time, with O(format=directory).
    type: int
    default: 2
  lock_timeout_s:
    description: Seconds to wait for a table that somebody else has locked. V(0) waits for ever.
    type: int
    default: 300
  keep_days:
    description: Backups of this database and type that are older, in days, are removed. Without it none is for its age.
    type: int
  keep_count:
    description: Of the backups of this database and type, with the new one, so many stay. Without it all do.
    type: int
extends_documentation_fragment: [pgops]
requirements:
  - pg_dump, pg_dumpall and pg_restore of PostgreSQL 15
  - zstd
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Back up, with the rights of a role that may only read
  pg_backup:
    login_db: shop
    login_role: shop_backup
    directory: /var/backups/postgresql
  become: true
  become_user: postgres

- name: Back up roles and tablespaces
  pg_backup:
    type: globals
    directory: /var/backups/postgresql
  become: true
  become_user: postgres
"""

RETURN = r"""
backup:
  description: The manifest of the new backup, and its path. Sizes in bytes, duration in seconds.
  returned: success, not in check mode
  type: dict
  sample:
    name: shop_full_20261124T030000Z
    path: /var/backups/postgresql/shop_full_20261124T030000Z
    size_bytes: 1048576
    database_size_bytes: 8388608
    duration_s: 1.2
    sha256: 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08
    rows: {public.orders: 7}
    verified: true
estimated_bytes:
  description: Free space that was asked for, by the size of the last backup of this database and type, or of the tables.
  returned: success
  type: int
  sample: 1310721
removed:
  description: Names of the backups that were kept for long enough, and were removed or would be.
  returned: success
  type: list
  elements: str
  sample: [shop_full_20261020T030000Z]
diff: {description: What is made and removed., returned: success, type: dict, sample: {before: "", after: "full backup of shop"}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.backup import back_up
from ansible.module_utils.pgops.connection import PATIENT, connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.manifest import FULL, TYPES

OPTIONS = {
    "directory": {"type": "path", "required": True},
    "type": {"type": "str", "default": FULL, "choices": list(TYPES)},
    "level": {"type": "int", "default": 2},
    "threads": {"type": "int", "default": 2},
    "format": {"type": "str", "default": "single", "choices": ["single", "directory"]},
    "jobs": {"type": "int", "default": 2},
    "lock_timeout_s": {"type": "int", "default": 300},
    "keep_days": {"type": "int"},
    "keep_count": {"type": "int"},
}
LEVELS = range(1, 20)


def run(params: dict, check_mode: bool) -> dict:
    if params["level"] not in LEVELS:
        raise PgopsError(f"level is {params['level']}; zstd has levels {LEVELS[0]} to {LEVELS[-1]}.")
    if params["threads"] < 0 or params["lock_timeout_s"] < 0:
        raise PgopsError("threads and lock_timeout_s must not be negative.")
    if params["jobs"] < 1:
        raise PgopsError(f"jobs is {params['jobs']}. Give 1 or more.")
    for name in ("keep_days", "keep_count"):
        if params[name] is not None and params[name] < 1:
            raise PgopsError(f"{name} is {params[name]}. Give 1 or more, or leave it out to keep all.")
    with connect(params, "pg_backup", {**PATIENT, "lock_timeout": f"{params['lock_timeout_s']}s"}) as conn:
        return back_up(conn, params, check_mode)


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
