"""Saved threads, the list of a user's threads, and a user's thread statistics (patterns 5 to 7)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from heapq import nlargest

from lab.keyspace.clock import DAY, SECOND, remaining_ms, spaced
from lab.keyspace.draw import Draw, octets, uuid4
from lab.keyspace.entry import Entry, string
from lab.keyspace.users import User
from lab.keyspace.words import text
from lab.keyspace.world import World

THREAD_TTL_S = 31_536_000
STATS_TTL_S = 2_592_000
LISTED = 1_000  # MAX_THREADS_PER_USER
_TWEETS = (1, 2, 3, 3, 4, 4, 4, 5, 5, 5, 5, 6, 6, 6, 7, 8, 9, 12)
_TAGS = ("sea", "learning", "python", "launch", "how to", "caf\u00e9", "notes", "news")


@dataclass(frozen=True)
class Thread:
    """What other parts need of a thread; ``created`` in microseconds."""

    index: int
    id: str
    created: int


def thread(world: World, index: int, owner: User) -> Thread:
    """Thread number INDEX, saved after its owner registered."""
    identity = octets(world.seed, "thread", index, 24)
    age = int.from_bytes(identity[16:], "little") % (world.now - owner.created)
    return Thread(index, uuid4(identity[:16]), world.now - age)


def entries(world: World, owner: User) -> Iterator[Entry]:
    """The threads of one user, their list and their statistics."""
    numbers = world.threads_of(owner.index)
    for index in numbers:
        yield _thread(world, thread(world, index, owner), owner)
    if numbers:
        newest = nlargest(LISTED, ((saved.created, saved.id) for saved in (thread(world, n, owner) for n in numbers)))
        listed = json.dumps([identity for _created, identity in newest])
        yield string(f"threadr:user_threads:{owner.id}", listed, remaining_ms(THREAD_TTL_S, world.now - newest[0][0]))
        yield _stats(world, owner, len(numbers))


def _thread(world: World, saved: Thread, owner: User) -> Entry:
    draw = Draw(world.seed, "thread value", saved.index, 64)
    picks = octets(world.seed, "thread text", saved.index, 640)
    fancy = draw.one_in(8)
    words = 40 + draw.below(340)  # 1.5 kB in the mean
    content = text(picks[:words], fancy)
    updated = saved.created if draw.below(3) else saved.created + draw.below(world.now - saved.created)
    # A view or a copy renews the TTL too.
    ttl_ms = remaining_ms(THREAD_TTL_S, (world.now - updated) // (1 + draw.below(3)))
    value = {
        "id": saved.id,
        "user_id": owner.id,
        "title": text(picks[-4 - draw.below(6) :], fancy).capitalize(),
        "original_content": content,
        "tweets": _tweets(world, saved.index, draw.of(_TWEETS), picks, fancy),
        "metadata": _metadata(saved.index, draw, len(content)),
        "created_at": spaced(_rounded(saved.created, draw)),
        "updated_at": spaced(updated),
        "view_count": draw.below(40),
        "copy_count": draw.below(5),
        "is_favorite": draw.one_in(6),
        "is_archived": draw.one_in(12),
    }
    return string(f"threadr:thread:{saved.id}", json.dumps(value), ttl_ms)


def _tweets(world: World, index: int, count: int, picks: bytes, fancy: bool) -> list[dict]:
    identities = octets(world.seed, "tweets", index, 16 * count)
    tweets = []
    for order in range(1, count + 1):
        start = 380 + 20 * (order - 1)
        content = f"{order}/{count} {text(picks[start : start + 10 + picks[start] % 20], fancy)}"[:280]
        identity = uuid4(identities[16 * (order - 1) : 16 * order])
        tweets.append({"id": identity, "content": content, "order": order, "character_count": len(content)})
    return tweets


def _metadata(index: int, draw: Draw, content_length: int) -> dict:
    from_url = draw.one_in(2)
    return {
        "source_url": f"https://example.com/articles/{index}?x=1" if from_url else None,
        "source_type": "url" if from_url else "text",
        "generation_time_ms": None,
        "ai_model": "fallback" if draw.one_in(20) else "gpt-3.5-turbo",
        "content_length": content_length,
        "tags": [_TAGS[(index + place) % len(_TAGS)] for place in range(draw.below(4))],
    }


def _rounded(moment: int, draw: Draw) -> int:
    return moment - moment % SECOND if draw.one_in(50) else moment


def _stats(world: World, owner: User, saved: int) -> Entry:
    draw = Draw(world.seed, "thread stats", owner.index)
    deleted = draw.below(4)
    value = {
        "created": saved + deleted,
        "viewed": draw.below(40 * saved + 1),
        "updated": draw.below(saved + 1),
        "deleted": deleted,
        "copied": draw.below(5 * saved + 1),
    }
    age = draw.below(20 * DAY)
    return string(f"threadr:thread_stats:{owner.id}", json.dumps(value), remaining_ms(STATS_TTL_S, age))
