"""How backups and drills stand, in sentences: for the page of their history."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from .drill_plan import KINDS
from .errors import PgopsError
from .health import duration, size

GOOD, BAD, OPEN = "good", "bad", "open"
# As the plots of the page have them.
UNITS = {"bytes": "B", "kB": "KiB", "MB": "MiB", "GB": "GiB", "TB": "TiB"}
WORDS = {"logical": "dump", "physical": "physical backup"}
# Growth is told when there is something to compare with: as many days ago, or the oldest there is.
LOOK_BACK_DAYS = 30
DAY_S = 86_400


@dataclass(frozen=True)
class Limits:
    """What a restore may take, and what may be lost, in seconds."""

    rto_s: float
    rpo_s: float

    def __post_init__(self) -> None:
        if self.rto_s <= 0 or self.rpo_s <= 0:
            raise PgopsError(f"rto_limit_s is {self.rto_s:g} and rpo_limit_s is {self.rpo_s:g}: give more than 0.")


def outlook(told: dict, limits: Limits, now_s: float) -> dict:
    """C(sentences), the most important first, and C(healthy)."""
    found = [
        *([(OPEN, f"What is gone already, and the drills, cannot be told: {told['unknown']}")] if told["unknown"] else []),
        *(sentence for kind in KINDS for sentence in of_drills(kind, told, limits, now_s)),
        *(sentence for kind in KINDS for sentence in of_backups(kind, told, now_s)),
        *(sentence for kind in KINDS for sentence in of_verifications(kind, told, now_s)),
    ]  # fmt: skip
    sentences = [{"verdict": verdict, "text": text} for verdict, text in found]
    return {
        "sentences": sentences,
        "healthy": all(verdict != BAD for verdict, _ in found),
        "limits": {"rto_s": limits.rto_s, "rpo_s": limits.rpo_s},
    }


def of_kind(rows: list[dict], kind: str) -> list[dict]:
    return [row for row in rows if row["kind"] == kind]


def ago(text: str, now_s: float) -> str:
    return f"{duration(max(0.0, now_s - datetime.fromisoformat(text).timestamp()))} ago"


def amount(size_bytes: int) -> str:
    value, unit = size(size_bytes).split(" ")
    return f"{value} {UNITS[unit]}"


def of_drills(kind: str, told: dict, limits: Limits, now_s: float) -> list[tuple[str, str]]:
    drills = of_kind(told["drills"], kind)
    if not drills:
        # Without a database to ask nobody knows; without backups there is nothing to try.
        tried = told["unknown"] is None and of_kind(told["backups"], kind)
        return [(BAD, f"No {WORDS[kind]} was ever restored in a drill. Run drill_restore.yml.")] if tried else []
    last = drills[-1]
    when = ago(last["finished_at"], now_s)
    if not last["passed"]:
        why = " ".join(last["problems"]) or "It says no reason."
        return [(BAD, f"The last {kind} drill, {when} with {last['backup'] or 'no backup'}, failed. {why}")]
    return [
        judged(
            last["rto_s"], limits.rto_s, f"The last {kind} drill, {when}, restored {last['backup']} in",
            "that a restore may take",
        ),
        *([] if last["rpo_s"] is None else [
            judged(last["rpo_s"], limits.rpo_s, "It would have lost what was committed in the last", "that may be lost")
        ]),
    ]  # fmt: skip


def judged(value_s: float, limit_s: float, begin: str, end: str) -> tuple[str, str]:
    if value_s >= limit_s:
        return BAD, f"{begin} {duration(value_s)}, more than the {duration(limit_s)} {end}."
    return GOOD, f"{begin} {duration(value_s)}, of the {duration(limit_s)} {end}."


def of_backups(kind: str, told: dict, now_s: float) -> list[tuple[str, str]]:
    """The newest of each type of a kind, and how it compares with one of some time ago."""
    found = []
    backups = of_kind(told["backups"], kind)
    for place in sorted({(one["repository"] or 0, one["database"] or "", one["type"]) for one in backups}):
        series = [one for one in backups if (one["repository"] or 0, one["database"] or "", one["type"]) == place]
        last = series[-1]
        text = (
            f"The newest {subject(kind, last)} is from {ago(last['finished_at'], now_s)}: "
            f"{amount(last['size_bytes'])} in {duration(last['duration_s'])}{growth(series)}."
        )
        found.append(
            (GOOD if last["present"] else OPEN, text if last["present"] else f"{text} It is not there any more.")
        )
    return found


def subject(kind: str, backup: dict) -> str:
    """What it is a backup of. Globals are of no database."""
    if backup["type"] == "globals":
        return "dump of roles and tablespaces"
    if backup["repository"] is not None:
        return f"{backup['type']} {WORDS[kind]} in repository {backup['repository']}"
    return f"{backup['type']} {WORDS[kind]} of {backup['database']}"


def growth(series: list[dict]) -> str:
    """Against the newest that is at least LOOK_BACK_DAYS older, or else the oldest."""
    last = datetime.fromisoformat(series[-1]["finished_at"]).timestamp()
    earlier = [one for one in series[:-1] if one["size_bytes"] > 0]
    if not earlier:
        return ""
    older = [
        one
        for one in earlier
        if last - datetime.fromisoformat(one["finished_at"]).timestamp() >= LOOK_BACK_DAYS * DAY_S
    ]
    base = older[-1] if older else earlier[0]
    change = series[-1]["size_bytes"] / base["size_bytes"] - 1
    return f", {change:+.0%} since {base['finished_at'][:10]}".replace("%", " %")


def of_verifications(kind: str, told: dict, now_s: float) -> list[tuple[str, str]]:
    rows = of_kind(told["verifications"], kind)
    if not rows:
        return []
    last = rows[-1]
    begin = f"All {kind} backups were read to their end {ago(last['finished_at'], now_s)}"
    if last["passed"]:
        return [(GOOD, f"{begin}: {last['backups']}, all good.")]
    return [(BAD, f"{begin}. {' '.join(last['problems'])}")]
