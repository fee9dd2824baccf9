"""Passwords of a lab, different on every machine: ``python -m lab.passwords inventories/lab``."""

from __future__ import annotations

import os
import secrets
import sys
from pathlib import Path

NAMES = (
    "threadr_app_password",
    "threadr_redis_password",
    "threadr_pooler_password",
    "threadr_replication_password",
    "threadr_backup_passphrase",
    "threadr_backup_s3_key",
    "threadr_backup_s3_key_secret",
    "lab_redis_admin_password",
)
HEADER = "---\n# Generated, and different on every machine. Never committed.\n"
FILE = "group_vars/all/secrets.yml"


def write_once(inventory: Path) -> Path:
    """The file with the passwords of INVENTORY, for its owner's eyes only. One from before gets those that it lacks."""
    path = inventory / FILE
    present = path.read_text() if path.exists() else ""
    missing = [name for name in NAMES if f"\n{name}: " not in present]
    if missing:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write("" if present else HEADER)
            file.writelines(f"{name}: {secrets.token_urlsafe(24)}\n" for name in missing)
    return path


if __name__ == "__main__":
    write_once(Path(sys.argv[1]))
