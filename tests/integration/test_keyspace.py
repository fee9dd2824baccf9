"""The generated keyspace, loaded into a real Redis the way the lab does it."""

from __future__ import annotations

import subprocess
import sys
from collections import Counter
from hashlib import sha1
from pathlib import Path

import pytest

from lab.keyspace import Sizes, World, cases, generate
from migration import migrate, target

PROJECT = Path(__file__).resolve().parents[2]
SIZES = ("--seed", "5", "--users", "60", "--threads", "150")
# Reads what the server holds with as few questions as there are types.
SURVEY = """
local answer = {}
for _, key in ipairs(redis.call('KEYS', '*')) do
    answer[#answer + 1] = redis.sha1hex(key) .. ' ' .. redis.call('TYPE', key).ok .. ' ' .. redis.call('PTTL', key)
end
return answer
"""


@pytest.fixture
def loaded(host):
    """load(*options) empties the Redis, pipes the keyspace into it and returns what redis-cli said."""

    def load(*options: str) -> str:
        host.redis("FLUSHALL")
        command = [sys.executable, "-m", "lab.keyspace", *SIZES, *options]
        stream = subprocess.run(command, check=True, capture_output=True, cwd=PROJECT).stdout
        return host.run("redis-cli", "--pipe", stdin=stream).stdout.decode()

    yield load
    host.redis("FLUSHALL")


def survey(host) -> dict[str, tuple[str, int]]:
    """{SHA-1 of the key: (type, remaining TTL in ms)}"""
    lines = (line.split() for line in host.redis("EVAL", SURVEY, "0").splitlines())
    return {digest: (kind, int(ttl_ms)) for digest, kind, ttl_ms in lines}


def digest(key: bytes) -> str:
    return sha1(key).hexdigest()


@pytest.mark.parametrize("hostile", [False, True], ids=["believable", "hostile"])
def test_redis_holds_every_key_with_its_type_and_ttl(host, loaded, hostile):
    said = loaded(*(["--hostile"] if hostile else []))
    assert "errors: 0" in said, said
    entries = list(generate(World(5, Sizes.of(60, 150)))) + [case.entry for case in cases() if hostile]
    transient = {truth.key for case in cases() for truth in case.expected if truth.transient}
    wanted = {entry.key: entry for entry in entries if entry.key not in transient}
    found = survey(host)
    assert Counter(kind for kind, _ttl_ms in found.values()) >= Counter(entry.type for entry in wanted.values())
    assert set(found) - {digest(key) for key in transient} == {digest(key) for key in wanted}
    for key, entry in wanted.items():
        kind, ttl_ms = found[digest(key)]
        assert kind == entry.type, key
        if key != b"threadr:usage:stats":  # its TTL is the believable part's, the hostile one gives none
            assert (ttl_ms == -1) == (entry.ttl_ms is None), key
            assert ttl_ms <= (entry.ttl_ms or -1), key


def test_values_arrive_byte_by_byte(host, loaded):
    loaded("--hostile-only")
    strings = [
        case.entry for case in cases() if case.entry.type == "string" and not any(t.transient for t in case.expected)
    ]
    script = "return redis.sha1hex(redis.call('GET', KEYS[1]))"
    for entry in strings[::40]:
        if b"\x00" not in entry.key:  # an argument of a process cannot hold it
            assert host.run("redis-cli", "EVAL", script, "1", entry.key).stdout.strip() == digest(entry.value), (
                entry.key
            )


def test_nothing_believable_is_refused_or_unknown(host, database, loaded):
    loaded()
    accounting = migrate(host, target(host, database))["accounting"]["total"]
    assert accounting["scanned"] > 1000
    assert (accounting["quarantined"], accounting["unknown"], accounting["vanished"]) == (0, 0, 0)
