"""Passwords of a lab, different on every machine: ``python -m lab.passwords inventories/lab``."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

NAMES = ("threadr_app_password", "threadr_redis_password", "lab_redis_admin_password")
FILE = "group_vars/all/secrets.yml"


def write_once(inventory: Path) -> Path:
    """The file with the passwords of INVENTORY; made, for its owner's eyes only, if it does not exist."""
    path = inventory / FILE
    if not path.exists():
        lines = [
            "---",
            "# Generated, and different on every machine. Never committed.",
            *(f"{n}: {secrets.token_urlsafe(24)}" for n in NAMES),
        ]
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("\n".join(lines) + "\n")
    return path


if __name__ == "__main__":
    write_once(Path(sys.argv[1]))
