"""Elements of team:activity:{team_id} → team_activities."""

from __future__ import annotations

from typing import cast

from ..profile import Column, Refusal, Row, Settings, Table
from ..rules import Reference
from ..strict_json import decode
from ..values import as_address, as_object, as_text, as_text_within, as_timestamp, as_uuid
from .fields import Fields, require_identity
from .identities import row_id
from .team_fields import read_json
from .users import uuid_of

ACTION_CHARACTERS, RESOURCE_TYPE_CHARACTERS = 50, 20
# What the application says when it does not know the address.
NO_ADDRESS = "unknown"

TABLE = Table(
    name="team_activities",
    key="id",
    duplicate_code="duplicate_uuid",
    columns=(
        Column("id", "uuid"),
        Column("team_id", "uuid"),
        Column("user_id", "uuid"),
        Column("action", "text"),
        Column("resource_type", "text"),
        Column("resource_id", "text"),
        Column("details", "jsonb"),
        Column("ip_address", "inet"),
        Column("user_agent", "text"),
        Column("occurred_at", "timestamptz"),
        Column("team", "text", stored=False),
        Column("actor", "text", stored=False),
    ),
    references=(
        Reference("team_id", table="teams", target="id", code="orphan", named="team"),
        Reference("user_id", table="users", target="id", code="orphan", named="actor"),
    ),
    owners_first=True,
)


def convert_element(context: object, element: object, settings: Settings) -> Row:
    """Without an id the element's text says which one it is: two equal ones are one event."""
    team, value = str(context), cast("bytes", element)
    notes: list[str] = []
    fields = read_json(value, TABLE.name, notes)
    require_identity(fields.required("team_id", as_text), team, "team_id")
    actor = fields.optional("user_id", as_text)
    cells = (
        fields.optional("id", as_uuid) or row_id(TABLE.name, team.lower(), decode(value)),
        team.lower(),
        None if actor is None else uuid_of(actor),
        fields.required("action", as_text_within, ACTION_CHARACTERS),
        fields.required("resource_type", as_text_within, RESOURCE_TYPE_CHARACTERS),
        fields.optional("resource_id", as_text),
        fields.defaulted("details", {}, as_object),
        _address(fields),
        fields.optional("user_agent", as_text),
        fields.required("timestamp", as_timestamp),
        team,
        actor,
    )
    fields.ignore_rest()
    return Row(TABLE.name, cells, notes=tuple(notes))


def _address(fields: Fields) -> str | None:
    """The table has no column for text that is no address, so it is refused; a port or brackets are dropped and counted."""
    address, raw = as_address(fields.left.pop("ip_address", None))
    if raw is not None and raw.lower() != NO_ADDRESS:
        if address is None:
            raise Refusal("wrong_field", f"ip_address is no address, and nothing else fits: {raw[:60]!r}.")
        fields.notes.append(f"replaced {TABLE.name}.ip_address")
    return address
