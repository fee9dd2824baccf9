"""A file of metrics, as the textfile collector of Prometheus' node exporter reads it: there whole, or as it was."""

from __future__ import annotations

import os
import re
from pathlib import Path

from .errors import PgopsError

SUFFIX = ".prom"
# The collector drops a file in which one line is wrong, and all metrics of it with it.
COMMENT = re.compile(r"# (HELP|TYPE) [a-zA-Z_:][a-zA-Z0-9_:]* .+")
LABEL = r"[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\n]|\\.)*\""
SAMPLE = re.compile(rf"[a-zA-Z_:][a-zA-Z0-9_:]*(\{{{LABEL}(,{LABEL})*\}})? \S+")
NUMBER = re.compile(r"[-+]?(\d+(\.\d+)?([eE][-+]?\d+)?|Inf)|NaN")
MODE = 0o644


def require_exposition(text: str) -> None:
    for number, line in enumerate(text.splitlines(), 1):
        sample = SAMPLE.fullmatch(line) and NUMBER.fullmatch(line.rpartition(" ")[2])
        if not sample and not COMMENT.fullmatch(line):
            raise PgopsError(
                f"Line {number} of the metrics is none that Prometheus reads: {line[:80]}. Nothing was changed."
            )
    if text and not text.endswith("\n"):
        raise PgopsError("The last line of the metrics does not end. Nothing was changed.")


def keep(path: Path, content: str, check_mode: bool) -> dict:
    """The result of metrics_file."""
    if not path.is_absolute() or path.suffix != SUFFIX:
        raise PgopsError(f"path is {path}: give one that begins with / and ends with {SUFFIX}. Nothing was changed.")
    require_exposition(content)
    try:
        before = path.read_text(encoding="utf-8") if path.exists() else ""
        changed = before != content or not path.exists() or path.stat().st_mode & 0o777 != MODE
        if changed and not check_mode:
            write(path, content)
    except (OSError, UnicodeDecodeError) as error:
        raise PgopsError(f"{path} cannot be written: {error}. Run this as root, and see to the file system.") from error
    return {"changed": changed, "path": str(path), "diff": {"before": before, "after": content}}


def write(path: Path, content: str) -> None:
    """Under a name that the collector does not look for, until the disk has it."""
    path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.unlink(missing_ok=True)
    with open(beside, "x", encoding="utf-8") as file:
        os.fchmod(file.fileno(), MODE)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    os.rename(beside, path)
