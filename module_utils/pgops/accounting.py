"""Every key is accounted for once: scanned = written + unchanged + merged + skipped + quarantined + vanished + unknown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from .errors import PgopsError

OUTCOMES = ("written", "unchanged", "merged", "skipped", "quarantined", "vanished", "unknown")
UNKNOWN = "unknown"

Tallies = Mapping[str, Mapping[str, int]]


def settle(scanned: Mapping[str, int], outcomes: Iterable[tuple[str, str, int]]) -> dict[str, dict[str, int]]:
    """Pattern → scanned and each outcome, from keys counted while reading and outcomes counted in the database."""
    patterns = {name: {"scanned": keys, **dict.fromkeys(OUTCOMES, 0)} for name, keys in sorted(scanned.items()) if keys}
    for pattern, outcome, keys in outcomes:
        line = patterns.setdefault(pattern, {"scanned": 0, **dict.fromkeys(OUTCOMES, 0)})
        line[outcome] = line.get(outcome, 0) + keys
    return patterns


def total(patterns: Tallies) -> dict[str, int]:
    summed: Counter[str] = Counter({"scanned": 0, **dict.fromkeys(OUTCOMES, 0)})
    for line in patterns.values():
        summed.update(line)
    return dict(summed)


def require_balance(patterns: Tallies) -> None:
    """Raises with the arithmetic of every pattern that does not add up."""
    wrong = []
    for name, line in sorted(patterns.items()):
        extra = sorted(set(line) - {"scanned", *OUTCOMES})
        if line["scanned"] != sum(line[outcome] for outcome in OUTCOMES) or extra:
            shown = " + ".join(f"{line[outcome]} {outcome}" for outcome in (*OUTCOMES, *extra) if line[outcome])
            wrong.append(f"{name}: {line['scanned']} scanned, but {shown or 'none'} accounted for")
    if wrong:
        raise PgopsError(f"The accounting does not balance, so nothing was written: {'; '.join(wrong)}. This is a bug.")
