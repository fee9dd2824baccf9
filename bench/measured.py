"""Run one module as Ansible would, in the container, and say how long it took and how much memory it held at most.

Standard input and answer are those of tests/module_runner.py; the answer is wrapped with C(seconds), C(cpu_s) and C(peak_mb):
what the module's processes held together at the fullest of the moments looked at, pages that they share counted once.
"""

from __future__ import annotations

import json
import re
import resource
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

RUNNER = Path(__file__).resolve().parents[1] / "tests" / "module_runner.py"
LOOK_EVERY_S = 0.1
# Of a process's pages each counts by the share that it has in it.
SHARE = re.compile(r"^Pss: +([0-9]+) kB", re.MULTILINE)


class Memory:
    """The most that a process and its descendants have held so far, in kB."""

    def __init__(self, process: int) -> None:
        self.process, self.peak_kb, self.over = process, 0, Event()
        self.thread = Thread(target=self.watch)
        self.thread.start()

    def watch(self) -> None:
        while not self.over.wait(LOOK_EVERY_S):
            self.peak_kb = max(self.peak_kb, sum(map(held_kb, family(self.process))))

    def end(self) -> float:
        """In MB."""
        self.over.set()
        self.thread.join()
        return self.peak_kb / 1024


def family(process: int) -> list[int]:
    """A process and its descendants, as far as they are still there."""
    found = [process]
    for one in found:
        with suppress(OSError):
            found += map(int, Path(f"/proc/{one}/task/{one}/children").read_text().split())
    return found


def held_kb(process: int) -> int:
    """Nothing of a process that has ended meanwhile."""
    with suppress(OSError):
        if share := SHARE.search(Path(f"/proc/{process}/smaps_rollup").read_text()):
            return int(share[1])
    return 0


def main() -> None:
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, RUNNER, sys.argv[1]], stdin=sys.stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    memory = Memory(process.pid)
    out, err = process.communicate()
    took = time.monotonic() - started
    peak_mb, usage = memory.end(), resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        answer = json.loads(out)
    except ValueError:
        sys.exit(f"{sys.argv[1]} printed no answer: {out!r} {err!r}")
    measured = {"seconds": took, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": peak_mb}
    print(json.dumps({**measured, "answer": answer}))


if __name__ == "__main__":
    main()
