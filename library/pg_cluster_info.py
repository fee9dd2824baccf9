"""Ansible's view of module_utils/pgops/replication.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_cluster_info
short_description: Say whether the cluster of a host is a primary or a standby, and how far it is
description:
  - Asks the server over its socket. Where none runs it reads the cluster's files, so that a cluster that is down is never
    taken for one that is not there. Runs as root; needs neither a server nor a driver.
  - A server that is starting is waited for, for one minute.
options:
  peers: {type: list, elements: str, default: [], description: Names of other hosts whose addresses this one is asked for.}
  wait_for_upstream_s:
    description: Seconds for which a standby that does not stream yet is waited for. It need not stream in the end.
    type: int
    default: 0
  wait_for_settings:
    description:
      - Settings that a standby is waited for to have replayed, for as long as O(wait_for_upstream_s), such as
        C(max_connections) with V(100).
    type: dict
    default: {}
  unanswered:
    description: What becomes of a server that runs and does not answer. With V(report) its files are asked.
    type: str
    choices: [fail, report]
    default: fail
extends_documentation_fragment: [pgops_cluster]
attributes:
  check_mode: {support: full, description: Changes nothing.}
  diff_mode: {support: none, description: Changes nothing.}
author: The maintainers
"""

EXAMPLES = r"""
- name: Look at the cluster
  pg_cluster_info:
    peers: [pg2]
  become: true
  register: cluster
"""

RETURN = r"""
state:
  description: V(absent), V(stopped), V(primary) or V(standby); V(unanswering) only with O(unanswered=report).
  returned: success
  type: str
  sample: primary
data_directory: {description: Where its data are or would be., returned: success, type: str, sample: /var/lib/postgresql/15/main}
system_identifier: {description: Which cluster it is a copy of., returned: success, type: str, sample: "7311111111111111111"}
timeline: {description: "Its timeline; 0 when absent.", returned: success, type: int, sample: 1}
lsn: {description: "What it has written, received or, when stopped, its last checkpoint.", returned: success, type: str, sample: 0/3000148}
replayed_lsn: {description: What a standby has replayed., returned: success, type: str, sample: 0/3000148}
upstream: {description: Host that a standby streams from; empty when it does not., returned: success, type: str, sample: pg1}
standby_when_started:
  description: Whether a stopped cluster would start as a standby, and whether one that does not answer is one.
  returned: success
  type: bool
  sample: false
shut_down: {description: Whether a stopped primary was shut down in order., returned: success, type: bool, sample: false}
standbys: {description: Who streams from a primary., returned: success, type: list, elements: dict, sample: [{name: pg2, state: streaming}]}
slots: {description: Names of its replication slots., returned: success, type: list, elements: str, sample: [pg2]}
settings: {description: Settings of which a standby may not have less., returned: success, type: dict, sample: {max_connections: 100}}
replayed_settings:
  description:
    - The same as the control file has them. A standby does not start with less, until it has replayed that its primary has less.
  returned: success
  type: dict
  sample: {max_connections: 100}
synchronous: {description: Its synchronous_standby_names., returned: success, type: str, sample: ANY 1 ("pg2")}
peers: {description: Addresses of O(peers)., returned: success, type: dict, sample: {pg2: [192.0.2.12/32]}}
"""

import time
from dataclasses import asdict

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.cluster_server import CLUSTER_OPTIONS
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.replication import (
    Cluster,
    NoAnswerError,
    find_data_directory,
    read_cluster,
    read_files,
    resolve,
)

OPTIONS = {
    **CLUSTER_OPTIONS,
    "peers": {"type": "list", "elements": "str", "default": []},
    "wait_for_upstream_s": {"type": "int", "default": 0},
    "wait_for_settings": {"type": "dict", "default": {}},
    "unanswered": {"type": "str", "choices": ["fail", "report"], "default": "fail"},
}


def run(params: dict, run_command) -> dict:
    if params["wait_for_upstream_s"] < 0:
        raise PgopsError(f"wait_for_upstream_s is {params['wait_for_upstream_s']}. Give 0 or a number of seconds.")
    directory, _ = find_data_directory(params["version"], params["name"])
    for _ in range(params["wait_for_upstream_s"] + 1):
        cluster = read(run_command, directory, params)
        if cluster.state != "standby" or (cluster.upstream and cluster.has_replayed(params["wait_for_settings"])):
            break
        time.sleep(1 if params["wait_for_upstream_s"] else 0)
    return {"changed": False, **asdict(cluster), "peers": resolve(params["peers"])}


def read(run_command, directory: str, params: dict) -> Cluster:
    try:
        return read_cluster(run_command, directory, params["port"], lambda: time.sleep(1))
    except NoAnswerError:
        if params["unanswered"] == "fail":
            raise
        return read_files(run_command, directory)


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params, module.run_command)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
