"""Disk and memory of the host that the server runs on, read from its own files and never from those of another host."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

LOCAL_NAMES = ("localhost", "127.0.0.1", "::1")
START_TOLERANCE_S = 60  # from the first instruction of the postmaster to its own record of its start


@dataclass(frozen=True)
class FileSystem:
    """One file system and what the cluster keeps on it; bytes as df counts them for an ordinary user."""

    purposes: tuple[str, ...]
    path: str
    used_bytes: int
    available_bytes: int

    @property
    def used_ratio(self) -> float:
        return self.used_bytes / (self.used_bytes + self.available_bytes)


@dataclass(frozen=True)
class Unreadable:
    purpose: str
    path: str
    reason: str
    missing: bool = False


@dataclass(frozen=True)
class Memory:
    """Bytes; USED leaves out what the kernel gives back on demand."""

    used_bytes: int
    total_bytes: int
    source: str

    @property
    def used_ratio(self) -> float:
        return self.used_bytes / self.total_bytes


def is_local(login_host: str) -> bool:
    return not login_host or login_host.startswith("/") or login_host in LOCAL_NAMES


def elsewhere(login_host: str, server: dict, root: Path = Path("/")) -> str | None:
    """Why this host is not, or cannot be shown to be, the server's; None when it is. SERVER is empty if it is down."""
    data_directory = server.get("data_directory")
    if data_directory is None:
        return None if is_local(login_host) else f"{login_host} is another host than the one the module runs on."
    try:
        lines = (root / data_directory.lstrip("/") / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return f"{data_directory}, where the server keeps its data, is not on the host that the module runs on."
    except OSError as error:
        # Over its socket the server is here even if this OS user may not look; over TCP it could be a tunnel.
        via_socket = not login_host or login_host.startswith("/")
        return None if via_socket else f"{data_directory} cannot be read: {error.strerror}."
    return None if same_postmaster(lines, server) else f"{data_directory} on this host belongs to another server."


def same_postmaster(pid_file: list[str], server: dict) -> bool:
    """Lines 3 and 4 of C(postmaster.pid) are the start in epoch seconds and the port."""
    try:
        started_epoch_s, port = int(pid_file[2]), int(pid_file[3])
    except (IndexError, ValueError):
        return False
    return port == server["port"] and abs(started_epoch_s - server["started_epoch_s"]) <= START_TOLERANCE_S


def file_systems(directories: dict[str, str]) -> tuple[list[FileSystem], list[Unreadable]]:
    """DIRECTORIES maps a purpose to a path; purposes that share a file system are told once, under the first."""
    found: dict[int, FileSystem] = {}
    unreadable = []
    for purpose, path in directories.items():
        try:
            real = os.path.realpath(path)
            device, space = os.stat(real).st_dev, os.statvfs(real)
        except OSError as error:
            unreadable.append(
                Unreadable(purpose, path, f"{path}: {error.strerror}.", isinstance(error, FileNotFoundError))
            )
            continue
        used = (space.f_blocks - space.f_bfree) * space.f_frsize
        available = space.f_bavail * space.f_frsize
        known = found.get(device)
        if known:
            found[device] = FileSystem((*known.purposes, purpose), known.path, known.used_bytes, known.available_bytes)
        elif used + available == 0:
            unreadable.append(Unreadable(purpose, path, f"{path}: its file system does not tell its size."))
        else:
            found[device] = FileSystem((purpose,), real, used, available)
    return list(found.values()), unreadable


def read_memory(root: Path = Path("/")) -> Memory | None:
    """The container's limit if there is one below the machine's memory, otherwise the machine's; None: not readable."""
    machine = _machine_memory(root / "proc/meminfo")
    for reader in (_cgroup_v2, _cgroup_v1):
        limited = reader(root / "sys/fs/cgroup")
        if limited and (machine is None or limited.total_bytes < machine.total_bytes):
            return limited
    return machine


def _machine_memory(path: Path) -> Memory | None:
    values = _table(path)
    try:
        total, available = values["MemTotal"] * 1024, values["MemAvailable"] * 1024
    except KeyError:
        return None
    return Memory(total - available, total, "the machine")


def _cgroup_v2(folder: Path) -> Memory | None:
    reclaimable = ("active_file", "inactive_file", "slab_reclaimable")
    return _cgroup(folder, "memory.max", "memory.current", reclaimable)


def _cgroup_v1(folder: Path) -> Memory | None:
    reclaimable = ("total_active_file", "total_inactive_file")
    return _cgroup(folder / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", reclaimable)


def _cgroup(folder: Path, limit: str, usage: str, reclaimable: tuple[str, ...]) -> Memory | None:
    """File pages can be given back; shared_buffers cannot: they are shared memory, counted among the anonymous."""
    try:
        total, current = int((folder / limit).read_text()), int((folder / usage).read_text())
    except (OSError, ValueError):  # not there, or `max`: no limit
        return None
    statistics = _table(folder / "memory.stat")
    return Memory(max(current - sum(statistics.get(name, 0) for name in reclaimable), 0), total, "its control group")


def _table(path: Path) -> dict[str, int]:
    """Lines of C(name value) or C(name: value kB)."""
    try:
        lines = path.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.replace(":", " ").split() for line in lines)
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) >= 2 and pair[1].isdigit()}
