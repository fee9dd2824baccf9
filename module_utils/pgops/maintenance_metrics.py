"""A run of maintenance as metrics of Prometheus."""

from __future__ import annotations

PREFIX = "pgops_maintenance_"


def exposition(result: dict, finished_s: float) -> dict[str, str]:
    """C(metrics) of this run, and C(metrics_complete), which is only there when nothing was left for another or for a person."""
    database = result["database"].replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    here = f'database="{database}"'
    by_task = [(f'{here},task="{one["task"]}"', one) for one in result["tasks"]]
    metrics = [
        family("last_run_timestamp_seconds", "When maintenance ended last.", [(here, finished_s)]),
        family("duration_seconds", "How long the last maintenance took.", [(here, result["duration_s"])]),
        family(
            "left",
            "What the last maintenance left for the next, by task.",
            [(of, len(one["left"])) for of, one in by_task],
        ),
        family(
            "problems",
            "What the last maintenance left for a person, by task.",
            [(of, len(one["problems"])) for of, one in by_task],
        ),
        family("task_duration_seconds", "How long each task took.", [(of, one["duration_s"]) for of, one in by_task]),
    ]
    told = {"metrics": "".join(metrics)}
    if not result["left"] and not result["problems"]:
        told["metrics_complete"] = family(
            "last_complete_timestamp_seconds", "When maintenance last left nothing.", [(here, finished_s)]
        )
    return told


def family(name: str, text: str, samples: list[tuple[str, float]]) -> str:
    lines = [f"{PREFIX}{name}{{{labels}}} {value:.3f}\n" for labels, value in samples]
    return "".join([f"# HELP {PREFIX}{name} {text}\n", f"# TYPE {PREFIX}{name} gauge\n", *lines])
