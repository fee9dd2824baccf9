"""How long check_health.yml takes by the number of hosts, and what a dead one among them costs: python -m bench.health.

Two containers under many names, FORKS hosts at a time; then once more with a host whose port takes connections and never says a
word. The last line is one JSON object; times in seconds.
"""

from __future__ import annotations

import json
import os
import resource
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from lab.host import PROJECT, Host, started

FORKS = 10
NUMBERS = (10, 25, 50)
DEAD_TIMEOUT_S = 5
TIME_LIMIT_S = 300  # the machine may have other work
COMMON = {
    "threadr_database": "postgres",
    "threadr_backup_directory": "/var/tmp/small",
    "ansible_connection": "container",
}


def inventory(number: int, containers: list[Host], dead_port: int | None = None) -> dict:
    hosts: dict[str, dict] = {f"pg{n}": {"ansible_host": containers[n % len(containers)].name} for n in range(number)}
    if dead_port:
        silent = {"ansible_connection": "ssh", "ansible_host": "127.0.0.1", "ansible_port": dead_port}
        hosts["dead"] = {**silent, "ansible_timeout": DEAD_TIMEOUT_S}
    return {"postgresql": {"hosts": hosts, "vars": COMMON}}


def play(folder: Path, content: dict) -> tuple[float, float, int]:
    """Seconds by the clock, seconds of the controller's processors, and how many hosts were told of in a file."""
    path, output = folder / "hosts.json", folder / "out" / "health.json"
    path.write_text(json.dumps(content))
    output.parent.mkdir(exist_ok=True)
    for each in output.parent.iterdir():
        each.unlink()
    command: list[str] = [
        str(Path(sys.executable).with_name("ansible-playbook")),
        "-i",
        str(path),
        "--forks",
        str(FORKS),
        "playbooks/check_health.yml",
    ]
    begun, used = time.monotonic(), processor_s()
    subprocess.run(
        [*command, "-e", f"output={output}", "-e", f"health_time_limit_s={TIME_LIMIT_S}"],
        cwd=PROJECT,
        env={**os.environ, "ANSIBLE_CONFIG": str(PROJECT / "ansible.cfg")},
        stdout=subprocess.DEVNULL,
        check=False,
    )
    return time.monotonic() - begun, processor_s() - used, len(list(output.parent.iterdir()))


def processor_s() -> float:
    """Of all programs that were started here and have ended; what runs in the containers is not among them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> None:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        containers = [stack.enter_context(started("bench")) for _ in range(2)]
        for container in containers:
            container.execute("CREATE ROLE threadr_monitor IN ROLE pg_monitor;")
        listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        result: dict = {"forks": FORKS, "seconds": {}, "processor_s": {}}
        for number in NUMBERS:
            seconds, used, told = play(folder, inventory(number, containers))
            assert told == number, f"{told} of {number} hosts were told of"
            result["seconds"][number], result["processor_s"][number] = round(seconds, 1), round(used, 1)
            print(f"{number} hosts: {seconds:.1f} s, {used:.1f} s of the controller's processors", flush=True)
        seconds, _used, told = play(folder, inventory(NUMBERS[0], containers, listener.getsockname()[1]))
        assert told == NUMBERS[0] + 1, f"{told} of {NUMBERS[0] + 1} hosts were told of"
        result["with_a_dead_one"] = {"hosts": NUMBERS[0] + 1, "timeout_s": DEAD_TIMEOUT_S, "seconds": round(seconds, 1)}
        print(json.dumps(result))


if __name__ == "__main__":
    main()
