"""What Ansible's output says, for those who will not read it."""

from __future__ import annotations

import re

# A message may have several lines; it ends where Ansible says where it came from, or at an empty line.
ERROR = re.compile(
    r"^\[ERROR\]: (?:Task failed: )?(?:(?:Module|Action) failed: )?(.+?)(?=\nOrigin: |\n\n|\n*\Z)",
    re.MULTILINE | re.DOTALL,
)
UNREACHABLE = re.compile(r"^fatal: \[(\S+)\]: UNREACHABLE!", re.MULTILINE)
TASK = re.compile(r"^TASK \[(.+?)\] \*+$", re.MULTILINE)
RECAP = re.compile(r"^\S+ +: ok=\d+ +changed=(\d+)", re.MULTILINE)


def reason(log: str) -> str:
    """The error and the task that it came from; the end of the output when there is no error that we know."""
    errors, tasks = ERROR.findall(log), TASK.findall(log)
    unreachable = UNREACHABLE.findall(log)
    if unreachable and not errors:
        errors = [f"{', '.join(unreachable)} cannot be reached."]
    if not errors:
        return log.strip()[-500:] or "It ended without any output."
    return f"{errors[0]} (task {tasks[-1]!r})" if tasks else errors[0]


def changed_tasks(log: str) -> int:
    """How many tasks changed something, over all hosts."""
    return sum(map(int, RECAP.findall(log)))
