"""Where a cluster's configuration is kept: whether its files are there, and whether the server reads those beside them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

# As Debian's programs write it, and with three dots as an example in the file that PostgreSQL brings.
INCLUDE = re.compile(r"^#?\s*include_dir\s*=?\s*'(?:conf\.d|\.\.\.)'")

ACCOUNT = ("postgres", "postgres")


@dataclass(frozen=True)
class Configuration:
    """C(exists): there is a cluster. C(drop_ins): its folder conf.d is as it has to be. C(included): it is read."""

    exists: bool
    drop_ins: bool
    included: bool


def read_configuration(folder: Path, line: str) -> Configuration:
    """LINE has to be the last of its kind in postgresql.conf, which is the one that counts."""
    try:
        text = (folder / "postgresql.conf").read_text(encoding="utf-8", errors="surrogateescape")
    except FileNotFoundError:
        return Configuration(exists=False, drop_ins=False, included=False)
    lines = [one for one in text.splitlines() if INCLUDE.match(one)]
    return Configuration(True, is_open_to_its_owner(folder / "conf.d"), lines[-1:] == [line])


def is_open_to_its_owner(folder: Path) -> bool:
    """A directory that everybody reads and PostgreSQL alone writes to."""
    if not folder.is_dir() or folder.is_symlink():
        return False
    return (folder.owner(), folder.group()) == ACCOUNT and folder.stat().st_mode & 0o7777 == 0o755
