"""threadr:email:{email} and the members of threadr:emails:list → email_subscribers."""

from __future__ import annotations

from ..profile import Column, Entry, Refusal, Row, Settings, Table
from ..rules import Lookup
from ..strict_json import decode
from ..values import as_address, as_email, as_text, as_timestamp
from .fields import Fields, read_object, require_identity, with_extra

TABLE = Table(
    name="email_subscribers",
    key="email",
    merges=True,
    columns=(
        Column("email", "text"),
        Column("subscribed_at", "timestamptz"),
        Column("client_ip", "inet"),
        Column("client_ip_raw", "text"),
        Column("user_agent", "text"),
        Column("referrer", "text"),
        Column("source", "text"),
        Column("metadata", "jsonb", secret=True),
        Column("user_id", "uuid"),
    ),
    checks=(("email = lower(email)", "bad_email", "The address changes when PostgreSQL lower-cases it."),),
    lookup=Lookup(column="user_id", table="users", by="email", match="email", value="id"),
)
# Sorts behind every timestamp: a record without one gives way to a record with one, a bare address to both.
NO_TIME, NO_RECORD = "~", "~~"


def convert(entry: Entry, suffix: str, settings: Settings) -> Row:
    notes: list[str] = []
    fields = Fields(read_object(entry, notes), "email_subscribers", notes)
    email = fields.required("email", as_email)
    require_identity(email, as_email(suffix, "the key"), "email")
    subscribed_at = fields.optional("subscribed_at", as_timestamp, settings.source_zone)
    address, raw = as_address(fields.left.pop("client_ip", None))
    cells = (
        email,
        subscribed_at,
        address,
        raw,
        fields.optional("user_agent", as_text),
        fields.optional("referrer", as_text),
        fields.optional("source", as_text),
        with_extra({}, fields.left),
        None,
    )
    return Row("email_subscribers", cells, preference=subscribed_at or NO_TIME, notes=tuple(notes))


def convert_member(suffix: str, member: bytes, settings: Settings) -> Row:
    text = decode(member)
    if "\0" in text:
        # In JSON it is stripped; here the member is the identity, which must not be another one afterwards.
        raise Refusal("bad_email", "The member holds U+0000.")
    email = as_email(text, "the member")
    return Row("email_subscribers", (email, *[None] * 6, {}, None), preference=NO_RECORD, insert_only=True)
