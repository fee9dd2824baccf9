#!/usr/bin/env python3
"""All the tests, or some: tests/run.py [all | lint [TOOL ...] | unit | integration | molecule [SCENARIO ...] | demo].

Started by make, after lab/bootstrap. What a part prints goes to .cache/test, and is shown only if the part fails.
The last line says how many tests passed and failed.
"""

from __future__ import annotations

import argparse
import signal
import sys
import time
from collections.abc import Iterable, Sequence

from suite import demo, leftovers, molecule, report
from suite.part import LOGS, Outcome, fresh_log, run_logged

LINT = {
    "ruff": ["ruff", "check", "."],
    "format": ["ruff", "format", "--check", "."],
    "mypy": ["mypy"],
    "yamllint": ["yamllint", "."],
    "ansible-lint": ["ansible-lint"],
    "changelog": ["antsibull-changelog", "lint"],
}
PYTEST = {
    "unit": ["tests/unit", "-n", "2"],
    "integration": ["tests/integration", "-n", "2", "--dist", "loadfile"],
}
LIMITS_S = {"lint": 10 * 60, "unit": 10 * 60, "integration": 55 * 60}


def lint(tools: Sequence[str]) -> Iterable[Outcome]:
    for tool in tools or LINT:
        log = fresh_log(f"lint-{tool}")
        started = time.monotonic()
        code = run_logged(LINT[tool], log, LIMITS_S["lint"])
        yield Outcome(f"lint {tool}", int(code == 0), int(code != 0), time.monotonic() - started, log)


def pytest(suite: str) -> Outcome:
    log, counts = fresh_log(suite), LOGS / f"{suite}.xml"
    counts.unlink(missing_ok=True)
    started = time.monotonic()
    command = [sys.executable, "-m", "pytest", "--quiet", *PYTEST[suite], f"--junit-xml={counts}"]
    code = run_logged(command, log, LIMITS_S[suite])
    passed, failed = report.judge_pytest(*report.count_junit(counts), code)
    return Outcome(suite, passed, failed, time.monotonic() - started, log)


def parts(part: str, names: Sequence[str]) -> Iterable[Outcome]:
    """What the words of the command line stand for, run one after the other."""
    if part in ("all", "lint"):
        yield from lint(names)
    if part in ("all", "unit"):
        yield pytest("unit")
    if part not in ("lint", "unit"):
        before = leftovers.present()
        if part in ("all", "integration"):
            yield pytest("integration")
        if part != "integration":
            yield from molecule.run(names or on_labs(part))
        yield leftovers.check(before)


def on_labs(part: str) -> list[str]:
    """What runs on labs of containers, two at a time."""
    return ([] if part == "demo" else molecule.scenarios()) + ([] if part == "molecule" else [demo.NAME])


def read_arguments(words: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "part", nargs="?", default="all", choices=["all", "lint", "unit", "integration", "molecule", "demo"]
    )
    parser.add_argument("names", nargs="*", help="lint: tools; molecule: scenarios. All of them if none is named.")
    arguments = parser.parse_args(words)
    known = {"lint": list(LINT), "molecule": molecule.scenarios()}.get(arguments.part, [])
    for name in arguments.names:
        if name not in known:
            parser.error(f"{arguments.part} knows {', '.join(known) or 'no names'}; not {name}.")
    return arguments


def interrupt(_signal, _frame) -> None:
    raise KeyboardInterrupt


def main() -> int:
    arguments = read_arguments(sys.argv[1:])
    # What is told to end removes its containers first. A shell's background job ignores Ctrl-C, and so would all that it starts.
    signal.signal(signal.SIGTERM, interrupt)
    signal.signal(signal.SIGINT, interrupt)
    outcomes: list[Outcome] = []
    gists: dict[str, str] = {}
    interrupted = False
    try:
        for outcome in parts(arguments.part, arguments.names):
            outcomes.append(outcome)
            print(report.line(outcome), flush=True)
            if outcome.failed:
                log = outcome.log.read_text(errors="replace")
                gists[outcome.name] = report.gist(log)
                print(report.tail(log), flush=True)
    except KeyboardInterrupt:
        interrupted = True
        print("Interrupted.", flush=True)
    # The table again, below what failed parts had to say.
    print("\n" + report.table(outcomes, gists))
    return 0 if report.succeeded(outcomes) and not interrupted else 1


if __name__ == "__main__":
    sys.exit(main())
