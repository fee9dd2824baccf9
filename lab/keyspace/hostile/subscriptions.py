"""Hostile subscriptions: whose they are, what their status means, which of two stays."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

from lab.keyspace.entry import DAY_MS, Entry
from lab.keyspace.hostile import case
from lab.keyspace.hostile.base import USER, address, user_id
from lab.keyspace.hostile.case import Case, user_uuid

_VALUE = {
    "plan_name": "threadr_pro",
    "plan_display_name": "Pro",
    "tier_level": 2,
    "status": "active",
    "current_period_start": "2025-08-05 10:00:00",
    "current_period_end": "2025-09-05 10:00:00",
    "cancel_at_period_end": False,
    "thread_limit": -1,
    "features": ["unlimited_threads"],
    "is_annual": False,
    "monthly_price": 1999,
    "annual_price": 19190,
}
_ROW = {
    "team_id": None,
    "status": "active",
    "plan_name": "threadr_pro",
    "billing_cycle": "monthly",
    "amount_cents": 1999,
    "currency": "USD",
    "current_period_start": "2025-08-05T10:00:00+00:00",
    "current_period_end": "2025-09-05T10:00:00+00:00",
    "premium_expires_at": "2025-09-05T10:00:00+00:00",
    "cancel_at_period_end": False,
    "stripe_customer_id": None,
    "stripe_price_id": None,
    "stripe_product_id": None,
}
_OPTIONAL = (
    "plan_name",
    "plan_display_name",
    "tier_level",
    "cancel_at_period_end",
    "thread_limit",
    "features",
    "is_annual",
    "monthly_price",
    "annual_price",
    "subscription_id",
)


# Of the value, kept in metadata.
_WITHOUT_COLUMN = ("plan_display_name", "tier_level", "thread_limit", "features")


def cases() -> Iterator[Case]:
    yield from _accepted()
    yield from _owners()
    yield from _refused()
    yield from _twice()


def _entry(suffix: str, changes: Mapping, drop: tuple[str, ...] = ()) -> Entry:
    value = {"subscription_id": f"sub_{suffix}", **_VALUE, **changes}
    encoded = json.dumps({name: content for name, content in value.items() if name not in drop}).encode()
    return Entry(f"threadr:subscription:user:{suffix}".encode(), "string", encoded, 300 * DAY_MS)


def _row(owner: str, suffix: str, cells: Mapping) -> dict:
    return {
        **_ROW,
        "user_id": user_uuid(user_id(owner)),
        "stripe_subscription_id": f"sub_{suffix}",
        "metadata": _metadata(suffix),
        **cells,
    }


def _metadata(suffix: str, **changes) -> dict:
    """What has no column of its own, and whose key it was."""
    return {**{name: _VALUE[name] for name in _WITHOUT_COLUMN}, "key_suffix": suffix, **changes}


def _keep(slug: str, note: str, changes: Mapping, cells: Mapping, drop: tuple[str, ...] = ()) -> Iterator[Case]:
    """A subscription under its user's id."""
    yield USER.accept(slug, f"subscribes: {note}")
    suffix = user_id(slug)
    yield case.written(_entry(suffix, changes, drop), note, "subscription", "subscriptions", _row(slug, suffix, cells))


def _accepted() -> Iterator[Case]:
    yield from _keep("SubPlain", "under a user id", {}, {})
    yield from _keep("SubCancelled", "two l become one", {"status": "cancelled"}, {"status": "canceled"})
    for status in ("incomplete", "incomplete_expired", "past_due", "paused", "trialing", "unpaid"):
        yield from _keep(f"Sub{status}", f"status {status}", {"status": status}, {"status": status})
    yield from _keep(
        "SubAnnual", "by the year", {"is_annual": True}, {"billing_cycle": "yearly", "amount_cents": 19190}
    )
    absent = {"plan_name": "unknown", "amount_cents": 0, "stripe_subscription_id": None,
              "metadata": {"key_suffix": user_id("SubBare")}}  # fmt: skip
    yield from _keep("SubBare", "without any optional field", {}, absent, drop=_OPTIONAL)
    yield from _keep("SubDual", "a made-up id", {"subscription_id": "dual_write_x_1", "source": "dual_write"},
                     {"stripe_subscription_id": None,
                      "metadata": _metadata(user_id("SubDual"), subscription_id="dual_write_x_1", source="dual_write")})  # fmt: skip
    aware = {"current_period_start": "2025-08-05T12:00:00+0200"}
    yield from _keep("SubAware", "another form of its times, a price as text", {**aware, "monthly_price": "1999"}, {})


def _owners() -> Iterator[Case]:
    yield USER.accept("SubMail", "subscribes under its address")
    typed = address("SubMail").title()
    yield case.written(_entry(typed, {}), "under an address in upper and lower case", "subscription", "subscriptions",
                       _row("SubMail", typed, {}))  # fmt: skip
    nobody = {
        "None": "Stripe knows no address",
        "nobody@example.com": "an address that no user has",
        "": "nothing",
        user_id("TieIndexLoser"): "the id of a user who lost the address",
    }
    for suffix, note in nobody.items():
        yield case.refused(_entry(suffix, {}), note, "subscription", "orphan")


def _refused() -> Iterator[Case]:
    bad: dict[str, tuple[str, dict, tuple[str, ...]]] = {
        "SubNoStart": ("missing_field", {}, ("current_period_start",)),
        "SubNoEnd": ("missing_field", {"current_period_end": None}, ()),
        "SubNoStatus": ("missing_field", {}, ("status",)),
        "SubEnded": ("bad_enumeration", {"status": "ended"}, ()),
        "SubUpper": ("bad_enumeration", {"status": "ACTIVE"}, ()),
        "SubNegative": ("negative", {"monthly_price": -1}, ()),
        "SubReversed": ("bad_timestamp", {"current_period_end": "2025-08-01 00:00:00"}, ()),
        "SubTime": ("bad_timestamp", {"current_period_end": "2025-09-31 00:00:00"}, ()),
        "SubPrice": ("wrong_field", {"monthly_price": 19.99}, ()),
    }
    for slug, (reason, changes, drop) in bad.items():
        yield USER.accept(slug, "the user of a subscription that is refused")
        yield case.refused(_entry(user_id(slug), changes, drop), f"refused: {slug}", "subscription", reason)


def _twice() -> Iterator[Case]:
    one = {"subscription_id": "sub_00Twice"}
    later = {**one, "current_period_end": "2025-10-05 10:00:00"}
    cells = {"stripe_subscription_id": "sub_00Twice", "current_period_end": "2025-10-05T10:00:00+00:00",
             "premium_expires_at": "2025-10-05T10:00:00+00:00"}  # fmt: skip
    yield from _keep("SubTwiceLate", "one subscription under two keys: the later end", later, cells)
    yield USER.accept("SubTwiceEarly", "subscribes: the earlier end")
    yield case.merged(_entry(user_id("SubTwiceEarly"), one), "the earlier end is merged", "subscription")
    yield from _ties()
    refused = {**one, "current_period_end": "2025-12-05 10:00:00", "status": "ended"}
    yield USER.accept("SubTwiceBad", "subscribes: refused for itself")
    yield case.refused(_entry(user_id("SubTwiceBad"), refused), "refused for itself", "subscription", "bad_enumeration")


def _ties() -> Iterator[Case]:
    """The lower tie-breakers of one subscription under two keys."""
    pair = {"subscription_id": "sub_00TwiceStart"}
    later = {**pair, "current_period_start": "2025-08-06 10:00:00"}
    yield from _keep("SubStartLate", "the same end: the later start", later, {
        "stripe_subscription_id": "sub_00TwiceStart", "current_period_start": "2025-08-06T10:00:00+00:00"})  # fmt: skip
    yield USER.accept("SubStartEarly", "subscribes: the earlier start")
    yield case.merged(_entry(user_id("SubStartEarly"), pair), "the earlier start is merged", "subscription")
    pair = {"subscription_id": "sub_00TwiceSuffix"}
    yield from _keep("SubSuffixA", "the same period: the smaller suffix as text", pair,
                     {"stripe_subscription_id": "sub_00TwiceSuffix"})  # fmt: skip
    yield USER.accept("SubSuffixB", "subscribes: the larger suffix")
    yield case.merged(_entry(user_id("SubSuffixB"), pair), "the larger suffix is merged", "subscription")
