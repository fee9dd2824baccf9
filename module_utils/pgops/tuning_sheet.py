"""A tuning in the making: settings with their reasons, and the memory that they come to."""

from __future__ import annotations

from dataclasses import dataclass, field

from .errors import PgopsError
from .sizes import KB, parse_bytes, setting_text, shown

# The unit of most memory settings that are given without one.
KILOBYTE = KB


@dataclass(frozen=True)
class Setting:
    """C(declared) is true where the operator's value stands in place of the computed one."""

    name: str
    value: str
    reason: str
    declared: bool = False


@dataclass(frozen=True)
class Demand:
    """The memory that the server and its host need when everything happens at once, term by term, in bytes."""

    terms: tuple[tuple[str, int], ...]
    memory: int

    @property
    def total(self) -> int:
        return sum(size for _, size in self.terms)

    def arithmetic(self) -> str:
        return " + ".join(f"{shown(size)} {label}" for label, size in self.terms)

    def require_fit(self) -> None:
        if self.total > self.memory:
            raise PgopsError(
                f"The settings need {shown(self.total)} in the worst case, and there are {shown(self.memory)}: "
                f"{self.arithmetic()}. Lower work_mem, max_connections, shared_buffers or maintenance_work_mem, or give "
                "the host more memory."
            )


@dataclass
class Sheet:
    """The settings so far, in the order in which people read them. What is declared is taken as it is."""

    declared: dict[str, str]
    settings: dict[str, Setting] = field(default_factory=dict)
    demand: Demand = field(default_factory=lambda: Demand((), 0))

    def put(self, name: str, value: str, reason: str) -> str:
        """The value that stands: the operator's if there is one."""
        own = self.declared.get(name)
        if own is None:
            self.settings[name] = Setting(name, value, reason)
            return value
        said = "Declared." if own == value else f"Declared; {value} was computed: {reason}"
        self.settings[name] = Setting(name, own, said, declared=True)
        return own

    def size(self, name: str, computed: int, reason: str, unit: int = KILOBYTE) -> int:
        return parse_bytes(self.put(name, setting_text(computed), reason), name, unit)

    def count(self, name: str, computed: int, reason: str) -> int:
        value = self.put(name, str(computed), reason)
        if not value.strip().isdigit():
            raise PgopsError(f"{name} is {value!r}. Give a whole number.")
        return int(value)
