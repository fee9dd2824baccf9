"""The well-formed user, thread and subscriber that hostile cases depart from, with the rows that they become."""

from __future__ import annotations

from hashlib import sha256
from types import MappingProxyType

from lab.keyspace.draw import uuid4
from lab.keyspace.hostile.case import user_uuid
from lab.keyspace.hostile.kind import Kind, compact, spaced
from lab.keyspace.subscribers import SUBSCRIBER_TTL_S
from lab.keyspace.threads import THREAD_TTL_S
from lab.keyspace.users import USER_TTL_S

HASH = "$2b$12$hv4zgnE6oDdQqcSARfCf.OQO/1esVd8fpGQvd70uDPEhFbwB1nVO."
OWNER = "user_hOwner"


def user_id(slug: str) -> str:
    return f"user_h{slug}"


def address(slug: str) -> str:
    return f"hostile.{slug}@example.com".lower()


def reader(slug: str) -> str:
    """A subscriber's address, which is no user's unless a case says so."""
    return f"reader.{slug}@example.com".lower()


def thread_id(slug: str) -> str:
    """A made-up UUID of version 4."""
    return uuid4(sha256(slug.encode()).digest()[:16])


def _user(slug: str) -> dict:
    return {
        "user_id": user_id(slug),
        "email": address(slug),
        "password_hash": HASH,
        "role": "user",
        "status": "active",
        "created_at": "2025-08-02T09:15:30.120045",
        "updated_at": "2025-08-04T18:02:11.004210",
        "last_login_at": "2025-08-04T18:02:11.004188",
        "login_count": 3,
        "failed_login_attempts": 0,
        "last_failed_login": None,
        "is_email_verified": False,
        "email_verification_token": None,
        "password_reset_token": None,
        "password_reset_expires": None,
        "metadata": {"registration_ip": "2001:db8::1f", "registration_timestamp": "2025-08-02T09:15:30.120045"},
    }


def _user_row(slug: str) -> dict:
    return {
        "id": user_uuid(user_id(slug)),
        "legacy_id": user_id(slug),
        "email": address(slug),
        "password_hash": HASH,
        "role": "user",
        "status": "active",
        "created_at": "2025-08-02T09:15:30.120045+00:00",
        "updated_at": "2025-08-04T18:02:11.004210+00:00",
        "last_login_at": "2025-08-04T18:02:11.004188+00:00",
        "login_count": 3,
        "failed_login_attempts": 0,
        "last_failed_login": None,
        "is_email_verified": False,
        "email_verification_token": None,
        "email_verification_expires": None,
        "password_reset_token": None,
        "password_reset_expires": None,
        "metadata": {"registration_ip": "2001:db8::1f", "registration_timestamp": "2025-08-02T09:15:30.120045"},
    }


TWEETS = (
    MappingProxyType(
        {"id": "0f6f6a0c-2f57-4f0e-9a57-51f7a3b1c001", "content": "1/2 The moon", "order": 1, "character_count": 12}
    ),
    MappingProxyType(
        {"id": "5d1d9d1e-6b0b-4a34-8f0e-51f7a3b1c002", "content": "2/2 the sea", "order": 2, "character_count": 11}
    ),
)
METADATA = MappingProxyType(
    {
        "source_url": "https://example.com/tides?x=1",
        "source_type": "url",
        "generation_time_ms": None,
        "ai_model": "gpt-3.5-turbo",
        "content_length": 1840,
        "tags": ["sea"],
    }
)


def _thread(slug: str) -> dict:
    return {
        "id": thread_id(slug),
        "user_id": OWNER,
        "title": "Why tides are late",
        "original_content": "The moon passes, and the sea follows \u2026",
        "tweets": [dict(tweet) for tweet in TWEETS],
        "metadata": dict(METADATA),
        "created_at": "2025-08-03 07:44:02.991200",
        "updated_at": "2025-08-03 07:50:13.000417",
        "view_count": 4,
        "copy_count": 1,
        "is_favorite": True,
        "is_archived": False,
    }


def _thread_row(slug: str) -> dict:
    return {
        "id": thread_id(slug),
        "user_id": user_uuid(OWNER),
        "team_id": None,
        "title": "Why tides are late",
        "original_content": "The moon passes, and the sea follows \u2026",
        "tweets": [dict(tweet) for tweet in TWEETS],
        "metadata": {},
        "source_url": "https://example.com/tides?x=1",
        "source_type": "url",
        "ai_model": "gpt-3.5-turbo",
        "generation_time_ms": None,
        "content_length": 1840,
        "tags": ["sea"],
        "view_count": 4,
        "copy_count": 1,
        "is_favorite": True,
        "is_archived": False,
        "status": "published",
        "version": 1,
        "created_at": "2025-08-03T07:44:02.991200+00:00",
        "updated_at": "2025-08-03T07:50:13.000417+00:00",
    }


def _subscriber(slug: str) -> dict:
    return {
        "email": reader(slug),
        "subscribed_at": "2025-08-01T20:03:55.310977",
        "client_ip": "203.0.113.77",
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
        "referrer": "https://example.net/",
        "source": "web_app",
    }


def _subscriber_row(slug: str) -> dict:
    return {
        "email": reader(slug),
        "subscribed_at": "2025-08-01T20:03:55.310977+00:00",
        "client_ip": "203.0.113.77",
        "client_ip_raw": None,
        "user_agent": "Mozilla/5.0 (X11; Linux x86_64)",
        "referrer": "https://example.net/",
        "source": "web_app",
        "unsubscribed_at": None,
        "user_id": None,
        "metadata": {},
    }


USER = Kind("user", "users", "threadr:user:", "user_id", USER_TTL_S * 1000, compact, _user, _user_row)
THREAD = Kind("thread", "threads", "threadr:thread:", "id", THREAD_TTL_S * 1000, spaced, _thread, _thread_row)
SUBSCRIBER = Kind(
    "subscriber", "email_subscribers", "threadr:email:", "email", SUBSCRIBER_TTL_S * 1000, spaced,
    _subscriber, _subscriber_row,
)  # fmt: skip
