"""Kernel settings that a PostgreSQL host wants, each with its reason, and whether the kernel is ours to set."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from .sizes import GB, MB, shown
from .tuning import reserve_bytes

# Below this the page tables are small, and pages that are set aside would only be missing elsewhere.
WORTH_HUGE_PAGES = 2 * GB
# What the server shares beside shared_buffers: buffer headers, locks, one slot a session. Measured 2 to 4 % on 15.
SHARED_OVERHEAD = 1.06
TRANSPARENT_HUGE_PAGES = "sys/kernel/mm/transparent_hugepage/enabled"


@dataclass(frozen=True)
class KernelSetting:
    """C(name) as sysctl writes it; C(running) is null where the kernel does not have it."""

    name: str
    value: str
    running: str | None
    reason: str


@dataclass(frozen=True)
class Machine:
    """Bytes, from /proc/meminfo."""

    memory: int
    huge_page: int


def read_machine(root: Path = Path("/")) -> Machine:
    pairs = (line.split() for line in (root / "proc/meminfo").read_text(encoding="ascii").splitlines())
    values = {words[0].rstrip(":"): int(words[1]) * 1024 for words in pairs if len(words) > 2}
    return Machine(values["MemTotal"], values.get("Hugepagesize", 2 * MB))


def wanted(machine: Machine, shared_buffers: int) -> list[tuple[str, str, str]]:
    """Name, value and reason of each setting, in the order of their names."""
    pages = huge_pages(machine, shared_buffers)
    free = machine.memory - pages * machine.huge_page
    ratio = max(50, min(100, (free - reserve_bytes(machine.memory)) * 100 // free))
    background = max(64 * MB, min(256 * MB, machine.memory // 64))
    settings = [
        (
            "vm.dirty_background_bytes",
            str(background),
            f"The kernel writes from {shown(background)} on, and not in gusts.",
        ),
        ("vm.dirty_bytes", str(4 * background), f"Nobody writes more than {shown(4 * background)} ahead of the disk."),
        (
            "vm.overcommit_memory",
            "2",
            "Memory is promised only while it is there: a session gets an error, and the server is not killed.",
        ),
        ("vm.overcommit_ratio", str(ratio), f"All memory but {shown(reserve_bytes(machine.memory))} may be promised."),
        ("vm.swappiness", "1", "Caches go before programs do."),
        ("vm.zone_reclaim_mode", "0", "Memory of another processor is better than none."),
    ]
    if pages:
        reason = (
            f"{shown(pages * machine.huge_page)} for shared_buffers of {shown(shared_buffers)} and what goes with it."
        )
        settings.append(("vm.nr_hugepages", str(pages), reason))
    return sorted(settings)


def huge_pages(machine: Machine, shared_buffers: int) -> int:
    if shared_buffers < WORTH_HUGE_PAGES:
        return 0
    return int(shared_buffers * SHARED_OVERHEAD) // machine.huge_page + 1


def running(name: str, root: Path = Path("/")) -> str | None:
    try:
        return (root / "proc/sys" / name.replace(".", "/")).read_text(encoding="ascii").strip()
    except OSError:
        return None


def transparent_huge_pages(root: Path = Path("/")) -> str | None:
    """The choice in force, which stands in brackets: C(always madvise [never])."""
    try:
        text = (root / TRANSPARENT_HUGE_PAGES).read_text(encoding="ascii")
    except OSError:
        return None
    return text.partition("[")[2].partition("]")[0] or None


def why_not_ours(root: Path = Path("/")) -> str | None:
    """Why the kernel must be left alone; None where this host may set it."""
    for file in ("run/systemd/container", "run/.containerenv", "run/host/container-manager"):
        path = root / file
        if path.exists():
            kind = path.read_text(encoding="utf-8", errors="replace").split("\n", 1)[0].strip() or "a container engine"
            return f"This host is a container of {kind}: its kernel is the machine's, and has to be set there."
    return None


def report(machine: Machine, shared_buffers: int, root: Path = Path("/")) -> dict:
    """The result of host_kernel_info."""
    table = [
        KernelSetting(name, value, running(name, root), reason)
        for name, value, reason in wanted(machine, shared_buffers)
    ]
    return {
        "changed": False,
        "not_ours": why_not_ours(root),
        # One that this kernel was built without is left out.
        "settings": {one.name: one.value for one in table if one.running is not None},
        "table": [vars(one) for one in table],
        "transparent_huge_pages": transparent_huge_pages(root),
    }
