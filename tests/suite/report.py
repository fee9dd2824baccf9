"""What the parts say, counted and laid out: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

from .part import Outcome

SHOWN_LINES = 200


def count_junit(path: Path) -> tuple[int, int]:
    """(passed, failed) of a JUnit file. Errors are failures, skipped tests neither; no file is one failure."""
    try:
        suites = ElementTree.parse(path).getroot().iter("testsuite")
        tests, failed, skipped = (sum(column) for column in zip(*map(counts, suites), strict=True))
    except (FileNotFoundError, ElementTree.ParseError, ValueError):
        return 0, 1
    return tests - failed - skipped, failed


def counts(suite: ElementTree.Element) -> tuple[int, int, int]:
    number = {what: int(suite.get(what, 0)) for what in ("tests", "failures", "errors", "skipped")}
    return number["tests"], number["failures"] + number["errors"], number["skipped"]


def judge_pytest(passed: int, failed: int, code: int) -> tuple[int, int]:
    """An end that the counts do not explain, an interruption or a time limit, is a failure too."""
    return passed, failed if code == 0 or failed else 1


def tail(log: str, lines: int = SHOWN_LINES) -> str:
    every = log.rstrip("\n").split("\n")
    left_out = len(every) - lines
    return "\n".join(every if left_out <= 0 else [f"[{left_out} lines before]", *every[-lines:]])


def line(outcome: Outcome) -> str:
    return f"{outcome.name:<30} {outcome.passed:>5} passed {outcome.failed:>3} failed {outcome.duration_s:>7.1f} s"


def table(outcomes: Sequence[Outcome]) -> str:
    """One line a part, then the plain verdict, alone on the last line."""
    return "\n".join([*map(line, outcomes), "", verdict(outcomes)])


def verdict(outcomes: Sequence[Outcome]) -> str:
    return f"{sum(o.passed for o in outcomes)} passed, {sum(o.failed for o in outcomes)} failed"


def succeeded(outcomes: Sequence[Outcome]) -> bool:
    """Nothing failed, and something ran in every part."""
    return bool(outcomes) and all(o.passed and not o.failed for o in outcomes)
