"""Hostile subscriber records: accepted and refused."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace.hostile.base import SUBSCRIBER, USER, address, reader, user_id
from lab.keyspace.hostile.case import Case, user_uuid
from lab.keyspace.hostile.kind import insert

_TRAPS = "\\N {a,b} 'c' \x7f\t\r\n\\.\n\\"
_OPTIONAL = ("subscribed_at", "client_ip", "user_agent", "referrer", "source")
_NOTHING = {**dict.fromkeys(_OPTIONAL), "client_ip_raw": None}


def cases() -> Iterator[Case]:
    yield from _addresses()
    yield from _fields()
    yield from _networks()
    yield from _users()
    yield from _refused()


def _addresses() -> Iterator[Case]:
    long = "reader." + "s" * (254 - len("reader.@example.com")) + "@example.com"
    odd = {
        "Case": ("Reader.Case@Example.COM", None, "key and value in upper case"),
        "CaseKey": ("reader.casekey@example.com", "READER.CaseKey@example.com", "only the key in upper case"),
        "CaseValue": ("Reader.CASEVALUE@example.com", "reader.casevalue@example.com", "only the value in upper case"),
        "Blank": (" reader.blank@example.com\t", None, "blanks around both"),
        "BlankKey": ("reader.blankkey@example.com", "reader.blankkey@example.com ", "blanks around the key's"),
        "Colon": ("reader:colon:25@example.com", None, "colons belong to the address"),
        "Ip": ("reader@[2001:db8::7]", None, "so do those of an IP address"),
        "List": ("reader:list@example.com", None, "threadr:email: is no part of threadr:emails:list"),
        "Accent": ("READER.\u00c9MILE@example.com", None, "not ASCII, lower-cased"),
        "Decomposed": ("reader.e\u0301mile@example.com", None, "not normalised: another address"),
        "Quoted": ('reader "quoted, name"\\@example.com', None, "only an @ is asked for"),
        "Two": ("reader@two@example.com", None, "two of them will do"),
        "Long": (long, None, "254 characters"),
    }
    for slug, (typed, key, note) in odd.items():
        stored = typed.strip().lower()
        yield SUBSCRIBER.accept(f"Mail{slug}", note, {"email": typed}, {"email": stored}, key=key)
    two = ("reader.merge@example.com", "Reader.Merge@example.com", "READER.MERGE@EXAMPLE.COM")
    times = ("2025-08-03T00:00:00", "2025-08-02T23:00:00-03:00", "2025-08-02T00:00:00")
    note = "three spellings of one address: the earliest stays"
    for spelling, time in zip(two[:2], times[:2], strict=True):
        yield SUBSCRIBER.merge("Merge", note, {"email": spelling, "subscribed_at": time, "source": "late"})
    yield SUBSCRIBER.accept(
        "Merge",
        note,
        {"email": two[2], "subscribed_at": times[2], "client_ip": "192.0.2.9"},
        {"email": two[0], "subscribed_at": "2025-08-02T00:00:00+00:00", "client_ip": "192.0.2.9"},
    )
    note = "a time counts as earlier than none"
    mail = reader("MergeNull")
    yield SUBSCRIBER.merge("MergeNull", note, {"email": mail.upper(), "subscribed_at": None})
    yield SUBSCRIBER.accept("MergeNull", note)
    note = "equal times: the smaller key as bytes"
    mail = reader("MergeTie")
    yield SUBSCRIBER.accept("MergeTie", note, {"email": mail.upper(), "source": "upper"}, {"source": "upper"})
    yield SUBSCRIBER.merge("MergeTie", note, {"email": mail, "source": "lower"})
    note = "a refused spelling is not merged, and does not count"
    mail = reader("MergeRefused")
    yield SUBSCRIBER.refuse("MergeRefused", "bad_timestamp", note, {"email": mail.upper(), "subscribed_at": "2024"})
    yield SUBSCRIBER.accept("MergeRefused", note)


def _fields() -> Iterator[Case]:
    texts = dict.fromkeys(("user_agent", "referrer", "source"), _TRAPS)
    yield SUBSCRIBER.accept("Traps", "what COPY could take for its own", texts, texts)
    yield SUBSCRIBER.accept("CopyNull", "COPY's null is text", {"source": "\\N"}, {"source": "\\N"})
    empty = dict.fromkeys(("user_agent", "referrer", "source"), "")
    yield SUBSCRIBER.accept("Empty", "empty texts stay empty", empty, empty)
    yield SUBSCRIBER.accept("Missing", "nothing but the address", None, _NOTHING, drop=_OPTIONAL)
    yield SUBSCRIBER.accept("Null", "nothing but the address", dict.fromkeys(_OPTIONAL), _NOTHING)
    dual = {"user_id": "4d3c2b1a-0f9e-4d8c-9b7a-6f5e4d3c2b1a", "name": "Dual \u00c9crit", "tier": None, "count": 2,
            "metadata": {"a": 1}, "created_at": "2025-08-01"}  # fmt: skip
    yield SUBSCRIBER.accept(
        "Dual",
        "the dual-write shape, with whatever the caller passed",
        {"source": "dual_write", **dual},
        {"source": "dual_write", "metadata": {"redis_extra": dual}},
    )
    yield SUBSCRIBER.accept("Duplicate", "of duplicate keys the last counts", None, {"source": "b"},
                            raw=insert(b'"source": "a", "source": "b"'))  # fmt: skip
    yield SUBSCRIBER.accept("Dirty", "surrogates and U+0000", None, {"referrer": "\U0001f319 \ufffd", "source": "ab"},
                            drop=("referrer", "source"),
                            raw=insert(b'"referrer": "\\ud83c\\udf19 \\ud83c", "source": "a\\u0000b"'))  # fmt: skip
    yield SUBSCRIBER.accept("RecordOnly", "a record without its address in the set")
    yield SUBSCRIBER.accept("NoTtl", "a key that does not expire", ttl_ms=None)
    yield SUBSCRIBER.accept("OneSecond", "a TTL of one second", transient=True, ttl_ms=1000)


def _networks() -> Iterator[Case]:
    stored = {
        "Four": ("203.0.113.5", "203.0.113.5"),
        "Six": ("2001:db8::1f", "2001:db8::1f"),
        "Zero": ("0.0.0.0", "0.0.0.0"),
        "Loopback": ("127.0.0.1", "127.0.0.1"),
        "LoopbackSix": ("::1", "::1"),
        "Trim": (" 203.0.113.5\t", "203.0.113.5"),
        "LikePort": ("2001:db8::7:443", "2001:db8::7:443"),
        "Mapped": ("::ffff:192.0.2.1", "::ffff:192.0.2.1"),
    }
    for slug, (text, ip) in stored.items():
        yield SUBSCRIBER.accept(
            f"Net{slug}", "an address", {"client_ip": text}, {"client_ip": ip, "client_ip_raw": None}
        )
    normalised = {
        "Port": ("198.51.100.9:4711", "198.51.100.9"),
        "Brackets": ("[2001:db8::7]", "2001:db8::7"),
        "BracketsPort": ("[2001:db8::7]:443", "2001:db8::7"),
        "Upper": ("2001:DB8:0::7", "2001:db8::7"),
        "Full": ("2001:0db8:0000:0000:0000:0000:0000:0007", "2001:db8::7"),
    }
    for slug, (text, ip) in normalised.items():
        cells: dict = {"client_ip": ip, "client_ip_raw": text}
        yield SUBSCRIBER.accept(f"Net{slug}", "another spelling of an address", {"client_ip": text}, cells)
    none = (
        "unknown",
        "junk value",
        "None",
        "fe80::1%eth0",
        "203.0.113.9/24",
        "203.0.113.9/32",
        "2001:db8::/32",
        "10.1",
        "3405803853",
        "203.0.113.9:abc",
        "203.0.113.9, 198.51.100.4",
        "203.0.113.256",
        "localhost",
        "[::1",
        "\uff12\uff10\uff13.0.113.9",
        "\\N",
        "stripe_webhook",
        "::1::",
    )
    for place, text in enumerate(none):
        cells = {"client_ip": None, "client_ip_raw": text}
        yield SUBSCRIBER.accept(f"NoNet{place}", "no address: kept as text", {"client_ip": text}, cells)
    for slug, text in (("Empty", ""), ("Blank", "  ")):
        cells = {"client_ip": None, "client_ip_raw": None}
        yield SUBSCRIBER.accept(f"NoNet{slug}", "nothing is not even text", {"client_ip": text}, cells)


def _users() -> Iterator[Case]:
    """Which user a subscriber is: users_ties.py and users_refused.py have those users."""
    of = {
        "Owner": (address("Owner"), user_uuid(user_id("Owner")), "an address that a user has"),
        "Tie": (
            address("TieIndex").upper(),
            user_uuid(user_id("TieIndexWinner")),
            "two users had it: the one who stayed",
        ),
        "Trimmed": ("hostile.mailtrim@example.com", user_uuid(user_id("MailTrim")), "as the user's row has it"),
        "Refused": (address("CountTrue"), None, "its user is quarantined"),
    }
    for slug, (mail, owner, note) in of.items():
        yield SUBSCRIBER.accept(f"User{slug}", note, {"email": mail}, {"email": mail.lower(), "user_id": owner})
    yield USER.refuse("CountTrue", "wrong_field", "the user of a subscriber", {"login_count": True})


def _refused() -> Iterator[Case]:
    yield SUBSCRIBER.refuse("WithoutMail", "missing_field", "email is missing", drop=("email",))
    yield SUBSCRIBER.refuse("NullMail", "missing_field", "email is null", {"email": None}, key=reader("NullMail"))
    yield SUBSCRIBER.refuse("NumberMail", "wrong_field", "email is a number", {"email": 5}, key=reader("NumberMail"))
    for field in ("subscribed_at", "client_ip", "user_agent", "referrer", "source"):
        yield SUBSCRIBER.refuse(f"Wrong{field}", "wrong_field", f"{field} is a number", {field: 5})
    other = {"email": "reader.somebody.else@example.com"}
    yield SUBSCRIBER.refuse(
        "Mismatch", "identity_mismatch", "another address in the value", other, key=reader("Mismatch")
    )
    zero = {"email": "reader.ze\x00ro@example.com"}
    yield SUBSCRIBER.refuse("MismatchZero", "identity_mismatch", "U+0000: only the value loses it", zero)
    over = "reader." + "s" * 236 + "@example.com"
    for slug, text in (("Empty", ""), ("Blank", "  "), ("NoAt", "list"), ("Long", over)):
        yield SUBSCRIBER.refuse(f"Mail{slug}", "bad_email", "no usable address", {"email": text})
