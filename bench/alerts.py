"""Every alert proven: driven over its line, seen to fire in a real Prometheus, mended, seen to go: ``make prove-alerts``.

One container has a PostgreSQL, its exporters, Prometheus and Alertmanager, set up by the roles. An alert is a name, how
severe it is, and for those of the health check which check it is of. The last line is one JSON object; an alert that no
cause drives over its line is named before it and counts as not fired.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import tempfile
import time
from pathlib import Path

from alert_archive_causes import CAUSES
from alert_watch import Watch, every_alert
from lab.host import started
from object_store import packages


def prove(watch: Watch, name: str) -> tuple[set, set, set]:
    """Alerts that should fire, those that did, and those of them that went; a line of what was seen."""
    expected: set = set()
    fired: set = set()
    resolved: set = set()
    try:
        with CAUSES[name](watch) as expected:
            fires_s = watch.becomes(expected, fires=True)
            fired = expected
        goes_s = watch.becomes(expected, fires=False)
        resolved = expected
        print(f"{name}: {len(expected)} fired after {fires_s:.1f} s, gone after {goes_s:.1f} s", flush=True)
    except AssertionError as error:
        print(f"{name}: {error}; firing: {sorted(watch.firing())}", flush=True)
    return expected, fired, resolved


def main() -> int:
    parser = argparse.ArgumentParser(description="Prove that every alert fires and goes.")
    parser.add_argument("names", nargs="*", help=f"causes, all of them if none is named: {', '.join(CAUSES)}")
    named = parser.parse_args().names
    for name in named:
        if name not in CAUSES:
            parser.error(f"{name} is no cause; there are {', '.join(CAUSES)}.")
    # What is told to end removes its container first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    begun = time.monotonic()
    fired: set = set()
    resolved: set = set()
    with tempfile.TemporaryDirectory() as folder, started("alerts", packages()) as host:
        watch = Watch(host, Path(folder))
        alerts: set = set() if named else every_alert(watch)
        for name in named or CAUSES:
            expected, seen, gone = prove(watch, name)
            alerts |= expected
            fired |= seen
            resolved |= gone
    for missing in sorted(alerts - fired):
        print(f"no cause for {' '.join(missing).rstrip()}", flush=True)
    print(f"{time.monotonic() - begun:.0f} s   (load {os.getloadavg()[0]:.1f})", flush=True)
    print(json.dumps({"alerts": len(alerts), "fired": len(fired), "resolved": len(resolved)}))
    return int(not fired == resolved == alerts)


if __name__ == "__main__":
    sys.exit(main())
