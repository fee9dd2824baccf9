"""Which of Threadr's rows are over, and for how long they are kept then."""

from __future__ import annotations

from ..upkeep import DAYS, Growing, Rows, Upkeep

# As cleanup_expired_sessions() and cleanup_expired_invites() do it, which have to do all at once.
SESSIONS = Rows(
    task="cleanup_sessions",
    schema="public",
    table="user_sessions",
    key="id",
    due="is_active AND expires_at <= now()",
    becomes="is_active = false, revoked_at = coalesce(revoked_at, now())",
    reason="their time is over",
)
# Any number of closed ones may be there for an address: only one that is pending has to be alone.
INVITES = Rows(
    task="cleanup_invites",
    schema="public",
    table="team_invites",
    key="id",
    due="status = 'pending' AND expires_at <= now()",
    becomes="status = 'expired'",
    reason="nobody accepted them in time",
)
OLD_SESSIONS = Rows(
    task="cleanup_sessions",
    schema="public",
    table="user_sessions",
    key="id",
    due=f"NOT is_active AND coalesce(revoked_at, expires_at) <= now() - make_interval(days => {DAYS})",
    reason="they ended long ago",
    keep="sessions",
)
OLD_INVITES = Rows(
    task="cleanup_invites",
    schema="public",
    table="team_invites",
    key="id",
    due=f"greatest(expires_at, accepted_at, revoked_at) <= now() - make_interval(days => {DAYS})",
    reason="they were closed long ago",
    keep="invites",
)


def counters(period: str, keep: str, days: int) -> Rows:
    """Redis kept a day's for 30 days and a month's for a year. A period that is not over yet is of no age."""
    return Rows(
        task="expire_usage",
        schema="public",
        table="usage_counters",
        key="id",
        due=f"period_type = '{period}' AND period_start + interval '1 {period}' <= now() - make_interval(days => {DAYS})",
        reason=f"they count a {period} that is long over",
        keep=keep,
        days=days,
    )


EVENTS = Rows(
    task="expire_usage",
    schema="public",
    table="usage_events",
    key="id",
    due=f"occurred_at <= now() - make_interval(days => {DAYS})",
    reason="they happened long ago",
    keep="usage_events",
    days=7,
)
MONTHLY = "have it partitioned by month on bucket_at; docs/maintenance.md says what that takes"

# What is old enough goes at once, and is not marked before.
UPKEEP = Upkeep(
    rows=(
        OLD_SESSIONS,
        SESSIONS,
        OLD_INVITES,
        INVITES,
        counters("day", "usage_days", 30),
        counters("month", "usage_months", 365),
        EVENTS,
    ),
    growing=(Growing("public", "analytics_timeseries", 10_000_000, MONTHLY),),
)
