"""Ansible's view of module_utils/pgops/cutover.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: migration_cutover
short_description: Make the last pass of a migration while nobody writes, and say whether anything is left open
description:
  - Finds out whether anybody writes to the source, by its own count of the write commands that it carried out, or holds
    writers back with C(CLIENT PAUSE WRITE). Then migrates as M(redis_migrate), compares as M(migration_info), and looks
    at the count again.
  - RV(ready) says whether the result may be signed. It may not while a write command was carried out in the window or
    during the pass, values are in the quarantine, keys are of no known or not yet mapped pattern, or rows differ.
    Keys that stay open can be waived by reason and number; differing rows and writes cannot.
  - A pause changes no data of the source. It ends with this module, whatever happens, or by itself after
    O(pause_timeout_s) where this module was killed. Then writers go on, so point the application to PostgreSQL first,
    or keep it stopped.
  - In check mode writers are never paused, the plan of the last pass is made, and its rows are compared only where it
    would change nothing. Values in the quarantine whose keys are gone are not counted where it would.
options:
  conflicts:
    description: Who wins where others changed rows, as in M(redis_migrate).
    type: str
    choices: [stop, source_wins, target_wins, newer]
    default: stop
  window_s:
    description: Seconds for which no write command may be carried out before the pass begins. Not used with O(pause).
    type: int
    default: 10
  pause:
    description: Whether to hold writers back. The user of the source needs C(+client|pause +client|unpause) for it.
    type: bool
    default: false
  pause_timeout_s:
    description: Seconds after which the source ends the pause by itself, 1 to 3600. More than the pass takes.
    type: int
    default: 300
  waivers:
    description: What may stay open.
    type: list
    elements: dict
    default: []
    suboptions:
      reason:
        description: Reason code of the quarantine, or V(unknown_keys).
        type: str
        required: true
      keys:
        description: How many keys at most.
        type: int
        required: true
      because:
        description: Why that is acceptable, for the record.
        type: str
        required: true
  operator:
    description: Who cuts over, for the record.
    type: str
    default: ansible
extends_documentation_fragment: [pgops, pgops_redis, pgops_migration]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Make the last pass, with writers held back
  migration_cutover:
    redis: {login_host: redis1, login_password: "{{ threadr_redis_password }}"}
    login_db: threadr
    login_role: threadr_migration
    pause: true
    waivers:
      - {reason: orphan, keys: 3, because: Their owners were deleted in 2024.}
  register: cutover
"""

RETURN = r"""
ready: {description: Whether nothing is open., returned: success, type: bool, sample: true}
open:
  description: What forbids to sign, in sentences.
  returned: success
  type: list
  elements: str
  sample: ["3 keys are open as orphan, not waived."]
pause_s: {description: Seconds for which writers were held back., returned: success, type: float, sample: 4.2}
migration:
  description: Accounting, tables, refusals, conflicts and gone rows of the last pass; null where writers were found first.
  returned: success
  type: dict
  sample: {rejects: {}, conflicts: {kept: {}, overwritten: {}}}
document:
  description: What is to be signed. Null in check mode, and while anything is open.
  returned: success
  type: dict
  sample: {format: 1, profile: threadr, operator: mira, migration_run: 7, digest: 9f86d0...}
diff: {description: The first rows of each kind., returned: "success, with a pass", type: dict, sample: {before: "", after: ""}}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.conflicts import POLICIES, ConflictsFound
from ansible.module_utils.pgops.connection import address, connect, connection_spec
from ansible.module_utils.pgops.cutover import Gate, Waiver, cut_over
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.keyspace import require_positive
from ansible.module_utils.pgops.migration import Options
from ansible.module_utils.pgops.profiles import chosen, migration_spec
from ansible.module_utils.pgops.redis_source import open_source, redis_spec
from ansible.module_utils.pgops.team import processes_for
from ansible.module_utils.pgops.values import settings_for
from ansible.module_utils.pgops.writers import require_pause

OPTIONS = ("operator", "batch_keys", "conflicts", "schema_revision")
WAIVER = {
    "reason": {"type": "str", "required": True},
    "keys": {"type": "int", "required": True},
    "because": {"type": "str", "required": True},
}


def run(params: dict, check_mode: bool) -> dict:
    for name in ("batch_keys", "window_s"):
        require_positive(name, params[name])
    require_pause(params["pause_timeout_s"])
    # Values of an interrupted run may be older than the last write.
    settings, processes = settings_for(params["source_zone"]), processes_for(params["processes"])
    given = {name: params[name] for name in OPTIONS}
    options = Options(settings=settings, processes=processes, resume_within_s=0, **given)
    waivers = tuple(Waiver(**waiver) for waiver in params["waivers"])
    gate = Gate(params["window_s"], params["pause_timeout_s"] if params["pause"] else 0, waivers)
    profile = chosen(params)
    with connect(params, "pgops migration_cutover") as conn, open_source(params["redis"]) as source:
        return cut_over(conn, source, profile, options, gate, address(params), check_mode)


def main() -> None:
    options = {
        "redis": {"type": "dict", "required": True, "options": redis_spec()},
        "conflicts": {"type": "str", "default": "stop", "choices": list(POLICIES)},
        "window_s": {"type": "int", "default": 10},
        "pause": {"type": "bool", "default": False},
        "pause_timeout_s": {"type": "int", "default": 300},
        "waivers": {"type": "list", "elements": "dict", "default": [], "options": WAIVER},
        "operator": {"type": "str", "default": "ansible"},
    }
    module = AnsibleModule(argument_spec={**connection_spec(), **migration_spec(), **options}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except ConflictsFound as error:
        module.fail_json(msg=str(error), conflicts=error.report)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
