"""team:invite:{invite_id} → team_invites."""

from __future__ import annotations

from ..profile import Column, Refusal, Row, Settings, Table
from ..rules import Distinct, Reference
from ..values import as_digest, as_email, as_text, as_timestamp, as_uuid
from .fields import require_identity
from .team_fields import earlier, read_field
from .users import as_member_of, uuid_of

# The table takes no invitation of an owner.
ROLES = ("admin", "editor", "viewer")
STATUSES = ("pending", "accepted", "expired", "revoked")

TABLE = Table(
    name="team_invites",
    key="id",
    duplicate_code="duplicate_uuid",
    columns=(
        Column("id", "uuid"),
        Column("team_id", "uuid"),
        Column("invited_by_user_id", "uuid"),
        Column("email", "text"),
        Column("role", "text"),
        Column("token", "text", secret=True),
        Column("message", "text"),
        Column("status", "text"),
        Column("created_at", "timestamptz"),
        Column("expires_at", "timestamptz"),
        Column("accepted_at", "timestamptz"),
        Column("revoked_at", "timestamptz"),
        Column("team", "text", stored=False),
        Column("inviter", "text", stored=False),
    ),
    distinct=(
        Distinct(
            what="token",
            value="{row}.token",
            code="duplicate_token",
            sentence="The token belongs to invite",
            parked="token = encode(sha256(t.id::text::bytea), 'hex')",
        ),
        Distinct(
            what="open invite",
            value="CASE WHEN {row}.status = 'pending' THEN {row}.team_id::text || lower({row}.email) END",
            code="duplicate_invite",
            sentence="The address has the open invite",
            parked="status = 'expired'",
        ),
    ),
    references=(
        Reference("team_id", table="teams", target="id", code="orphan", named="team"),
        Reference("invited_by_user_id", table="users", target="id", code="orphan", named="inviter"),
    ),
    owners_first=True,
)


def as_invited(value: object, name: str) -> str:
    """The address with its local part as it was typed."""
    as_email(value, name)
    local, _, domain = as_text(value, name).strip().rpartition("@")
    return f"{local}@{domain.lower()}"


def as_token(value: object, name: str) -> str:
    digest = as_digest(value, name)
    if digest is None:
        raise Refusal("missing_field", f"{name} is empty.")
    return digest


def convert_field(context: object, field: object, settings: Settings) -> Row:
    invite = str(context)
    notes: list[str] = []
    fields = read_field(field, "invite", TABLE.name, notes)
    require_identity(fields.required("id", as_text), invite, "id")
    team, inviter = fields.required("team_id", as_uuid), fields.optional("invited_by_user_id", as_text)
    created_at, expires_at = (fields.required(name, as_timestamp) for name in ("created_at", "expires_at"))
    if expires_at <= created_at:
        raise Refusal("bad_timestamp", "expires_at is not after created_at.")
    cells = (
        invite.lower(),
        team,
        None if inviter is None else uuid_of(inviter),
        fields.required("email", as_invited),
        fields.required("role", as_member_of, ROLES),
        fields.required("token", as_token),
        fields.optional("message", as_text),
        fields.defaulted("status", "pending", as_member_of, STATUSES),
        created_at,
        expires_at,
        fields.optional("accepted_at", as_timestamp),
        fields.optional("revoked_at", as_timestamp),
        team,
        inviter,
    )
    fields.ignore_rest()
    return Row(TABLE.name, cells, preference=earlier(invite, created_at), notes=tuple(notes))
