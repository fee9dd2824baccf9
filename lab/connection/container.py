"""How Ansible speaks to the lab's hosts: as containers.podman.podman does, in one call a task instead of five."""

from __future__ import annotations

import os
import shlex
import subprocess
from pathlib import Path

from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase, ensure_connect
from ansible_collections.containers.podman.plugins.connection.podman import Connection as Podman

DOCUMENTATION = """
name: container
short_description: Run tasks in a container of podman, with pipelining
description:
  - A module comes in by standard input, which podman passes on when it is told to; nothing is copied before and removed
    afterwards. The container's files are reached as containers.podman.podman reaches them, when a task brings or fetches one.
  - Where podman runs containers by runc, runc is called at once, with what podman would give it. podman takes a fifth of a second
    for that, runc a twentieth.
options:
  remote_addr:
    description: Name of the container.
    default: inventory_hostname
    vars: [{name: inventory_hostname}, {name: ansible_host}]
  remote_user:
    description: Account to be in the container; that of its image unless given.
    vars: [{name: ansible_user}]
  pipelining:
    description: Whether modules come in by standard input.
    type: boolean
    default: true
    vars: [{name: ansible_pipelining}]
  podman_extra_args:
    description: Arguments for every call of podman.
    default: ""
    vars: [{name: ansible_podman_extra_args}]
  podman_executable:
    description: The program.
    default: podman
    vars: [{name: ansible_podman_executable}]
"""


# Where runc keeps what root has it run.
RUNNING = Path("/run/runc")
KNOWN = Path(__file__).resolve().parents[2] / ".cache" / "containers"


def runc_id(name: str, podman: str) -> str | None:
    """What runc knows the container NAME by; None where it does not run it. Asked once, and again when it is gone."""
    noted = KNOWN / name
    if noted.is_file() and is_run(found := noted.read_text()):
        return found
    ask = [podman, "container", "inspect", "--format", "{{.OCIRuntime}} {{.Id}}", name]
    runtime, _, found = subprocess.run(ask, check=False, capture_output=True, text=True).stdout.strip().partition(" ")
    if runtime != "runc" or not is_run(found):
        return None
    KNOWN.mkdir(parents=True, exist_ok=True)
    # Whoever reads it at this moment finds nothing, or all of it.
    fresh = noted.with_name(f".{name}.{os.getpid()}")
    fresh.write_text(found)
    fresh.replace(noted)
    return found


def is_run(identity: str) -> bool:
    return bool(identity) and os.path.exists(RUNNING / identity / "state.json")


def lives(name: str, podman: str) -> bool:
    ask = [podman, "container", "inspect", "--format", "{{.State.Running}}", name]
    return subprocess.run(ask, check=False, capture_output=True, text=True).stdout.strip() == "true"


class Connection(Podman):
    """One container."""

    transport = "container"
    has_pipelining = True

    def _connect(self):
        """Nothing is kept open between tasks."""
        self._connected = True
        return self

    @ensure_connect
    def exec_command(self, cmd, in_data=None, sudoable=False):
        """Exit code, output and errors, which are bytes. A container that does not run is a host that cannot be reached."""
        ConnectionBase.exec_command(self, cmd, in_data=in_data, sudoable=sudoable)
        command = shlex.split(cmd)
        user = [f"--user={self.user}"] if self.user else []
        podman = self.get_option("podman_executable")
        # runc knows accounts by their numbers only.
        if not user and (found := runc_id(self._container_id, podman)):
            argv = ["runc", "exec", found, *command]
            done = subprocess.run(argv, check=False, input=in_data or b"", capture_output=True)
            code, output, errors = done.returncode, done.stdout, done.stderr
        else:
            code, output, errors = self._podman(["exec", "--interactive", *user], command, in_data)
        # What commands in it seldom end with, and podman and runc do.
        if code in (125, 255) and not lives(self._container_id, podman):
            raise AnsibleConnectionFailure(f"The container {self._container_id} does not run.")
        return code, output, errors

    def put_file(self, in_path, out_path):
        """Raises AnsibleError where it cannot be written."""
        self._mount()
        super().put_file(in_path, out_path)

    def fetch_file(self, in_path, out_path):
        """Raises AnsibleError where it cannot be read."""
        self._mount()
        super().fetch_file(in_path, out_path)

    def _mount(self) -> None:
        if self._mount_point is None:
            super()._connect()
