"""What pgBackRest tells of its repository: whether it knows this cluster, and when it last finished a base backup."""

from __future__ import annotations

import json
import re
import shutil
import time
from pathlib import Path

from .security_packages import answer_of

TOOLS = ("pgbackrest", "barman")
CONFIGURATIONS = ("etc/pgbackrest.conf", "etc/pgbackrest/pgbackrest.conf", "etc/pgbackrest/conf.d/*.conf")
CLUSTER_PATH = re.compile(r"^\s*pg\d*-path\s*=\s*(\S+)", re.MULTILINE)
DAY_S = 86400


def installed_tools() -> list[str]:
    return [tool for tool in TOOLS if shutil.which(tool)]


def configured_clusters(root: Path) -> list[str]:
    """Data directories that pgBackRest is told to back up. Nothing else of its configuration is kept: it holds keys."""
    paths = [path for pattern in CONFIGURATIONS for path in sorted(root.glob(pattern))]
    return [found for path in paths for found in CLUSTER_PATH.findall(path.read_text(encoding="utf-8"))]


def base_backup_age_days(now_s: float | None = None) -> float | None:
    """Age of the newest base backup without an error; null when there is none."""
    if shutil.which("pgbackrest") is None:
        return None
    ends = backup_ends(json.loads(answer_of(["pgbackrest", "info", "--output=json"])))
    return None if not ends else round(((now_s or time.time()) - max(ends)) / DAY_S, 1)


def backup_ends(stanzas: list[dict]) -> list[int]:
    backups = [backup for stanza in stanzas for backup in stanza.get("backup", [])]
    return [backup["timestamp"]["stop"] for backup in backups if not backup.get("error")]
