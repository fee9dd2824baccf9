"""Keys that no pattern takes: those of code that cannot run, near misses, and anything at all."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace.entry import DAY_MS, Entry
from lab.keyspace.hostile.base import OWNER, thread_id
from lab.keyspace.hostile.case import Case, unknown

_IMPOSSIBLE = {
    "threadr:cache:url:https://example.com/tides?x=1": (
        "string",
        b'{"success": true, "_cached_at": 12.5, "_ttl": 86400}',
    ),
    "threadr:cache:text:0f6f6a0c2f574f0e": ("string", b'{"success": true}'),
    f"thread_analytics:{thread_id('TitleEmpty')}": ("hash", ((b"impressions", b"4"),)),
    f"tweet_metrics:{thread_id('t')}": ("hash", ((b"likes", b"1"),)),
    f"user_stats:{OWNER}": ("hash", ((b"followers", b"7"),)),
    f"snapshots:{thread_id('TitleEmpty')}": ("list", (b"{}",)),
    f"threadr:thread_index:{OWNER}": ("string", b"[]"),
    "dummy": ("string", b"1"),
}
_NEAR = (
    "threadr",
    "threadr:",
    "threadr:user",
    "threadr:users:user_hOwner",
    "THREADR:USER:user_hOwner",
    " threadr:user:user_hOwner",
    "threadr::user:user_hOwner",
    "xthreadr:user:user_hOwner",
    "threadr:emails:list:old",
    "threadr:emails:lists",
    "threadr:emails:list ",
    "threadr:emails",
    "threadr:emails:",
    "threadr:threads:all",
    "threadr:thread",
    "threadr:premium:card:1",
    "threadr:subscription:team:1",
    "threadr:subscriptions:active:old",
    "threadr:subscriptions",
    "threadr:usage",
    "analytics",
    "analytics:",
    f"analytics:{OWNER}",
    f"analytics:{OWNER}:followers",
    f"analytics:{OWNER}:threads:old",
    f"analytics:with:colon:thread:{thread_id('TitleEmpty')}",
    "user:user_hOwner",
    "user:teams",
    "team:data",
    "team:all:old",
    "team:settings:1",
    "thread:1",
    "session:1",
    "premium:1",
    "email_list",
)
_ANYTHING = {
    b"": "an empty key",
    b"\xff\xfe\x00\x01": "a key that is not text",
    b"caf\xe9:menu": "Latin-1",
    b"line\r\nbreak": "a line break",
    b"*?[a-z]\\": "characters of a pattern",
    b"zero\x00byte": "U+0000",
    b"\x1b[31mred\x1b[0m": "what a terminal would obey",
    b"{{ 7 * 7 }}": "what a template would evaluate",
    b"'; DROP TABLE users; --": "what SQL would run",
    b"\xe2\x80\xaereversed": "text that runs backwards",
    b"long:" + b"k" * 10_000: "a very long key",
}


def cases() -> Iterator[Case]:
    for key, (type_, value) in _IMPOSSIBLE.items():
        yield unknown(Entry(key.encode(), type_, value, DAY_MS), "no code that works writes it")
    for key in _NEAR:
        yield unknown(Entry(key.encode(), "string", b"1"), "nearly a known key")
    for raw, note in _ANYTHING.items():
        yield unknown(Entry(raw, "string", b"\x00\xff\r\n", DAY_MS), note)
    yield unknown(Entry(b"other:stream", "stream", ((b"1-1", (b"a", b"b")),)), "a type that the application never uses")
