"""What keeps a server busy, as lines for people."""

from __future__ import annotations

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: activity
short_description: What keeps a server busy, as aligned lines
description: Filter C(activity_lines) turns the result of pg_activity_info into a list of lines.
"""

LEFT_ALONE = ("idle",)


def size(amount: float) -> str:
    """Powers of 1024 with one decimal: 1536 is 1.5 KiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def seconds(value: float | None) -> str:
    if value is None:
        return "-"
    if value < 120:
        return f"{value:.0f} s"
    return f"{value / 60:.0f} min" if value < 7200 else f"{value / 3600:.0f} h"


def table(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def busy(result: dict) -> list[str]:
    """Sessions with more to tell than that they are idle, longest in their state first."""
    blocking = {line["pid"] for line in result["blocking"]}
    shown = [one for one in result["sessions"] if one["state"] not in LEFT_ALONE or one["pid"] in blocking]
    if not shown:
        return ["no session is at work"]
    head = [
        "session",
        "role",
        "database",
        "application",
        "client",
        "state",
        "since",
        "transaction",
        "waits for",
        "statement",
    ]
    rows = [
        [
            one["session"], one["role"], one["database"], one["application"], one["client"], one["state"],
            seconds(one["state_s"]), seconds(one["transaction_s"]), one["waits_for"] or "-", one["statement"],
        ]
        for one in sorted(shown, key=lambda one: -(one["state_s"] or 0))
    ]  # fmt: skip
    return table([head, *rows])


def tree(result: dict) -> list[str]:
    known = {one["pid"]: one for one in result["sessions"]}
    lines = []
    for line in result["blocking"]:
        one = known.get(line["pid"])
        who = (
            f"{one['session']} of {one['role']}, {one['state']} for {seconds(one['state_s'])}"
            if one
            else "a prepared transaction"
            if line["pid"] == 0
            else f"process {line['pid']} of the server"
        )
        lines.append(f"{'    ' * line['depth']}{who}{' waits' if line['depth'] else ' holds up others'}")
    return lines or ["nobody waits for a lock"]


def statements(result: dict) -> list[str]:
    if not result["statements"]:
        return []
    head = ["total", "mean", "calls", "role", "statement"]
    rows = [
        [
            seconds(one["total_ms"] / 1000),
            f"{one['mean_ms']:.1f} ms",
            str(one["calls"]),
            one["role"],
            one["statement"],
        ]
        for one in result["statements"]
    ]
    return ["", "statements that took most time:", *table([head, *rows])]


def sizes(result: dict) -> list[str]:
    rows = [[what[:-1] if what != "indexes" else "index", one["name"], size(one["size_bytes"])]
            for what in ("databases", "tables", "indexes") for one in result[what]]  # fmt: skip
    rows += [["place", name, size(amount)] for name, amount in sorted(result["places"].items(), key=lambda p: -p[1])]
    rows += [
        [
            "slot",
            f"{one['name']} ({'in use' if one['active'] else 'NOT in use'}, {one['wal_status']})",
            f"holds back {size(one['held_bytes'])}",
        ]
        for one in result["slots"]
    ]
    return ["", "what takes room:", *table([["what", "name", "size"], *rows])]


def activity_lines(result: dict) -> list[str]:
    """Counts, sessions at work, who waits for whom, statements, sizes; last what could not be asked."""
    if "sessions" not in result:
        raise AnsibleFilterError("activity_lines wants the result of pg_activity_info.")
    free = result["max_connections"] - len(result["sessions"]) - 1
    counted = [f"by {what}: " + ", ".join(f"{number} {name}" for name, number in lines.items())
               for what, lines in result["counts"].items() if lines]  # fmt: skip
    room = f"{free} of {result['max_connections']} free, {result['reserved_connections']} of them for superusers alone"
    return [
        f"{result['state']}, {len(result['sessions'])} sessions of clients, {room}",
        *counted,
        "",
        *busy(result),
        "",
        *tree(result),
        *statements(result),
        *sizes(result),
        *(f"not known: {sentence}" for sentence in result["unknown"]),
    ]


class FilterModule:
    def filters(self) -> dict:
        return {"activity_lines": activity_lines}
