"""Ansible's view of module_utils/pgops/schema.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: pg_schema
short_description: Bring the schema of a database to a revision
description:
  - Reads the revision of the database from C(alembic_version), and applies the upgrades or downgrades that lead to
    O(target), each in a transaction of its own. A refused statement leaves the database at the revision before.
  - Only one run at a time may change the schema of a database.
  - A dry run where there is no server, database or role yet plans for an empty database, and says so.
options:
  revisions:
    description: All revisions, oldest first, as the lookup P(alembic_revisions#lookup) renders them.
    type: list
    elements: dict
    required: true
    options:
      revision: {type: str, required: true, description: Name of the revision.}
      down_revision: {type: str, description: The revision before; none for the first.}
      description: {type: str, required: true, description: What it brings.}
      upgrade_sql: {type: list, elements: str, required: true, description: Statements that bring it.}
      downgrade_sql: {type: list, elements: str, required: true, description: Statements that take it back.}
  target:
    description: Revision to arrive at. V(head) is the newest, V(base) an empty database.
    type: str
    default: head
  confirm:
    description: Name of the database. Required to run a downgrade, which drops tables.
    type: str
  lock_timeout_s:
    description: Seconds to wait for a table that others use. Those behind us in the queue wait as long.
    type: int
    default: 30
  revision_readers:
    description:
      - Roles that may read C(alembic_version), and do nothing else with it; others may not even that.
      - When empty, its privileges are left as they are.
    type: list
    elements: str
    default: []
  audit_role:
    description:
      - The role of pgaudit's setting C(pgaudit.role). It gets the privilege to write to O(audited_tables), so that
        pgaudit logs writes to them, and loses any on the other tables of C(public).
      - When absent, or at another target than the newest revision, privileges are left as they are.
    type: str
  audited_tables: {description: Tables of C(public)., type: list, elements: str, default: []}
extends_documentation_fragment: [pgops]
attributes:
  check_mode: {support: full}
  diff_mode: {support: full}
author: The maintainers
"""

EXAMPLES = r"""
- name: Deploy the schema
  pg_schema:
    login_db: threadr
    login_role: threadr_owner
    revisions: "{{ query('alembic_revisions', role_path ~ '/files/alembic') }}"

- name: Go back before the billing tables
  pg_schema:
    login_db: threadr
    login_role: threadr_owner
    revisions: "{{ query('alembic_revisions', role_path ~ '/files/alembic') }}"
    target: "0002"
    confirm: threadr
"""

RETURN = r"""
revision_before:
  description: Revision of the database before; null without schema.
  returned: success
  type: str
  sample: "0003"
revision: {description: Revision afterwards., returned: success, type: str, sample: "0005"}
steps:
  description: What was done, or would be, in order.
  returned: success
  type: list
  elements: str
  sample: ["upgrade 0004 (Usage counters)", "upgrade 0005 (Migration record)"]
privileges:
  description: Statements about who may read the revision and what is audited, executed last.
  returned: success
  type: list
  elements: str
  sample: [GRANT SELECT ON TABLE public.alembic_version TO threadr_monitor;]
assumed_empty: {description: Whether a dry run found no database to ask., returned: success, type: bool, sample: false}
assumed_because:
  description: What was missing.
  returned: when RV(assumed_empty)
  type: str
  sample: database threadr does not exist yet
diff:
  description: The SQL that leads to the target.
  returned: success
  type: dict
  sample: {before: "", after: "BEGIN;"}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.connection import connect, connection_spec
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.schema import (
    apply_all,
    arrival,
    execute_all,
    line_of,
    plan,
    read_revision,
    report,
    require_confirmation,
    schema_lock,
)
from ansible.module_utils.pgops.schema_privileges import Present, read_present, require_audited, wanted
from ansible.module_utils.pgops.schema_privileges import plan as plan_privileges
from ansible.module_utils.pgops.schema_target import absent

REVISION_SPEC = {
    "revision": {"type": "str", "required": True},
    "down_revision": {"type": "str"},
    "description": {"type": "str", "required": True},
    "upgrade_sql": {"type": "list", "elements": "str", "required": True},
    "downgrade_sql": {"type": "list", "elements": "str", "required": True},
}
OPTIONS = {
    "revisions": {"type": "list", "elements": "dict", "required": True, "options": REVISION_SPEC},
    "target": {"type": "str", "default": "head"},
    "confirm": {"type": "str"},
    "lock_timeout_s": {"type": "int", "default": 30},
    "revision_readers": {"type": "list", "elements": "str", "default": []},
    "audit_role": {"type": "str"},
    "audited_tables": {"type": "list", "elements": "str", "default": []},
}


def settings(params: dict) -> dict:
    """Revisions name what is in public without its schema, and take as long as they take."""
    return {"search_path": "public", "lock_timeout": f"{params['lock_timeout_s']}s", "statement_timeout": "0"}


def run(params: dict, check_mode: bool) -> dict:
    line, roles = line_of(params["revisions"]), wanted(params)
    database = params["login_db"]

    def planned(current: str | None, present: Present) -> tuple[list, list, dict]:
        steps = plan(line, current, params["target"])
        require_confirmation(steps, database, params["confirm"], check_mode)
        arrives_at = arrival(steps, current)
        newest = arrives_at == line[-1].revision
        if newest and not steps:
            require_audited(roles, present)
        grants = plan_privileges(roles, present, newest) if arrives_at is not None else []
        return steps, grants, {**report(steps, grants, current, database), "assumed_empty": False}

    reason = absent(params) if check_mode else None
    if reason is not None:
        *_, result = planned(None, Present())
        result["diff"]["before_header"] = f"{database}, taken for empty: {reason}"
        return {**result, "assumed_empty": True, "assumed_because": reason}
    with connect(params, "pg_schema", settings(params)) as conn:
        if check_mode:
            *_, result = planned(read_revision(conn), read_present(conn))
            return result
        with schema_lock(conn, database):
            current = read_revision(conn)
            steps, grants, result = planned(current, read_present(conn))
            apply_all(conn, steps, current)
            if arrival(steps, current) == line[-1].revision:
                require_audited(roles, read_present(conn))
            execute_all(conn, grants)
            return result


def main() -> None:
    module = AnsibleModule(argument_spec={**connection_spec(), **OPTIONS}, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
