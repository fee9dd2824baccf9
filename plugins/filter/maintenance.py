"""What maintenance and the making of room have done, as lines for people."""

from __future__ import annotations

DOCUMENTATION = r"""
name: maintenance
short_description: What maintenance has done, as aligned lines
description: Filter C(maintenance_lines) turns the result of pg_maintenance into a list of lines.
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


class FilterModule:
    def filters(self) -> dict:
        return {"maintenance_lines": maintenance_lines}
