"""What tuning starts from: a host, and what its server is for."""

from __future__ import annotations

from dataclasses import dataclass

from .sizes import GB


@dataclass(frozen=True)
class Host:
    """Memory and disk in bytes; C(storage) is ssd, network or hdd, and assumed where it could not be seen."""

    memory_bytes: int
    cores: int
    storage: str = "ssd"
    storage_is_assumed: bool = False
    disk_bytes: int | None = None


@dataclass(frozen=True)
class Workload:
    """C(areas) is how many times work_mem one session is taken to use at once; WAL sizes in bytes."""

    name: str
    connections: int
    areas: int
    maintenance_share: int
    min_wal: int
    max_wal: int
    vacuum_scale: float
    analyze_scale: float
    gather_workers: int
    jit: bool
    nature: str


WORKLOADS = {
    w.name: w
    for w in (
        Workload("web", 200, 2, 16, GB, 4 * GB, 0.05, 0.02, 2, False, "many short requests"),
        Workload("oltp", 300, 2, 16, 2 * GB, 8 * GB, 0.05, 0.02, 2, False, "many short transactions that write"),
        Workload("mixed", 100, 3, 16, GB, 4 * GB, 0.1, 0.05, 4, False, "short requests beside some reports"),
        Workload("reporting", 40, 4, 8, 4 * GB, 16 * GB, 0.1, 0.05, 8, True, "few sessions that read a lot"),
    )
}
# random_page_cost, effective_io_concurrency, autovacuum_vacuum_cost_limit, and what they are called in a sentence.
STORAGE = {
    "ssd": ("1.1", "200", "2000", "a solid-state disk"),
    "network": ("1.5", "300", "1000", "storage over the network"),
    "hdd": ("4", "2", "400", "a rotating disk"),
}
