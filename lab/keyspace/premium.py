"""Premium grants: the same object under an IP key and an e-mail key (patterns 10 and 11)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lab.keyspace.clock import DAY, FIRST_DAY, SECOND, iso, remaining_ms
from lab.keyspace.draw import Draw, octets
from lab.keyspace.entry import Entry, string
from lab.keyspace.people import address, own_network_address
from lab.keyspace.world import World

# Keys outlive the grant by a week.
GRACE = 7 * DAY
_PAID = ("checkout", "api", "api", "api", "ip only", "script")


def entries(world: World) -> Iterator[Entry]:
    """The keys of every grant. Checkouts know no IP address and overwrite one another's key under C(ip:None)."""
    last_checkout = None
    for index in range(world.sizes.premium):
        origin = _PAID[index % len(_PAID)]
        value, ttl_ms = _grant(world, index, origin)
        text = json.dumps(value)
        if origin == "checkout":
            last_checkout = string("threadr:premium:ip:None", text, ttl_ms)
        else:
            yield string(f"threadr:premium:ip:{value['client_ip']}", text, ttl_ms)
        if value["email"] is not None:
            yield string(f"threadr:premium:email:{value['email']}", text, ttl_ms)
    if last_checkout is not None:
        yield last_checkout


def _grant(world: World, index: int, origin: str) -> tuple[dict, int]:
    """The grant and what is left of its key's TTL; some are expired but within their week of grace."""
    draw = Draw(world.seed, "premium", index)
    days = 365 if origin == "script" else 30
    age = min(draw.below(days * DAY + GRACE), world.now - FIRST_DAY)
    granted = world.now - age
    client_ip = None if origin == "checkout" else own_network_address(index)
    email = None if origin == "ip only" else _address(world, index, draw)
    value = {
        "granted_at": iso(granted),
        "expires_at": iso(granted + days * DAY),
        "plan": "pro" if origin == "script" else "premium",
        "duration_days": days,
        "client_ip": client_ip,
        "email": email,
        "payment_info": _payment(world, index, origin, granted, client_ip),
    }
    return value, remaining_ms((days * DAY + GRACE) // SECOND, age)


def _address(world: World, index: int, draw: Draw) -> str:
    """Half of the payers are users; some type their address in upper and lower case."""
    if index % 2 and index < world.sizes.users:
        return address(world.seed, "u", index)
    typed = address(world.seed, "p", index)
    return typed.title() if draw.one_in(4) else typed


def _payment(world: World, index: int, origin: str, granted: int, client_ip: str | None) -> dict:
    if origin == "checkout":
        session = "cs_test_" + octets(world.seed, "checkout", index, 12).hex()
        return {
            "payment_reference": f"stripe_session_{session}",
            "granted_at": iso(granted - 34),
            "granted_by": "stripe_webhook",
            "client_ip": "stripe_webhook",
            "stripe_session_id": session,
            "amount": 499,
            "currency": "usd",
        }
    if origin == "script":
        return {"source": "manual", "granted_by": "operator", "timestamp": iso(granted), "test_account": index % 4 == 1}
    if origin == "ip only":
        return {}
    reference = f"ref-{index:05d}"
    return {
        "payment_reference": reference,
        "granted_at": iso(granted - 40),
        "granted_by": "api",
        "client_ip": client_ip,
    }
