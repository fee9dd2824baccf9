"""The oracle: what a migration that maps certain patterns must say of the hostile set."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import replace

from lab.keyspace.hostile.case import Case, Expectation

# What the profile migrates. Of the others the keys are skipped and counted.
MAPPED = frozenset({
    "user", "thread", "subscriber", "subscriber_list", "premium_ip", "premium_email", "subscription", "usage_ip_daily",
    "usage_ip_monthly", "usage_email_daily", "usage_email_monthly", "usage_user_daily", "usage_user_monthly",
    "usage_malformed", "usage_stats", "thread_stats", "thread_analytics", "timeseries",
})  # fmt: skip
# On request, by the name of the choice.
OPTIONAL = {
    "usage_log": frozenset({"usage_log"}),
    "teams": frozenset({
        "team", "team_membership", "team_invite", "team_activity", "team_slug", "team_list", "team_members",
        "user_teams", "team_invite_token", "team_invites",
    }),
}  # fmt: skip
# Of no known pattern unless they are chosen.
UNKNOWN_OTHERWISE = OPTIONAL["teams"]


def expectations(cases: Iterator[Case], mapped: Collection[str]) -> Iterator[Expectation]:
    """Expectations while only the MAPPED patterns are migrated: keys of the others are skipped or unknown, their members
    are not looked at."""
    for case in cases:
        for truth in case.expected:
            if truth.pattern is None or base(truth.pattern) in mapped:
                yield truth
            elif truth.member is None and truth.pattern in UNKNOWN_OTHERWISE:
                yield replace(truth, pattern=None, outcome="unknown", reason=None, rows=())
            elif truth.member is None:
                yield replace(truth, outcome="skipped", reason=None, rows=())


def base(pattern: str) -> str:
    """The pattern of the key that a member's pattern belongs to."""
    return pattern.removesuffix(".member")


def accounting(truths: Collection[Expectation]) -> dict[str, dict[str, int]]:
    """{pattern: {outcome: count}}, unknown keys under C(unknown); transient keys are left out."""
    counts: dict[str, Counter[str]] = {}
    for truth in truths:
        if not truth.transient:
            counts.setdefault(truth.pattern or "unknown", Counter())[truth.outcome] += 1
    return {pattern: dict(outcomes) for pattern, outcomes in counts.items()}


def rows(truths: Collection[Expectation], table: str) -> list[dict]:
    """The rows of TABLE that stand after the migration, without those of transient keys."""
    return [dict(cells) for truth in truths if not truth.transient for name, cells in truth.rows if name == table]
