"""What a health check is: a measured value, its limits, a verdict, and a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

VERDICTS = ("ok", "unknown", "warning", "critical")  # from best to worst
PROBLEMS = ("warning", "critical")


@dataclass(frozen=True)
class Limit:
    """A value at or above one of these is reported, or at or below if FALLING; None: it is shown and never judged."""

    warning: float | None = None
    critical: float | None = None
    falling: bool = False

    def reached(self, value: float, level: float | None) -> bool:
        return level is not None and (value <= level if self.falling else value >= level)


UNLIMITED = Limit()


@dataclass(frozen=True)
class Check:
    name: str
    value: float | str | None
    unit: str
    warning: float | None
    critical: float | None
    verdict: str
    finding: str
    advice: str


def judge(value: float | None, limit: Limit) -> str:
    if value is None:
        return "unknown"
    return next((level for level in reversed(PROBLEMS) if limit.reached(value, getattr(limit, level))), "ok")


def measured(name: str, value: float, unit: str, limit: Limit, finding: str, advice: str = "") -> Check:
    """A number and its verdict; the number is rounded first, so that what is printed is what was judged."""
    shown = round(value, 4 if unit == "ratio" else 1) if isinstance(value, float) else value
    verdict = judge(shown, limit)
    return Check(name, shown, unit, limit.warning, limit.critical, verdict, finding, advice if verdict != "ok" else "")


def stated(name: str, value: float | str, unit: str, verdict: str, finding: str, advice: str = "") -> Check:
    """A value whose verdict is not a matter of limits."""
    return Check(name, value, unit, None, None, verdict, finding, advice if verdict != "ok" else "")


def unknown(name: str, unit: str, reason: str, advice: str, limit: Limit = UNLIMITED) -> Check:
    return Check(name, None, unit, limit.warning, limit.critical, "unknown", reason, advice)


def worst_first(checks: Iterable[Check]) -> list[Check]:
    return sorted(checks, key=lambda check: -VERDICTS.index(check.verdict))


def line(check: Check) -> str:
    """What was found and what to do."""
    return f"{check.name}: {check.finding} {check.advice}".rstrip()


def report(checks: list[Check]) -> dict:
    ordered = worst_first(checks)
    problems = [line(check) for check in ordered if check.verdict in PROBLEMS]
    return {
        "changed": False,
        "healthy": not problems,
        "verdict": ordered[0].verdict,
        "problems": problems,
        "unknown": [line(check) for check in ordered if check.verdict == "unknown"],
        "summary": [f"{check.verdict:8} {line(check)}" for check in ordered],
        "checks": [asdict(check) for check in checks],
    }


def percent(ratio: float) -> str:
    return f"{ratio * 100:.1f}".removesuffix(".0") + " %"


def size(value: float) -> str:
    """Bytes for people, in PostgreSQL's own units (1 kB is 1024 bytes)."""
    units = ["bytes", "kB", "MB", "GB", "TB"]
    while abs(value) >= 1024 and len(units) > 1:
        value /= 1024
        del units[0]
    return f"{value:.1f}".removesuffix(".0") + f" {units[0]}"


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    parts = [(days, "d"), (hours, "h"), (minutes, "min"), (rest, "s")]
    first = next(index for index, (amount, _unit) in enumerate(parts) if amount)
    return " ".join(f"{amount} {unit}" for amount, unit in parts[first : first + 2] if amount)
