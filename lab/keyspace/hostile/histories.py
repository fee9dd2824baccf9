"""Keyspaces that follow one another, each migrated into the same database: what stands after the last of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.keyspace.entry import Entry
from lab.keyspace.hostile.base import SUBSCRIBER, THREAD, USER, address, reader, thread_id, user_id
from lab.keyspace.hostile.case import user_uuid
from lab.keyspace.subscribers import LIST, LIST_TTL_MS

_EARLY, _LATE = "2025-08-03T00:00:00", "2025-08-05T00:00:00"


@dataclass(frozen=True)
class History:
    """``rows``: (table, cells), all there are. ``rejects``: (key, member, reason, value) of the open quarantine; the value
    None where it is not compared."""

    note: str
    keyspaces: tuple[tuple[Entry, ...], ...]
    rows: tuple[tuple[str, Mapping], ...] = ()
    rejects: tuple[tuple[bytes, bytes | None, str, bytes | None], ...] = ()


def histories() -> Iterator[History]:
    yield from _subscribers()
    yield from _addresses()
    yield from _threads()
    yield from _members()
    yield from _types()


def _list(*members: str) -> Entry:
    return Entry(LIST, "set", tuple(member.encode() for member in members), LIST_TTL_MS)


def _subscribers() -> Iterator[History]:
    record, listed = SUBSCRIBER.entry("Kept"), _list(reader("Kept"))
    bare: dict = {**dict.fromkeys(SUBSCRIBER.row("Kept")), "email": reader("Kept"), "metadata": {}}
    # Some other key has to be there: an empty Redis is refused.
    user, owner = USER.entry("Kept"), ("users", USER.row("Kept"))
    full = ("email_subscribers", SUBSCRIBER.row("Kept"))
    yield History("the record expires, the address stays in the set: the row keeps what it knows",
                  ((record, listed, user), (listed, user)), (full, owner))  # fmt: skip
    broken = SUBSCRIBER.entry("Kept", raw=b"{")
    yield History("the record breaks, the address stays in the set: the row keeps what it knows",
                  ((record, listed, user), (broken, listed, user)), (full, owner),
                  ((broken.key, None, "malformed_json", b"{"),))  # fmt: skip
    yield History("an address alone, then its record: the row learns the rest",
                  ((listed, user), (record, listed, user)), (full, owner))  # fmt: skip
    reads = USER.entry("Kept", {"email": reader("Kept")})
    yield History("an address alone, then an account with it: the row learns whose it is", ((listed,), (listed, reads)), (
        ("email_subscribers", {**bare, "user_id": user_uuid(user_id("Kept"))}),
        ("users", {**USER.row("Kept"), "email": reader("Kept")}),
    ))  # fmt: skip


def _addresses() -> Iterator[History]:
    mail = address("Shared")
    first, later = (USER.entry(s, {"email": mail, "last_login_at": t}) for s, t in (("Early", _EARLY), ("Late", _LATE)))
    of_first, of_later = (THREAD.entry(f"Of{slug}", {"user_id": user_id(slug)}) for slug in ("Early", "Late"))
    both = (first, later, of_first, of_later)
    yield History("both users from the beginning: the later login has the address, the other loses its threads",
                  (both, both), (_user("Late", mail, _LATE), _thread("OfLate", "Late")),
                  ((first.key, None, "duplicate_email", first.value), (of_first.key, None, "orphan", of_first.value)))  # fmt: skip
    yield History("the later login comes later: who was migrated keeps the address and the threads",
                  ((first, of_first), both, both), (_user("Early", mail, _EARLY), _thread("OfEarly", "Early")),
                  ((later.key, None, "email_taken", later.value), (of_later.key, None, "orphan", of_later.value)))  # fmt: skip
    yield History("the key of who was migrated is gone: the row keeps the address all the same",
                  ((first,), (later,)), (_user("Early", mail, _EARLY),), ((later.key, None, "email_taken", later.value),))  # fmt: skip
    own = USER.entry("Early", {"last_login_at": _EARLY})
    yield History("who was migrated asks for an address and loses: the row and its threads stay as they were",
                  ((own,), both), (_user("Early", address("Early"), _EARLY), _user("Late", mail, _LATE),
                                   _thread("OfEarly", "Early"), _thread("OfLate", "Late")),
                  ((first.key, None, "duplicate_email", first.value),))  # fmt: skip
    broken = USER.entry("Early", raw=b"[")
    yield History("who was migrated breaks: the row stays, and takes threads",
                  ((own,), (broken, of_first)), (_user("Early", address("Early"), _EARLY), _thread("OfEarly", "Early")),
                  ((broken.key, None, "malformed_json", b"["),))  # fmt: skip


# What a value of each type is kept as: JSON in an order of its own, and only where it has to be with base64.
_KEPT: dict[str, tuple[tuple, bytes]] = {
    "zset": (((b"two", b"-inf"), (b"one", b"1.5"), (b"x", b"3")), b'[["one", "1.5"], ["two", "-inf"], ["x", "3"]]'),
    "hash": (((b"b", b"\xff"), (b"a", "\u00e9".encode())), '[["a", "\u00e9"], ["b", {"base64": "/w=="}]]'.encode()),
    "list": ((b"two", b"one", b"one"), b'["two", "one", "one"]'),
    "stream": (
        ((b"1-1", (b"f", b"v", b"f", b"w")), (b"1-2", (b"", b"x"))),
        b'[["1-1", "f", "v", "f", "w"], ["1-2", "", "x"]]',
    ),
}


def _types() -> Iterator[History]:
    user, owner = USER.entry("Owns"), ("users", USER.row("Owns"))
    entries = tuple(Entry(f"threadr:user:{kind}".encode(), kind, value) for kind, (value, _) in _KEPT.items())
    rejects = tuple((e.key, None, "wrong_type", _KEPT[e.type][1]) for e in entries)
    yield History("every type is kept without loss", ((user, *entries),), (owner,), rejects)


def _user(slug: str, mail: str, login: str) -> tuple[str, Mapping]:
    return "users", {**USER.row(slug), "email": mail, "last_login_at": f"{login}+00:00"}


def _thread(slug: str, owner: str) -> tuple[str, Mapping]:
    return "threads", {**THREAD.row(slug), "id": thread_id(slug), "user_id": user_uuid(user_id(owner))}


def _threads() -> Iterator[History]:
    user, lost = USER.entry("Owns"), THREAD.entry("Lost", {"user_id": user_id("Comes")})
    other = THREAD.entry("Lost", {"user_id": user_id("Comes"), "title": "Another"})
    owner, comes = ("users", USER.row("Owns")), USER.entry("Comes")
    yield History("an orphan is kept as it is, byte by byte", ((user, lost), (user, lost)), (owner,),
                  ((lost.key, None, "orphan", lost.value),))  # fmt: skip
    yield History("an orphan that changes is kept as it is by now", ((user, lost), (user, other)), (owner,),
                  ((lost.key, None, "orphan", other.value),))  # fmt: skip
    yield History("an orphan that is gone stays in the quarantine", ((user, lost), (user,)), (owner,),
                  ((lost.key, None, "orphan", lost.value),))  # fmt: skip
    yield History("an orphan whose owner comes leaves it", ((user, lost), (user, lost, comes)),
                  (owner, ("users", USER.row("Comes")), _thread("Lost", "Comes")))  # fmt: skip


def _members() -> Iterator[History]:
    user, owner = USER.entry("Owns"), ("users", USER.row("Owns"))
    text = Entry(LIST, "string", b"text", LIST_TTL_MS)
    yield History("the empty member is refused, then the whole key: two records", ((user, _list("")), (user, text)), (owner,),
                  ((LIST, b"", "bad_email", b""), (LIST, None, "wrong_type", b"text")))  # fmt: skip
    members = tuple(f"m{number}".encode() for number in range(40))
    there, back = (Entry(b"threadr:user:x", "set", order) for order in (members, members[::-1]))
    kept = b"[" + b", ".join(b'"%s"' % member for member in sorted(members)) + b"]"
    yield History("a set of a wrong type, its members in another order: the same value", ((user, there), (user, back)),
                  (owner,), ((there.key, None, "wrong_type", kept),))  # fmt: skip
