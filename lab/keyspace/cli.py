"""The command line: ``python -m lab.keyspace --seed 1 --users 300 --threads 1500 | redis-cli --pipe``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator

from lab.keyspace import jsonl, resp, wellformed
from lab.keyspace.clock import REFERENCE, instant
from lab.keyspace.entry import Entry
from lab.keyspace.hostile import cases
from lab.keyspace.world import Sizes, World

_DERIVED = {
    "subscribers": "subscriber addresses (default: two a user)",
    "premium": "premium grants (default: one for five users)",
    "subscriptions": "subscriptions (default: one for ten users)",
    "counters": "usage counters (default: four a user)",
    "log": "usage log entries (default: one a user)",
    "analytics": "analytics records (default: one for ten threads)",
    "ratelimits": "rate limits (default: one for eight users)",
}


def main(arguments: list[str] | None = None) -> int:
    """Write the keyspace to standard output."""
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        entries = chosen(options)
    except ValueError as error:
        parser.error(str(error))
    write = {"resp": resp.stream, "jsonl": jsonl.stream}[options.format]
    try:
        for chunk in write(entries):
            sys.stdout.buffer.write(chunk)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        print("the reader closed the pipe before the keyspace was complete", file=sys.stderr)
        return 1
    return 0


def chosen(options: argparse.Namespace) -> Iterator[Entry]:
    """The entries that OPTIONS ask for."""
    sizes = Sizes.of(options.users, options.threads, **{name: getattr(options, name) for name in _DERIVED})
    world = World(options.seed, sizes, instant(options.reference))
    return _entries(world, not options.hostile_only, options.hostile or options.hostile_only)


def _entries(world: World, believable: bool, hostile: bool) -> Iterator[Entry]:
    if believable:
        yield from wellformed.entries(world)
    if hostile:
        yield from (case.entry for case in cases())


def _size(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 on")
    return int(text)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m lab.keyspace", description="Write a synthetic Threadr keyspace.")
    parser.add_argument("--seed", type=int, default=1, help="the same seed and sizes give the same bytes (default: 1)")
    parser.add_argument("--users", type=_size, default=300, help="registered users (default: 300)")
    parser.add_argument("--threads", type=_size, default=1500, help="saved threads (default: 1500)")
    for name, meaning in _DERIVED.items():
        parser.add_argument(f"--{name}", type=_size, default=None, help=meaning)
    parser.add_argument("--reference", default=REFERENCE, help="the keyspace's now, ISO 8601 (default: %(default)s)")
    parser.add_argument("--hostile", action="store_true", help="add the hostile set")
    parser.add_argument("--hostile-only", action="store_true", help="write nothing but the hostile set")
    parser.add_argument("--format", choices=("resp", "jsonl"), default="resp", help="redis-cli --pipe, or JSON lines")
    return parser
