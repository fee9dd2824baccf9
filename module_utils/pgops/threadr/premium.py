"""threadr:premium:ip:{ip} and threadr:premium:email:{email}, which mostly hold one grant twice → premium_grants."""

from __future__ import annotations

import re
from collections.abc import Callable

from ..profile import Column, Entry, Refusal, Row, Settings, Table
from ..rules import Absorbing, Lookup
from ..values import as_address, as_count, as_email, as_object, as_text, as_timestamp, is_email
from .fields import Fields, key_text, read_object, with_extra
from .identities import row_id

CURRENCY = re.compile(r"[A-Z]{3}\Z")
# What stands in place of an address: checkouts and old scripts write it. Two of them look like one.
NO_ADDRESS = ("", "None", "unknown", "0.0.0.0", "127.0.0.1")

TABLE = Table(
    name="premium_grants",
    key="id",
    merges=True,
    columns=(
        Column("id", "uuid"),
        Column("user_id", "uuid"),
        Column("email", "text"),
        Column("ip_address", "inet"),
        Column("subject_raw", "text"),
        Column("plan", "text"),
        Column("granted_at", "timestamptz"),
        Column("expires_at", "timestamptz"),
        Column("duration_days", "bigint"),
        Column("payment_reference", "text", secret=True),
        Column("amount_cents", "bigint", secret=True),
        Column("currency", "text", secret=True),
        Column("payment_info", "jsonb", secret=True),
        Column("metadata", "jsonb", secret=True),
        Column("granted_to", "text", stored=False),
    ),
    checks=(
        ("email IS NULL OR email = lower(email)", "bad_email", "The address changes when PostgreSQL lower-cases it."),
    ),
    lookup=Lookup(column="user_id", table="users", by="email", match="email", value="id"),
    # The e-mail's key of a grant may lack the IP address that the other one has.
    absorbing=Absorbing(group="granted_to", lacking="ip_address"),
)


class Subject:
    """Whom a grant is for. What is neither kind of address is kept as it is; a second text of that kind as metadata."""

    def __init__(self) -> None:
        self.email: str | None = None
        self.address: str | None = None
        self.raw: str | None = None
        self.kept: dict[str, object] = {}

    def take_email(self, text: str | None) -> None:
        if text is None or text.strip() in NO_ADDRESS:
            return
        if not is_email(text):
            self.take_raw("email", text)
            return
        self.email = as_email(text)
        if self.email != text:
            self.kept["email"] = text

    def take_address(self, text: str | None) -> None:
        if text is None or text.strip() in NO_ADDRESS:
            return
        address, raw = as_address(text)
        if address in NO_ADDRESS:
            return
        self.address = address
        if address is None and raw is not None:
            self.take_raw("client_ip", raw)
        elif raw is not None:
            self.kept["client_ip"] = raw

    def take_raw(self, name: str, text: str) -> None:
        if self.raw is None:
            self.raw = text
        elif self.raw != text:
            self.kept[name] = text

    def require_one(self) -> None:
        if self.email is None and self.address is None and self.raw is None:
            raise Refusal("missing_field", "The grant is for nobody: it names neither an e-mail nor an IP address.")


def by_ip(entry: Entry, suffix: str, settings: Settings) -> Row:
    # A checkout has no address, and each overwrites the key of the one before: the other key has the better copy.
    return convert(entry, settings, "2" if suffix == "None" else "0", lambda ip, email: (key_text(suffix), ip, email))


def by_email(entry: Entry, suffix: str, settings: Settings) -> Row:
    return convert(entry, settings, "1", lambda ip, email: (None, ip, key_text(suffix) if email is None else email))


def convert(entry: Entry, settings: Settings, preference: str, named: Callable) -> Row:
    """NAMED makes of the value's IP and e-mail the key's IP, the other one's, and the e-mail."""
    notes: list[str] = []
    fields = Fields(read_object(entry, notes), TABLE.name, notes)
    key_ip, value_ip, email = named(fields.optional("client_ip", as_text), fields.optional("email", as_text))
    subject = Subject()
    subject.take_email(email)
    subject.take_address(key_ip)
    if subject.address is None:
        subject.take_address(value_ip)
    subject.require_one()
    granted = fields.required("granted_at", as_text)
    granted_at = as_timestamp(granted, "granted_at", settings.source_zone)
    expires_at = fields.required("expires_at", as_timestamp, settings.source_zone)
    if expires_at < granted_at:
        raise Refusal("bad_timestamp", "expires_at is before granted_at.")
    plan = fields.defaulted("plan", "premium", as_text)
    days = fields.optional("duration_days", as_count)
    payment = fields.defaulted("payment_info", {}, as_object)
    paid = Fields(payment, TABLE.name, notes, "payment_info.")
    # By the time as it is written: where the zone is corrected later, the grant is still the same one.
    written_at = as_timestamp(granted, "granted_at")
    cells = (
        row_id(TABLE.name, written_at, subject.email, subject.address, subject.raw),
        None,
        subject.email,
        subject.address,
        subject.raw,
        plan,
        granted_at,
        expires_at,
        days,
        paid.optional("payment_reference", as_text),
        paid.optional("amount", as_count),
        paid.optional("currency", as_currency),
        payment,
        with_extra(subject.kept, fields.left),
        None if subject.email is None else f"{granted_at} {subject.email}",
    )
    return Row(TABLE.name, cells, preference=preference, notes=tuple(notes))


def as_currency(value: object, name: str) -> str:
    text = as_text(value, name).strip().upper()
    if not CURRENCY.match(text):
        raise Refusal("wrong_field", f"{name} is no currency of three letters: {text[:20]!r}.")
    return text
