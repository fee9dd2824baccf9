"""threadr:thread:{thread_id} → threads."""

from __future__ import annotations

from ..profile import Column, Entry, Refusal, Row, Settings, Table
from ..rules import Reference
from ..strict_json import json_kind
from ..values import as_boolean, as_count, as_integer, as_object, as_text, as_texts, as_timestamp, as_uuid
from .fields import Fields, read_object, require_identity, spelling, with_extra
from .users import uuid_of

AI_MODEL_CHARACTERS = 50
SOURCE_TYPES = ("url", "text")
DEFAULT_AI_MODEL = "gpt-3.5-turbo"

TABLE = Table(
    name="threads",
    key="id",
    duplicate_code="duplicate_uuid",
    changed_at="updated_at",
    columns=(
        Column("id", "uuid"),
        Column("user_id", "uuid"),
        Column("title", "text"),
        Column("original_content", "text"),
        Column("tweets", "jsonb"),
        Column("metadata", "jsonb"),
        Column("source_url", "text"),
        Column("source_type", "text"),
        Column("ai_model", "text"),
        Column("generation_time_ms", "bigint"),
        Column("content_length", "bigint"),
        Column("tags", "text[]"),
        Column("view_count", "bigint"),
        Column("copy_count", "bigint"),
        Column("is_favorite", "boolean"),
        Column("is_archived", "boolean"),
        Column("created_at", "timestamptz"),
        Column("updated_at", "timestamptz"),
        Column("owner", "text", stored=False),
    ),
    references=(Reference(column="user_id", table="users", target="id", code="orphan", named="owner"),),
)


def as_tweets(value: object, name: str) -> list:
    if not isinstance(value, list) or not value:
        kind = "an empty array" if value == [] else json_kind(value)
        raise Refusal("wrong_field", f"{name} is {kind} where an array with at least one tweet is expected.")
    return value


def convert(entry: Entry, suffix: str, settings: Settings) -> Row:
    notes: list[str] = []
    fields = Fields(read_object(entry, notes), "threads", notes)
    thread_id = fields.required("id", as_text)
    require_identity(thread_id, suffix, "id")
    thread_id = as_uuid(thread_id, "id")
    owner = fields.required("user_id", as_text)
    details = Fields(fields.defaulted("metadata", {}, as_object), "threads", notes, "metadata.")
    changed: dict[str, object] = {}
    source_url = details.optional("source_url", as_text)
    source_type = _source_type(details, source_url, changed)
    ai_model = _ai_model(details, changed)
    created_at = fields.required("created_at", as_timestamp)
    cells = (
        thread_id,
        uuid_of(owner),
        fields.required("title", as_text),
        fields.required("original_content", as_text),
        fields.required("tweets", as_tweets),
        changed,
        source_url,
        source_type,
        ai_model,
        details.optional("generation_time_ms", as_integer),
        details.optional("content_length", as_integer),
        details.defaulted("tags", [], as_texts),
        fields.defaulted("view_count", 0, as_count),
        fields.defaulted("copy_count", 0, as_count),
        fields.defaulted("is_favorite", False, as_boolean),
        fields.defaulted("is_archived", False, as_boolean),
        created_at,
        fields.defaulted("updated_at", created_at, as_timestamp),
        owner,
    )
    cells = (*cells[:5], with_extra(changed, fields.left, details.left), *cells[6:])
    return Row("threads", cells, preference=spelling(suffix), notes=tuple(notes))


def _source_type(details: Fields, source_url: str | None, changed: dict[str, object]) -> str:
    original = details.defaulted("source_type", "text", as_text)
    known = original.lower()
    if known not in SOURCE_TYPES:
        known = "url" if source_url else "text"
    if known != original:
        changed["source_type"] = original
    return known


def _ai_model(details: Fields, changed: dict[str, object]) -> str:
    original = details.defaulted("ai_model", DEFAULT_AI_MODEL, as_text)
    if len(original) > AI_MODEL_CHARACTERS:
        changed["ai_model"] = original
    return original[:AI_MODEL_CHARACTERS]
