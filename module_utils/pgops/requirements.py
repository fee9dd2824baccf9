"""What a host offers PostgreSQL, and whether that is enough."""

from __future__ import annotations

from dataclasses import asdict, dataclass

GB = 10**9


@dataclass(frozen=True)
class Need:
    """A quantity with its limits, all in UNIT."""

    name: str
    unit: str
    minimum: float
    recommended: float


@dataclass(frozen=True)
class Finding:
    name: str
    measured: str
    expected: str
    verdict: str  # ok, warning, critical

    @property
    def sentence(self) -> str:
        return f"{self.name}: {self.measured}, {self.expected}"


def judge_quantity(need: Need, measured: float) -> Finding:
    if measured < need.minimum:
        verdict, expected = "critical", f"at least {need.minimum:g} {need.unit} needed"
    elif measured < need.recommended:
        verdict, expected = "warning", f"{need.recommended:g} {need.unit} recommended"
    else:
        verdict, expected = "ok", f"{need.recommended:g} {need.unit} recommended"
    return Finding(need.name, f"{measured:.4g} {need.unit}", expected, verdict)


def judge_release(release: str, supported: list[str]) -> Finding:
    verdict = "ok" if release in supported else "critical"
    return Finding("release", release, f"supported are {', '.join(supported)}", verdict)


def judge_port(port: int, holders: list[str]) -> Finding:
    """HOLDERS are the programs that listen there."""
    name, expected = f"port {port}", "free or held by PostgreSQL"
    strangers = sorted(set(holders) - {"postgres"})
    if strangers:
        return Finding(name, f"held by {', '.join(strangers)}", expected, "critical")
    return Finding(name, "held by PostgreSQL" if holders else "free", expected, "ok")


def report(findings: list[Finding]) -> dict:
    problems = [one.sentence for one in findings if one.verdict == "critical"]
    return {
        "changed": False,
        "healthy": not problems,
        "problems": problems,
        "shortcomings": [one.sentence for one in findings if one.verdict == "warning"],
        "findings": [asdict(one) for one in findings],
    }
