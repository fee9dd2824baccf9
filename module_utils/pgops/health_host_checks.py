"""The checks of the host: disk by file system, and memory."""

from __future__ import annotations

from .health import Check, Limit, measured, percent, size, unknown
from .health_host import FileSystem, Memory, Unreadable

READ_AS_OWNER = "Run the module as the OS user that owns the data directory (become_user: postgres)."
MAKE_IT = "Make the directory or mount its file system, or correct the option that names it."
RUN_ON_HOST = "Run the module on the server's own host."
FREE_SPACE = {
    "backup": "Remove backups that nobody needs, newest last, or enlarge the file system.",
    "wal": "See whether a replication slot or a failing archiver keeps WAL; never delete files of pg_wal by hand.",
    "data": "Free or add space before PostgreSQL stops: unneeded databases, server logs, WAL kept by a slot or the archiver.",
}


def disk_checks(found: list[FileSystem], unreadable: list[Unreadable], limit: Limit) -> list[Check]:
    return [_disk(system, limit) for system in found] + [
        unknown(f"disk_{gap.purpose}", "ratio", gap.reason, MAKE_IT if gap.missing else READ_AS_OWNER, limit)
        for gap in unreadable
    ]


def _disk(system: FileSystem, limit: Limit) -> Check:
    total = system.used_bytes + system.available_bytes
    finding = (
        f"The file system of {system.path} ({', '.join(system.purposes)}) is {percent(system.used_ratio)} full: "
        f"{size(system.available_bytes)} of {size(total)} left."
    )
    advice = FREE_SPACE.get(system.purposes[0], FREE_SPACE["data"])
    return measured(f"disk_{system.purposes[0]}", system.used_ratio, "ratio", limit, finding, advice)


def unknown_data_directory(limit: Limit) -> Check:
    advice = "Tell the option data_directory where the data lies, or let login_role be a member of pg_monitor."
    return unknown("disk_data", "ratio", "The server did not say where its data lies.", advice, limit)


def memory_check(memory: Memory | None, limit: Limit) -> Check:
    if memory is None:
        advice = "The host needs a /proc/meminfo, as every Linux has."
        return unknown("memory", "ratio", "The memory of this host cannot be read.", advice, limit)
    finding = (
        f"{percent(memory.used_ratio)} of the memory of {memory.source} is in use: "
        f"{size(memory.used_bytes)} of {size(memory.total_bytes)}, without what the kernel gives back on demand."
    )
    advice = "See which process grew (ps, systemd-cgtop); lower work_mem or the number of connections, or add memory."
    return measured("memory", memory.used_ratio, "ratio", limit, finding, advice)


def absent_host_checks(reason: str, limits: dict[str, Limit]) -> list[Check]:
    return [
        unknown("disk_data", "ratio", reason, RUN_ON_HOST, limits["disk"]),
        unknown("memory", "ratio", reason, RUN_ON_HOST, limits["memory"]),
    ]
