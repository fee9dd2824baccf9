"""Two users with one address: who stays, by each rule in turn, and what that means for their threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from lab.keyspace.entry import Entry
from lab.keyspace.hostile import case
from lab.keyspace.hostile.base import THREAD, USER, address, user_id
from lab.keyspace.hostile.case import Case, user_uuid

_EARLY, _LATE = "2025-08-03T00:00:00", "2025-08-05T00:00:00"
_EARLY_CELL, _LATE_CELL = "2025-08-03T00:00:00+00:00", "2025-08-05T00:00:00+00:00"


@dataclass(frozen=True)
class Tie:
    """``winner`` and ``loser``: fields of their values; ``cells``: what the winner's row shows of it. ``index``: whom
    the address's index names, by slug, or bytes, or None when there is no index."""

    slug: str
    note: str
    winner: Mapping
    loser: Mapping
    cells: Mapping
    index: str | bytes | None = None


_TIES = (
    Tie("Index", "the one that the index names, although the other logged in later",
        {"last_login_at": _EARLY}, {"last_login_at": _LATE}, {"last_login_at": _EARLY_CELL}, "TieIndexWinner"),
    Tie("Login", "no index: the later login",
        {"last_login_at": _LATE, "created_at": "2025-08-01T00:00:00"}, {"last_login_at": _EARLY},
        {"last_login_at": _LATE_CELL, "created_at": "2025-08-01T00:00:00+00:00"}),
    Tie("LoginNull", "no index: a login counts more than none",
        {"last_login_at": _EARLY, "created_at": "2025-08-01T00:00:00"}, {"last_login_at": None},
        {"last_login_at": _EARLY_CELL, "created_at": "2025-08-01T00:00:00+00:00"}),
    Tie("Aware", "logins are compared as instants: the naive one is later than the aware one that looks later",
        {"last_login_at": "2025-08-05T00:00:00"}, {"last_login_at": "2025-08-05T09:00:00+10:00"},
        {"last_login_at": _LATE_CELL}),
    Tie("Third", "the index names neither: the later login",
        {"last_login_at": _LATE}, {"last_login_at": _EARLY}, {"last_login_at": _LATE_CELL}, "Nobody"),
    Tie("Garbage", "the index is not text: the later login",
        {"last_login_at": _LATE}, {"last_login_at": _EARLY}, {"last_login_at": _LATE_CELL}, b"\xff\xfe"),
    Tie("Created", "neither logged in: created later",
        {"last_login_at": None, "created_at": _LATE}, {"last_login_at": None, "created_at": _EARLY},
        {"last_login_at": None, "created_at": _LATE_CELL}),
    Tie("SameLogin", "the same login: created later",
        {"last_login_at": _LATE, "created_at": _EARLY}, {"last_login_at": _LATE, "created_at": "2025-08-02T00:00:00"},
        {"last_login_at": _LATE_CELL, "created_at": _EARLY_CELL}),
    Tie("Spelling", "addresses that are equal only once trimmed and lower-cased; no index: the later login",
        {"last_login_at": _LATE, "email": "  Hostile.TieSpelling@EXAMPLE.com\t"}, {"last_login_at": _EARLY},
        {"last_login_at": _LATE_CELL}),
)  # fmt: skip


def cases() -> Iterator[Case]:
    for tie in _TIES:
        yield from _pair(tie)
        if tie.index is not None:
            yield case.skipped(_index(tie.slug, tie.index), "the index of that address", "user_email_index")
    yield from _wrong_index()
    yield from _smaller_id()
    yield from _three()


def _pair(tie: Tie) -> Iterator[Case]:
    mail = address(f"Tie{tie.slug}")
    winner, loser = f"Tie{tie.slug}Winner", f"Tie{tie.slug}Loser"
    yield USER.accept(winner, tie.note, {"email": mail, **tie.winner}, {"email": mail, **tie.cells})
    yield USER.refuse(loser, "duplicate_email", tie.note, {"email": mail, **tie.loser})
    yield from _threads(winner, loser)


def _threads(winner: str, loser: str) -> Iterator[Case]:
    yield THREAD.accept(f"Of{winner}", "a thread of the user who stays", {"user_id": user_id(winner)},
                        {"user_id": user_uuid(user_id(winner))})  # fmt: skip
    yield THREAD.refuse(
        f"Of{loser}", "orphan", "a thread of the user who lost the address", {"user_id": user_id(loser)}
    )


def _index(slug: str, target: str | bytes) -> Entry:
    raw = target if isinstance(target, bytes) else user_id(target).encode()
    return USER.entry(slug, key=f"email:{address(f'Tie{slug}')}", raw=raw)


def _wrong_index() -> Iterator[Case]:
    tie = Tie("Hash", "the index is a hash: the later login", {"last_login_at": _LATE}, {"last_login_at": _EARLY},
              {"last_login_at": _LATE_CELL})  # fmt: skip
    yield from _pair(tie)
    entry = Entry(_index("Hash", b"").key, "hash", ((b"user_id", user_id("TieHashLoser").encode()),), USER.ttl_ms)
    yield case.skipped(entry, "skipped by name: type and value are not looked at", "user_email_index")


def _smaller_id() -> Iterator[Case]:
    mail = address("TieEqual")
    # Smaller as text, and larger as the UUID that it becomes.
    smaller, larger = "TieEqualA", "TieEqualC"
    note = "equal in all: the smaller id as text"
    yield USER.accept(smaller, note, {"email": mail}, {"email": mail})
    yield USER.refuse(larger, "duplicate_email", note, {"email": mail})
    if not (smaller < larger and user_uuid(user_id(smaller)) > user_uuid(user_id(larger))):
        raise ValueError("choose ids that do not sort alike as text and as UUIDs")
    yield from _threads(smaller, larger)


def _three() -> Iterator[Case]:
    mail, note = address("TieThree"), "three users: one stays"
    yield USER.refuse("TieThreeEarly", "duplicate_email", note, {"email": mail, "last_login_at": _EARLY})
    yield USER.accept("TieThreeLate", note, {"email": mail, "last_login_at": _LATE},
                      {"email": mail, "last_login_at": _LATE_CELL})  # fmt: skip
    yield USER.refuse("TieThreeNever", "duplicate_email", note, {"email": mail.upper(), "last_login_at": None})
