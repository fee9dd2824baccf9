"""Files of root that one group may read, replaced whole or not at all."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path

MODE = 0o640


def read_text(path: Path) -> str | None:
    """What is no text differs from whatever is declared, and is replaced."""
    return path.read_text(encoding="utf-8", errors="replace") if path.exists() else None


def write(path: Path, content: str, group: str) -> None:
    """Whole or not at all, and never readable by others, not even for a moment."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(content)
    shutil.chown(name, "root", group)
    os.chmod(name, MODE)
    os.replace(name, path)


def unprotected(directory: Path, names: list[str], group: str) -> list[str]:
    """Those whose mode or owner is another than they are written with."""
    return [name for name in names if (directory / name).exists() and not protected(directory / name, group, MODE)]


def protected(path: Path, group: str, mode: int) -> bool:
    try:
        return (path.stat().st_mode & 0o777, path.owner(), path.group()) == (mode, "root", group)
    except KeyError:  # of an account that is gone
        return False
