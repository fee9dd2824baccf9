"""How often backups stand what happens to them: ``make faults-backup KILLS=20 DAMAGES=50 OTHERS=5 SEED=1``.

Every trial strikes at another random place of a backup, a restore, a recovery or a drill, mends what was broken, and judges
by the server, the disk and the store what came of it. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import time
import traceback

from backup_trials import TRIALS
from faults import moments
from striking import World, opened


def main() -> int:
    parser = argparse.ArgumentParser(description="Disturb backups.")
    parser.add_argument("--kills", type=int, default=20, help="trials of each thing that is killed")
    parser.add_argument("--damages", type=int, default=50, help="trials of each damage to a dump")
    parser.add_argument("--others", type=int, default=5, help="trials of every other fault")
    parser.add_argument("--seed", type=int, default=1, help="where the random places come from")
    parser.add_argument("--only", nargs="*", choices=TRIALS, default=list(TRIALS), help="names of faults")
    options = parser.parse_args()
    # What is told to end removes its container first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    print(f"seed {options.seed}", flush=True)
    counted: dict[str, dict[str, int]] = {}
    try:
        with opened() as world:
            for number, name in enumerate(TRIALS):
                if name in options.only:
                    count = {"killed": options.kills, "dump": options.damages}.get(word_of(name), options.others)
                    counted[name] = tried(world, name, moments(count, options.seed + number))
    finally:
        # Told to end, it tells what it has counted so far.
        print(json.dumps(counted), flush=True)
    return int(any(found["trials"] != found["passed"] for found in counted.values()))


def tried(world: World, name: str, places: list[float]) -> dict[str, int]:
    """How many trials of one fault there were, and how many passed; why others did not is printed."""
    begun, passed = time.monotonic(), 0
    for place in places:
        try:
            TRIALS[name](world, place)
            passed += 1
        except (AssertionError, subprocess.TimeoutExpired) as error:
            print(f"{name} at {place:.6f}, {where(error)}: {error}", flush=True)
            world.tidy()
    took = time.monotonic() - begun
    print(f"{name}: {passed} of {len(places)}, {took:.0f} s   (load {os.getloadavg()[0]:.1f})", flush=True)
    return {"trials": len(places), "passed": passed}


def where(error: Exception) -> str:
    """File and line of the trial that asked."""
    frames = [one for one in traceback.extract_tb(error.__traceback__) if one.filename.endswith("_trials.py")]
    return ":".join((os.path.basename(frames[-1].filename), str(frames[-1].lineno))) if frames else "unknown"


def word_of(name: str) -> str:
    """The word in the name of a fault that decides how many trials it gets."""
    return "killed" if name.endswith("_killed") else name.partition("_")[0]


if __name__ == "__main__":
    sys.exit(main())
