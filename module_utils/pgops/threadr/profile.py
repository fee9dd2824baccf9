"""The patterns of Threadr's keyspace, in the order in which they are matched."""

from __future__ import annotations

import re

from ..profile import Pattern, Profile
from . import subscribers, threads, users


def _ends(expression: str):
    """A test of what follows the prefix; identifiers may hold colons, so the fixed end is what anchors it."""
    return re.compile(expression.encode("ascii"), re.DOTALL).search


def _skipped(name: str, shown: str, redis_type: str, rule: str, accepts=None) -> Pattern:
    prefix = shown.split("{", 1)[0].encode("ascii")
    return Pattern(name=name, shown=shown, prefix=prefix, redis_type=redis_type, skip=rule, accepts=accepts)


def _exactly(name: str, shown: str, redis_type: str, **what) -> Pattern:
    return Pattern(name, shown, shown.encode("ascii"), redis_type, accepts=lambda rest: rest == b"", **what)


def _usage(subject: str, period: str, date: str) -> Pattern:
    shown = f"threadr:usage:{subject}:{{{subject}}}:{period}:{{date}}"
    return _skipped(f"usage_{subject}_{period}", shown, "string", "not_mapped_yet", _ends(rf":{period}:{date}\Z"))


DAY, MONTH = r"[0-9]{4}-[0-9]{2}-[0-9]{2}", r"[0-9]{4}-[0-9]{2}"
LATER = "not_mapped_yet"

PATTERNS = (
    # Before threadr:user:, whose prefix it shares.
    _skipped("user_email_index", "threadr:user:email:{email}", "string", "derived"),
    Pattern("user", "threadr:user:{user_id}", b"threadr:user:", "string", convert=users.convert),
    _skipped("session", "threadr:session:{user_id}", "string", "short_lived"),
    _skipped("failed_login", "threadr:failed_login:{email}:{ip}", "string", "short_lived"),
    Pattern("thread", "threadr:thread:{thread_id}", b"threadr:thread:", "string", convert=threads.convert),
    _skipped("user_threads", "threadr:user_threads:{user_id}", "string", "derived"),
    _skipped("thread_stats", "threadr:thread_stats:{user_id}", "string", LATER),
    Pattern("subscriber", "threadr:email:{email}", b"threadr:email:", "string", convert=subscribers.convert),
    _exactly("subscriber_list", "threadr:emails:list", "set", member=subscribers.convert_member),
    _skipped("premium_ip", "threadr:premium:ip:{ip}", "string", LATER),
    _skipped("premium_email", "threadr:premium:email:{email}", "string", LATER),
    _skipped("subscription", "threadr:subscription:user:{user_id or email}", "string", LATER),
    _exactly("subscriptions_active", "threadr:subscriptions:active", "set", skip="derived"),
    *(_usage(subject, "daily", DAY) for subject in ("ip", "email", "user")),
    *(_usage(subject, "monthly", MONTH) for subject in ("ip", "email", "user")),
    _skipped("usage_log", "threadr:usage:log:{ip}:{epoch}", "string", LATER),
    _exactly("usage_stats", "threadr:usage:stats", "hash", skip=LATER),
    _skipped("usage_malformed", "threadr:usage:{malformed}", "string", LATER),
    _skipped("ratelimit", "threadr:ratelimit:{ip}", "string", "short_lived"),
    _skipped("thread_analytics", "analytics:{user_id}:thread:{thread_id}", "string", LATER, _ends(r"\A[^:]*:thread:")),
    _skipped("analytics_threads", "analytics:{user_id}:threads", "zset", "derived", _ends(r"\A[^:]*:threads\Z")),
    _skipped(
        "timeseries", "analytics:{user_id}:timeseries:{metric}:{period}", "zset", LATER, _ends(r"\A[^:]*:timeseries:")
    ),
)

PROFILE = Profile(
    name="threadr",
    version="2",
    schema="public",
    tables=(users.TABLE, threads.TABLE, subscribers.TABLE),
    patterns=PATTERNS,
    # The updated_at trigger would replace the source's times with that of the migration.
    session_settings={"threadr.keep_updated_at": "on"},
)
