"""Analytics of existing threads: a record, the index, the series (patterns 23 to 25)."""

from __future__ import annotations

import json
from collections.abc import Iterator

from lab.keyspace.clock import DAY, epoch, iso, remaining_ms
from lab.keyspace.draw import Draw
from lab.keyspace.entry import Entry, string
from lab.keyspace.threads import Thread, thread
from lab.keyspace.users import User
from lab.keyspace.words import text
from lab.keyspace.world import World

ANALYTICS_TTL_S = 7_776_000
_TYPES = ("educational", "news", "personal", "promotional", "entertainment", "technical", "other")
_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def entries(world: World, owner: User) -> Iterator[Entry]:
    """The analytics of one user's threads."""
    index, impressions, rates = [], [], []
    # Python up to 3.10 prints the period's value, later ones its name.
    period = "day" if owner.index % 10 == 0 else "MetricPeriod.DAY"
    for number in world.threads_of(owner.index):
        if not world.has_analytics(number):
            continue
        posted = thread(world, number, owner)
        value, ttl_ms = _record(world, owner, posted)
        yield string(f"analytics:{owner.id}:thread:{posted.id}", _compact(value), ttl_ms)
        score = epoch(posted.created).encode()
        index.append((posted.id.encode(), score))
        impressions.append((_point(posted, float(value["total_impressions"])), score))
        rates.append((_point(posted, value["engagement_rate"]), score))
    if index:
        yield Entry(f"analytics:{owner.id}:threads".encode(), "zset", tuple(index))
        for metric, points in (("impressions", impressions), ("engagement_rate", rates)):
            yield Entry(f"analytics:{owner.id}:timeseries:{metric}:{period}".encode(), "zset", tuple(points))


def _record(world: World, owner: User, posted: Thread) -> tuple[dict, int]:
    draw = Draw(world.seed, "analytics", posted.index, 96)
    impressions = 100 + draw.below(90_000)
    likes, retweets, replies, bookmarks, quotes = (
        draw.below(impressions // part + 1) for part in (20, 60, 80, 90, 200)
    )
    engagements = likes + retweets + replies + bookmarks + quotes
    tweets = 1 + draw.below(6)
    value = {
        "thread_id": posted.id,
        "user_id": owner.id,
        "created_at": iso(posted.created),
        "posted_at": iso(posted.created),
        "title": text(bytes(draw.below(256) for _word in range(5))),
        "source_url": None,
        "content_type": draw.of(_TYPES),
        "tweet_count": tweets,
        "total_character_count": 200 * tweets,
        "total_impressions": impressions,
        "total_engagements": engagements,
        "engagement_rate": round(100 * engagements / impressions, 2),
        "total_likes": likes,
        "total_retweets": retweets,
        "total_replies": replies,
        "total_bookmarks": bookmarks,
        "total_quotes": quotes,
        "profile_visits": draw.below(300),
        "link_clicks": draw.below(200),
        "new_followers": draw.below(30),
        "thread_completion_rate": draw.below(1001) / 10,
        "avg_time_on_thread": draw.below(900) / 10,
        "virality_score": draw.below(1001) / 10,
        "tweet_metrics": [_tweet(posted, number, impressions // (number + 1)) for number in range(tweets)],
        "best_tweet_position": 1,
        "worst_tweet_position": tweets,
        "optimal_length": None,
        "peak_engagement_hour": draw.below(24),
        "peak_engagement_day": draw.of(_DAYS),
    }
    return value, remaining_ms(ANALYTICS_TTL_S, draw.below(60 * DAY))


def _tweet(posted: Thread, number: int, impressions: int) -> dict:
    return {
        "tweet_id": f"{posted.id}_tweet_{number + 1}", "position": number + 1, "content": f"{number + 1}/ \U0001f319",
        "character_count": 4, "impressions": impressions, "likes": impressions // 30, "retweets": impressions // 90,
        "replies": impressions // 100, "bookmarks": 0, "quotes": 0, "engagement_rate": 5.44, "drop_off_rate": None,
        "posted_at": iso(posted.created), "peak_hour": None,
    }  # fmt: skip


def _point(posted: Thread, value: float) -> bytes:
    return _compact({"timestamp": iso(posted.created), "value": value, "period": "day"}).encode()


def _compact(value: dict) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
