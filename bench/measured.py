"""Run one module as Ansible would, in the container, and say how long it took and how much memory it held at most.

Standard input and answer are those of tests/module_runner.py; the answer is wrapped with C(seconds) and C(peak_mb).
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from pathlib import Path

RUNNER = Path(__file__).resolve().parents[1] / "tests" / "module_runner.py"


def main() -> None:
    started = time.monotonic()
    done = subprocess.run([sys.executable, RUNNER, sys.argv[1]], stdin=sys.stdin, capture_output=True, check=False)
    took = time.monotonic() - started
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        sys.exit(f"{sys.argv[1]} printed no answer: {done.stdout!r} {done.stderr!r}")
    measured = {"seconds": took, "cpu_s": usage.ru_utime + usage.ru_stime, "peak_mb": usage.ru_maxrss / 1024}
    print(json.dumps({**measured, "answer": answer}))


if __name__ == "__main__":
    main()
