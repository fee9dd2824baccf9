"""What the page of the history of backups plots."""

from __future__ import annotations

DOCUMENTATION = r"""
name: backup_history
short_description: The plots of the history of backups
description:
  - Filter C(history_plots) turns what pg_backup_history_info returned into the plots that filter C(time_plot) draws, in groups.
"""

PHASES = ("fetch", "restore", "replay", "verify")
KINDS = {"logical": "Dumps", "physical": "Physical backups"}
MEASURES = (("size_bytes", "bytes", "Size"), ("duration_s", "s", "Duration"))
TYPES = ("full", "diff", "incr", "data", "schema")


def history_plots(told: dict) -> list[dict]:
    """Groups with a C(title) and C(plots). A kind of which there was never anything is left out."""
    groups = [
        {"title": title, "plots": [backup_plot(backups, *measure) for measure in MEASURES]}
        for kind in KINDS
        for title, backups in by_place(of_kind(told["backups"], kind)).items()
    ]
    drills = [
        {"title": f"Restore drills of {title[0].lower()}{title[1:]}", "plots": drill_plots(found, told["limits"])}
        for kind, title in KINDS.items()
        if (found := of_kind(told["drills"], kind))
    ]
    return [*drills, *groups]


def of_kind(rows: list[dict], kind: str) -> list[dict]:
    return [row for row in rows if row["kind"] == kind]


def by_place(backups: list[dict]) -> dict[str, list[dict]]:
    """By database or repository, each with a title of its own."""
    found: dict[str, list[dict]] = {}
    for one in sorted(backups, key=lambda one: (one["repository"] or 0, one["database"] or "")):
        found.setdefault(title_of(one), []).append(one)
    return found


def title_of(backup: dict) -> str:
    if backup["repository"] is not None:
        return f"Physical backups in repository {backup['repository']}"
    return f"Dumps of {backup['database']}" if backup["database"] else "Dumps of roles and tablespaces"


def backup_plot(backups: list[dict], column: str, unit: str, word: str) -> dict:
    """By type, the fullest first."""
    types = sorted(
        {one["type"] for one in backups}, key=lambda one: (TYPES.index(one) if one in TYPES else len(TYPES), one)
    )
    series = [
        {"name": name, "points": [point(one, column) for one in backups if one["type"] == name]} for name in types
    ]
    return {"title": word, "unit": unit, "series": series, "limits": []}


def point(one: dict, column: str) -> dict:
    when = one["finished_at"][:16].replace("T", " ")
    gone = "" if one["present"] else ", gone since"
    label = f"{when} UTC: {one['name']}, {one['size_bytes']} bytes in {one['duration_s']:g} s{gone}"
    return {"at": one["finished_at"], "value": one[column], "label": label, "hollow": not one["present"]}


def drill_plots(drills: list[dict], limits: dict) -> list[dict]:
    phases = [phase for phase in PHASES if any(one[f"{phase}_s"] is not None for one in drills)]
    rto = [{"name": "RTO, all phases", "points": [drill_point(one, "rto_s") for one in drills]}]
    rto += [
        {"name": phase, "points": [drill_point(one, f"{phase}_s") for one in drills if one[f"{phase}_s"] is not None]}
        for phase in phases
    ]
    rpo = [
        {
            "name": "RPO",
            "points": [drill_point(one, "rpo_s") for one in drills if one["rpo_s"] is not None or not one["passed"]],
        }
    ]
    return [
        {"title": "Time to restore (RTO), by phase", "unit": "s", "series": rto, "limits": [limit(limits["rto_s"])]},
        {
            "title": "Time that would have been lost (RPO)",
            "unit": "s",
            "series": rpo,
            "limits": [limit(limits["rpo_s"])],
        },
    ]


def drill_point(one: dict, column: str) -> dict:
    """A drill that failed has no RTO: a cross."""
    when = one["finished_at"][:16].replace("T", " ")
    value = one[column]
    what = "failed" if value is None else f"{value:g} s"
    return {"at": one["finished_at"], "value": value, "label": f"{when} UTC: {one['backup'] or 'no backup'}, {what}"}


def limit(seconds: float) -> dict:
    hours = (
        f"{seconds / 3600:g} h" if seconds >= 3600 else f"{seconds / 60:g} min" if seconds >= 60 else f"{seconds:g} s"
    )
    return {"name": f"limit {hours}", "value": seconds}


class FilterModule:
    def filters(self) -> dict:
        return {"history_plots": history_plots}
