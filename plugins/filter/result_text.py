"""Results of modules as lines for people."""

from __future__ import annotations

DOCUMENTATION = r"""
name: result_text
short_description: Results of modules as aligned lines
description:
  - Filters C(human_bytes) and C(human_duration) write one value.
  - Filters C(accounting_lines), C(audit_lines), C(backup_lines), C(cutover_lines), C(drill_lines), C(made_backup_lines),
    C(physical_backup_lines), C(security_lines), C(tuning_lines) and C(undo_lines) turn the result of a module into a list of aligned lines.
"""

# Names of fields that no column takes come from the data.
NOTES = 20
OUTCOMES = ("scanned", "written", "unchanged", "merged", "skipped", "quarantined", "vanished", "unknown")
SECONDS = (("d", 86400), ("h", 3600), ("min", 60), ("s", 1))


def aligned(rows: list[list[str]]) -> list[str]:
    """Rows of cells as lines: the first column to the left, the others to the right."""
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]))]
    return [
        "  ".join([row[0].ljust(widths[0]), *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True))]).rstrip()
        for row in rows
    ]


def human_seconds(seconds: int | None) -> str:
    """The largest whole unit: 3900 is 65 min, 63072000 is 730 d."""
    if seconds is None:
        return "-"
    return next((f"{seconds // size} {unit}" for unit, size in SECONDS if seconds >= 2 * size), f"{seconds} s")


def human_bytes(size: int) -> str:
    """Powers of 1024 with one decimal: 1536 is 1.5 KiB."""
    amount = float(size)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.0f} B" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= 1024
    return f"{amount:.1f} TiB"


def accounting_lines(result: dict) -> list[str]:
    """Keys per pattern and outcome, the total last, then why keys were refused or skipped, and what was mended on the way."""
    accounting = result["accounting"]
    lines = {**accounting["patterns"], "total": accounting["total"]}
    table = aligned(
        [["pattern", *OUTCOMES], *([name, *(str(line[o]) for o in OUTCOMES)] for name, line in lines.items())]
    )
    rows = [f"{table_name}: {_counts(counts)}" for table_name, counts in result["tables"].items()]
    reasons = [f"quarantined as {code}: {keys}" for code, keys in result["rejects"].items()]
    rules = [f"skipped as {rule}: {keys}" for rule, keys in result["skipped_by"].items()]
    notes = [
        f"noted {note}: {keys}" for note, keys in sorted(result["notes"].items(), key=lambda one: (-one[1], one[0]))
    ]
    if len(notes) > NOTES:
        notes[NOTES:] = [f"noted {len(notes) - NOTES} other things"]
    prefixes = [f"unknown keys under {prefix}: {keys}" for prefix, keys in result["unknown_prefixes"].items()]
    samples = [f"unknown key: {key}" for key in result["unknown_samples"]]
    return [
        *table,
        *rows,
        *rules,
        *reasons,
        *notes,
        *prefixes,
        *samples,
        *conflict_lines(result["conflicts"]),
        *_gone(result["gone"]),
    ]


def conflict_lines(conflicts: dict) -> list[str]:
    """What others had changed in PostgreSQL: counts by table and kind, then the first rows with their columns."""
    counts = [
        f"{what} in PostgreSQL and {side}: {rows} of {table}"
        for side in ("kept", "overwritten")
        for table, kinds in conflicts[side].items()
        for what, rows in kinds.items()
    ]
    samples = [
        f"{s['table']} {s['key']}: {s['kind']} in PostgreSQL{' and in the source' if s['source_changed'] else ''}"
        f"{', differs in ' + ', '.join(s['columns']) if s['columns'] else ''}; the {s['stays']} stays"
        for s in conflicts["samples"]
    ]
    return [*counts, *samples]


def _gone(gone: dict) -> list[str]:
    return [f"gone from the source, kept: {g['rows']} of {table}, such as {g['keys'][0]}" for table, g in gone.items()]


def _counts(counts: dict) -> str:
    return ", ".join(f"{rows} {what}" for what, rows in counts.items())


def cutover_lines(result: dict) -> list[str]:
    """The last pass, for how long writers were held back, what was compared, and what is open."""
    passed, document = result["migration"], result["document"]
    lines = [] if passed is None else [f"{table}: {_counts(counts)}" for table, counts in passed["tables"].items()]
    lines += [] if passed is None else conflict_lines(passed["conflicts"])
    if document is not None:
        lines += [f"{table}: {_counts(counts)}" for table, counts in document["tables"].items()]
        lines += [f"digest of all rows: {document['digest']}"]
    lines += [f"writers were held back for {result['pause_s']} s"] if result["pause_s"] else []
    return [
        *lines,
        *(f"open: {sentence}" for sentence in result["open"]),
        *([] if result["open"] else ["nothing is open"]),
    ]


def undo_lines(result: dict) -> list[str]:
    """What becomes of every table's rows, then the first that stay and why."""
    reasons = {
        "changed": "was changed since",
        "deleted": "was deleted since",
        "referenced": "{} refers to it",
        "taken": "another row has its former {} by now",
    }
    kept = [f"{row['table']} {row['key']}: {reasons[row['fate']].format(row['by'])}" for row in result["kept"]]
    return [*(result["plan"] or ["nothing to undo"]), *kept]


def audit_lines(result: dict) -> list[str]:
    """What is in the keyspace, pattern by pattern, and the prefixes that no pattern knows."""
    head = ["pattern", "keys", "type", "shortest TTL", "longest TTL", "no TTL", "size", "disposition"]
    rows = [[line["shown"], *_figures(line), line["disposition"]] for line in result["patterns"]]
    unknown = [
        [f"{prefix} (unknown)", str(keys), *["-"] * 5, "reported"]
        for prefix, keys in result["unknown"]["prefixes"].items()
    ]
    total = ["total", str(result["keys"]), *["-"] * 4, human_bytes(result["bytes"]), ""]
    samples = [f"unknown key: {key}" for key in result["unknown"]["samples"]]
    return [*aligned([head, *rows, *unknown, total]), *samples]


def _figures(line: dict) -> list[str]:
    return [
        str(line["keys"]),
        "+".join(line["types"]),
        human_seconds(line["min_ttl_s"]),
        human_seconds(line["max_ttl_s"]),
        str(line["no_ttl"]),
        human_bytes(line["bytes"]),
    ]


def last_restored(drills: dict, kind: str, name: str, repository: int | None = None) -> str:
    """How long ago a drill restored this backup, and passed."""
    ages = [
        one["finished_age_s"]
        for one in drills["restored"]
        if (one["kind"], one["backup"], one["repository"]) == (kind, name, repository)
    ]
    never = "never" if drills["unknown"] is None else "unknown"
    return f"{human_seconds(min(ages))} ago" if ages else never


def backup_lines(result: dict, drills: dict, offsite: dict | None = None) -> list[str]:
    """Backups, newest first, then what is wrong or remarkable in their directory.

    DRILLS is what pg_drill_info tells; OFFSITE what pg_backup_offsite_info does, where there is an object store.
    """
    head = ["backup", "type", "age", "size", "of a database of", "rows", "sound", "restored"]
    head += ["off-site"] if offsite else []
    rows = [
        [
            backup["name"],
            backup["type"],
            human_seconds(backup["age_s"]),
            human_bytes(backup["size_bytes"]),
            human_bytes(backup["database_size_bytes"]) if backup["database"] else "-",
            str(sum(backup["rows"].values())),
            "yes" if backup["sound"] else "NO",
            # No database can be made of another one alone.
            last_restored(drills, "logical", backup["name"]) if backup["type"] == "full" else "-",
            *([copied(backup, offsite)] if offsite else []),
        ]
        for backup in result["backups"]
    ]
    return [
        *(aligned([head, *rows]) if rows else ["no backups"]),
        *offsite_lines(result, offsite or {}),
        *result["problems"],
        *result["remarks"],
    ]


def made_backup_lines(made: list[dict], removed: list[str]) -> list[str]:
    """Backups that were just made, and names of those that made room for them."""
    lines = []
    for backup in made:
        rows = backup["rows"]
        counted = f"{sum(rows.values())} rows in {len(rows)} tables"
        if not backup["database"]:
            counted = ", ".join(f"{count} {what}" for what, count in rows.items())
        whole = f" of a database of {human_bytes(backup['database_size_bytes'])}" if backup["database"] else ""
        lines.append(
            f"{backup['name']}: {human_bytes(backup['size_bytes'])}{whole}, {counted}, in {backup['duration_s']} s, verified"
        )
    return [*lines, *([f"removed {', '.join(removed)}"] if removed else [])]


def copied(backup: dict, offsite: dict) -> str:
    """Whether it is off-site, as far as a list of what is there can tell."""
    if offsite["unknown"] is not None:
        return "unknown"
    sizes = {copy["name"]: copy["size_bytes"] for copy in offsite["copies"]}
    if backup["name"] not in sizes:
        return "NO"
    return "yes" if sizes[backup["name"]] == backup["size_bytes"] else "DIFFERS"


def offsite_lines(result: dict, offsite: dict) -> list[str]:
    """What only the object store has."""
    here = {backup["name"] for backup in result["backups"]}
    alone = [copy for copy in offsite.get("copies", []) if copy["name"] not in here]
    if not alone:
        return []
    return [
        f"{len(alone)} more in the object store alone, {alone[-1]['name']} to {alone[0]['name']}: fetch_backup.yml brings one back"
    ]


def physical_backup_lines(result: dict, drills: dict) -> list[str]:
    """Physical backups, newest first, then which WAL each repository has, and what is wrong."""
    head = ["physical backup", "repository", "type", "age", "size", "of databases of", "took", "sound", "restored"]
    rows = [
        [
            backup["label"],
            str(backup["repository"]),
            backup["type"],
            human_seconds(backup["age_s"]),
            human_bytes(backup["repository_size_bytes"]),
            human_bytes(backup["database_size_bytes"]),
            human_seconds(backup["duration_s"]),
            "NO" if backup["error"] else "yes",
            last_restored(drills, "physical", backup["label"], backup["repository"]),
        ]
        for backup in result["backups"]
    ]
    archives = [
        f"repository {one['key']} has WAL from {one['wal_min']} to {one['wal_max']}"
        for one in result["repositories"]
        if one["wal_max"] is not None
    ]
    return [*(aligned([head, *rows]) if rows else ["no physical backups"]), *archives, *result["problems"]]


def drill_lines(drills: list[dict]) -> list[str]:
    """Drills with the time of each phase, then what was asked and was not as it should be."""
    phases = ("fetch", "restore", "replay", "verify")
    head = ["drill", "backup", "result", *phases, "RTO", "RPO"]
    rows = [
        [
            drill["kind"],
            drill["backup"] or "-",
            "passed" if drill["passed"] else "FAILED",
            *(seconds(drill["durations_s"][phase]) for phase in phases),
            seconds(drill["rto_s"]),
            seconds(drill["rpo_s"]),
        ]
        for drill in drills
    ]
    notes = [
        f"{d['kind']}: {check['name']}: {check['finding']}"
        for d in drills
        for check in d["checks"]
        if check["verdict"] == "skipped"
    ]
    return [*aligned([head, *rows]), *(f"{d['kind']}: {problem}" for d in drills for problem in d["problems"]), *notes]


def seconds(value: float | None) -> str:
    """Tenths of seconds, while those count."""
    if value is None:
        return "-"
    return f"{value:.1f} s" if value < 120 else human_seconds(round(value))


def security_lines(result: dict) -> list[str]:
    """Items with verdict and measured value, then sentences: why some fail, are waived or do not apply; last the counts."""
    rows = [["item", "verdict", "what is asked", "measured"]]
    rows += [[row["id"], row["verdict"].replace("_", " "), row["title"], row["measured"]] for row in result["items"]]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    table = ["  ".join([*map(str.ljust, row[:3], widths), row[3]]).rstrip() for row in rows]
    notes = [f"{row['id']}: {row['sentence']}" for row in result["items"] if row["sentence"]]
    counts = ", ".join(f"{number} {verdict.replace('_', ' ')}" for verdict, number in result["counts"].items())
    return [*table, *notes, *result["superfluous_waivers"], counts]


def tuning_lines(result: dict) -> list[str]:
    """Settings with value, what runs now and the reason; then the host that they are for, and the worst case."""
    rows = [["setting", "value", "now running", "reason"]]
    rows += [[row["name"], row["value"], row["running"] or "-", row["reason"]] for row in result["table"]]
    widths = [max(len(row[place]) for row in rows) for place in range(3)]
    lines = ["  ".join([*map(str.ljust, row[:3], widths), row[3]]) for row in rows]
    host = result["host"]
    measured = f"{human_bytes(host['memory_bytes'])} of memory, {host['cores']} cores, {host['storage']}"
    worst = f"worst case: {human_bytes(result['worst_case']['bytes'])}, {result['worst_case']['arithmetic']}"
    unknown = [f"What runs now is unknown: {result['running_unknown']}"] if result["running_unknown"] else []
    return [*lines, f"for a host with {measured}", worst, *unknown]


class FilterModule:
    def filters(self) -> dict:
        return {
            "accounting_lines": accounting_lines,
            "audit_lines": audit_lines,
            "backup_lines": backup_lines,
            "cutover_lines": cutover_lines,
            "drill_lines": drill_lines,
            "made_backup_lines": made_backup_lines,
            "human_bytes": human_bytes,
            "human_duration": seconds,
            "physical_backup_lines": physical_backup_lines,
            "security_lines": security_lines,
            "tuning_lines": tuning_lines,
            "undo_lines": undo_lines,
        }
