"""What became of the parts of a routine, from what each of them printed."""

from __future__ import annotations

import re

DOCUMENTATION = r"""
name: routine
short_description: The result of a routine whose parts are playbooks
description:
  - Filter C(routine_report) makes of the results of C(ansible.builtin.command), one for each part, what became of it, a line for people,
    and the sentences of those that failed.
"""

# A message may have several lines; it ends where Ansible says where it came from, or at an empty line.
ERROR = re.compile(
    r"^\[ERROR\]: (?:Task failed: )?(?:(?:Module|Action) failed: )?(.+?)(?=\nOrigin: |\n\n|\n*\Z)",
    re.MULTILINE | re.DOTALL,
)
UNREACHABLE = re.compile(r"^fatal: \[(\S+)\]: UNREACHABLE!", re.MULTILINE)
RECAP = re.compile(r"^\S+ +: ok=\d+ +changed=(\d+)", re.MULTILINE)


def routine_report(results: list[dict], routine: str) -> dict:
    parts = [part(result) for result in results]
    failed = [each for each in parts if not each["passed"]]
    summary = [line(each) for each in parts]
    summary.append(f"{routine}: {len(parts) - len(failed)} of {len(parts)} parts are well.")
    problems = [f"{each['name']} ({each['playbook']}): {each['reason']}" for each in failed]
    return {"routine": routine, "healthy": not failed, "problems": problems, "parts": parts, "summary": summary}


def part(result: dict) -> dict:
    words = f"{result.get('stdout', '')}\n{result.get('stderr', '')}".strip()
    status = result.get("rc")
    return {
        "name": result["item"]["name"],
        "playbook": result["item"]["playbook"],
        "passed": status == 0,
        "exit_status": status,
        "duration_s": seconds(result.get("delta", "")),
        "changed_tasks": sum(map(int, RECAP.findall(words))),
        "reason": "" if status == 0 else reason(words, str(result.get("msg", ""))),
    }


def reason(words: str, otherwise: str) -> str:
    """All errors, each once; of a host that cannot be reached that it cannot; else the end of what was said."""
    errors = list(dict.fromkeys(ERROR.findall(words)))
    away = [f"{host} cannot be reached." for host in dict.fromkeys(UNREACHABLE.findall(words))]
    return "\n".join(errors or away) or words[-500:] or otherwise or "It ended without a word."


def seconds(delta: str) -> float | None:
    """Of H:MM:SS.ffffff, which has days before it in a long run; None of a part that could not be started."""
    found = re.fullmatch(r"(?:(\d+) days?, )?(\d+):(\d\d):(\d\d(?:\.\d+)?)", delta)
    if not found:
        return None
    days, hours, minutes, rest = found.groups()
    return round(int(days or 0) * 86_400 + int(hours) * 3600 + int(minutes) * 60 + float(rest), 1)


def line(each: dict) -> str:
    took = "" if each["duration_s"] is None else f", in {each['duration_s']:g} s"
    if each["passed"]:
        return f"well    {each['name']}: {each['changed_tasks']} changes{took}"
    first = each["reason"].splitlines()[0]
    return f"FAILED  {each['name']} ({each['playbook']}, exit status {each['exit_status']}{took}): {first}"


class FilterModule:
    def filters(self) -> dict:
        return {"routine_report": routine_report}
