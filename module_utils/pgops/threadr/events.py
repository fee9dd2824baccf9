"""threadr:usage:log:{ip}:{epoch} → usage_events. One line for each generation: never added to a counter."""

from __future__ import annotations

from ..profile import Column, Entry, Row, Settings, Table
from ..rules import Lookup
from ..values import as_address, as_email, as_timestamp
from .fields import Fields, clean_key, read_object, with_extra
from .identities import row_id
from .series import of_score

TABLE = Table(
    name="usage_events",
    key="id",
    columns=(
        Column("id", "uuid"),
        Column("occurred_at", "timestamptz"),
        Column("user_id", "uuid"),
        Column("ip_address", "inet"),
        Column("ip_raw", "text"),
        Column("email", "text"),
        Column("metadata", "jsonb"),
    ),
    checks=(
        ("email IS NULL OR email = lower(email)", "bad_email", "The address changes when PostgreSQL lower-cases it."),
    ),
    lookup=Lookup(column="user_id", table="users", by="email", match="email", value="id"),
)


def convert(entry: Entry, suffix: str, settings: Settings) -> Row:
    notes: list[str] = []
    suffix = clean_key(suffix)
    fields = Fields(read_object(entry, notes), TABLE.name, notes)
    shown = str(fields.left.get("timestamp"))
    moment = fields.optional("timestamp", as_timestamp, settings.source_zone)
    if moment is None:
        moment = of_score(suffix.rpartition(":")[2].encode("ascii"))
    named = fields.left.pop("client_ip", None)
    address, raw = as_address(suffix.rpartition(":")[0] if named is None else named)
    # They follow from the time, in the zone in which it is written.
    for name, part in (("date", shown[:10]), ("month", shown[:7])):
        if fields.left.get(name) == part:
            del fields.left[name]
    email = fields.optional("email", as_email)
    cells = (row_id(TABLE.name, suffix), moment, None, address, raw, email, with_extra({}, fields.left))
    return Row(TABLE.name, cells, notes=tuple(notes))
