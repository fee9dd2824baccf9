"""Users with what hangs on them alone: e-mail index, session, failed logins (patterns 1 to 4)."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import dataclass

from lab.keyspace.clock import DAY, FIRST_DAY, MINUTE, SECOND, iso, remaining_ms
from lab.keyspace.draw import Draw, octets, token
from lab.keyspace.entry import Entry, string
from lab.keyspace.people import address, network_address
from lab.keyspace.world import World

USER_TTL_S = 63_072_000
USER_FIXED_TTL_S = 31_536_000  # AuthServiceFixed and the "emergency" path
SESSION_TTL_S = 3_900
FAILED_LOGIN_TTL_S = 5_400
_BCRYPT = bytes.maketrans(b"+=", b"./")
# One user in so many was locked out of late.
_FAILED = 20


@dataclass(frozen=True)
class User:
    """What other parts need of a user. Times in microseconds; ``login`` is None before the first one."""

    index: int
    id: str
    email: str
    created: int
    login: int | None
    online: bool


def user(world: World, index: int) -> User:
    """User number INDEX."""
    draw = Draw(world.seed, "user", index, 32)
    created = FIRST_DAY + draw.below(world.now - FIRST_DAY - DAY)
    identity = "user_" + token(octets(world.seed, "user id", index, 16))
    online = draw.one_in(4)
    # Someone with a session logged in within the session's life, and early enough in it not to run out while we look.
    login = world.now - draw.below(SESSION_TTL_S // 2 * SECOND) if online else created + draw.below(world.now - created)
    never = not online and draw.one_in(6)
    return User(index, identity, address(world.seed, "u", index), created, None if never else login, online)


def entries(world: World, someone: User) -> Iterator[Entry]:
    """The keys of one user."""
    draw = Draw(world.seed, "user value", someone.index, 96)
    updated = someone.login if someone.login is not None else someone.created
    ttl_ms = remaining_ms(USER_FIXED_TTL_S if draw.one_in(10) else USER_TTL_S, world.now - updated)
    value = json.dumps(_value(world, someone, draw), ensure_ascii=False, separators=(",", ":"))
    yield string(f"threadr:user:{someone.id}", value, ttl_ms)
    yield string(f"threadr:user:email:{someone.email}", someone.id, ttl_ms)
    if someone.online:
        yield _session(world, someone, draw)
    if someone.index % _FAILED == _FAILED - 1:
        yield _failed_login(world, someone, draw)


def _value(world: World, someone: User, draw: Draw) -> dict:
    created, login = _rounded(someone.created, draw), someone.login
    zone = "Z" if draw.one_in(40) else ""  # stored again after a read from PostgreSQL
    failed = draw.of((0,) * 12 + (1, 2, 5))
    return {
        "user_id": someone.id,
        "email": someone.email,
        "password_hash": "$2b$12$" + _bcrypt(octets(world.seed, "password", someone.index, 40)),
        "role": "premium" if draw.one_in(50) else "user",
        "status": "suspended" if draw.one_in(100) else "active",
        "created_at": iso(created) + zone,
        "updated_at": iso(created if login is None else login + 22) + zone,
        "last_login_at": None if login is None else iso(login) + zone,
        "login_count": 0 if login is None else 1 + draw.below(60),
        "failed_login_attempts": failed,
        "last_failed_login": iso(created + draw.below(world.now - created)) + zone if failed else None,
        "is_email_verified": False,
        "email_verification_token": None,
        "password_reset_token": None,
        "password_reset_expires": None,
        "metadata": {"registration_ip": network_address(draw), "registration_timestamp": iso(created)},
    }


def _rounded(moment: int, draw: Draw) -> int:
    # Now and then the microseconds are zero, and the application prints no fraction.
    return moment - moment % SECOND if draw.one_in(50) else moment


def _bcrypt(forty: bytes) -> str:
    return b64encode(forty)[:53].translate(_BCRYPT).decode()


def _session(world: World, someone: User, draw: Draw) -> Entry:
    login = someone.login if someone.login is not None else someone.created
    value = {
        "user_id": someone.id,
        "email": someone.email,
        "role": "user",
        "status": "active",
        "login_timestamp": iso(login + 1_113),
        "client_ip": network_address(draw),
        "last_activity": iso(login + 1_116),
        "access_token_hash": draw.below(1 << 64) - (1 << 63),
    }
    return string(f"threadr:session:{someone.id}", json.dumps(value), remaining_ms(SESSION_TTL_S, world.now - login))


def _failed_login(world: World, someone: User, draw: Draw) -> Entry:
    age = draw.below(30 * MINUTE)
    client_ip = network_address(draw)
    value = {
        "attempts": 1 + draw.below(5),
        "last_attempt": iso(world.now - age),
        "email": someone.email,
        "client_ip": client_ip,
    }
    key = f"threadr:failed_login:{someone.email}:{client_ip}"
    return string(key, json.dumps(value), remaining_ms(FAILED_LOGIN_TTL_S, age))
