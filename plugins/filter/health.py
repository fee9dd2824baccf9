"""What the health check says of a host that gave no answer of its own."""

from __future__ import annotations

DOCUMENTATION = r"""
name: health
short_description: The result of pg_health_info for a host that did not answer
description:
  - Filter C(silent_health) makes of a task's result, unreachable or out of time, what RV(pg_health_info#module:checks) would be.
"""

ADVICE = {
    "unreachable": "See whether the host is up, and whether its name, network, key and account are right.",
    "timedout": "See its load, its disks and its server's log; health_time_limit_s is how long it may take.",
}
EMPTY = ("databases", "tables", "standbys", "slots", "statements", "idle_in_transaction", "lock_waits")


def silent_health(result: dict, host: str, checked_at: str) -> dict:
    """One check, C(reachable), that is critical."""
    kind = "timedout" if result.get("timedout") else "unreachable"
    said = " ".join(str(result.get("msg", "")).split()).removeprefix("Task failed: ").rstrip(".")
    finding = f"{host} did not answer: {said}."
    line = f"reachable: {finding} {ADVICE[kind]}"
    check = {
        "name": "reachable", "value": "no", "unit": "", "warning": None, "critical": None,
        "verdict": "critical", "finding": finding, "advice": ADVICE[kind],
    }  # fmt: skip
    return {
        "changed": False,
        "healthy": False,
        "verdict": "critical",
        "problems": [line],
        "unknown": [],
        "summary": [f"critical {line}"],
        "checks": [check],
        # The host cannot be told, and Prometheus sees by itself that it is silent.
        "metrics": "",
        "checked_at": checked_at,
        "server": {},
        **{name: [] for name in EMPTY},
    }


class FilterModule:
    def filters(self) -> dict:
        return {"silent_health": silent_health}
