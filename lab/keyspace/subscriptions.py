"""Subscriptions and the set of those once called active (patterns 12 and 13)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lab.keyspace.clock import DAY, FIRST_DAY, SECOND, remaining_ms, spaced
from lab.keyspace.draw import Draw, octets
from lab.keyspace.entry import Entry, string
from lab.keyspace.resp import MEMBERS
from lab.keyspace.users import User, user
from lab.keyspace.world import World

SUBSCRIPTION_TTL_S = 31_536_000
# What grant_subscription_access adds to the period.
GRACE = 7 * DAY
_PLANS = (
    ("threadr_starter", "Starter", 1, 100, 999, 9590),
    ("threadr_pro", "Pro", 2, -1, 1999, 19190),
    ("threadr_team", "Team", 3, -1, 4999, 47990),
)
_STATUSES = ("active",) * 12 + ("trialing", "past_due", "canceled", "cancelled", "unpaid", "incomplete", "paused")


def entries(world: World) -> Iterator[Entry]:
    """One subscription for each of some users, most under the address that Stripe knows, some under the user's id."""
    members: list[bytes] = []
    for index in range(min(world.sizes.subscriptions, world.sizes.users)):
        # Spread over the users, whatever their number.
        owner = user(world, index * world.sizes.users // world.sizes.subscriptions)
        suffix = _suffix(owner, index)
        members.append(suffix.encode())
        yield _subscription(world, index, owner, suffix)
        if len(members) == MEMBERS:
            yield Entry(b"threadr:subscriptions:active", "set", tuple(members))
            members.clear()
    if members:
        yield Entry(b"threadr:subscriptions:active", "set", tuple(members))


def _suffix(owner: User, index: int) -> str:
    if index % 5 == 0:
        return owner.id
    return owner.email.title() if index % 5 == 1 else owner.email


def _granted_ttl_ms(end: int, now: int) -> int:
    """Of grant_subscription_access, which writes under the user's id: to the period's end and a week, a day at least."""
    return max(end - now + GRACE, DAY) // 1000


def _subscription(world: World, index: int, owner: User, suffix: str) -> Entry:
    draw = Draw(world.seed, "subscription", index)
    name, shown, tier, limit, monthly, annual = draw.of(_PLANS)
    is_annual = draw.one_in(5)
    start = max(world.now - draw.below(60 * DAY), owner.created, FIRST_DAY)
    start -= start % SECOND
    end = start + (365 if is_annual else 30) * DAY
    value = {
        "subscription_id": "sub_" + octets(world.seed, "subscription", index, 9).hex(),
        "plan_name": name,
        "plan_display_name": shown,
        "tier_level": tier,
        "status": draw.of(_STATUSES),
        "current_period_start": spaced(start),
        "current_period_end": spaced(end),
        "cancel_at_period_end": draw.one_in(10),
        "thread_limit": limit,
        "features": ["unlimited_threads", "premium_templates"][:tier],
        "is_annual": is_annual,
        "monthly_price": monthly,
        "annual_price": annual,
    }
    granted = suffix == owner.id
    ttl_ms = _granted_ttl_ms(end, world.now) if granted else remaining_ms(SUBSCRIPTION_TTL_S, world.now - start)
    return string(f"threadr:subscription:user:{suffix}", json.dumps(value), ttl_ms)
