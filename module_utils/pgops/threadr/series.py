"""Members of analytics:{user_id}:timeseries:{metric}:{period} → analytics_timeseries."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from decimal import Decimal

from ..profile import Column, Refusal, Row, Settings, Table
from ..rules import Choice, Reference
from ..strict_json import clean, needs_cleaning, parse_object
from ..values import as_double, as_key_text, as_timestamp
from .fields import Fields, clean_key, with_extra
from .identities import row_id
from .users import uuid_of

PERIODS = ("hour", "day", "week", "month")
# As Python 3.11 and later write a member of the application's enumeration.
ENUMERATION = re.compile(r"\AMetricPeriod\.", re.IGNORECASE | re.ASCII)
EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)

TABLE = Table(
    name="analytics_timeseries",
    key="id",
    merges=True,
    columns=(
        Column("id", "uuid"),
        Column("user_id", "uuid"),
        Column("thread_id", "uuid"),
        Column("metric_name", "text"),
        Column("metric_value", "double"),
        Column("bucket_at", "timestamptz"),
        Column("period_type", "text"),
        Column("metadata", "jsonb"),
        Column("owner", "text", stored=False),
    ),
    references=(Reference(column="user_id", table="users", target="id", code="orphan", named="owner"),),
    # A record that is saved again leaves a second member at its time: right is what the record says now.
    choice=Choice(
        table="thread_analytics",
        met=(
            "o.user_id = s.user_id AND s.bucket_at IN (o.posted_at, o.created_at) AND s.metric_value ="
            " CASE s.metric_name WHEN 'impressions' THEN o.total_impressions WHEN 'engagement_rate' THEN o.engagement_rate END"
        ),
        columns=("user_id", "metric_name", "metric_value", "bucket_at"),
        largest="metric_value",
    ),
    owners_first=True,
    natural=("user_id", "thread_id", "metric_name", "period_type", "bucket_at"),
)


def of_key(suffix: str) -> tuple[str, str, str]:
    """User id, metric and type of period; refuses a period that no column knows."""
    owner, _, rest = clean_key(suffix).partition(":timeseries:")
    metric, _, period = rest.rpartition(":")
    if not metric:
        raise Refusal("malformed_key", "The key names no metric.")
    known = as_period(period)
    if known is None:
        raise Refusal("bad_enumeration", f"The period is {period[:60]!r}, not one of {', '.join(PERIODS)}.")
    return owner, as_key_text(metric, "the metric's name"), known


def as_period(text: object) -> str | None:
    if not isinstance(text, str) or not text.isascii():
        return None
    known = ENUMERATION.sub("", text).lower()
    return known if known in PERIODS else None


def convert_member(context: tuple[str, str, str], member: tuple[bytes, bytes], settings: Settings) -> Row:
    (owner, metric, period), (value, score) = context, member
    notes: list[str] = []
    found = parse_object(value, notes)
    fields = Fields(clean(found, notes) if needs_cleaning(value) else found, TABLE.name, notes)
    if as_period(fields.left.get("period")) == period:
        del fields.left["period"]
    moment = fields.optional("timestamp", as_timestamp)
    moment = of_score(score) if moment is None else moment
    user = uuid_of(owner)
    number = fields.required("value", as_double)
    identity = row_id(TABLE.name, user, metric, period, moment)
    cells = (identity, user, None, metric, number, moment, period, with_extra({}, fields.left), owner)
    return Row(TABLE.name, cells, notes=tuple(notes))


def of_score(score: bytes) -> str:
    """Epoch seconds as a time, to the microsecond."""
    try:
        microseconds = round(Decimal(score.decode("ascii")) * 1_000_000)
        return (EPOCH + timedelta(microseconds=microseconds)).isoformat(timespec="microseconds")
    except (ArithmeticError, ValueError, TypeError):
        raise Refusal("bad_timestamp", f"The score is no possible time: {score[:60]!r}.") from None
