"""What the parts say, counted and laid out: pure functions."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from xml.etree import ElementTree

from .part import Outcome

SHOWN_LINES = 200
# What a log's reader looks for first: where Ansible was, and what pytest counted.
SIGNPOSTS = ("TASK [", "fatal: ", "failed: ", "FAILED ", "ERROR ")
# Ansible's reason takes several lines, up to the place of the task.
REASON = "[ERROR]: "
AFTER_REASON = ("Origin: ", *SIGNPOSTS)
GIST_LINES = 10
COLOUR = re.compile("\x1b\\[[0-9;]*m")
# What molecule puts before what Ansible prints.
BAR = re.compile("^ *\u2502 ")


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


def gist(log: str) -> str:
    """The last signposts and reasons in a failed part's LOG, cut to a screen's width; without any, its last lines."""
    lines = [BAR.sub("", COLOUR.sub("", line)) for line in log.split("\n") if line.strip()]
    telling = list(told(lines))
    return "\n".join(f"    {line[:150]}" for line in (telling or lines)[-GIST_LINES:])


def told(lines: Sequence[str]) -> Iterator[str]:
    in_reason = False
    for line in lines:
        in_reason = line.startswith(REASON) or (in_reason and not line.startswith(AFTER_REASON))
        if in_reason or line.startswith(SIGNPOSTS):
            yield line


def line(outcome: Outcome) -> str:
    return f"{outcome.name:<30} {outcome.passed:>5} passed {outcome.failed:>3} failed {outcome.duration_s:>7.1f} s"


def table(outcomes: Sequence[Outcome], gists: Mapping[str, str]) -> str:
    """One line a part, the gist of each that failed below them, then the plain verdict, alone on the last line."""
    why = [f"{name}:\n{gist}" for name, gist in gists.items()]
    return "\n".join([*map(line, outcomes), *why, "", verdict(outcomes)])


def verdict(outcomes: Sequence[Outcome]) -> str:
    return f"{sum(o.passed for o in outcomes)} passed, {sum(o.failed for o in outcomes)} failed"


def succeeded(outcomes: Sequence[Outcome]) -> bool:
    """Nothing failed, and something ran in every part."""
    return bool(outcomes) and all(o.passed and not o.failed for o in outcomes)
