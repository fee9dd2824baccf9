"""The demo's results as a page that a person likes to read. Every figure comes from the results of its steps."""

from __future__ import annotations

import json
from pathlib import Path

OUTCOMES = ("scanned", "written", "unchanged", "merged", "skipped", "quarantined", "vanished", "unknown")
WIDTH = 78
RULE = "─" * WIDTH


def read_results(folder: Path) -> dict[str, dict]:
    """Step name → what its playbook wrote."""
    return {path.stem: json.loads(path.read_text()) for path in sorted(folder.glob("*.json"))}


def human_bytes(size: float) -> str:
    """Powers of 1024 with one decimal: 1536 is 1.5 KiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def of(results: dict[str, dict], durations: dict[str, float]) -> str:
    sections = [
        ("Steps", step_lines(durations)),
        ("Keys, and members of sets", key_lines(results["migrate"], results["again"])),
        ("Migration", migration_lines(results)),
        ("Backup and restore", backup_lines(results["backup"], results["restore"])),
        ("Health", health_lines(results["health"])),
    ]
    body = "\n".join(f"\n{title}\n{RULE}\n" + "\n".join(lines) for title, lines in sections)
    return f"{RULE}\nThreadr's data: from Redis to PostgreSQL 15, backed up, restored, compared\n{RULE}{body}\n"


def step_lines(durations: dict[str, float]) -> list[str]:
    total = sum(durations.values())
    return [*(f"{title:<60}{took:>9.1f} s" for title, took in durations.items()), f"{'Together':<60}{total:>9.1f} s"]


def key_lines(first: dict, second: dict) -> list[str]:
    head = f"{'':<12}{'first run':>12}{'second run':>12}"
    totals = [result["accounting"]["total"] for result in (first, second)]
    return [head, *(f"{outcome:<12}{totals[0][outcome]:>12}{totals[1][outcome]:>12}" for outcome in OUTCOMES)]


def migration_lines(results: dict[str, dict]) -> list[str]:
    dry, run, comparison = results["dry_run"], results["migrate"], results["validate"]
    same = dry["accounting"]["total"] == run["accounting"]["total"]
    rows = [f"{table:<28}{counts['inserted']:>8} rows written" for table, counts in run["tables"].items()]
    equal = sum(table["equal"] for table in comparison["tables"].values())
    quarantine = ", ".join(f"{keys} {code}" for code, keys in sorted(run["rejects"].items(), key=lambda pair: -pair[1]))
    return [
        *rows,
        *wrapped("quarantined: " + (quarantine or "nothing")),
        f"dry run: {'foretold exactly these counts' if same else 'foretold other counts: ' + str(dry['accounting']['total'])}",
        f"validation: {equal} rows equal their source, {len(comparison['problems'])} problems",
        f"digest of all rows: {comparison['digest']}",
        f"time: {run['duration_s']:.2f} s for the first run, {results['again']['duration_s']:.2f} s for the second",
    ]


def backup_lines(backup: dict, restore: dict) -> list[str]:
    made = backup["backup"]
    size, original = made["size_bytes"], made["database_size_bytes"]
    return [
        f"backup: {made['name']}",
        f"size: {human_bytes(size)} of a database of {human_bytes(original)}, written in {made['duration_s']:.1f} s",
        f"SHA-256: {made['sha256']}",
        f"restored as {restore['database']} in {restore['duration_s']:.1f} s, verified: {'yes' if restore['verified'] else 'NO'}",
    ]


def health_lines(health: dict) -> list[str]:
    verdicts = [check["verdict"] for check in health["checks"]]
    counted = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts))
    return [f"{'healthy' if health['healthy'] else 'NOT healthy'}: {counted}", *health["problems"]]


def wrapped(text: str) -> list[str]:
    """TEXT in lines of at most WIDTH characters, broken at commas."""
    lines = [""]
    for part in text.replace(", ", ",\0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(part) + 1 > WIDTH:
            lines.append("  " + part)
        else:
            lines[-1] += (" " if lines[-1] else "") + part
    return lines
