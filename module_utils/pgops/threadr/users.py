"""threadr:user:{user_id} → users."""

from __future__ import annotations

import hashlib
import uuid

from ..profile import Column, Entry, Refusal, Row, Settings, Table
from ..rules import Rivalry, Unique
from ..values import as_boolean, as_count, as_digest, as_email, as_key_text, as_object, as_text, as_timestamp, is_uuid
from .fields import Fields, read_object, require_identity, spelling, with_extra

# Written once: every run, on every machine, must derive the same ids.
USER_NAMESPACE = uuid.UUID("7d1f0d5c-3c0e-5c5e-9a7d-1c3f5b7e9a11")
ROLES = ("user", "premium", "admin")
STATUSES = ("active", "inactive", "suspended")

TABLE = Table(
    name="users",
    key="id",
    duplicate_code="duplicate_uuid",
    changed_at="updated_at",
    columns=(
        Column("id", "uuid"),
        Column("legacy_id", "text"),
        Column("email", "text"),
        Column("password_hash", "text", secret=True),
        Column("role", "text"),
        Column("status", "text"),
        Column("login_count", "bigint"),
        Column("failed_login_attempts", "bigint"),
        Column("last_failed_login", "timestamptz"),
        Column("last_login_at", "timestamptz"),
        Column("is_email_verified", "boolean"),
        Column("email_verification_token", "text", secret=True),
        Column("password_reset_token", "text", secret=True),
        Column("password_reset_expires", "timestamptz"),
        # May hold what nobody foresaw, such as a code to reset the password.
        Column("metadata", "jsonb", secret=True),
        Column("created_at", "timestamptz"),
        Column("updated_at", "timestamptz"),
    ),
    checks=(("email = lower(email)", "bad_email", "The address changes when PostgreSQL lower-cases it."),),
    # Only an account that the application made itself can hold the id of another one.
    unique=(Unique("legacy_id", "duplicate_legacy_id", "The id belongs to account"),),
    # Decided once: an account that was migrated keeps its address, and its threads stay with it, although a later run
    # sees somebody with a better claim. Deleting the account would take its threads along.
    rivalry=Rivalry(
        column="email",
        code="duplicate_email",
        held_code="email_taken",
        sentence="The address belongs to user",
        order=("last_login_at DESC NULLS LAST", "created_at DESC", 'legacy_id COLLATE "C"'),
        pointed="legacy_id",
        pointer=lambda email: b"threadr:user:email:" + email.encode("utf-8"),
    ),
)


def uuid_of(user_id: str) -> str:
    """The user's UUID: the id itself where it is one, else version 5 of it under the fixed namespace."""
    return user_id.lower() if is_uuid(user_id) else named_uuid(user_id)


def named_uuid(name: str) -> str:
    """C(str(uuid.uuid5(USER_NAMESPACE, name))) in a third of the time: every row has one."""
    digest = bytearray(hashlib.sha1(USER_NAMESPACE.bytes + name.encode("utf-8"), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    text = digest.hex()
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def as_member_of(value: object, name: str, allowed: tuple[str, ...]) -> str:
    text = as_text(value, name)
    if text not in allowed:
        raise Refusal("bad_enumeration", f"{name} is {text[:60]!r}, not one of {', '.join(allowed)}.")
    return text


def convert(entry: Entry, suffix: str, settings: Settings) -> Row:
    notes: list[str] = []
    fields = Fields(read_object(entry, notes), "users", notes)
    user_id = fields.required("user_id", as_key_text)
    require_identity(user_id, suffix, "user_id")
    created_at = fields.required("created_at", as_timestamp)
    cells = (
        uuid_of(user_id),
        user_id,
        fields.required("email", as_email),
        fields.required("password_hash", as_text),
        fields.defaulted("role", "user", as_member_of, ROLES),
        fields.defaulted("status", "active", as_member_of, STATUSES),
        fields.defaulted("login_count", 0, as_count),
        fields.defaulted("failed_login_attempts", 0, as_count),
        fields.optional("last_failed_login", as_timestamp),
        fields.optional("last_login_at", as_timestamp),
        fields.defaulted("is_email_verified", False, as_boolean),
        fields.optional("email_verification_token", as_digest),
        fields.optional("password_reset_token", as_digest),
        fields.optional("password_reset_expires", as_timestamp),
        fields.defaulted("metadata", {}, as_object),
        created_at,
        # The column's default is the time of the migration, which would differ from run to run.
        fields.defaulted("updated_at", created_at, as_timestamp),
    )
    cells = (*cells[:14], with_extra(cells[14], fields.left), *cells[15:])
    return Row("users", cells, preference=spelling(suffix), notes=tuple(notes))
