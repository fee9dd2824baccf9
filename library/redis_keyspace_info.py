"""Ansible's view of module_utils/pgops/keyspace.py."""

from __future__ import annotations

DOCUMENTATION = r"""
module: redis_keyspace_info
short_description: Say what is in a Redis keyspace, by key pattern
description:
  - Scans the keyspace without reading values and reports keys by pattern, type, remaining life and size, and the keys
    that no pattern of the profile knows.
  - A key that the server returns twice while it rehashes is counted twice here; M(redis_migrate) counts exactly.
options:
  profile:
    description: Whose key patterns to look for.
    type: str
    choices: [threadr]
    default: threadr
  batch_keys:
    description: Keys to ask for at a time.
    type: int
    default: 1000
  measure_memory:
    description: Ask for the memory of each key, which costs the server some time.
    type: bool
    default: true
extends_documentation_fragment: [pgops_redis]
attributes:
  check_mode:
    support: full
    description: Reads only.
  diff_mode:
    support: none
    description: Changes nothing.
author: The maintainers
"""

EXAMPLES = r"""
- name: Look at the source
  redis_keyspace_info:
    redis: {login_host: redis1, login_password: "{{ threadr_redis_password }}"}
"""

RETURN = r"""
keys: {description: Keys in the database., returned: success, type: int, sample: 41}
bytes: {description: "Memory that the keys occupy, in bytes.", returned: success, type: int, sample: 18200}
vanished: {description: Keys that expired while they were looked at., returned: success, type: int, sample: 0}
redis: {description: "Address, version and memory of the server.", returned: success, type: dict, sample: {version: 7.0.15}}
patterns:
  description: One line per pattern that occurs; TTLs in seconds.
  returned: success
  type: list
  elements: dict
  sample: [{pattern: user, shown: "threadr:user:{user_id}", disposition: migrated, keys: 3, no_ttl: 0, types: {string: 3}}]
unknown:
  description: Keys of no known pattern, with their prefixes and up to 20 samples.
  returned: success
  type: dict
  sample: {keys: 1, prefixes: {"team:data:": 1}, samples: ["team:data:1"]}
problems: {description: What an operator should look at., returned: success, type: list, elements: str, sample: []}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.keyspace import audit, require_positive
from ansible.module_utils.pgops.profiles import PROFILES
from ansible.module_utils.pgops.redis_source import open_source, redis_spec


def run(params: dict) -> dict:
    require_positive("batch_keys", params["batch_keys"])
    with open_source(params["redis"]) as source:
        return audit(source, PROFILES[params["profile"]], params["batch_keys"], params["measure_memory"])


def main() -> None:
    options = {
        "redis": {"type": "dict", "required": True, "options": redis_spec()},
        "profile": {"type": "str", "default": "threadr", "choices": ["threadr"]},
        "batch_keys": {"type": "int", "default": 1000},
        "measure_memory": {"type": "bool", "default": True},
    }
    module = AnsibleModule(argument_spec=options, supports_check_mode=True)
    try:
        result = run(module.params)
    except PgopsError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
