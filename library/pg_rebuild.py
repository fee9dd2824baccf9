"""Ansible's view of module_utils/pgops/rebuild.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_rebuild
short_description: Prepare a former primary to be a standby again
description:
  - Stops the cluster and lets pg_rewind take back what the new primary does not have. Where that is not possible, sets the
    data directory aside under another name, so that a base backup can take its place. Starts nothing in the end.
  - A primary that runs is refused. What only this host has is lost, hence O(confirm).
  - A standby that streams is left alone, unless O(force).
  - Runs as root, on a host with systemd.
options:
  host: {type: str, required: true, description: Name of this host.}
  confirm: {type: str, default: "", description: Name of the host whose own writes are given up; has to be O(host).}
  source: {type: str, required: true, description: "How pg_rewind reaches the new primary: a conninfo without a password."}
  method:
    type: str
    default: auto
    choices: [auto, base_backup]
    description: V(auto) tries pg_rewind first.
  force: {type: bool, default: false, description: Rebuild a standby that streams as well.}
extends_documentation_fragment: [pgops_cluster]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Take back what only pg1 has
  pg_rebuild:
    host: pg1
    confirm: pg1
    source: host=pg2 user=replication dbname=postgres passfile=/var/lib/postgresql/15-main.passfile
  become: true
"""

RETURN = r"""
method: {description: "V(none), V(rewind) or V(base_backup); a dry run says which is tried first.", returned: success, type: str, sample: rewind}
reason: {description: Why pg_rewind could not do it., returned: success, type: str, sample: ""}
kept: {description: "Where the data directory was set aside, also by a run before.", returned: success, type: str, sample: ""}
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops import rebuild
from ansible.module_utils.pgops.cluster_server import CLUSTER_OPTIONS, Server
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.replication import read_control

OPTIONS = {
    **CLUSTER_OPTIONS,
    "host": {"type": "str", "required": True},
    "confirm": {"type": "str", "default": ""},
    "source": {"type": "str", "required": True},
    "method": {"type": "str", "default": "auto", "choices": ["auto", "base_backup"]},
    "force": {"type": "bool", "default": False},
}


def run(params: dict, check_mode: bool, run_command) -> dict:
    server = Server(run_command, params["version"], params["name"], params["port"])
    cluster, folder = server.read(), Path(server.data_directory)
    rebuild.require_no_primary(cluster, params["host"])
    if cluster.state == "absent":
        return result(folder, "base_backup", "there is no data directory", rebuild.kept_aside(folder), changed=False)
    if cluster.upstream and not params["force"]:
        # What an interrupted rebuild has set aside is of no use any more; whoever removes it has to have said so again.
        kept = rebuild.kept_aside(folder) if params["confirm"] == params["host"] else ""
        return result(folder, "none", f"it streams from {cluster.upstream}", kept, changed=False)
    if params["confirm"] != params["host"]:
        raise PgopsError(
            f"What only {params['host']} has is lost when it is rebuilt. Nothing was changed. Say so with -e confirm={params['host']}."
        )
    rewinds = params["method"] == "auto" and rebuild.can_rewind(read_control(run_command, server.data_directory))
    reason = "" if rewinds else "it is not wanted, or neither data checksums nor wal_log_hints are on"
    if check_mode:
        return result(folder, "rewind" if rewinds else "base_backup", reason, "")
    rebuild.shut_down(server)
    if rewinds:
        configuration = Path(f"/etc/postgresql/{params['version']}/{params['name']}")
        reason = rebuild.recover(server) or rebuild.rewind(server, params["source"], configuration)
    if not reason:
        return result(folder, "rewind", "", "")
    rebuild.require_space(folder)
    return result(folder, "base_backup", reason, str(rebuild.set_aside(folder)))


def result(folder: Path, method: str, reason: str, kept: str, changed: bool = True) -> dict:
    done = "rewound to the new primary" if method == "rewind" else "set aside for a base backup"
    diff = {"before": "", "after": f"{folder}: {done}\n" if changed else ""}
    return {"changed": changed, "method": method, "reason": reason, "kept": kept, "diff": diff}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        answer = run(module.params, module.check_mode, module.run_command)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**answer)


if __name__ == "__main__":
    main()
