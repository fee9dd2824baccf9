"""E-mail subscribers: a record an address and the set of all addresses (patterns 8 and 9)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lab.keyspace.clock import FIRST_DAY, iso, remaining_ms
from lab.keyspace.draw import Draw
from lab.keyspace.entry import Entry, string
from lab.keyspace.people import AGENTS, address, network_address
from lab.keyspace.resp import MEMBERS
from lab.keyspace.world import World

SUBSCRIBER_TTL_S = 63_072_000
LIST = b"threadr:emails:list"
LIST_TTL_MS = SUBSCRIBER_TTL_S * 1000
# The set is renewed by each new subscriber, the records are not: one address in so many outlived its record.
_OUTLIVED = 40


def entries(world: World) -> Iterator[Entry]:
    """Every address is in the set, most have a record; one in five is a user's."""
    members: list[bytes] = []
    for index in range(world.sizes.subscribers):
        email = _address(world, index)
        members.append(email.encode())
        if has_record(index):
            yield _record(world, index, email)
        if len(members) == MEMBERS:
            yield Entry(LIST, "set", tuple(members), LIST_TTL_MS)
            members.clear()
    if members:
        yield Entry(LIST, "set", tuple(members), LIST_TTL_MS)


def has_record(index: int) -> bool:
    """Whether subscriber number INDEX still has one."""
    return index % _OUTLIVED != _OUTLIVED - 1


def _address(world: World, index: int) -> str:
    number, is_other = divmod(index, 5)
    if not is_other and number < world.sizes.users:
        return address(world.seed, "u", number)
    return address(world.seed, "s", index)


def _record(world: World, index: int, email: str) -> Entry:
    draw = Draw(world.seed, "subscriber", index)
    subscribed = FIRST_DAY + draw.below(world.now - FIRST_DAY)
    value = {
        "email": email,
        "subscribed_at": iso(subscribed),
        "client_ip": "unknown" if draw.one_in(60) else network_address(draw),
        "user_agent": draw.of(AGENTS),
        "referrer": draw.of(("https://example.net/", "https://example.com/?a=1", "")),
        "source": "web_app",
    }
    ttl_ms = remaining_ms(SUBSCRIBER_TTL_S, world.now - subscribed)
    return string(f"threadr:email:{email}", json.dumps(value), ttl_ms)
