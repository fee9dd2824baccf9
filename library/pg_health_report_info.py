"""Ansible's view of module_utils/pgops/report.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_health_report_info
short_description: Tell how a database and its hosts were over a day, a week or a month
description:
  - Reads the history that M(pg_health_record) keeps in O(login_db), and joins it with what is found now. The period ends with the
    look at O(host).
  - A database that has no history yet is an answer; the report then has what is known now.
  - Reads only; a dry run is the same run.
options:
  host: {type: str, required: true, description: The primary. Its database is what the report is about.}
  period: {type: str, default: week, choices: [day, week, month], description: How long. A month has 30 days.}
  health: {type: dict, required: true, description: "What M(pg_health_info) returned, by host."}
  usage: {type: dict, required: true, description: What M(pg_usage_info) returned for O(host).}
  backups: {type: dict, default: {}, description: What M(pg_backup_history_info) returned.}
  inventory: {type: str, default: "", description: "The inventory, as commands in recommendations are to name it."}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: none}
author: The maintainers
"""

EXAMPLES = r"""
- name: Tell how the week was
  pg_health_report_info:
    login_db: threadr
    login_role: threadr_monitor
    host: pg1
    health: {pg1: "{{ health }}"}
    usage: "{{ usage }}"
  become: true
  become_user: postgres
"""

RETURN = r"""
begins_at: {description: When the period begins., returned: success, type: str, sample: "2026-11-22T12:00:00+00:00"}
ends_at: {description: When it ends., returned: success, type: str, sample: "2026-11-29T12:00:00+00:00"}
measurements: {description: How many measurements of all hosts there are in it., returned: success, type: int, sample: 168}
verdict: {description: The worst of the hosts' verdicts now., returned: success, type: str, sample: ok}
healthy: {description: Whether no host has a C(warning) or C(critical) now., returned: success, type: bool, sample: true}
hosts:
  description: Each host with its checks now, and how many of its measurements had which verdict.
  returned: success
  type: list
  elements: dict
  sample: [{host: pg1, state: primary, verdict: ok, checks: [], measured: {ok: 166, unknown: 0, warning: 2, critical: 0}}]
troubled:
  description: Checks that were a problem in the period, how often, and when first and last.
  returned: success
  type: list
  elements: dict
  sample: [{host: pg1, check: long_statements, warning: 2, critical: 0, first_at: "2026-11-24T03:00:00+00:00", last_at: "2026-11-24T04:00:00+00:00"}]
groups:
  description: Plots in groups, with a C(title) each. A plot has its C(title), C(unit), C(series) of points, and C(limits).
  returned: success
  type: list
  elements: dict
growth:
  description: Databases, and the tables that grew most.
  returned: success
  type: list
  elements: dict
  sample: [{kind: table, name: public.threads, size_bytes: 819200, change_bytes: 8192, bytes_per_day: 1170}]
statements:
  description: >-
    Those that took most time in all (C(by_total)) and on the average (C(by_mean)) in the period; where there are fewer than two
    measurements (C(whole)), since the counters began.
  returned: success
  type: dict
tables: {description: "Tables most in need of a VACUUM, or read as a whole often.", returned: success, type: list, elements: dict}
indexes: {description: "C(most_used) and C(unused) ones in the period.", returned: success, type: dict}
backups: {description: "O(backups), without what is longer ago than a quarter of a year.", returned: success, type: dict}
recommendations:
  description: "What to do, the most urgent first, each with the command to run."
  returned: success
  type: list
  elements: dict
  sample:
    - {verdict: hint, subject: tables, text: "public.threads: have them vacuumed; ...",
       command: "ansible-playbook playbooks/maintain_postgresql.yml -e maintain_tasks=vacuum,analyze"}
unknown: {description: "What could not be asked, and why.", returned: success, type: list, elements: str}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.report import PERIODS, report

OPTIONS = {
    "host": {"type": "str", "required": True},
    "period": {"type": "str", "default": "week", "choices": list(PERIODS)},
    "health": {"type": "dict", "required": True},
    "usage": {"type": "dict", "required": True},
    "backups": {"type": "dict", "default": {}},
    "inventory": {"type": "str", "default": ""},
}
GIVEN = ("host", "period", "health", "usage", "backups", "inventory")


def run(params: dict) -> dict:
    with connect(params, "pg_health_report_info") as conn:
        return report(conn, **{name: params[name] for name in GIVEN})


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
