"""From what a host has and what it is for to PostgreSQL's settings, each with its reason: pure functions.

The operator's own values win, and what depends on them is computed from them. Sizes are bytes here and text such as
C(64MB) in settings.
"""

from __future__ import annotations

from .sizes import GB, KB, MB, rounded_down, setting_text, shown
from .tuning_fixed import CONNECTIONS, LOGGING, VACUUM_DELAY
from .tuning_inputs import STORAGE, Host, Workload
from .tuning_sheet import Demand, Setting, Sheet

# A backend that has touched a few hundred tables: its caches, its stack, its copy of what the postmaster had loaded.
SESSION_BYTES = 3 * MB
SMALLEST_WORK_MEM = MB
# What a megabyte stands for when nobody says how many sessions there may be.
BYTES_PER_CONNECTION = 16 * MB
BYTES_PER_PARALLEL_WORKER = 128 * MB
# The unit of some memory settings that are given without one.
BLOCK = 8 * KB


def stable_memory(memory_bytes: int) -> int:
    """Rounded down to a sixteenth of its power of two: the few MB that a new kernel takes must not ask for a restart."""
    return rounded_down(memory_bytes, max((1 << (memory_bytes.bit_length() - 1)) // 16, MB))


def computed_shared_buffers(memory: int) -> int:
    return rounded_down(stable_memory(memory) / 4, 16 * MB)


def reserve_bytes(memory: int) -> int:
    """What the operating system and other programs of the host keep."""
    return max(memory // 10, 128 * MB)


def tune(host: Host, workload: Workload, declared: dict[str, str], log_name: str = "postgresql") -> Sheet:
    """Every setting with its reason. Raises where the worst case does not fit into the memory, with the arithmetic."""
    sheet = Sheet(dict(declared))
    sheet.demand = tune_memory(sheet, host, workload)
    tune_wal(sheet, host, workload)
    tune_planner(sheet, host, workload)
    tune_autovacuum(sheet, host, workload)
    for name, value, reason in (*CONNECTIONS, *LOGGING):
        sheet.put(name, value.replace("{log_name}", log_name), reason)
    for name, value in declared.items():
        if name not in sheet.settings:
            sheet.settings[name] = Setting(name, value, "Declared.", declared=True)
    sheet.demand.require_fit()
    return sheet


def tune_memory(sheet: Sheet, host: Host, workload: Workload) -> Demand:
    memory = stable_memory(host.memory_bytes)
    buffers = sheet.size(
        "shared_buffers", computed_shared_buffers(memory), f"A quarter of {shown(memory)} of memory.", BLOCK
    )
    sheet.size(
        "effective_cache_size",
        rounded_down(memory * 3 / 4, 16 * MB),
        "Three quarters of the memory: what the kernel caches counts too. Nothing is allocated.",
        BLOCK,
    )
    fitting = max(memory // BYTES_PER_CONNECTION // 10 * 10, 20)
    connections = sheet.count(
        "max_connections",
        min(workload.connections, fitting),
        f"{workload.connections} are usual for {workload.nature}"
        + (f"; the memory suffices for {fitting}." if fitting < workload.connections else "."),
    )
    maintenance = sheet.size(
        "maintenance_work_mem",
        max(rounded_down(min(memory // workload.maintenance_share, 2 * GB), MB), 16 * MB),
        f"One {workload.maintenance_share}th of the memory, 2 GB at most: index builds and VACUUM by hand.",
    )
    workers = sheet.count(
        "autovacuum_max_workers", max(3, min(8, host.cores // 2)), f"Half of {host.cores} cores, between 3 and 8."
    )
    automatic = sheet.size(
        "autovacuum_work_mem",
        max(rounded_down(min(maintenance // 2, 512 * MB, memory // 8 // workers), MB), 8 * MB),
        "Half of maintenance_work_mem, 512 MB at most; all workers together an eighth of the memory.",
    )
    parallel = sheet.count(
        "max_parallel_workers",
        min(host.cores, max(1, memory // BYTES_PER_PARALLEL_WORKER)),
        f"One per core, of {host.cores}, for all sessions; one per {shown(BYTES_PER_PARALLEL_WORKER)} of memory at most.",
    )
    wal_buffers = sheet.size(
        "wal_buffers", max(min(buffers // 32, 16 * MB), MB), "A 32nd of shared_buffers, one WAL segment at most.", BLOCK
    )
    fixed = (
        ("shared_buffers", buffers),
        ("wal_buffers", max(wal_buffers, 0)),
        (f"for {connections} sessions of {shown(SESSION_BYTES)}", connections * SESSION_BYTES),
        (f"for {workers} autovacuum workers", workers * (maintenance if automatic < 0 else automatic)),
        ("maintenance_work_mem", maintenance),
        ("for the system", reserve_bytes(memory)),
    )
    shares = (connections + parallel) * workload.areas
    left = memory - sum(size for _, size in fixed)
    work_mem = sheet.size(
        "work_mem",
        neat(max(left / shares, SMALLEST_WORK_MEM)),
        f"What is left, {shown(max(left, 0))}, for {connections} sessions and {parallel} parallel workers "
        f"that each use it {workload.areas} times at once.",
    )
    label = f"for {connections} sessions and {parallel} parallel workers with {workload.areas} times {shown(work_mem)} of work_mem"
    return Demand((*fixed, (label, shares * work_mem)), memory)


def neat(size: float) -> int:
    """Two digits suffice: whole MB below 16, steps of 4 MB below 128, of 16 MB above."""
    step = MB if size < 16 * MB else 4 * MB if size < 128 * MB else 16 * MB
    return rounded_down(min(size, 2 * GB - 16 * MB), step)


def tune_wal(sheet: Sheet, host: Host, workload: Workload) -> None:
    tenth = rounded_down(host.disk_bytes / 10, 128 * MB) if host.disk_bytes else workload.max_wal
    largest = max(min(workload.max_wal, tenth), 256 * MB)
    limited = ", and a tenth of the disk at most" if largest < workload.max_wal else ""
    sheet.put("max_wal_size", setting_text(largest), f"Checkpoints by the clock and not by volume{limited}.")
    sheet.put(
        "min_wal_size", setting_text(min(workload.min_wal, largest // 4)), "Segments that are reused instead of made."
    )
    sheet.put("checkpoint_timeout", "10min", "Fewer full-page images; recovery after a crash stays within minutes.")
    sheet.put("checkpoint_completion_target", "0.9", "Spreads the writing over the time between checkpoints.")
    sheet.put("wal_compression", "lz4", "Full-page images shrink at little cost.")
    sheet.put("default_toast_compression", "lz4", "Long texts were written 1.6 times as fast as with pglz.")


def tune_planner(sheet: Sheet, host: Host, workload: Workload) -> None:
    page_cost, concurrency, _, disk = STORAGE[host.storage]
    seen = " (assumed: the kind of disk could not be seen)" if host.storage_is_assumed else ""
    sheet.put("random_page_cost", page_cost, f"A random page against a sequential one, on {disk}{seen}.")
    sheet.put("effective_io_concurrency", concurrency, f"Reads ahead that {disk} serves at once{seen}.")
    sheet.put(
        "max_worker_processes",
        str(max(8, host.cores + 4)),
        "The parallel workers, and some for extensions and replicas.",
    )
    gather = min(workload.gather_workers, host.cores // 2)
    sheet.put(
        "max_parallel_workers_per_gather",
        str(gather),
        f"Half of {host.cores} cores, {workload.gather_workers} at most: {workload.nature}.",
    )
    sheet.put(
        "max_parallel_maintenance_workers",
        str(max(1, min(4, host.cores // 2))),
        "Half of the cores, 4 at most, for an index.",
    )
    sheet.put("jit", "on" if workload.jit else "off", jit_reason(workload))
    sheet.put("huge_pages", "try", "Taken where the kernel has set some aside; the server starts without them, too.")


def jit_reason(workload: Workload) -> str:
    if workload.jit:
        return "Long queries earn back the time that compiling takes."
    return f"Compiling costs more than it saves: {workload.nature}."


def tune_autovacuum(sheet: Sheet, host: Host, workload: Workload) -> None:
    _, _, cost_limit, disk = STORAGE[host.storage]
    sheet.put(
        "autovacuum_vacuum_scale_factor",
        str(workload.vacuum_scale),
        f"A table is vacuumed when {workload.vacuum_scale:.0%} of it is dead; the default of 20 % lets bloat grow.",
    )
    sheet.put(
        "autovacuum_vacuum_insert_scale_factor",
        str(workload.vacuum_scale * 2),
        "Tables that only grow get their visibility map in time for index-only scans.",
    )
    sheet.put(
        "autovacuum_analyze_scale_factor",
        str(workload.analyze_scale),
        f"Statistics are renewed when {workload.analyze_scale:.0%} has changed.",
    )
    sheet.put(
        "autovacuum_vacuum_cost_limit", cost_limit, f"For all workers together; the default of 200 starves {disk}."
    )
    sheet.put(*VACUUM_DELAY)
