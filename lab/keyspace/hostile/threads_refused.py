"""Threads that are quarantined, each for one reason."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace.hostile.base import METADATA, THREAD, USER, address, thread_id, user_id
from lab.keyspace.hostile.case import Case


def _metadata(**changes) -> dict:
    return {"metadata": {**METADATA, **changes}}


def cases() -> Iterator[Case]:
    yield from _required()
    yield from _wrong_fields()
    yield from _numbers()
    yield from _identities()
    yield from _orphans()


def _required() -> Iterator[Case]:
    for field in ("id", "user_id", "title", "original_content", "tweets", "created_at"):
        yield THREAD.refuse(f"Without{field}", "missing_field", f"{field} is missing", drop=(field,))
        slug = f"Null{field}"
        yield THREAD.refuse(slug, "missing_field", f"{field} is null", {field: None}, key=thread_id(slug))


def _wrong_fields() -> Iterator[Case]:
    wrong: dict[str, dict] = {
        "TitleNumber": {"title": 5},
        "TitleArray": {"title": ["a"]},
        "ContentBool": {"original_content": False},
        "TweetsObject": {"tweets": {}},
        "TweetsEmpty": {"tweets": []},
        "TweetsText": {"tweets": "[]"},
        "TweetsNumber": {"tweets": 0},
        "UserNumber": {"user_id": 5},
        "ViewsTrue": {"view_count": True},
        "ViewsHalf": {"view_count": 0.5},
        "ViewsText": {"view_count": "many"},
        "CopiesObject": {"copy_count": {}},
        "FavoriteNumber": {"is_favorite": 0},
        "ArchivedText": {"is_archived": "no"},
        "CreatedNumber": {"created_at": 1754126130},
        "UpdatedArray": {"updated_at": []},
        "MetadataArray": {"metadata": []},
        "MetadataText": {"metadata": "x"},
        "TagsText": _metadata(tags="x"),
        "TagsObject": _metadata(tags={}),
        "TagsNumber": _metadata(tags=["a", 1]),
        "TagsNull": _metadata(tags=[None]),
        "TagsNested": _metadata(tags=[["a"]]),
        "UrlNumber": _metadata(source_url=5),
        "SourceNumber": _metadata(source_type=5),
        "ModelObject": _metadata(ai_model={}),
        "LengthText": _metadata(content_length="long"),
        "TimeHalf": _metadata(generation_time_ms=1.5),
    }
    for slug, changes in wrong.items():
        yield THREAD.refuse(f"Wrong{slug}", "wrong_field", "a field of the wrong kind", changes)


def _numbers() -> Iterator[Case]:
    beyond: dict[str, dict] = {
        "Views": {"view_count": 2**63},
        "ViewsText": {"view_count": str(2**64)},
        "Copies": {"copy_count": 1e19},
        "Length": _metadata(content_length=2**63),
        "Time": _metadata(generation_time_ms=1e300),
    }
    for slug, changes in beyond.items():
        yield THREAD.refuse(f"Beyond{slug}", "out_of_range", "beyond bigint", changes)
    for slug, content in (
        ("Views", {"view_count": -1}),
        ("ViewsText", {"view_count": "-5"}),
        ("Copies", {"copy_count": -2.0}),
    ):
        yield THREAD.refuse(f"Negative{slug}", "negative", "a counter below zero", content)


def _identities() -> Iterator[Case]:
    canonical = "b7e9a118-c2d3-4e4f-9a5b-6c7d8e9f0a1b"
    bad = {
        "Words": "not-a-uuid",
        "Bare": canonical.replace("-", ""),
        "Braced": f"{{{canonical}}}",
        "Urn": f"urn:uuid:{canonical}",
        "Short": canonical[:-1],
        "Long": canonical + "0",
        "Newline": canonical + "\n",
        "Blank": f" {canonical}",
        "Letter": canonical.replace("b7", "g7"),
        "Digits": canonical.replace("b7", "b\u0667"),
        "Hyphens": "b7e9a11-8c2d3-4e4f-9a5b-6c7d8e9f0a1b",
        "Suffix": f"{canonical}:draft",
        "Empty": "",
    }
    for slug, identity in bad.items():
        yield THREAD.refuse(f"Id{slug}", "bad_uuid", "an id that is no canonical UUID", {"id": identity})
    yield THREAD.refuse("Mismatch", "identity_mismatch", "another id in the value", {"id": thread_id("SomeOther")},
                        key=thread_id("Mismatch"))  # fmt: skip
    lower = "c2d3e4f5-a6b7-4c8d-9e0f-1a2b3c4d5e6f"
    yield THREAD.accept(
        "TwinLower", "two spellings of one UUID: the lower-case one stays", {"id": lower}, {"id": lower}
    )
    yield THREAD.refuse(
        "TwinUpper", "duplicate_uuid", "two spellings of one UUID", {"id": lower.upper(), "title": "twin"}
    )
    mixed = "C2d3e4f5-a6b7-4c8d-9e0f-1a2b3c4d5e6f"
    yield THREAD.refuse("TwinMixed", "duplicate_uuid", "a third spelling", {"id": mixed, "title": "third"})


def _orphans() -> Iterator[Case]:
    owners = {
        "Missing": "user_hNeverThere",
        "Empty": "",
        "Case": "user_howner",
        "Quarantined": user_id("MalformedCut"),
        "OwnerType": user_id("Typehash"),
        "OwnerKey": user_id("WithoutEmailOwner"),
        "OwnerTwin": "5E9A7D1C-3F5B-4E9A-8C77-0B5F1E9D4212",
    }
    notes = {
        "Missing": "its owner is missing",
        "Empty": "an owner without a name",
        "Case": "ids of users differ by case",
        "Quarantined": "its owner is quarantined",
        "OwnerType": "its owner is a hash",
        "OwnerKey": "its owner has no address",
        "OwnerTwin": "a UUID that no user has",
    }
    yield USER.refuse("WithoutEmailOwner", "bad_email", "an owner without a usable address", {"email": "none"})
    for slug, owner in owners.items():
        yield THREAD.refuse(f"Orphan{slug}", "orphan", notes[slug], {"user_id": owner})
    yield USER.accept("OrphanMaker", "a subscriber's address is no owner", {"email": address("orphanmaker")})
    yield THREAD.refuse("OrphanMail", "orphan", "an address instead of an id", {"user_id": address("orphanmaker")})
