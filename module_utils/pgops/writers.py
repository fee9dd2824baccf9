"""Whether anybody writes to a Redis, by the server's own count of write commands; and holding writers back for a time."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from .errors import ENDING, PgopsError
from .redis_source import RedisSource

LONGEST_PAUSE_S = 3600


@dataclass(frozen=True)
class Calls:
    """How often the server has carried out each write command since it started; C(run_id) changes with every start."""

    run_id: str
    of: Mapping[str, int]


def write_commands(described: list) -> set[str]:
    """Names of the commands that write, from Redis' answer to COMMAND; subcommands as C(xgroup|create)."""
    names: set[str] = set()
    for command in described:
        name, flags = command[0].decode("ascii").lower(), command[2]
        if b"write" in flags:
            names.add(name)
        for sub in command[9] if len(command) > 9 else ():
            names |= {n if "|" in n else f"{name}|{n}" for n in write_commands([sub])}
    return names


def carried_out(before: Calls, after: Calls) -> dict[str, int] | None:
    """Write commands between two counts; None where the server was restarted or its statistics were reset."""
    if before.run_id != after.run_id or any(after.of.get(name, 0) < calls for name, calls in before.of.items()):
        return None
    found = {name: calls - before.of.get(name, 0) for name, calls in sorted(after.of.items())}
    return {name: calls for name, calls in found.items() if calls}


def count(source: RedisSource) -> Calls:
    client = source.client
    # The driver's own reading loses subcommands.
    client.set_response_callback("COMMAND", lambda answer, **_: answer)
    writing = write_commands(client.execute_command("COMMAND"))
    statistics = client.info("commandstats")
    calls = {name.removeprefix("cmdstat_"): line["calls"] for name, line in statistics.items()}
    return Calls(client.info("server")["run_id"], {name: n for name, n in calls.items() if name in writing})


def watch(source: RedisSource, seconds: float) -> dict[str, int] | None:
    """What was carried out in a window of time."""
    before = count(source)
    # The measurement itself: nothing is waited for.
    time.sleep(seconds)
    return carried_out(before, count(source))


def require_pause(seconds: int) -> None:
    if not 1 <= seconds <= LONGEST_PAUSE_S:
        raise PgopsError(f"pause_timeout_s is {seconds}; it must be 1 to {LONGEST_PAUSE_S}.")


@contextmanager
def paused(source: RedisSource, seconds: int) -> Iterator[None]:
    """Writers wait, readers go on: no data is changed. Ended here whatever happens, and by the server after SECONDS."""

    def stop(number: int, _frame) -> None:
        raise PgopsError(f"Ended by {signal.Signals(number).name}. The pause of writers is over, nothing is signed.")

    handlers = {number: signal.signal(number, stop) for number in ENDING}
    try:
        source.client.execute_command("CLIENT", "PAUSE", seconds * 1000, "WRITE")
        try:
            yield
        finally:
            source.client.execute_command("CLIENT", "UNPAUSE")
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
