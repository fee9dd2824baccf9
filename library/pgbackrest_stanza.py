"""Ansible's view of module_utils/pgops/pgbackrest_stanza.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbackrest_stanza
short_description: Have pgBackRest's repositories know the cluster of this host, and prove that its WAL arrives
description:
  - Creates the stanza in every repository that lacks it. A repository that holds backups of another cluster is refused,
    unless O(replaces) names that one.
  - Has WAL switched and waits for it in every repository when the stanza is new, when O(prove) asks for it, or when
    the server cannot say that its last attempt to archive succeeded.
  - Run it as the account that PostgreSQL runs as.
options:
  stanza: {description: Name of the stanza., type: str, default: main}
  data_directory: {description: Where the cluster keeps its data., type: path, required: true}
  online:
    description: Ask the server as well. V(false) on a standby, for which its primary archives.
    type: bool
    default: true
  prove: {description: Check in any case., type: bool, default: false}
  replaces: {description: System identifier of the cluster that gives its stanza up to the one here., type: str, default: ""}
  archive_timeout_s: {description: Seconds that the check waits for WAL in the repositories., type: int, default: 120}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Have the stanza
  pgbackrest_stanza:
    data_directory: /var/lib/postgresql/15/main
  become: true
  become_user: postgres
"""

RETURN = r"""
action: {description: "V(create), V(upgrade) or V(none).", returned: success, type: str, sample: none}
checked: {description: Whether WAL was switched and seen to arrive in every repository., returned: success, type: bool, sample: true}
diff: {description: What is made., returned: success, type: dict, sample: {before: "", after: "create stanza main"}}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.pgbackrest_stanza import keep

OPTIONS = {
    "stanza": {"type": "str", "default": "main"},
    "data_directory": {"type": "path", "required": True},
    "online": {"type": "bool", "default": True},
    "prove": {"type": "bool", "default": False},
    "replaces": {"type": "str", "default": ""},
    "archive_timeout_s": {"type": "int", "default": 120},
}


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)

    def query(statement: str) -> dict:
        with connect(module.params, "pgbackrest_stanza") as conn, conn.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchone()[0]

    try:
        result = keep(module.params, module.check_mode, module.run_command, query, lambda: time.sleep(1))
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
