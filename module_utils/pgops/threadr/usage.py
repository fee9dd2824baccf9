"""threadr:usage:{ip|email|user}:{subject}:{daily|monthly}:{date} → usage_counters."""

from __future__ import annotations

from datetime import date

from ..profile import Column, Entry, Refusal, Row, Settings, Table
from ..rules import Owner
from ..strict_json import decode
from ..values import as_address, as_count, as_email
from .fields import key_text
from .identities import row_id
from .users import uuid_of

ENDPOINT, ACTION = "/api/generate", "generate_thread"

TABLE = Table(
    name="usage_counters",
    key="id",
    merges=True,
    # One address or e-mail in several spellings is one subject.
    adds_up="count",
    columns=(
        Column("id", "uuid"),
        Column("user_id", "uuid"),
        Column("ip_address", "inet"),
        Column("email", "text"),
        Column("subject_raw", "text"),
        Column("endpoint", "text"),
        Column("action", "text"),
        Column("period_type", "text"),
        Column("period_start", "date"),
        Column("count", "bigint"),
        Column("claimed", "uuid", stored=False),
        Column("claimant", "text", stored=False),
    ),
    checks=(
        ("email IS NULL OR email = lower(email)", "bad_email", "The address changes when PostgreSQL lower-cases it."),
    ),
    owner=Owner(
        column="user_id", table="users", id="id", ways=(("claimed", "id"),), otherwise=("subject_raw", "claimant")
    ),
    natural=(
        "user_id", "ip_address", "email", "subject_raw", "endpoint", "action", "period_type", "period_start"
    ),
)  # fmt: skip


def by_ip(entry: Entry, suffix: str, settings: Settings) -> Row:
    subject, period = parse(suffix)
    address, raw = as_address(subject)
    if address is None:
        # Whatever stands there is counted; it may be empty.
        return row(entry, ("raw", subject), period, spelling=subject, subject_raw=key_text(subject))
    return row(entry, ("ip", address), period, spelling="1" if raw else "0", ip_address=address)


def by_email(entry: Entry, suffix: str, settings: Settings) -> Row:
    subject, period = parse(suffix)
    email = as_email(key_text(subject), "the subject")
    return row(entry, ("email", email), period, spelling="0" if email == subject else "1", email=email)


def by_user(entry: Entry, suffix: str, settings: Settings) -> Row:
    """Of a user who is not there the id stays, as it was spelled."""
    subject, period = parse(suffix)
    user = uuid_of(key_text(subject))
    return row(entry, ("user", user), period, spelling="0" if subject == user else "1", claimed=user, claimant=subject)


def malformed(entry: Entry, suffix: str, settings: Settings) -> Row:
    raise Refusal("malformed_key", "The key is not what a counter is called: subject, daily or monthly, and its date.")


def parse(suffix: str) -> tuple[str, tuple[str, str]]:
    """The subject, and the period as type and first day. The subject may hold colons, and be empty."""
    rest, _, moment = suffix.rpartition(":")
    subject, _, period = rest.rpartition(":")
    return subject, ("day", first_day(moment)) if period == "daily" else ("month", first_day(f"{moment}-01"))


def first_day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Refusal("malformed_key", f"There is no such date: {text}.") from None


def row(entry: Entry, identity: tuple[str, str], period: tuple[str, str], spelling: str, **subject: str) -> Row:
    """The counter of SUBJECT, which names one of the columns; SPELLING decides whose key stands for several."""
    count = as_count(decode(entry.value), "the counter")
    columns = ("user_id", "ip_address", "email", "subject_raw")
    cells = (
        row_id(TABLE.name, *identity, *period),
        *map(subject.get, columns),
        ENDPOINT,
        ACTION,
        *period,
        count,
        subject.get("claimed"),
        subject.get("claimant"),
    )
    return Row(TABLE.name, cells, preference=spelling)
