"""Ansible's view of module_utils/pgops/pooler_host.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pgbouncer_config
short_description: Keep the files of PgBouncer as declared, if PgBouncer can read them
description:
  - Writes whole files, for root and the group C(postgres) only. Before that PgBouncer itself reads them, in a directory
    that is gone afterwards and without listening; files that it refuses are never written.
  - Asks the pooler that runs, by its admin console, which settings would wait for a restart. Unless O(restart), such
    a change is refused while there are clients.
  - The pooler that runs loads what was written, while its clients stay. A run that was interrupted in between leaves a
    note of it beside the files, and the next one makes up for it. What needs a start or a restart is left to the caller.
options:
  directory: {type: path, default: /etc/pgbouncer, description: Where the files are.}
  files: {type: dict, required: true, description: "Contents by name, C(pgbouncer.ini) among them."}
  secret_files: {type: dict, default: {}, description: More of them that are never shown.}
  port: {type: int, required: true, description: "Port that C(pgbouncer.ini) names, which has to be free."}
  restart: {type: bool, default: false, description: Allow what needs a restart although there are clients.}
attributes:
  check_mode:
    support: full
    description: Judges and rehearses the same, without writing.
  diff_mode:
    support: full
    description: Shows O(files); of O(secret_files) only that they change.
author: The maintainers
"""

EXAMPLES = r"""
- name: Keep the files
  pgbouncer_config:
    port: 6432
    files:
      pgbouncer.ini: "{{ lookup('ansible.builtin.template', 'pgbouncer.ini.j2') }}"
    secret_files:
      userlist.txt: "{{ vault_userlist }}"
"""

RETURN = r"""
files: {description: Files that were written or would be., returned: success, type: list, elements: str, sample: [pgbouncer.ini]}
waiting: {description: Settings that a restart brings., returned: success, type: list, elements: str, sample: [listen_port]}
action:
  description:
    - V(reload) when the pooler has loaded new files, or would have; V(restart) or V(start) when the caller has to do that,
      the latter for a pooler that does not answer; else V(none).
  returned: success
  type: str
  sample: reload
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.kept_files import unprotected, write
from ansible.module_utils.pgops.pooler import settings
from ansible.module_utils.pgops.pooler_host import (
    ACCOUNT,
    INI,
    PROGRAM,
    Unloaded,
    ask,
    read_files,
    rehearse,
    reload,
    require_port,
    require_restart,
    running_port,
)

OPTIONS = {
    "directory": {"type": "path", "default": "/etc/pgbouncer"},
    "files": {"type": "dict", "required": True},
    "secret_files": {"type": "dict", "default": {}, "no_log": True},
    "port": {"type": "int", "required": True},
    "restart": {"type": "bool", "default": False},
}


def report(shown: dict[str, str], present: dict[str, str | None], changed: list[str], waiting: list[str]) -> dict:
    diff = []
    for name in changed:
        before, after = (present[name] or "", shown[name]) if name in shown else ("", "changes, and is not shown\n")
        diff.append({"before_header": name, "after_header": name, "before": before, "after": after})
    return {"changed": bool(changed), "files": changed, "waiting": waiting, "diff": diff}


def run(params: dict, check_mode: bool, run_command) -> dict:
    directory, shown = Path(params["directory"]), params["files"]
    files = {**shown, **params["secret_files"]}
    present = read_files(directory, list(files))
    differing = [name for name, content in files.items() if present[name] != content]
    changed = sorted({*differing, *unprotected(directory, list(files), ACCOUNT)})
    if not Path(PROGRAM).exists() and check_mode:  # the run will have installed it
        return {**report(shown, present, changed, []), "action": "start"}
    port, unloaded = running_port(present, params["port"]), Unloaded(directory)
    running = ask(run_command, port)
    require_port(params["port"], running)
    waiting = require_restart(settings(files[INI]), running, params["restart"])
    if differing:
        rehearse(run_command, files, directory)
    loads = bool(differing) or unloaded.is_noted()
    action = "start" if running.port is None else "restart" if waiting else "reload" if loads else "none"
    if not check_mode:
        if action == "reload":
            unloaded.note()
        for name in changed:
            write(directory / name, files[name], ACCOUNT)
        if action == "reload":
            reload(run_command, port)
        # Who starts or restarts it lets it load them: an interruption leaves it to be started, or settings waiting.
        unloaded.forget()
    result = report(shown, present, changed, waiting)
    return {**result, "changed": result["changed"] or action == "reload", "action": action}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode, module.run_command)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
