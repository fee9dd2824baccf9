"""What a host offers PostgreSQL, and whether that is enough."""

from __future__ import annotations

from dataclasses import asdict, dataclass

GB = 10**9
# Where the kernel stops counting: a clock that nobody corrects is at most this wrong, or any more.
CLOCK_ERROR_LIMIT_S = 16


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


def judge_name(name: str, addresses: list[str]) -> Finding:
    """ADDRESSES are those that the host itself finds for NAME."""
    expected = "an address, from the name service or /etc/hosts"
    return Finding(f"name {name}", ", ".join(addresses) or "no address", expected, "ok" if addresses else "critical")


def judge_clock(error_s: float, required: bool) -> Finding:
    """ERROR_S is how wrong the kernel thinks that its clock may be."""
    if error_s < CLOCK_ERROR_LIMIT_S:
        return Finding("clock", f"at most {error_s:.3g} s wrong", "synchronised", "ok")
    expected = "to be synchronised, by chrony or systemd-timesyncd"
    return Finding("clock", "corrected by nobody", expected, "critical" if required else "warning")


def report(findings: list[Finding]) -> dict:
    problems = [one.sentence for one in findings if one.verdict == "critical"]
    return {
        "changed": False,
        "healthy": not problems,
        "problems": problems,
        "shortcomings": [one.sentence for one in findings if one.verdict == "warning"],
        "findings": [asdict(one) for one in findings],
    }
