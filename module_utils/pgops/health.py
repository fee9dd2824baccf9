"""What a health check is: a measured value, its limits, a verdict, and a sentence that says what to do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass

from .errors import PgopsError

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


@dataclass(frozen=True)
class Rule:
    """The pair of options that limit one subject, such as C(disk_warning_ratio) and C(disk_critical_ratio)."""

    subject: str
    unit: str
    default: Limit

    def option(self, level: str) -> str:
        return f"{self.subject}_{level}_{self.unit}"


RULES = (
    Rule("connections", "ratio", Limit(0.8, 0.9)),
    Rule("statement", "s", Limit(5.0, 300.0)),
    Rule("idle_in_transaction", "s", Limit(60.0, 600.0)),
    Rule("replication", "s", Limit(60.0, 300.0)),
    Rule("disk", "ratio", Limit(0.85, 0.95)),
    Rule("memory", "ratio", Limit(0.9, 0.95)),
    Rule("certificate", "days", Limit(30.0, 7.0, falling=True)),
    Rule("physical_backup", "days", Limit(2.0, 8.0)),
    Rule("physical_full", "days", Limit(9.0, 16.0)),
    Rule("offsite", "days", Limit(2.0, 8.0)),
    Rule("offsite_delay", "s", Limit(3600.0, 86400.0)),
    Rule("verification", "days", Limit(14.0, 35.0)),
    Rule("heartbeat", "s", Limit(180.0, 900.0)),
    Rule("drill", "days", Limit(35.0, 70.0)),
    Rule("drill_rto", "s", Limit(14400.0, 28800.0)),
    Rule("drill_rpo", "s", Limit(3600.0, 86400.0)),
)
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


def threshold_spec() -> dict:
    return {
        rule.option(level): {"type": "float", "default": getattr(rule.default, level)}
        for rule in RULES
        for level in PROBLEMS
    }


def read_limits(params: dict) -> dict[str, Limit]:
    """The limits by subject; they must lie in order, and shares between 0 and 1."""
    limits = {}
    for rule in RULES:
        warning, critical = (params[rule.option(level)] for level in PROBLEMS)
        first, second = (critical, warning) if rule.default.falling else (warning, critical)
        if not 0 < first <= second or (rule.unit == "ratio" and second > 1):
            order = "critical <= warning" if rule.default.falling else "warning <= critical"
            most = " <= 1" if rule.unit == "ratio" else ""
            raise PgopsError(
                f"{rule.option('warning')} is {warning:g} and {rule.option('critical')} is {critical:g}: "
                f"give 0 < {order}{most}."
            )
        limits[rule.subject] = Limit(warning, critical, rule.default.falling)
    return limits


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
