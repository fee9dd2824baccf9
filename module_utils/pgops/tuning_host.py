"""What a host has, for tuning: memory and cores within the limits of the control group, disk, and its kind."""

from __future__ import annotations

import os
from pathlib import Path

from .requirements_host import cores, disk_bytes, memory_bytes
from .tuning_inputs import Host

# Virtual disks say that they rotate, whatever lies below them.
VIRTUAL_DISKS = ("vd", "xvd")


def read_host(data_directory: Path, storage: str, memory: int | None, core_count: int | None) -> Host:
    """What was measured; STORAGE other than C(auto), MEMORY (bytes) and CORE_COUNT stand in place of it."""
    seen = storage_of(data_directory) if storage == "auto" else storage
    return Host(
        memory_bytes=memory_bytes() if memory is None else memory,
        cores=core_limit() if core_count is None else core_count,
        storage=seen or "ssd",
        storage_is_assumed=seen is None,
        disk_bytes=disk_bytes(data_directory),
    )


def core_limit(root: Path = Path("/")) -> int:
    """Cores that may be used, in whole ones: the quota of the control group counts where there is one."""
    quota = cpu_quota(root / "sys/fs/cgroup")
    return cores() if quota is None else max(1, min(cores(), int(quota)))


def cpu_quota(folder: Path) -> float | None:
    """In cores; None where there is no limit. Version 2 has one file, version 1 has two and says -1 for none."""
    try:
        quota, period = (folder / "cpu.max").read_text(encoding="ascii").split()
    except (OSError, ValueError):
        try:
            quota = (folder / "cpu/cpu.cfs_quota_us").read_text(encoding="ascii").strip()
            period = (folder / "cpu/cpu.cfs_period_us").read_text(encoding="ascii").strip()
        except OSError:
            return None
    return int(quota) / int(period) if quota.isdigit() and period.isdigit() else None


def storage_of(path: Path, root: Path = Path("/")) -> str | None:
    """C(ssd) or C(hdd) of the disk that PATH is on, or will be on; None where the kernel does not tell."""
    while not path.exists():
        path = path.parent
    device = os.stat(path).st_dev
    block = root / f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
    try:
        disk = block.resolve(strict=True)
    except OSError:  # an overlay, a network file system, several disks
        return None
    if not (disk / "queue").exists():  # a partition: the disk is the folder above
        disk = disk.parent
    try:
        rotates = (disk / "queue/rotational").read_text(encoding="ascii").strip()
    except OSError:
        return None
    if rotates == "0":
        return "ssd"
    return None if disk.name.startswith(VIRTUAL_DISKS) else "hdd"
