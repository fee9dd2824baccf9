"""What maintenance and the making of room have done, as lines for people."""

from __future__ import annotations

DOCUMENTATION = r"""
name: maintenance
short_description: What maintenance and the making of room have done, as aligned lines
description:
  - Filter C(maintenance_lines) turns the result of pg_maintenance into a list of lines.
  - Filter C(room_lines) turns that of pg_free_space into one, with what pg_maintenance says of indexes where it was asked.
"""


def table(rows: list[list[str]]) -> list[str]:
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return ["  ".join(map(str.ljust, row, widths)).rstrip() for row in rows]


def maintenance_lines(result: dict) -> list[str]:
    """Each task with its counts, each step with its reason, then what is left and for whom."""
    head = ["task", "examined", "steps", "done", "left", "took"]
    rows = [
        [
            one["task"],
            str(one["examined"]),
            str(len(one["steps"])),
            str(sum(step["outcome"] in ("done", "in part") for step in one["steps"])),
            str(len(one["left"]) + len(one["problems"])),
            f"{one['duration_s']:.1f} s",
        ]
        for one in result["tasks"]
    ]
    steps = [step_line(step) for one in result["tasks"] for step in one["steps"]]
    return [
        *table([head, *rows]),
        *steps,
        *(f"left: {sentence}" for sentence in result["left"]),
        *(f"look at: {sentence}" for sentence in result["problems"]),
        *([] if steps or result["left"] or result["problems"] else ["nothing to do"]),
    ]


def step_line(step: dict) -> str:
    rows = "" if step["rows"] is None else f"{step['rows']} rows of "
    return f"{step['outcome']}: {step['what']} {rows}{step['subject']}: {step['reason']}"


def size(amount: float) -> str:
    """Powers of 1024 with one decimal: 1536 is 1.5 KiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def room_lines(result: dict, upkeep: dict | None = None, bloat_confirmed: bool = False) -> list[str]:
    """Steps in order with what each gives; then what was done, must not go or could not be looked at."""
    steps = list(result["plan"])
    indexes = [step for task in (upkeep or {}).get("tasks", []) for step in task["steps"] if step["spare_bytes"]]
    if indexes:
        what = "bloated indexes that are made anew: " + ", ".join(step["subject"] for step in indexes)
        spare = sum(step["spare_bytes"] for step in indexes)
        steps.append({"step": "bloat", "bytes": spare, "what": what, "loss": "nothing", "confirmed": bloat_confirmed})
    rows = [["step", "gives", "confirmed", "given up with it", "what it is"]]
    rows += [[s["step"], size(s["bytes"]), "yes" if s["confirmed"] else "-", s["loss"], s["what"]] for s in steps]
    return [
        *(table(rows) if steps else ["nothing takes room that need not"]),
        *(f"done: {name}" for name in result["done"]),
        *(f"nothing to do: {name}" for name in result["absent"]),
        *(f"left: {sentence}" for sentence in (upkeep or {}).get("left", [])),
        *(f"must not go: {name}: {reason}" for name, reason in sorted(result["refused"].items())),
        *(f"not looked at: {sentence}" for sentence in result["unknown"] + (upkeep or {}).get("unknown", [])),
    ]


class FilterModule:
    def filters(self) -> dict:
        return {"maintenance_lines": maintenance_lines, "room_lines": room_lines}
