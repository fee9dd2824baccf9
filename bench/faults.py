"""How often a disturbed migration is brought to its end by the next run: ``make faults-migration KILLS=100 OTHERS=10``.

Every trial strikes at another random moment of a run, mends what was broken, migrates again and compares digests, made
by the server, with those of an undisturbed run. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time

from faults import FAULTS, Trials, moments
from lab.host import started


def main() -> int:
    parser = argparse.ArgumentParser(description="Disturb migrations.")
    parser.add_argument("--kills", type=int, default=100, help="trials of a killed module")
    parser.add_argument("--others", type=int, default=10, help="trials of every other fault")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    # What is told to end removes its container first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    counted: dict[str, dict[str, int]] = {}
    with started("faults") as host:
        trials = Trials(host)
        for number, (name, fault) in enumerate(FAULTS.items()):
            begun, equal = time.monotonic(), 0
            places = moments(options.kills if name == "killed" else options.others, options.seed + number)
            for place in places:
                if trials.ends_equal(fault, place):
                    equal += 1
                else:
                    print(f"{name} at {place:.3f} of a run: other contents", flush=True)
            counted[name] = {"trials": len(places), "equal_digests": equal}
            took = time.monotonic() - begun
            print(f"{name}: {equal} of {len(places)} equal, {took:.0f} s   (load {os.getloadavg()[0]:.1f})", flush=True)
    print(json.dumps(counted))
    return int(any(found["trials"] != found["equal_digests"] for found in counted.values()))


if __name__ == "__main__":
    sys.exit(main())
