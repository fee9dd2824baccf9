"""What a report on health says in words, for terminals and for its page."""

from __future__ import annotations

DOCUMENTATION = r"""
name: health_report
short_description: The words of a report on health
description:
  - Filter C(report_headline) turns what pg_health_report_info returned into one sentence, C(report_lines) into lines for a terminal,
    C(signed_bytes) tells a change of size, C(plain_number) groups the digits of a number by thousands, and C(human_ms) tells
    milliseconds.
"""

PROBLEMS = ("critical", "warning")
UNITS = ("B", "KiB", "MiB", "GiB", "TiB")
MINUTE_MS, HOUR_MS = 60_000, 3_600_000


def problems(report: dict) -> list[tuple[str, dict]]:
    return [
        (host["host"], check) for host in report["hosts"] for check in host["checks"] if check["verdict"] in PROBLEMS
    ]


def report_headline(report: dict) -> str:
    found = problems(report)
    if not found:
        hosts = [host["host"] for host in report["hosts"]]
        where = f"{len(hosts)} hosts" if len(hosts) > 1 else hosts[0]
        unknown = [
            f"{check['name']} of {host['host']}"
            for host in report["hosts"]
            for check in host["checks"]
            if check["verdict"] == "unknown"
        ]
        if unknown:
            return f"Nothing that was examined on {where} is wrong. Not known: {', '.join(unknown)}."
        return f"All is well on {where}."
    concerned = {host for host, _ in found}
    where = f"on {len(concerned)} hosts" if len(concerned) > 1 else f"on {min(concerned)}"
    return f"{len(found)} {'check wants' if len(found) == 1 else 'checks want'} a person to look {where}."


def report_lines(report: dict) -> list[str]:
    """The verdict, each host, and what to do."""
    advice = [
        line
        for one in report["recommendations"]
        for line in (f"{one['verdict']}: {one['subject']}: {one['text']}", f"    {one['command']}")
    ]
    hosts = [
        f"{host['host']}, {host['state'] or 'state unknown'}: {host['verdict']}; "
        f"{host['measured']['warning'] + host['measured']['critical']} of {sum(host['measured'].values())} measurements with a problem"
        for host in report["hosts"]
    ]
    return [report_headline(report), *hosts, *(advice or ["There is nothing to do."])]


def signed_bytes(size: int | None) -> str:
    """With its sign: +1.5 MiB. None is not known."""
    if size is None:
        return "-"
    amount, sign = float(abs(size)), "+" if size > 0 else "-" if size < 0 else ""
    for unit in UNITS:
        if amount < 1024 or unit == UNITS[-1]:
            break
        amount /= 1024
    return f"{sign}{amount:.0f} B" if unit == "B" else f"{sign}{amount:.1f} {unit}"


def plain_number(value: float | None) -> str:
    """With thin spaces, which do not break."""
    return "-" if value is None else f"{value:,.0f}".replace(",", "\u202f")


def human_ms(value: float | None) -> str:
    """Milliseconds while they are few."""
    if value is None:
        return "-"
    if value < 1000:
        return f"{value:.2f} ms" if value < 10 else f"{value:.0f} ms"
    if value < MINUTE_MS:
        return f"{value / 1000:.1f} s"
    return f"{value / MINUTE_MS:.1f} min" if value < HOUR_MS else f"{value / HOUR_MS:.1f} h"


def human_ratio(value: float | None) -> str:
    return "-" if value is None else f"{value * 100:.1f} %"


class FilterModule:
    def filters(self) -> dict:
        return {
            "human_ms": human_ms,
            "human_ratio": human_ratio,
            "plain_number": plain_number,
            "report_headline": report_headline,
            "report_lines": report_lines,
            "signed_bytes": signed_bytes,
        }
