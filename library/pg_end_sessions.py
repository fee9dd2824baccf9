"""Ansible's view of module_utils/pgops/session_ending.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_end_sessions
short_description: End sessions of clients
description:
  - Ends the sessions that are named, or those that are idle or at work for too long. Never one of the server itself, of
    replication, or its own.
  - A statement is cancelled first; only a session whose statement goes on after O(cancel_wait_s) is terminated. A session
    without a statement is terminated.
  - A session is known by the mark that M(pg_activity_info) shows. It changes with each statement, so that nobody is ended for
    what they did before; the server looks once more in the moment of the end.
options:
  sessions:
    type: list
    elements: str
    default: []
    description: Sessions by their marks. In a dry run their numbers will do.
  idle_longer_than_s: {type: int, description: "Choose those without a statement since so long, in a transaction or not."}
  running_longer_than_s: {type: int, description: Choose those whose statement has run for so long.}
  role: {type: str, description: Of those chosen by age only those of this role.}
  database: {type: str, description: Of those chosen by age only those in this database.}
  application: {type: str, description: Of those chosen by age only those of this application_name.}
  spared_applications:
    type: list
    elements: str
    default: [pg_, pgops, pgBackRest]
    description: Beginnings of application names that are not chosen by age, such as those of backups and of these modules.
  action:
    type: str
    default: terminate
    choices: [cancel, terminate]
    description: With V(cancel) no session ends, only its statement.
  cancel_wait_s: {type: int, default: 5, description: "How long a statement may take to end after it was cancelled, 1 to 60."}
  terminate_wait_s: {type: int, default: 5, description: "How long a session may take to end, 1 to 60."}
  host: {type: str, required: true, description: Name of this host that O(confirm) has to give.}
  confirm: {type: str, default: "", description: The host whose sessions are to be ended. Not needed for a dry run.}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: End what was idle in a transaction or not for an hour
  pg_end_sessions:
    idle_longer_than_s: 3600
    role: threadr_app
    host: pg1
    confirm: pg1
"""

RETURN = r"""
plan:
  description: What is done to which session.
  returned: success
  type: list
  elements: str
  sample: ["terminate 4711-0c1d2e of app in shop (web), idle for 4000 s"]
spared: {description: Sessions that the age alone does not end., returned: success, type: list, elements: str, sample: []}
sessions: {description: "The chosen ones, as M(pg_activity_info) tells them.", returned: success, type: list, elements: dict, sample: []}
outcomes:
  description: What became of each, V(cancelled), V(terminated), V(ended by itself) or V(remains). Empty in a dry run.
  returned: success
  type: dict
  sample: {4711-0c1d2e: terminated}
"""

import time

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops import session_ending
from ansible.module_utils.pgops.connection import address, connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError

OPTIONS = {
    "sessions": {"type": "list", "elements": "str", "default": []},
    "idle_longer_than_s": {"type": "int"},
    "running_longer_than_s": {"type": "int"},
    "role": {"type": "str"},
    "database": {"type": "str"},
    "application": {"type": "str"},
    "spared_applications": {"type": "list", "elements": "str", "default": ["pg_", "pgops", "pgBackRest"]},
    "action": {"type": "str", "default": "terminate", "choices": ["cancel", "terminate"]},
    "cancel_wait_s": {"type": "int", "default": 5},
    "terminate_wait_s": {"type": "int", "default": 5},
    "host": {"type": "str", "required": True},
    "confirm": {"type": "str", "default": ""},
}
PAUSE_S = 0.1


def run(params: dict, check_mode: bool) -> dict:
    for name in ("cancel_wait_s", "terminate_wait_s"):
        if not 1 <= params[name] <= 60:
            raise PgopsError(f"{name} is {params[name]}, and has to be 1 to 60. Nothing was done.")
    with connect(params, "pg_end_sessions") as conn:
        return session_ending.run(conn, params, address(params), check_mode, lambda: time.sleep(PAUSE_S))


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
