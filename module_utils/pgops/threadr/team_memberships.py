"""team:membership:{team_id}:{user_id} → team_memberships."""

from __future__ import annotations

from typing import cast

from ..profile import Column, Refusal, Row, Settings, Table
from ..rules import Distinct, Reference
from ..values import as_boolean, as_count, as_text, as_texts, as_timestamp, as_uuid
from .fields import clean_key, require_identity, spelling
from .identities import row_id
from .team_fields import id_of_key, read_field
from .users import as_member_of, uuid_of

ROLES = ("owner", "admin", "editor", "viewer")

TABLE = Table(
    name="team_memberships",
    key="id",
    duplicate_code="duplicate_uuid",
    changed_at="updated_at",
    columns=(
        Column("id", "uuid"),
        Column("team_id", "uuid"),
        Column("user_id", "uuid"),
        Column("role", "text"),
        Column("permissions", "jsonb"),
        Column("is_active", "boolean"),
        Column("last_activity_at", "timestamptz"),
        Column("thread_count", "bigint"),
        Column("joined_at", "timestamptz"),
        Column("updated_at", "timestamptz"),
        Column("team", "text", stored=False),
        Column("member", "text", stored=False),
        Column("owned", "uuid", stored=False),
        Column("ownership", "text", stored=False),
    ),
    distinct=(
        Distinct(
            what="place in the team",
            value="{row}.team_id::text || {row}.user_id::text",
            code="duplicate_member",
            sentence="The user's place in the team is that of membership",
        ),
        Distinct(
            what="team's ownership",
            value="CASE WHEN {row}.role = 'owner' THEN {row}.team_id END",
            code="duplicate_owner",
            sentence="The team's owner is that of membership",
            parked="role = 'viewer'",
        ),
    ),
    references=(
        Reference("team_id", table="teams", target="id", code="orphan", named="team"),
        Reference("user_id", table="users", target="id", code="orphan", named="member"),
        # Whoever is a member as owner has to be the one whom the team names.
        Reference(
            "owned", table="teams", target="id", code="orphan", named="ownership", also=(("user_id", "owner_id"),)
        ),
    ),
    owners_first=True,
)


def of_key(suffix: str) -> tuple[str, str]:
    """The team's id, which holds no colon, and the user's."""
    team, colon, user = clean_key(suffix).partition(":")
    if not colon:
        raise Refusal("malformed_key", "The key names no user.")
    return id_of_key(team), user


def convert_field(context: object, field: object, settings: Settings) -> Row:
    team, user = cast("tuple[str, str]", context)
    notes: list[str] = []
    fields = read_field(field, "membership", TABLE.name, notes)
    require_identity(fields.required("team_id", as_text), team, "team_id")
    require_identity(fields.required("user_id", as_text), user, "user_id")
    joined_at = fields.required("joined_at", as_timestamp)
    role = fields.required("role", as_member_of, ROLES)
    team_id, user_id = team.lower(), uuid_of(user)
    cells = (
        fields.optional("id", as_uuid) or row_id(TABLE.name, team_id, user_id),
        team_id,
        user_id,
        role,
        # A set, which Python writes in another order every time.
        sorted(set(fields.defaulted("permissions", [], as_texts))),
        fields.defaulted("is_active", True, as_boolean),
        fields.optional("last_activity_at", as_timestamp),
        fields.defaulted("thread_count", 0, as_count),
        joined_at,
        fields.defaulted("updated_at", joined_at, as_timestamp),
        team,
        user,
        team_id if role == "owner" else None,
        f"{team} of {user}",
    )
    fields.ignore_rest()
    return Row(TABLE.name, cells, preference=spelling(team) + spelling(user), notes=tuple(notes))
