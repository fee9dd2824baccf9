"""Hostile premium grants: twins, keys without an address, grants that are refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from lab.keyspace.entry import DAY_MS, Entry
from lab.keyspace.hostile import case
from lab.keyspace.hostile.base import USER, address, user_id
from lab.keyspace.hostile.case import Case, user_uuid

_API = {
    "payment_reference": "ref-00042",
    "granted_at": "2025-08-02T11:00:00.250066",
    "granted_by": "api",
    "client_ip": "192.0.2.204",
}
_STRIPE = {
    "payment_reference": "stripe_session_cs_test_00a1", "granted_at": "2025-08-02T11:00:00.250066",
    "granted_by": "stripe_webhook", "client_ip": "stripe_webhook", "stripe_session_id": "cs_test_00a1", "amount": 499,
    "currency": "usd",
}  # fmt: skip
_VALUE = {
    "granted_at": "2025-08-02T11:00:00.250100", "expires_at": "2025-09-01T11:00:00.250100", "plan": "premium",
    "duration_days": 30, "client_ip": None, "email": None, "payment_info": {},
}  # fmt: skip
_ROW = {
    "granted_at": "2025-08-02T11:00:00.250100+00:00",
    "expires_at": "2025-09-01T11:00:00.250100+00:00",
    "plan": "premium",
    "duration_days": 30,
    "ip_address": None,
    "email": None,
    "subject_raw": None,
    "user_id": None,
    "payment_reference": None,
    "amount_cents": None,
    "currency": None,
    "payment_info": {},
}
_PAYER = "payer.{}@example.com"


def cases() -> Iterator[Case]:
    yield from _twins()
    yield from _alike()
    yield from _alone()
    yield from _refused()


def _entry(
    kind: str, subject: str, changes: Mapping, drop: tuple[str, ...] = (), raw: bytes | None = None, days: int = 37
) -> Entry:
    """DAYS are what is left of the key; a grant that is over has less than its week of grace."""
    value = {name: content for name, content in {**_VALUE, **changes}.items() if name not in drop}
    encoded = json.dumps(value).encode() if raw is None else raw
    return Entry(f"threadr:premium:{kind}:{subject}".encode(), "string", encoded, days * DAY_MS)


def _pair(note: str, ip: str | None, mail: str, changes: Mapping, cells: Mapping) -> Iterator[Case]:
    """One grant under two keys; the row stands once. IP None: a checkout, whose IP key all checkouts share."""
    if ip is None:
        yield case.written(_entry("email", mail, changes), note, "premium_email", "premium_grants", {**_ROW, **cells})
        return
    yield case.written(_entry("ip", ip, changes), note, "premium_ip", "premium_grants", {**_ROW, **cells})
    yield case.merged(_entry("email", mail, changes), f"{note}: its twin", "premium_email")


def _twins() -> Iterator[Case]:
    mail = _PAYER.format("twin")
    yield from _pair(
        "IP and e-mail twins",
        "192.0.2.204",
        mail,
        {"client_ip": "192.0.2.204", "email": mail, "payment_info": _API},
        {"ip_address": "192.0.2.204", "email": mail, "payment_info": _API, "payment_reference": "ref-00042"},
    )
    mail, user = address("Payer"), user_uuid(user_id("Payer"))
    yield USER.accept("Payer", "a user who pays")
    six = {"client_ip": "2001:db8::1f", "email": mail.title()}
    yield from _pair("IPv6, a user's address in upper and lower case", "2001:db8::1f", mail.title(), six,
                     {"ip_address": "2001:db8::1f", "email": mail, "user_id": user})  # fmt: skip
    paid = {"email": "Pay.Er@Example.com", "payment_info": _STRIPE}
    cells = {"email": "pay.er@example.com", "payment_info": _STRIPE, "amount_cents": 499, "currency": "USD",
             "payment_reference": "stripe_session_cs_test_00a1"}  # fmt: skip
    yield from _pair("a checkout", None, "Pay.Er@Example.com", paid, cells)
    yield case.merged(_entry("ip", "None", paid), "the twin of the last checkout", "premium_ip")
    earlier = {"email": "first@example.com", "granted_at": "2025-08-01T10:00:00"}
    yield from _pair("a checkout whose twin was overwritten", None, "first@example.com", earlier,
                     {"email": "first@example.com", "granted_at": "2025-08-01T10:00:00+00:00"})  # fmt: skip
    mail = _PAYER.format("dual")
    yield from _pair("dual-write's placeholder is no address", "0.0.0.0", mail, {"client_ip": "0.0.0.0", "email": mail},
                     {"email": mail})  # fmt: skip


def _alike() -> Iterator[Case]:
    """Grants that agree in much, and are two all the same."""
    mail = _PAYER.format("twoips")
    for ip in ("192.0.2.230", "192.0.2.231"):
        yield case.written(_entry("ip", ip, {"client_ip": ip, "email": mail}), "granted at one time to one address from two IPs",
                           "premium_ip", "premium_grants", {**_ROW, "ip_address": ip, "email": mail})  # fmt: skip
    by_hand = {"payment_info": {"payment_reference": "by hand"}}
    for number in (1, 2):
        mail = _PAYER.format(f"reference{number}")
        cells = {**by_hand, "email": mail, "payment_reference": "by hand"}
        yield case.written(_entry("email", mail, {"email": mail, **by_hand}), "two grants with one reference",
                           "premium_email", "premium_grants", {**_ROW, **cells})  # fmt: skip


def _alone() -> Iterator[Case]:
    late = {"granted_at": "2025-08-02T11:00:00", "expires_at": "2025-08-03T11:00:00", "duration_days": 1}
    late_cells = {
        "granted_at": "2025-08-02T11:00:00+00:00",
        "expires_at": "2025-08-03T11:00:00+00:00",
        "duration_days": 1,
    }
    script = {"plan": "pro", "duration_days": "365", "payment_info": {"source": "manual", "test_account": True}}
    mail = _PAYER.format("local")
    ip: dict[str, tuple[dict, dict, str]] = {
        "192.0.2.210": ({}, {"ip_address": "192.0.2.210"}, "by IP alone; client_ip only in the key"),
        "2001:DB8:0::77": ({}, {"ip_address": "2001:db8::77"}, "another spelling of an IPv6 address"),
        "198.51.100.209:4711": ({}, {"ip_address": "198.51.100.209"}, "with a port"),
        "192.0.2.211": (late, {"ip_address": "192.0.2.211", **late_cells}, "expired, within the week of grace"),
        "192.0.2.212": (script, {"ip_address": "192.0.2.212", **script, "duration_days": 365}, "an operator's script"),
        "127.0.0.1": ({"client_ip": "127.0.0.1", "email": mail}, {"email": mail}, "the scripts' own address is none"),
        "junk value": ({}, {"subject_raw": "junk value"}, "no address and no placeholder: kept as it is"),
        "fe80::1%eth0": ({}, {"subject_raw": "fe80::1%eth0"}, "an address with a zone: kept as it is"),
    }
    for subject, (changes, cells, note) in ip.items():
        entry = _entry(
            "ip", subject, {"client_ip": subject, **changes}, drop=("client_ip",) if subject == "192.0.2.210" else (),
            days=5 if changes is late else 37,
        )  # fmt: skip
        yield case.written(entry, note, "premium_ip", "premium_grants", {**_ROW, **cells})
    upper = _PAYER.format("empty").upper()
    email = {
        upper: ({"email": upper}, {"email": upper.lower()}, "payment_info is empty"),
        "Bob (friend)": ({"email": "Bob (friend)"}, {"subject_raw": "Bob (friend)"}, "free text instead of an address"),
        "a:b@example.com": ({}, {"email": "a:b@example.com"}, "the address only in the key, with a colon"),
    }
    for subject, (changes, cells, note) in email.items():
        entry = _entry("email", subject, changes)
        yield case.written(entry, note, "premium_email", "premium_grants", {**_ROW, **cells})


def _refused() -> Iterator[Case]:
    for subject in ("unknown", ""):
        entry = _entry("ip", subject, {"client_ip": subject})
        yield case.refused(entry, "no subject at all", "premium_ip", "missing_field")
    bad: dict[str, tuple[str, dict, tuple[str, ...]]] = {
        "no granted_at": ("missing_field", {}, ("granted_at",)),
        "expires_at null": ("missing_field", {"expires_at": None}, ()),
        "a time that is none": ("bad_timestamp", {"granted_at": "soon"}, ()),
        "expired before it was granted": ("bad_timestamp", {"expires_at": "2025-08-01T00:00:00"}, ()),
        "payment_info is text": ("wrong_field", {"payment_info": "paid"}, ()),
        "days beyond bigint": ("out_of_range", {"duration_days": 2**63}, ()),
    }
    for number, (note, (reason, changes, drop)) in enumerate(bad.items()):
        mail = _PAYER.format(f"bad{number}")
        yield case.refused(_entry("email", mail, {"email": mail, **changes}, drop), note, "premium_email", reason)
    yield case.refused(_entry("ip", "192.0.2.220", {}, raw=b"[{}]"), "an array", "premium_ip", "wrong_shape")
    yield case.refused(_entry("ip", "192.0.2.221", {}, raw=b"{,}"), "malformed", "premium_ip", "malformed_json")
    typed = Entry(b"threadr:premium:ip:192.0.2.222", "hash", ((b"plan", b"pro"),), DAY_MS)
    yield case.refused(typed, "a hash", "premium_ip", "wrong_type")
