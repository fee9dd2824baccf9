"""team:data:{team_id} → teams."""

from __future__ import annotations

import re

from ..profile import Column, Refusal, Row, Settings, Table
from ..rules import Distinct, Hold, Reference
from ..values import as_boolean, as_object, as_small_count, as_text, as_text_within, as_timestamp
from .fields import require_identity
from .team_fields import earlier, read_field
from .users import as_member_of, uuid_of

PLANS = ("free", "starter", "pro", "enterprise")
NAME_CHARACTERS = 100
SLUG = re.compile(r"[a-z0-9-]{3,50}\Z")

TABLE = Table(
    name="teams",
    key="id",
    duplicate_code="duplicate_uuid",
    changed_at="updated_at",
    columns=(
        Column("id", "uuid"),
        Column("name", "text"),
        Column("slug", "text"),
        Column("description", "text"),
        Column("owner_id", "uuid"),
        Column("plan", "text"),
        Column("billing_email", "text"),
        Column("stripe_customer_id", "text", secret=True),
        Column("stripe_subscription_id", "text", secret=True),
        Column("max_members", "bigint"),
        Column("max_monthly_threads", "bigint"),
        # May hold what nobody foresaw, as the metadata of users may.
        Column("settings", "jsonb", secret=True),
        Column("features", "jsonb"),
        Column("is_active", "boolean"),
        Column("suspended_at", "timestamptz"),
        Column("suspended_reason", "text"),
        Column("created_at", "timestamptz"),
        Column("updated_at", "timestamptz"),
        Column("owner", "text", stored=False),
    ),
    distinct=(
        Distinct(
            what="slug",
            value="{row}.slug",
            code="duplicate_slug",
            sentence="The slug belongs to team",
            parked="slug = t.id::text || '-parked'",
        ),
    ),
    holds=(
        Hold(
            table="team_memberships",
            met="{row}.role = 'owner' AND {row}.team_id = s.id AND {row}.user_id <> s.owner_id",
            code="still_owned",
            sentence="PostgreSQL has another member as the team's owner, of whom Redis does not say otherwise: membership",
        ),
    ),
    references=(Reference("owner_id", table="users", target="id", code="orphan", named="owner"),),
    owners_first=True,
)


def as_slug(value: object, name: str) -> str:
    text = as_text(value, name)
    if SLUG.match(text) is None:
        raise Refusal("wrong_field", f"{name} is {text[:60]!r}, not 3 to 50 of a-z, 0-9 and hyphens.")
    return text


def convert_field(context: object, field: object, settings: Settings) -> Row:
    team = str(context)
    notes: list[str] = []
    fields = read_field(field, "team", TABLE.name, notes)
    require_identity(fields.required("id", as_text), team, "id")
    owner = fields.required("owner_id", as_text)
    created_at = fields.required("created_at", as_timestamp)
    cells = (
        team.lower(),
        fields.required("name", as_text_within, NAME_CHARACTERS, 1),
        fields.required("slug", as_slug),
        fields.optional("description", as_text),
        uuid_of(owner),
        fields.defaulted("plan", "free", as_member_of, PLANS),
        fields.optional("billing_email", as_text),
        fields.optional("stripe_customer_id", as_text),
        fields.optional("stripe_subscription_id", as_text),
        fields.defaulted("max_members", 5, as_small_count, 1),
        fields.defaulted("max_monthly_threads", 100, as_small_count),
        fields.defaulted("settings", {}, as_object),
        fields.defaulted("features", {}, as_object),
        fields.defaulted("is_active", True, as_boolean),
        fields.optional("suspended_at", as_timestamp),
        fields.optional("suspended_reason", as_text),
        created_at,
        fields.defaulted("updated_at", created_at, as_timestamp),
        owner,
    )
    fields.ignore_rest()
    return Row(TABLE.name, cells, preference=earlier(team, created_at), notes=tuple(notes))
