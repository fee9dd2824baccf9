"""The checks of the host: disk by file system, and memory."""

from __future__ import annotations

from dataclasses import replace

from .health import Check, Limit, percent, size
from .health_declared import Declared, Limits
from .health_host import FileSystem, Memory, Unreadable

READ_AS_OWNER = "Run the module as the OS user that owns the data directory (become_user: postgres)."
MAKE_IT = "Make the directory or mount its file system, or correct the option that names it."
RUN_ON_HOST = "Run the module on the server's own host."
FREE_SPACE = {
    "backup": "Remove backups that nobody needs, newest last, or enlarge the file system.",
    "wal": "See whether a replication slot or a failing archiver keeps WAL; never delete files of pg_wal by hand.",
}

DISK = Declared(
    name="disk",
    each="file system (data, wal, backup, tablespace_NAME)",
    unit="ratio",
    measures="Space in use of the file systems that hold data, WAL, tablespaces and backups, as df shows it; each is told once",
    advice="Free or add space before PostgreSQL stops: unneeded databases, server logs, WAL kept by a slot or the archiver.",
    limit=Limit(0.85, 0.95),
)
MEMORY = Declared(
    name="memory",
    unit="ratio",
    measures="Memory in use of the control group or the host, without what the kernel gives back on demand",
    advice="See which process grew (ps, systemd-cgtop); lower work_mem or the number of connections, or add memory.",
    limit=Limit(0.9, 0.95),
)
DECLARED = (DISK, MEMORY)


def disk_checks(found: list[FileSystem], unreadable: list[Unreadable], limits: Limits) -> list[Check]:
    return [_disk(system, limits) for system in found] + [
        DISK.unknown(limits, gap.reason, MAKE_IT if gap.missing else READ_AS_OWNER, of=gap.purpose)
        for gap in unreadable
    ]


def _disk(system: FileSystem, limits: Limits) -> Check:
    total = system.used_bytes + system.available_bytes
    finding = (
        f"The file system of {system.path} ({', '.join(system.purposes)}) is {percent(system.used_ratio)} full: "
        f"{size(system.available_bytes)} of {size(total)} left."
    )
    purpose = system.purposes[0]
    advised = replace(DISK, advice=FREE_SPACE.get(purpose, DISK.advice))
    return advised.found(limits, system.used_ratio, finding, of=purpose)


def unknown_data_directory(limits: Limits) -> Check:
    advice = "Tell the option data_directory where the data lies, or let login_role be a member of pg_monitor."
    return DISK.unknown(limits, "The server did not say where its data lies.", advice, of="data")


def memory_check(memory: Memory | None, limits: Limits) -> Check:
    if memory is None:
        return MEMORY.unknown(
            limits, "The memory of this host cannot be read.", "The host needs a /proc/meminfo, as every Linux has."
        )
    finding = (
        f"{percent(memory.used_ratio)} of the memory of {memory.source} is in use: "
        f"{size(memory.used_bytes)} of {size(memory.total_bytes)}, without what the kernel gives back on demand."
    )
    return MEMORY.found(limits, memory.used_ratio, finding)


def absent_host_checks(reason: str, limits: Limits) -> list[Check]:
    return [DISK.unknown(limits, reason, RUN_ON_HOST, of="data"), MEMORY.unknown(limits, reason, RUN_ON_HOST)]
