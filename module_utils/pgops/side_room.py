"""Room for a server beside the live cluster, which is often on the same file system, and is never brought near to being full."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from .backup import existing_part, mebibytes
from .drill_server import Side
from .errors import PgopsError


def require_room(side: Side, name: str, needed_bytes: int, keep_free_ratio: float) -> None:
    where = existing_part(side.work_directory)
    taken = sum(file.lstat().st_size for file in side.folder.rglob("*")) if side.folder.exists() else 0
    found = shutil.disk_usage(where)
    left = found.free + taken - needed_bytes
    if left < found.total * keep_free_ratio:
        raise PgopsError(
            f"A {side.purpose} with {name} needs about {mebibytes(needed_bytes)} MiB in {side.work_directory}, and would leave "
            f"{max(left, 0) >> 20} MiB of {found.total >> 20}, less than keep_free_ratio ({keep_free_ratio:g}) says. "
            "Nothing was changed. Make room there, or choose another work_directory."
        )


def watcher(side: Side, keep_free_ratio: float) -> Callable[[], None]:
    """What WAL brings is not known beforehand."""

    def watch() -> None:
        found = shutil.disk_usage(side.work_directory)
        if found.free < found.total * keep_free_ratio / 2:
            raise PgopsError(
                f"The {side.purpose} was stopped before {side.work_directory} became full. Make room there, or choose another "
                "work_directory."
            )

    return watch
