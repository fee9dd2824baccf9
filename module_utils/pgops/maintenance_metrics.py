"""A run of maintenance as metrics of Prometheus."""

from __future__ import annotations

from .exposition import family, labels

PREFIX = "pgops_maintenance_"


def exposition(result: dict, finished_s: float) -> dict[str, str]:
    """C(metrics) of this run, and C(metrics_complete), which is only there when nothing was left for another or for a person."""
    database = result["database"]
    here = labels(database=database)
    by_task = [(labels(database=database, task=one["task"]), one) for one in result["tasks"]]
    metrics = [
        family(PREFIX + "last_run_timestamp_seconds", "When maintenance ended last.", [(here, finished_s)]),
        family(PREFIX + "duration_seconds", "How long the last maintenance took.", [(here, result["duration_s"])]),
        family(
            PREFIX + "left",
            "What the last maintenance left for the next, by task.",
            [(of, len(one["left"])) for of, one in by_task],
        ),
        family(
            PREFIX + "problems",
            "What the last maintenance left for a person, by task.",
            [(of, len(one["problems"])) for of, one in by_task],
        ),
        family(
            PREFIX + "task_duration_seconds",
            "How long each task took.",
            [(of, one["duration_s"]) for of, one in by_task],
        ),
    ]
    told = {"metrics": "".join(metrics)}
    if not result["left"] and not result["problems"]:
        told["metrics_complete"] = family(
            PREFIX + "last_complete_timestamp_seconds", "When maintenance last left nothing.", [(here, finished_s)]
        )
    return told
