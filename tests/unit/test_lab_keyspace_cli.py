"""The generator's command line and the bytes that it writes."""

from __future__ import annotations

import json

import pytest

from lab.keyspace import Sizes, World, cases, generate, resp_stream
from lab.keyspace.cli import main
from lab.keyspace.clock import REFERENCE, instant
from resp_reader import applied, commands


def written(capfdbinary, *arguments: str) -> bytes:
    assert main(list(arguments)) == 0
    return capfdbinary.readouterr().out


def test_the_same_seed_and_sizes_give_the_same_bytes(capfdbinary):
    sizes = ("--users", "20", "--threads", "60", "--hostile")
    first = written(capfdbinary, "--seed", "7", *sizes)
    assert written(capfdbinary, "--seed", "7", *sizes) == first
    assert written(capfdbinary, "--seed", "8", *sizes) != first
    assert written(capfdbinary, "--seed", "7", *sizes, "--reference", "2026-02-01T00:00:00Z") != first


@pytest.mark.parametrize("hostile", [False, True])
def test_what_the_protocol_says_is_what_the_entries_are(hostile):
    chosen = [case.entry for case in cases()] if hostile else list(generate(World(1, Sizes.of(15, 40))))
    stored = applied(commands(b"".join(resp_stream(chosen))))
    for entry in chosen:
        kind, value, ttl_ms = stored[entry.key]
        assert kind == entry.type
        assert ttl_ms == entry.ttl_ms
        assert value == entry.value if kind == "string" else set(entry.value) <= set(value)


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("--users", "0", "--threads", "5"), "threads need users"),
        (("--users", "2", "--threads", "1", "--analytics", "9"), "9 analytics records need as many threads"),
        (("--users", "2", "--subscriptions", "9", "--threads", "1"), "9 subscriptions need as many users"),
        (("--users", "-1"), "'-1' is not a whole number from 0 on"),
        (("--reference", "soon"), "soon"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(capfd, arguments, reason):
    with pytest.raises(SystemExit) as ended:
        main(list(arguments))
    assert ended.value.code == 2
    assert reason in capfd.readouterr().err


def test_the_reference_moves_every_time():
    later = World(1, Sizes.of(4, 4), instant(REFERENCE) + 86_400_000_000)
    assert list(generate(later)) != list(generate(World(1, Sizes.of(4, 4))))


def test_json_lines_hold_every_entry(capfdbinary):
    lines = written(capfdbinary, "--hostile-only", "--format", "jsonl").splitlines()
    records = [json.loads(line) for line in lines]
    assert len(records) == sum(1 for _case in cases())
    assert records[0].keys() == {"key", "type", "ttl_ms", "value"}
    assert {"hex": "fffe0001"} in [record["key"] for record in records]
