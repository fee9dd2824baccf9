"""Someone who types playbooks; the product is seen as its operators see it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


class Operator:
    """Someone who types playbooks, with an inventory of one host."""

    def __init__(self, host, folder: Path, **variables) -> None:
        self.host, self.folder, self.output = host, folder, folder / "result.json"
        reached = {
            "ansible_connection": "container",
            "ansible_host": host.name,
            "ansible_python_interpreter": "/usr/bin/python3",
        }
        (folder / "group_vars/postgresql").mkdir(parents=True)
        (folder / "group_vars/postgresql/common").symlink_to(PROJECT / "group_vars/postgresql")
        (folder / "hosts.json").write_text(json.dumps({"postgresql": {"hosts": {"pg1": {**reached, **variables}}}}))

    def play(self, playbook: str | Path, *arguments: str, **extra) -> tuple[int, str, dict]:
        """Exit status, words, and the result as JSON."""
        self.output.unlink(missing_ok=True)
        program = Path(sys.executable).with_name("ansible-playbook")
        variables = json.dumps({"output": str(self.output), **extra})
        command = [program, "-i", self.folder / "hosts.json", *arguments, playbook, "-e", variables]
        surroundings = {**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg"), "ANSIBLE_NOCOLOR": "1"}
        done = subprocess.run(command, cwd=PROJECT, env=surroundings, capture_output=True, text=True, check=False)
        result = json.loads(self.output.read_text()) if self.output.exists() else {}
        return done.returncode, done.stdout + done.stderr, result

    def succeed(self, playbook: str | Path, *arguments: str, **extra) -> tuple[str, dict]:
        code, words, result = self.play(playbook, *arguments, **extra)
        assert code == 0, words
        return words, result
