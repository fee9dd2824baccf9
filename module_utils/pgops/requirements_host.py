"""Reads what a Linux host has: memory, cores, disk, release, clock, names, and who listens on a port."""

from __future__ import annotations

import ctypes
import os
import pwd
import socket
from pathlib import Path

from .errors import PgopsError

CGROUP_MEMORY_LIMITS = ("sys/fs/cgroup/memory.max", "sys/fs/cgroup/memory/memory.limit_in_bytes")
LISTENING = "0A"


class Timex(ctypes.Structure):
    """The part of struct timex that is read here, and room for the rest of it; see adjtimex(2). Errors are in µs."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("maximum_error", ctypes.c_long),
        ("rest", ctypes.c_byte * 512),
    )


def memory_bytes(root: Path = Path("/")) -> int:
    """The smaller of the host's memory and the limit of our control group."""
    meminfo = (root / "proc/meminfo").read_text(encoding="ascii")
    total = next(int(line.split()[1]) * 1024 for line in meminfo.splitlines() if line.startswith("MemTotal:"))
    return min([total, *(limit for name in CGROUP_MEMORY_LIMITS if (limit := read_limit(root / name)) is not None)])


def read_limit(path: Path) -> int | None:
    try:
        text = path.read_text(encoding="ascii").strip()
    except OSError:
        return None
    return int(text) if text.isdigit() else None  # "max" means none


def cores() -> int:
    """Those that this host may use."""
    return len(os.sched_getaffinity(0))


def disk_bytes(path: Path) -> int:
    """Size of the file system that PATH is on, or will be on once it exists."""
    while not path.exists():
        path = path.parent
    state = os.statvfs(path)
    return state.f_blocks * state.f_frsize


def release(root: Path = Path("/")) -> str:
    """C(Debian 12), from os-release."""
    pairs = dict(
        line.split("=", 1) for line in (root / "etc/os-release").read_text(encoding="utf-8").splitlines() if "=" in line
    )
    name, version = pairs.get("ID", "unknown").strip('"'), pairs.get("VERSION_ID", "").strip('"')
    return f"{name.capitalize()} {version}".strip()


def clock_error_s() -> float:
    """How wrong the kernel thinks that the clock may be: it adds 0.5 ms a second until somebody corrects the clock.

    What systemd calls synchronised is decided by the same figure; the kernel's own flag is cleared by some of those
    who do correct the clock, lest the kernel write it to the hardware.
    """
    state = Timex(modes=0)
    if ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.byref(state)) < 0:
        raise PgopsError(f"The kernel does not say how right its clock is: {os.strerror(ctypes.get_errno())}.")
    return state.maximum_error / 1e6


def addresses(name: str) -> list[str]:
    """What this host takes NAME for; empty if it knows none."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError):
        return []
    return sorted({str(one[4][0]) for one in found})


def port_holders(port: int, root: Path = Path("/")) -> list[str]:
    """Names of the programs that listen on PORT. One that cannot be seen, as in a container, is known by its account."""
    sockets: dict[str, int] = {}
    for name in ("tcp", "tcp6"):
        sockets.update(listening(root / "proc/net" / name, port))
    owners: dict[str, str] = {}
    for process in (root / "proc").iterdir() if sockets else ():
        if process.name.isdigit():
            owners.update({inode: program for inode, program in sockets_of(process) if inode in sockets})
    return sorted({owners.get(inode) or by_account(account_id) for inode, account_id in sockets.items()})


def by_account(account_id: int) -> str:
    """PostgreSQL's own account runs little else."""
    try:
        account = pwd.getpwuid(account_id).pw_name
    except KeyError:
        account = str(account_id)
    return account if account == "postgres" else f"a program of account {account}"


def listening(table: Path, port: int) -> dict[str, int]:
    """Inode and account of the sockets in TABLE, a file such as /proc/net/tcp, that wait for connections on PORT."""
    if not table.exists():
        return {}
    rows = [line.split() for line in table.read_text(encoding="ascii").splitlines()[1:]]
    return {row[9]: int(row[7]) for row in rows if row[3] == LISTENING and int(row[1].rpartition(":")[2], 16) == port}


def sockets_of(process: Path) -> list[tuple[str, str]]:
    """Inode and program for each socket of a process; nothing for one that ended or is not ours to see."""
    try:
        program = (process / "comm").read_text(encoding="utf-8").strip()
        links = [target_of(one) for one in (process / "fd").iterdir()]
    except OSError:
        return []
    return [(link[len("socket:[") : -1], program) for link in links if link.startswith("socket:[")]


def target_of(link: Path) -> str:
    """Where a descriptor leads; nowhere when it has just been closed, as the one that lists the others is."""
    try:
        return os.readlink(link)
    except OSError:
        return ""
