"""Usage: counters by IP, e-mail and user, the log, the totals, rate limits (patterns 14 to 22)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lab.keyspace.clock import DAY, HOUR, date, epoch, iso, month, remaining_ms
from lab.keyspace.draw import Draw
from lab.keyspace.entry import Entry, string
from lab.keyspace.people import address, own_network_address
from lab.keyspace.users import user
from lab.keyspace.world import World

TRACKED_TTL_S = (2_592_000, 31_536_000)  # a day's counter, a month's: track_thread_generation
INCREMENTED_TTL_S = (86_400, 2_678_400)  # increment_usage
LOG_TTL_S = 604_800
STATS = b"threadr:usage:stats"
STATS_TTL_MS = 31_536_000_000
RATELIMIT_TTL_S = 3_600
# Counters of one subject: three days and a month.
_OF_SUBJECT = 4
# Of ten subjects so many are IP addresses, so many e-mail addresses; the rest are user ids.
_BY_IP, _BY_EMAIL = 6, 3


def entries(world: World) -> Iterator[Entry]:
    """All of them."""
    for index in range(world.sizes.counters):
        yield _counter(world, index)
    for index in range(world.sizes.log):
        yield _log(world, index)
    if world.sizes.log:
        yield _stats(world)
    for index in range(world.sizes.ratelimits):
        draw = Draw(world.seed, "ratelimit", index)
        ttl_ms = remaining_ms(RATELIMIT_TTL_S, draw.below(HOUR // 2))
        yield string(f"threadr:ratelimit:{own_network_address(index)}", str(1 + draw.below(50)), ttl_ms)


def _counter(world: World, index: int) -> Entry:
    subject, place = divmod(index, _OF_SUBJECT)
    draw = Draw(world.seed, "counter", index, 16)
    group, member = divmod(subject, 10)
    if member >= _BY_IP + _BY_EMAIL and group < world.sizes.users:
        return _incremented(world, user(world, group).id, place, draw)
    kind = f"ip:{own_network_address(subject)}" if member < _BY_IP else f"email:{address(world.seed, 'c', subject)}"
    monthly = place == _OF_SUBJECT - 1
    age = (9 * place + draw.below(9)) * DAY
    period = f"monthly:{month(world.now - age)}" if monthly else f"daily:{date(world.now - age)}"
    # Whoever writes last sets the TTL. What the newest code has written lives shorter: a day's counter is of today then.
    if draw.one_in(3) and (monthly or age < DAY):
        ttl_ms = remaining_ms(INCREMENTED_TTL_S[monthly], min(age, 20 * DAY))
    else:
        ttl_ms = remaining_ms(TRACKED_TTL_S[monthly], age)
    return string(f"threadr:usage:{kind}:{period}", str(1 + draw.below(60)), ttl_ms)


def _incremented(world: World, user_id: str, place: int, draw: Draw) -> Entry:
    """A user's counter: those of days live for a day, so there are today, yesterday, this month and the last."""
    monthly = place >= 2
    moment = world.now - (30 * DAY if place == 3 else (place % 2) * 20 * HOUR) - draw.below(3 * HOUR)
    period = f"monthly:{month(moment)}" if monthly else f"daily:{date(moment)}"
    ttl_ms = remaining_ms(INCREMENTED_TTL_S[monthly], world.now - moment)
    return string(f"threadr:usage:user:{user_id}:{period}", str(1 + draw.below(60)), ttl_ms)


def _log(world: World, index: int) -> Entry:
    draw = Draw(world.seed, "usage log", index)
    # One request every so often, so that no two share an instant.
    spread = 6 * DAY // (world.sizes.log + 1)
    moment = world.now - index * spread - draw.below(spread)
    client_ip = own_network_address(draw.below(500))
    email = address(world.seed, "u", draw.below(world.sizes.users)) if world.sizes.users and draw.one_in(3) else None
    value = {
        "timestamp": iso(moment),
        "client_ip": client_ip,
        "email": email,
        "date": date(moment),
        "month": month(moment),
    }
    ttl_ms = remaining_ms(LOG_TTL_S, world.now - moment)
    return string(f"threadr:usage:log:{client_ip}:{epoch(moment)}", json.dumps(value), ttl_ms)


def _stats(world: World) -> Entry:
    draw = Draw(world.seed, "totals", 0, 512)
    days = [(date(world.now - day * DAY), 1 + draw.below(90)) for day in range(160)]
    grants = [(month(world.now - 30 * number * DAY), 1 + draw.below(20)) for number in range(6)]
    fields = [("total_threads", sum(count for _day, count in days) + 7)]
    fields += [(f"threads_{day}", count) for day, count in days]
    fields += [("total_premium_grants", sum(count for _month, count in grants))]
    fields += [(f"premium_grants_{name}", count) for name, count in dict(grants).items()]
    return Entry(STATS, "hash", tuple((name.encode(), b"%d" % count) for name, count in fields), STATS_TTL_MS)
