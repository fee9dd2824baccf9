"""The patterns of Threadr's keyspace, in the order in which they are matched."""

from __future__ import annotations

import re

from ..profile import Pattern, Profile
from . import (
    analytics,
    events,
    premium,
    series,
    stats,
    subscribers,
    subscriptions,
    team_activities,
    team_invites,
    team_memberships,
    teams,
    threads,
    upkeep,
    usage,
    users,
)
from .team_fields import id_of_key


def _ends(expression: str):
    """A test of what follows the prefix; identifiers may hold colons, so the fixed end is what anchors it."""
    return re.compile(expression.encode("ascii"), re.DOTALL).search


def _skipped(name: str, shown: str, redis_type: str, rule: str, accepts=None) -> Pattern:
    prefix = shown.split("{", 1)[0].encode("ascii")
    return Pattern(name=name, shown=shown, prefix=prefix, redis_type=redis_type, skip=rule, accepts=accepts)


def _exactly(name: str, shown: str, redis_type: str, **what) -> Pattern:
    return Pattern(name, shown, shown.encode("ascii"), redis_type, accepts=lambda rest: rest == b"", **what)


def _usage(subject: str, period: str, date: str, convert) -> Pattern:
    shown = f"threadr:usage:{subject}:{{{subject}}}:{period}:{{date}}"
    prefix = shown.split("{", 1)[0].encode("ascii")
    accepts = _ends(rf":{period}:{date}\Z")
    return Pattern(f"usage_{subject}_{period}", shown, prefix, "string", accepts=accepts, convert=convert)


DAY, MONTH = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{4}-[0-9]{2}"
SUBJECTS = {"ip": usage.by_ip, "email": usage.by_email, "user": usage.by_user}

PATTERNS = (
    # Before threadr:user:, whose prefix it shares.
    _skipped("user_email_index", "threadr:user:email:{email}", "string", "derived"),
    Pattern("user", "threadr:user:{user_id}", b"threadr:user:", "string", convert=users.convert),
    _skipped("session", "threadr:session:{user_id}", "string", "short_lived"),
    _skipped("failed_login", "threadr:failed_login:{email}:{ip}", "string", "short_lived"),
    Pattern("thread", "threadr:thread:{thread_id}", b"threadr:thread:", "string", convert=threads.convert),
    _skipped("user_threads", "threadr:user_threads:{user_id}", "string", "derived"),
    Pattern(
        "thread_stats", "threadr:thread_stats:{user_id}", b"threadr:thread_stats:", "string", convert=stats.convert
    ),
    Pattern("subscriber", "threadr:email:{email}", b"threadr:email:", "string", convert=subscribers.convert),
    _exactly("subscriber_list", "threadr:emails:list", "set", member=subscribers.convert_member),
    Pattern("premium_ip", "threadr:premium:ip:{ip}", b"threadr:premium:ip:", "string", convert=premium.by_ip),
    Pattern(
        "premium_email", "threadr:premium:email:{email}", b"threadr:premium:email:", "string", convert=premium.by_email
    ),
    Pattern(
        "subscription",
        "threadr:subscription:user:{user_id or email}",
        b"threadr:subscription:user:",
        "string",
        convert=subscriptions.convert,
    ),
    _exactly("subscriptions_active", "threadr:subscriptions:active", "set", skip="derived"),
    *(_usage(subject, "daily", DAY, convert) for subject, convert in SUBJECTS.items()),
    *(_usage(subject, "monthly", MONTH, convert) for subject, convert in SUBJECTS.items()),
    Pattern(
        "usage_log",
        "threadr:usage:log:{ip}:{epoch}",
        b"threadr:usage:log:",
        "string",
        convert=events.convert,
        accepts=_ends(r":[0-9]+(?:\.[0-9]+)?\Z"),
        optional=True,
    ),
    _exactly("usage_stats", "threadr:usage:stats", "hash", member=stats.convert_field),
    Pattern("usage_malformed", "threadr:usage:{malformed}", b"threadr:usage:", "string", convert=usage.malformed),
    _skipped("ratelimit", "threadr:ratelimit:{ip}", "string", "short_lived"),
    Pattern(
        "thread_analytics",
        "analytics:{user_id}:thread:{thread_id}",
        b"analytics:",
        "string",
        accepts=_ends(r"\A[^:]*:thread:"),
        convert=analytics.convert,
    ),
    _skipped("analytics_threads", "analytics:{user_id}:threads", "zset", "derived", _ends(r"\A[^:]*:threads\Z")),
    Pattern(
        "timeseries",
        "analytics:{user_id}:timeseries:{metric}:{period}",
        b"analytics:",
        "zset",
        accepts=_ends(r"\A[^:]*:timeseries:"),
        opens=series.of_key,
        member=series.convert_member,
    ),
)

# Code that cannot run would write them: where they turn up, the operator has to say that they count.
TEAM_PATTERNS = (
    Pattern("team", "team:data:{team_id}", b"team:data:", "hash", opens=id_of_key, member=teams.convert_field),
    Pattern(
        "team_membership",
        "team:membership:{team_id}:{user_id}",
        b"team:membership:",
        "hash",
        opens=team_memberships.of_key,
        member=team_memberships.convert_field,
    ),
    Pattern(
        "team_invite",
        "team:invite:{invite_id}",
        b"team:invite:",
        "hash",
        opens=id_of_key,
        member=team_invites.convert_field,
    ),
    Pattern(
        "team_activity",
        "team:activity:{team_id}",
        b"team:activity:",
        "list",
        opens=id_of_key,
        member=team_activities.convert_element,
    ),
    _skipped("team_slug", "team:slug:{slug}", "string", "derived"),
    _exactly("team_list", "team:all", "set", skip="derived"),
    _skipped("team_members", "team:members:{team_id}", "set", "derived"),
    _skipped("user_teams", "user:teams:{user_id}", "set", "derived"),
    _skipped("team_invite_token", "team:invite_token:{token}", "string", "derived"),
    _skipped("team_invites", "team:invites:{team_id}", "set", "derived"),
)

# Whoever is referred to, or decides something of others, comes first.
TABLES = (
    users.TABLE, threads.TABLE, subscribers.TABLE, teams.TABLE, team_memberships.TABLE, team_invites.TABLE,
    team_activities.TABLE, subscriptions.TABLE, premium.TABLE, usage.TABLE, events.TABLE, stats.TABLE, stats.TOTALS,
    analytics.TABLE, series.TABLE,
)  # fmt: skip
PROFILE = Profile(
    name="threadr",
    version="5",
    schema="public",
    tables=TABLES,
    patterns=PATTERNS,
    # The updated_at trigger would replace the source's times with that of the migration.
    session_settings={"threadr.keep_updated_at": "on"},
    additions={"teams": TEAM_PATTERNS},
    upkeep=upkeep.UPKEEP,
)
