"""Members of the set of all addresses, and the set itself."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace.entry import Entry
from lab.keyspace.hostile.base import address, reader, user_id
from lab.keyspace.hostile.case import Case, Expectation, refused, user_uuid
from lab.keyspace.subscribers import LIST, LIST_TTL_MS

_MEMBER = "subscriber_list.member"
# Only in the set: what is known of them is that they are subscribers.
_BARE: dict = {
    "subscribed_at": None,
    "client_ip": None,
    "client_ip_raw": None,
    "user_agent": None,
    "referrer": None,
    "source": None,
    "unsubscribed_at": None,
    "user_id": None,
    "metadata": {},
}
_ONLY = {
    b"reader.setonly@example.com": "reader.setonly@example.com",
    b"Reader.SetCase@Example.COM": "reader.setcase@example.com",
    b" reader.setblank@example.com\n": "reader.setblank@example.com",
    "reader.\u00c9t\u00e9@example.com".encode(): "reader.\u00e9t\u00e9@example.com",
    b'reader "a,b\\N"@example.com': 'reader "a,b\\n"@example.com',
    b"reader:set:25@example.com": "reader:set:25@example.com",
    # Its record is quarantined (subscribers_records.py), so the set is all that is known.
    reader("Wrongsource").encode(): reader("Wrongsource"),
    reader("Typehash").encode(): reader("Typehash"),
}
_RECORDED = (
    reader("Traps").encode(),
    reader("Empty").upper().encode(),
    b"  reader.missing@example.com ",
    b"Reader.Merge@example.com",
    b"reader.merge@example.com",
    b"READER.BLANKKEY@example.com",
)
_BAD = (b"", b"  ", b"no address", b"dummy", b"a\x00b@example.com", b"m" * 243 + b"@example.com", b"m" * 5000)
_NOT_UTF8 = (b"reader.\xff@example.com", b"\x80")


def cases() -> Iterator[Case]:
    members = [*_written(), *_merged(), *_refused()]
    entry = Entry(LIST, "set", tuple(truth.member for truth in members), LIST_TTL_MS)
    key = Expectation(LIST, "subscriber_list", "merged")
    yield Case(entry, "the set is merged with the records; each member is accounted for", (key, *members))


def standalone() -> Iterator[Case]:
    """The set's key with another type: it cannot stand beside the set, so load each of these alone."""
    values: dict[str, bytes | tuple] = {
        "string": address("Owner").encode(),
        "list": (b"reader.list@example.com",),
        "hash": ((b"reader.hash@example.com", b"1"),),
        "zset": ((b"reader.zset@example.com", b"1"),),
    }
    for type_, value in values.items():
        entry = Entry(LIST, type_, value, LIST_TTL_MS)
        yield refused(entry, f"a {type_} where the set is expected", "subscriber_list", "wrong_type")


def _member(member: bytes, outcome: str, reason: str | None = None, email: str | None = None, **cells) -> Expectation:
    rows = () if email is None else (("email_subscribers", {"email": email, **_BARE, **cells}),)
    return Expectation(LIST, _MEMBER, outcome, reason, rows, member)


def _written() -> Iterator[Expectation]:
    for member, email in _ONLY.items():
        yield _member(member, "written", email=email)
    # A user's address that is only in the set.
    mail = address("Indexed")
    yield _member(mail.encode(), "written", email=mail, user_id=user_uuid(user_id("Indexed")))
    # Two spellings of one address, both only in the set: which of them is written does not matter.
    yield _member(b"READER.TWICE@example.com", "written", email="reader.twice@example.com")
    yield _member(b"reader.twice@example.com", "merged")


def _merged() -> Iterator[Expectation]:
    return (_member(member, "merged") for member in _RECORDED)


def _refused() -> Iterator[Expectation]:
    yield from (_member(member, "quarantined", "bad_email") for member in _BAD)
    yield from (_member(member, "quarantined", "not_utf8") for member in _NOT_UTF8)
