"""A part of the tests: commands with a log and a time limit, and what came of them."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
LOGS = PROJECT / ".cache" / "test"
# Long enough for fixtures to remove their containers.
GRACE_S = 60
RUNNING: set[subprocess.Popen] = set()


@dataclass(frozen=True)
class Outcome:
    """What came of one part; LOG says more."""

    name: str
    passed: int
    failed: int
    duration_s: float
    log: Path


def run_logged(argv: Sequence[str], log: Path, limit_s: float, environment: Mapping[str, str] | None = None) -> int:
    """Append all that ARGV prints to LOG; its exit code, or 124 when it was stopped at its time limit."""
    with log.open("a", encoding="utf-8") as file:
        file.write(f"$ {' '.join(argv)}\n")
        file.flush()
        process = subprocess.Popen(
            argv, cwd=PROJECT, env={**os.environ, **(environment or {})}, start_new_session=True,
            stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.STDOUT,
        )  # fmt: skip
        RUNNING.add(process)
        try:
            return process.wait(timeout=limit_s)
        except subprocess.TimeoutExpired:
            stop(process)
            file.write(f"\nStopped: it ran for more than {limit_s:g} s.\n")
            return 124
        except BaseException:
            stop(process)
            raise
        finally:
            RUNNING.discard(process)


def stop_all() -> None:
    """Ends what other threads have started and wait for."""
    for process in list(RUNNING):
        stop(process)


def stop(process: subprocess.Popen) -> None:
    """Ask the command and all that it started to end, as Ctrl-C does; what is left then is made to."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGINT)
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=GRACE_S)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def fresh_log(name: str) -> Path:
    LOGS.mkdir(parents=True, exist_ok=True)
    log = LOGS / f"{name}.log"
    log.write_text("")
    return log
