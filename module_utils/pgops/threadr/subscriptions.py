"""threadr:subscription:user:{user_id or email} → subscriptions."""

from __future__ import annotations

from datetime import datetime

from ..profile import Column, Entry, Refusal, Row, Settings, Table
from ..rules import Owner, Reference, Unique
from ..values import as_boolean, as_count, as_email, as_key_text, as_text, as_timestamp, is_email
from .fields import Fields, key_text, read_object
from .identities import row_id
from .users import as_member_of, uuid_of

STATUSES = (
    "active", "canceled", "incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid"
)  # fmt: skip
DOUBLE_L = "cancelled"
STRIPE = "sub_"
# Beyond the year 9999, in seconds.
END_OF_TIME = 10**12

TABLE = Table(
    name="subscriptions",
    key="id",
    merges=True,
    columns=(
        Column("id", "uuid"),
        Column("user_id", "uuid"),
        Column("stripe_subscription_id", "text", secret=True),
        Column("status", "text"),
        Column("plan_name", "text"),
        Column("billing_cycle", "text"),
        Column("amount_cents", "bigint", secret=True),
        Column("currency", "text", secret=True),
        Column("current_period_start", "timestamptz"),
        Column("current_period_end", "timestamptz"),
        Column("cancel_at_period_end", "boolean"),
        Column("premium_expires_at", "timestamptz"),
        Column("metadata", "jsonb", secret=True),
        Column("created_at", "timestamptz"),
        Column("updated_at", "timestamptz"),
        Column("claimed", "uuid", stored=False),
        Column("mail", "text", stored=False),
        Column("named", "text", stored=False),
    ),
    unique=(Unique("stripe_subscription_id", "duplicate_subscription", "The subscription is that of row"),),
    owner=Owner(column="user_id", table="users", id="id", ways=(("claimed", "id"), ("mail", "email"))),
    references=(Reference(column="user_id", table="users", target="id", code="orphan", named="named"),),
    owners_first=True,
)


def convert(entry: Entry, suffix: str, settings: Settings) -> Row:
    notes: list[str] = []
    fields = Fields(read_object(entry, notes), TABLE.name, notes)
    owner = key_text(suffix)
    status = fields.required("status", as_text)
    status = as_member_of("canceled" if status == DOUBLE_L else status, "status", STATUSES)
    begins = fields.required("current_period_start", as_timestamp, settings.source_zone)
    ends = fields.required("current_period_end", as_timestamp, settings.source_zone)
    if ends < begins:
        raise Refusal("bad_timestamp", "current_period_end is before current_period_start.")
    subscription = fields.optional("subscription_id", as_key_text) or None
    stripe = subscription if subscription is not None and subscription.startswith(STRIPE) else None
    annual = fields.defaulted("is_annual", False, as_boolean)
    plan = fields.defaulted("plan_name", "unknown", as_text)
    cells = (
        row_id(TABLE.name, "id", subscription) if subscription else row_id(TABLE.name, "key", owner),
        None,
        stripe,
        status,
        plan,
        "yearly" if annual else "monthly",
        _price(fields, annual),
        "USD",
        begins,
        ends,
        fields.defaulted("cancel_at_period_end", False, as_boolean),
        ends,
        {
            **fields.left,
            "key_suffix": owner,
            **({} if stripe or not subscription else {"subscription_id": subscription}),
        },
        # Redis says neither; the column's default is the time of the migration, which would differ from run to run.
        begins,
        begins,
        uuid_of(owner),
        as_email(owner) if is_email(owner) else None,
        owner,
    )
    return Row(TABLE.name, cells, preference=_later_first(ends) + _later_first(begins) + owner, notes=tuple(notes))


def _price(fields: Fields, annual: bool) -> int:
    """The price of the cycle that is paid for; the other one is what the plan would have cost otherwise."""
    prices = {}
    for name in ("monthly_price", "annual_price"):
        value = fields.left.pop(name, None)
        prices[name] = None if value is None else as_count(value, name)
    price = prices["annual_price" if annual else "monthly_price"]
    if price is None:
        fields.notes.append("defaulted subscriptions.amount_cents")
    return price or 0


def _later_first(moment: str) -> str:
    """Text that sorts the other way round than MOMENT, an ISO time in UTC with microseconds."""
    seconds = int(datetime.fromisoformat(moment).replace(microsecond=0).timestamp())
    return f"{END_OF_TIME - seconds:013d}{999_999 - int(moment[20:26]):06d}"
