"""Ansible's view of module_utils/pgops/application_judgement.py and the drivers beside it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: threadr_database_info
short_description: Use the database as the application does, and try what the application must not do
description:
  - Takes nothing but the application's environment file, and connects with SQLAlchemy over psycopg2 and with asyncpg.
    Run it as the application's account and with its Python, which is the interpreter that runs this module.
  - Each driver reads, writes in a transaction that is rolled back, and tries to connect without TLS. What the role must not
    do is tried in transactions that are rolled back and do not wait for locks.
  - A connection that fails is an answer (RV(healthy=false)), not a failure of the module. Nothing is left behind.
options:
  environment_file: {type: path, default: /etc/threadr/database.env, description: The application's environment file.}
  pooled: {type: bool, description: Whether the connection is meant to go through a pooler. Not judged when left out.}
  connect_timeout_s: {type: int, default: 10, description: How long one connection may take.}
attributes:
  check_mode: {support: full, description: It is the same run.}
  diff_mode: {support: none, description: Changes nothing.}
author: The maintainers
"""

EXAMPLES = r"""
- name: Use the database as the application does
  threadr_database_info:
    pooled: true
  become: true
  become_user: threadr
  register: database
"""

RETURN = r"""
healthy: {description: Whether nothing is wrong., returned: success, type: bool, sample: true}
problems: {description: "What is wrong, and what to do.", returned: success, type: list, elements: str, sample: []}
remarks: {description: What the application has to know of its drivers., returned: success, type: list, elements: str, sample: []}
document:
  description: What an endpoint C(/health/database) reports.
  returned: success
  type: dict
  sample: {status: healthy, connected: true, version: "15.14", database: threadr, user: threadr_app, tls: TLSv1.3, pooled: true}
drivers:
  description: For each driver what it found, and in C(refused) how many of the forbidden things it was refused.
  returned: success
  type: list
  elements: dict
  sample: [{driver: asyncpg 0.27.0, connected: true, version: "15.14", tls: TLSv1.3, pooled: true, tried: 1, refused: 1}]
"""

import os
import pwd
from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops import application_asyncpg, application_sqlalchemy
from ansible.module_utils.pgops.application import require_drivers, settings
from ansible.module_utils.pgops.application_judgement import described, document, problems_of
from ansible.module_utils.pgops.environment_file import read_variables
from ansible.module_utils.pgops.errors import PgopsError

OPTIONS = {
    "environment_file": {"type": "path", "default": "/etc/threadr/database.env"},
    "pooled": {"type": "bool"},
    "connect_timeout_s": {"type": "int", "default": 10},
}


def be_like_a_service() -> None:
    """Nothing of whoever became the application: no settings of libpq, no files in another's home."""
    for name in [name for name in os.environ if name.startswith("PG")]:
        del os.environ[name]
    os.environ["HOME"] = pwd.getpwuid(os.geteuid()).pw_dir


def run(params: dict) -> dict:
    be_like_a_service()
    path = params["environment_file"]
    wanted = settings(read_variables(Path(path)), path)
    require_drivers(application_sqlalchemy.missing() + application_asyncpg.missing())
    found = [
        driver.ask(wanted, params["connect_timeout_s"]) for driver in (application_sqlalchemy, application_asyncpg)
    ]
    problems = [problem for one in found for problem in problems_of(one, wanted, params["pooled"])]
    return {
        "changed": False,
        "healthy": not problems,
        "problems": problems,
        "remarks": [remark for one in found for remark in one.remarks],
        "document": document(found, problems, wanted),
        "drivers": [described(one) for one in found],
    }


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
