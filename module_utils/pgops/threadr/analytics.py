"""analytics:{user_id}:thread:{thread_id} → thread_analytics."""

from __future__ import annotations

from ..profile import Column, Entry, Refusal, Row, Settings, Table
from ..rules import Reference
from ..values import as_double, as_integer, as_list, as_text, as_timestamp, as_uuid
from .fields import Fields, clean_key, read_object, require_identity, spelling
from .identities import row_id
from .users import uuid_of

CONTENT_TYPES = ("educational", "news", "personal", "promotional", "entertainment", "technical", "other")
COUNTS = (
    "total_impressions", "total_engagements", "total_likes", "total_retweets", "total_replies", "total_bookmarks",
    "total_quotes", "profile_visits", "link_clicks", "new_followers",
)  # fmt: skip
RATES = ("engagement_rate", "thread_completion_rate", "avg_time_on_thread", "virality_score")
POSITIONS = ("best_tweet_position", "worst_tweet_position", "optimal_length")

TABLE = Table(
    name="thread_analytics",
    key="thread_id",
    duplicate_code="duplicate_uuid",
    columns=(
        Column("id", "uuid"),
        Column("thread_id", "uuid"),
        Column("user_id", "uuid"),
        *(Column(name, "bigint") for name in COUNTS),
        *(Column(name, "double") for name in RATES),
        Column("content_type", "text"),
        *(Column(name, "bigint") for name in POSITIONS),
        Column("posted_at", "timestamptz"),
        Column("peak_engagement_hour", "bigint"),
        Column("peak_engagement_day", "text"),
        Column("tweet_metrics", "jsonb"),
        Column("created_at", "timestamptz"),
        Column("updated_at", "timestamptz"),
        Column("named", "text", stored=False),
    ),
    # Of two users who count one thread its owner is right.
    references=(
        Reference(
            "thread_id", table="threads", target="id", code="orphan", named="named", also=(("user_id", "user_id"),)
        ),
    ),
    owners_first=True,
)


def convert(entry: Entry, suffix: str, settings: Settings) -> Row:
    notes: list[str] = []
    fields = Fields(read_object(entry, notes), TABLE.name, notes)
    owner, _, key_thread = clean_key(suffix).partition(":thread:")
    user, thread = fields.required("user_id", as_text), fields.required("thread_id", as_text)
    require_identity(user, owner, "user_id")
    require_identity(thread, key_thread, "thread_id")
    thread = as_uuid(thread, "thread_id")
    created_at = fields.required("created_at", as_timestamp)
    cells = (
        row_id(TABLE.name, thread),
        thread,
        uuid_of(user),
        *(fields.defaulted(name, 0, as_integer) for name in COUNTS),
        *(fields.defaulted(name, 0.0, as_double) for name in RATES),
        _content_type(fields),
        *(fields.optional(name, as_integer) for name in POSITIONS),
        fields.optional("posted_at", as_timestamp),
        fields.optional("peak_engagement_hour", _as_hour),
        fields.optional("peak_engagement_day", as_text),
        fields.defaulted("tweet_metrics", [], as_list),
        created_at,
        # Redis does not say; the column's default is the time of the migration, which would differ from run to run.
        created_at,
        f"{thread} of {user}",
    )
    fields.ignore_rest()
    return Row(TABLE.name, cells, preference=spelling(key_thread) + spelling(owner), notes=tuple(notes))


def _content_type(fields: Fields) -> str:
    found = fields.defaulted("content_type", "other", as_text)
    if found in CONTENT_TYPES:
        return found
    fields.notes.append("replaced thread_analytics.content_type")
    return "other"


def _as_hour(value: object, name: str) -> int:
    hour = as_integer(value, name)
    if not 0 <= hour <= 23:
        raise Refusal("out_of_range", f"{name} is {hour}; a day's hours are 0 to 23.")
    return hour
