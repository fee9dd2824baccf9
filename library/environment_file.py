"""Ansible's view of module_utils/pgops/environment_file.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: environment_file
short_description: Keep an environment file that one group may read, and show of it what is no secret
description:
  - Writes an environment file as systemd's C(EnvironmentFile) takes it, and files that its variables name, into a
    directory of root that is closed to everybody but O(group). Nobody but root can change them.
  - Each file is replaced whole or not at all. The service that reads it has to be restarted by whoever it belongs to.
options:
  directory: {type: path, required: true, description: Where the files are; it is made.}
  name: {type: str, required: true, description: Name of the environment file in it.}
  group: {type: str, required: true, description: Group of the service.}
  group_pending:
    description: Whether what comes before makes the group, which a dry run then does not miss.
    type: bool
    default: false
  variables: {type: dict, default: {}, description: Variables that may be shown.}
  secret_variables:
    description: Variables that may not. Of a URL everything but the password is shown all the same.
    type: dict
    default: {}
  files: {type: dict, default: {}, description: "Further files by name, such as the certificate of an authority."}
attributes:
  check_mode: {support: full}
  diff_mode: {support: full, description: "Shows everything but secrets; of these, that they change."}
author: The maintainers
"""

EXAMPLES = r"""
- name: Tell the shop where its database is
  environment_file:
    directory: /etc/shop
    name: database.env
    group: shop
    variables: {DB_POOL_SIZE: "10"}
    secret_variables:
      DATABASE_URL: "postgresql://shop:{{ vault_shop_password | urlencode }}@db1/shop"
"""

RETURN = r"""
files:
  description: What was written, or would be; C(.) is the directory.
  returned: success
  type: list
  elements: str
  sample: [database.env]
"""

from pathlib import Path

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.environment_file import (
    differences,
    keep,
    missing_protection,
    present,
    rendered,
    require_place,
)
from ansible.module_utils.pgops.errors import PgopsError

OPTIONS = {
    "directory": {"type": "path", "required": True},
    "name": {"type": "str", "required": True},
    "group": {"type": "str", "required": True},
    "group_pending": {"type": "bool", "default": False},
    "variables": {"type": "dict", "default": {}},
    "secret_variables": {"type": "dict", "default": {}, "no_log": True},
    "files": {"type": "dict", "default": {}},
}


def run(params: dict, check_mode: bool) -> dict:
    directory, secret = Path(params["directory"]), params["secret_variables"]
    files = {**params["files"], params["name"]: rendered({**params["variables"], **secret})}
    require_place(directory, params["group"], check_mode and params["group_pending"])
    before = present(directory, list(files))
    differing = [name for name, content in files.items() if before[name] != content]
    changed = sorted({*differing, *missing_protection(directory, list(files), params["group"])})
    if not check_mode:
        keep(directory, files, changed, params["group"])
    diff = [differences(name, before[name], files[name], sorted(secret)) for name in differing]
    diff += [
        {
            "before_header": name,
            "after_header": name,
            "before": "",
            "after": f"root:{params['group']}, closed to others\n",
        }
        for name in changed
        if name not in differing
    ]
    return {"changed": bool(changed), "files": changed, "diff": diff}


def main() -> None:
    module = AnsibleModule(argument_spec=OPTIONS, supports_check_mode=True)
    try:
        result = run(module.params, module.check_mode)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
