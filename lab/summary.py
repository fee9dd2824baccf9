"""The demo's results as a page that a person likes to read. Every figure comes from the results of its steps."""

from __future__ import annotations

import json
from pathlib import Path

WIDTH = 78
RULE = "─" * WIDTH
HOSTS = ("pg1", "pg2")  # those with PostgreSQL, each of which has a result of its own
OUTCOMES = {
    "scanned": "all of them",
    "written": "a row was inserted or updated",
    "unchanged": "the row is there already",
    "merged": "said by another key as well",
    "skipped": "by rule: derived, short-lived, not chosen",
    "quarantined": "kept as it is, with the reason",
    "vanished": "expired during the run",
    "unknown": "of no pattern of the application",
}


def read_results(folder: Path) -> dict[str, dict]:
    """Step name → what its playbook wrote to NN-name.json."""
    return {path.stem.partition("-")[2]: json.loads(path.read_text()) for path in sorted(folder.glob("*-*.json"))}


def human_bytes(size: float) -> str:
    """Powers of 1024 with one decimal: 1536 is 1.5 KiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def of(results: dict[str, dict], durations: dict[str, float], together_s: float) -> str:
    sections = [
        ("Steps", step_lines(durations, together_s)),
        ("The source", source_lines(results["audit"])),
        ("What became of every key, and of every member of a set", key_lines(results["migrate"], results["again"])),
        ("Migration", migration_lines(results)),
        ("Backup and restore", backup_lines(results["backup"]["backups"][0], results["restore"])),
        ("Switchover", switchover_lines(results["switch_over"])),
        ("Health", [line for host in HOSTS for line in health_lines(host, results[f"health.{host}"])]),
        ("The application, on its own host", application_lines(results["application"])),
    ]
    body = "\n".join(f"\n{title}\n{RULE}\n" + "\n".join(lines) for title, lines in sections)
    return f"{RULE}\nThreadr's data: from Redis to PostgreSQL 15, backed up, restored, compared\n{RULE}{body}\n"


def step_lines(durations: dict[str, float], together_s: float) -> list[str]:
    return [
        *(f"{title:<60}{took:>9.1f} s" for title, took in durations.items()),
        f"{'together':<60}{together_s:>9.1f} s",
    ]


def source_lines(audit: dict) -> list[str]:
    keys, unknown = audit["keys"], audit["unknown"]["keys"]
    return [
        f"{keys} keys, {human_bytes(audit['bytes'])}",
        f"{len(audit['patterns'])} patterns of the application; {unknown} keys are of none of them",
    ]


def key_lines(first: dict, second: dict) -> list[str]:
    one, two = (result["accounting"]["total"] for result in (first, second))
    head = f"{'':<12}{'first run':>10}{'again':>8}"
    return [
        head,
        *(f"{outcome:<12}{one[outcome]:>10}{two[outcome]:>8}   {means}" for outcome, means in OUTCOMES.items()),
    ]


def migration_lines(results: dict[str, dict]) -> list[str]:
    dry, run, comparison = results["dry_run"], results["migrate"], results["validate"]
    rows = [f"{counts['inserted']:>8} rows inserted into {table}" for table, counts in run["tables"].items()]
    quarantine = ", ".join(f"{keys} {code}" for code, keys in sorted(run["rejects"].items(), key=lambda pair: -pair[1]))
    same = dry["accounting"]["total"] == run["accounting"]["total"]
    equal = sum(table["equal"] for table in comparison["tables"].values())
    return [
        *rows,
        *wrapped("quarantined: " + (quarantine or "nothing")),
        "dry run: foretold " + ("exactly these counts" if same else f"other counts: {dry['accounting']['total']}"),
        f"time: {run['duration_s']:.2f} s; again, with nothing to change: {results['again']['duration_s']:.2f} s",
        f"validation: {equal} rows equal their source, {len(comparison['problems'])} problems",
        f"digest of all rows: {comparison['digest']}",
    ]


def backup_lines(made: dict, restore: dict) -> list[str]:
    size, original = made["size_bytes"], made["database_size_bytes"]
    return [
        f"backup: {made['name']}",
        f"size: {human_bytes(size)} of a database of {human_bytes(original)}, written in {made['duration_s']:.1f} s",
        f"SHA-256: {made['sha256']}",
        f"restored as {restore['database']} in {restore['duration_s']:.1f} s, verified: {'yes' if restore['verified'] else 'NO'}",
    ]


def switchover_lines(done: dict) -> list[str]:
    pause = done["pause"]
    return [
        f"{done['to']} took over from {done['from']}, on timeline {done['timeline']}",
        f"writes paused for {pause['by_hosts_s']} s, measured on the hosts; {pause['at_most_s']} s at most, measured here",
    ]


def health_lines(host: str, health: dict) -> list[str]:
    verdicts = [check["verdict"] for check in health["checks"]]
    counted = ", ".join(f"{verdicts.count(verdict)} {verdict}" for verdict in dict.fromkeys(verdicts))
    return [f"{host}: {'healthy' if health['healthy'] else 'NOT healthy'}, {counted}", *health["problems"]]


def application_lines(application: dict) -> list[str]:
    document = application["document"]
    pool = document["pool"]
    way = "through the pooler" if document["pooled"] else "without a pooler"
    return [
        f"{document['status']}: {document['user']}@{document['host']}/{document['database']}, {document['tls']}, {way}",
        f"pool: {pool['size']} connections and {pool['max_overflow']} more",
        *(
            f"{one['driver']}: {one['refused']} of {one['tried']} forbidden things refused"
            for one in application["drivers"]
        ),
        *application["problems"],
    ]


def wrapped(text: str) -> list[str]:
    """TEXT in lines of at most WIDTH characters, broken at commas."""
    lines = [""]
    for part in text.replace(", ", ",\0").split("\0"):
        if lines[-1] and len(lines[-1]) + len(part) + 1 > WIDTH:
            lines.append("  " + part)
        else:
            lines[-1] += (" " if lines[-1] else "") + part
    return lines
