"""threadr:thread_stats:{user_id} → user_thread_stats; the fields of threadr:usage:stats → app_counters."""

from __future__ import annotations

import re

from ..profile import Column, Entry, Refusal, Row, Settings, Table
from ..rules import Reference
from ..strict_json import decode
from ..values import as_count, as_key_text
from .fields import Fields, key_text, read_object, spelling
from .identities import row_id
from .usage import first_day
from .users import uuid_of

COUNTERS = ("created", "viewed", "updated", "deleted", "copied")
NO_DAY = "1970-01-01"
TOTAL = re.compile(r"total_(.+)\Z", re.DOTALL)
DATED = re.compile(r"(.+)_([0-9]{4}-[0-9]{2})(-[0-9]{2})?\Z", re.DOTALL)

TABLE = Table(
    name="user_thread_stats",
    key="user_id",
    duplicate_code="duplicate_uuid",
    columns=(
        Column("user_id", "uuid"),
        *(Column(name, "bigint") for name in COUNTERS),
        # Since when it counts is not known: a month without use starts it anew.
        Column("as_of", "timestamptz"),
        Column("owner", "text", stored=False),
    ),
    references=(Reference(column="user_id", table="users", target="id", code="orphan", named="owner"),),
)
TOTALS = Table(
    name="app_counters",
    key="id",
    columns=(
        Column("id", "uuid"),
        Column("metric", "text"),
        Column("period_type", "text"),
        Column("period_start", "date"),
        Column("value", "bigint"),
    ),
    natural=("metric", "period_type", "period_start"),
)


def convert(entry: Entry, suffix: str, settings: Settings) -> Row:
    notes: list[str] = []
    fields = Fields(read_object(entry, notes), TABLE.name, notes)
    owner = key_text(suffix)
    cells = (uuid_of(owner), *(fields.defaulted(name, 0, as_count) for name in COUNTERS), None, owner)
    fields.ignore_rest()
    return Row(TABLE.name, cells, preference=spelling(owner), notes=tuple(notes))


def convert_field(suffix: str, field: tuple[bytes, bytes], settings: Settings) -> Row:
    name, value = (decode(part) for part in field)
    if "\0" in name:
        raise Refusal("malformed_key", "The field's name holds U+0000.")
    metric, period, start = of_field(as_key_text(name, "the field's name"))
    cells = (row_id(TOTALS.name, metric, period, start), metric, period, start, as_count(value, name[:80]))
    return Row(TOTALS.name, cells, preference="0" if TOTAL.match(name) else "1")


def of_field(name: str) -> tuple[str, str, str]:
    """Metric, type of period, first day."""
    total = TOTAL.match(name)
    if total:
        return total[1], "total", NO_DAY
    dated = DATED.match(name)
    if dated is None:
        return name, "total", NO_DAY
    metric, month, day = dated.groups()
    return (metric, "day", first_day(month + day)) if day else (metric, "month", first_day(f"{month}-01"))
