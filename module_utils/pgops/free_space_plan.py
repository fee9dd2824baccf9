"""One thing that takes room and need not: what it is, what goes with it, and how it is removed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

LOGS = "old_logs"
TEMPORARY = "temporary_files"
INTERRUPTED = "interrupted_backups"
DUMPS = "expired_dumps"
PHYSICAL = "expired_physical_backups"
# Nothing is lost with these that anybody asks for again; their order is that in which they are offered.
GENERAL = (LOGS, TEMPORARY, INTERRUPTED, DUMPS, PHYSICAL)
# With these something is lost: each is named by itself, such as C(database:shop_before_restore_1).
SCHEMA, DATABASE, DIRECTORY, SLOT = "schema", "database", "directory", "slot"
KINDS = (SCHEMA, DATABASE, DIRECTORY, SLOT)


@dataclass(frozen=True)
class Step:
    """C(name) is what an operator confirms; C(loss) is what is given up with it. C(apply) raises where it cannot be done."""

    name: str
    size_bytes: int
    what: str
    loss: str
    apply: Callable[[], None] = field(compare=False, repr=False)

    def described(self, is_confirmed: bool) -> dict:
        return {
            "step": self.name,
            "bytes": self.size_bytes,
            "what": self.what,
            "loss": self.loss,
            "confirmed": is_confirmed,
        }


@dataclass
class Found:
    """Steps; what could not be looked at; and names that are there, but must not go, with the reason."""

    steps: list[Step] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    refused: dict[str, str] = field(default_factory=dict)

    def add(self, other: Found) -> None:
        self.steps += other.steps
        self.unknown += other.unknown
        self.refused |= other.refused
