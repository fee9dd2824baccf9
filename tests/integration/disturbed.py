"""Modules whose source changes in the middle of a run: what a live Redis may do between any two questions."""

from __future__ import annotations

import json

from migration import params

# Run by the container's Python before the module, with the module's own classes at hand.
PRELUDE = """
import json, sys
import module_runner
module_runner.prepare_imports()
from ansible.module_utils.pgops import expectations, lossless, migration, reading, redis_source, resolving, staging
from ansible.module_utils.pgops.redis_source import RedisSource
scan, read, members, raw = RedisSource.scan, RedisSource.read, RedisSource.members, RedisSource.raw
first_members = RedisSource.first_members
def command(source, *words):
    return source.client.execute_command(*words)
"""


def disturbed(host, module: str, database: str, patch: str, check_mode: bool = False, **changes) -> dict:
    """The answer of MODULE, in one process, with PATCH, Python that replaces methods of C(RedisSource)."""
    script = f"{PRELUDE}\n{patch}\nsys.argv = ['module_runner.py', {module!r}]\nmodule_runner.main()\n"
    request = json.dumps({"params": params(database, **{"processes": 1, **changes}), "check_mode": check_mode})
    done = host.run(
        "env", "PYTHONPATH=/opt/ansible-core:/src/tests", "python3", "-c", script,
        user="postgres", stdin=request, check=False,
    )  # fmt: skip
    try:
        return json.loads(done.stdout)
    except ValueError:
        raise AssertionError(f"{module} printed no answer: {done.stdout!r} {done.stderr!r}") from None
