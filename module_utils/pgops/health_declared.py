"""How a check is declared: its name, unit, limits, what it measures and what to do, as data."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from .health import UNLIMITED, Check, Limit, measured, stated, unknown

Limits = dict[str, Limit]


@dataclass(frozen=True)
class Declared:
    """One check, or with EACH one for each of several things, called C(disk_data), C(disk_backup) and so on.

    ADVICE may name words that the finding fills in. SUBJECT is what its limits are called by, where that is not the name.
    """

    name: str
    unit: str
    measures: str
    advice: str = ""
    limit: Limit = UNLIMITED
    subject: str = ""
    each: str = ""

    @property
    def limited_by(self) -> str:
        return self.subject or self.name

    def option(self, level: str) -> str:
        """The name of a limit, such as C(disk_warning_ratio); its variable has C(health_) before it."""
        return f"{self.limited_by}_{level}_{self.unit}"

    def found(self, limits: Limits, value: float, finding: str, of: str = "", **words) -> Check:
        """A number, judged by its limits."""
        advice = self.advice.format(**words) if words else self.advice
        return measured(self._name(of), value, self.unit, self._limit(limits), finding, advice)

    def stated(self, value: float | str, verdict: str, finding: str, advice: str | None = None, of: str = "") -> Check:
        """A value whose verdict is not a matter of limits."""
        return stated(self._name(of), value, self.unit, verdict, finding, self.advice if advice is None else advice)

    def unknown(self, limits: Limits, reason: str, advice: str, of: str = "") -> Check:
        return unknown(self._name(of), self.unit, reason, advice, self._limit(limits))

    def _name(self, of: str) -> str:
        return f"{self.name}_{of}" if of else self.name

    def _limit(self, limits: Limits) -> Limit:
        return limits.get(self.limited_by, UNLIMITED)


def unknown_all(declared: Iterable[Declared], limits: Limits, reason: str, advice: str) -> list[Check]:
    return [one.unknown(limits, reason, advice) for one in declared]
