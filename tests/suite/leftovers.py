"""Containers and networks that the tests made and did not remove."""

from __future__ import annotations

import re
import subprocess
import time
from collections.abc import Iterable
from pathlib import Path

from .molecule import lab_name
from .part import Outcome, fresh_log

# The maker's process id is part of the name: another run on the same machine may be at work right now.
MADE_BY = re.compile(r"threadr-test-(?P<process>[0-9]+)-[0-9a-f]+")


def left_behind(names: Iterable[str], before: Iterable[str], lab: str, process_lives) -> list[str]:
    """Those of NAMES that this run made and that nothing will remove any more."""
    new = sorted(set(names) - set(before))
    tests = [name for name in new if (made := MADE_BY.fullmatch(name)) and not process_lives(int(made["process"]))]
    return tests + [name for name in new if name == lab or name.startswith(lab + "-")]


def present() -> list[str]:
    """Names of all containers and networks of this machine."""
    questions = (["ps", "--all", "--format", "{{.Names}}"], ["network", "ls", "--format", "{{.Name}}"])
    answers = [subprocess.run(["podman", *q], check=True, capture_output=True, text=True).stdout for q in questions]
    return "".join(answers).split()


def check(before: Iterable[str]) -> Outcome:
    started = time.monotonic()
    log = fresh_log("leftovers")
    found = left_behind(present(), before, lab_name(), lambda process: Path(f"/proc/{process}").exists())
    log.write_text(
        "".join(f"{name} is left behind; podman rm --force (or podman network rm) removes it.\n" for name in found)
    )
    return Outcome("nothing left behind", int(not found), int(bool(found)), time.monotonic() - started, log)
