"""How long a no-change run takes: our roles against another role that does the same job, and all of site.yml.

``make bench-converge PEER_ROLE=<a checkout of geerlingguy.postgresql>``. Fresh containers of one image; both roles in
turn on converged hosts, RUNS times, the medians count; then site.yml on one host, with its pooler and an application. The
last line is one JSON object; times in seconds.
"""

from __future__ import annotations

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from pathlib import Path

from lab import passwords

PROJECT = Path(__file__).resolve().parent.parent
INVENTORY = PROJECT / "bench" / "inventory"
RUNS = 5
RECAP = re.compile(r"^\S+ +: ok=(?P<ok>\d+) +changed=(?P<changed>\d+) +unreachable=(?P<lost>\d+) +failed=(?P<failed>\d+)", re.MULTILINE)  # fmt: skip


def play(playbook: str, *options: str, changes: bool | None = None) -> tuple[float, int]:
    """Seconds and tasks of one run, which must not fail; CHANGES is what its recap has to say."""
    started = time.monotonic()
    command = [
        "ansible-playbook",
        "-i",
        str(INVENTORY),
        "-e",
        f"lab_tls={PROJECT}/.cache/tls/bench",
        playbook,
        *options,
    ]
    done = subprocess.run(command, cwd=PROJECT, env=environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)  # fmt: skip
    took = time.monotonic() - started
    recaps = [{name: int(count) for name, count in found.groupdict().items()} for found in RECAP.finditer(done.stdout)]
    if done.returncode or not recaps:
        sys.exit(f"{playbook} failed:\n{done.stdout[-3000:]}{done.stderr[-1000:]}")
    if changes is not None and changes != any(recap["changed"] for recap in recaps):
        sys.exit(f"{playbook} changed {'nothing' if changes else 'something'}:\n{done.stdout[-3000:]}")
    return took, sum(recap["ok"] for recap in recaps)


def environment() -> dict[str, str]:
    """A lab of this run's own. The peer wants facts among its variables, which our configuration keeps apart."""
    return {**os.environ, "THREADR_LAB": f"threadr-bench-{os.getpid()}", "ANSIBLE_INJECT_FACT_VARS": "true", "ANSIBLE_NOCOLOR": "1"}  # fmt: skip


def measure(peer_role: str) -> dict:
    peer = ("bench/peer.yml", "-e", f"peer_role={peer_role}")
    first = {"peer": play(*peer, changes=True)[0], "ours": play("bench/ours.yml", changes=True)[0]}
    print(f"first run: peer {first['peer']:.1f} s, ours {first['ours']:.1f} s", flush=True)
    times: dict[str, list[float]] = {"peer": [], "ours": []}
    for number in range(1, RUNS + 1):
        (took, peer_tasks), (ours, our_tasks) = play(*peer), play("bench/ours.yml", changes=False)
        times["peer"].append(took)
        times["ours"].append(ours)
        print(
            f"run {number}: peer {took:.1f} s in {peer_tasks} tasks, ours {ours:.1f} s in {our_tasks} tasks", flush=True
        )
    play("playbooks/site.yml", changes=True)
    site = [play("playbooks/site.yml", changes=False) for _ in range(3)]
    print("site.yml: " + ", ".join(f"{took:.1f} s" for took, _ in site) + f" in {site[0][1]} tasks", flush=True)
    medians = {name: statistics.median(found) for name, found in times.items()}
    return {
        "peer_no_change_s": round(medians["peer"], 2),
        "ours_no_change_s": round(medians["ours"], 2),
        "ratio": round(medians["ours"] / medians["peer"], 3),
        "site_no_change_s": round(statistics.median(took for took, _ in site), 2),
        "tasks": our_tasks,
    }


def main() -> int:
    peer_role = Path(sys.argv[1] if len(sys.argv) > 1 else "").expanduser()
    if not (peer_role / "tasks").is_dir():
        sys.exit("Say where the other role is: make bench-converge PEER_ROLE=<a checkout of geerlingguy.postgresql>")
    passwords.write_once(INVENTORY)
    # What is told to end removes its containers first.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        play("lab/create.yml")
        play("bench/prepare.yml")
        result = measure(str(peer_role.resolve()))
    finally:
        play("lab/destroy.yml")
    print(json.dumps(result))
    return 0


if __name__ == "__main__":
    sys.exit(main())
