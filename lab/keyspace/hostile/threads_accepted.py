"""Threads that look odd and are accepted: each becomes a row."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace.entry import Entry
from lab.keyspace.hostile import case
from lab.keyspace.hostile.base import METADATA, OWNER, THREAD, USER, thread_id
from lab.keyspace.hostile.case import Case, user_uuid
from lab.keyspace.hostile.kind import insert, noise, swap

_MOON = "\U0001f319"
_TRAPS = "\\N and \\. and {a,\"b\"} 'c' $$ %s \x7f \u2028 \ufffe\t\r\n\\.\nend\\"


def _metadata(**changes) -> dict:
    return {"metadata": {**METADATA, **changes}}


def cases() -> Iterator[Case]:
    yield from _text()
    yield from _tweets()
    yield from _sources()
    yield from _models_and_tags()
    yield from _defaults()
    yield from _numbers()
    yield from _extra()
    yield from _json()
    yield from _identities()
    yield from _lists()


def _text() -> Iterator[Case]:
    titles = {
        "Empty": ("", "an edit left the title empty"),
        "Limit": ("t" * 200, "200 characters"),
        "Over": ("t" * 200 + "...", "203 characters, as the generator makes them"),
        "Long": ("\u00e9" * 5000, "5,000 characters"),
        "Emoji": (_MOON * 200, "200 emoji"),
        "Traps": (_TRAPS, "what COPY, arrays and format strings could take for their own"),
        "Null": ("\\N", "COPY's null is a title too"),
        "Blank": ("  ", "blanks stay"),
    }
    for slug, (title, note) in titles.items():
        yield THREAD.accept(f"Title{slug}", note, {"title": title}, {"title": title})
    contents = {"Empty": "", "Traps": _TRAPS, "Long": "word " * 12_000, "Huge": "\u6f6e\u6c50 " * 350_000}
    for slug, content in contents.items():
        note = f"content of {len(content)} characters"
        yield THREAD.accept(f"Content{slug}", note, {"original_content": content}, {"original_content": content})


def _tweets() -> Iterator[Case]:
    empty = [{"id": thread_id("t"), "content": "", "order": 1, "character_count": 0}]
    odd = {
        "EmptyTweet": (empty, "a tweet without content"),
        "LongTweet": ([{**empty[0], "content": "x" * 400, "character_count": 400}], "a tweet over 280 characters"),
        "ExtraTweet": ([{**empty[0], "likes": 1.5, "deep": {"a": [None]}}], "unknown fields of a tweet stay in it"),
        "BareTweet": ([{}], "a tweet without any field"),
        "TextTweet": (["plain", 5, None], "elements that are no objects: verbatim"),
        "Unordered": ([{**empty[0], "order": 3}, {**empty[0], "order": 1}], "order as it is in the array"),
        "Hundred": ([{**empty[0], "order": n} for n in range(1, 1001)], "a thousand tweets"),
        "TrapTweet": ([{**empty[0], "content": _TRAPS}], "traps inside jsonb"),
    }
    for slug, (tweets, note) in odd.items():
        yield THREAD.accept(slug, note, {"tweets": tweets}, {"tweets": tweets})
    dirty = b'"tweets": [{"content": "\\ud83c\\u0000\\udf19 \\ud83c\\udf19 \\udc00", "a\\u0000": "\\u0000"}]'
    clean = [{"content": f"\ufffd\ufffd {_MOON} \ufffd", "a": ""}]
    yield THREAD.accept("DirtyTweet", "surrogates and U+0000 inside tweets", None, {"tweets": clean},
                        drop=("tweets",), raw=insert(dirty))  # fmt: skip


def _sources() -> Iterator[Case]:
    table: dict[str, tuple[dict, str, str, str]] = {
        "UrlCase": ({"source_type": "URL"}, "url", "URL", "the front end's own sample data"),
        "UrlCaseBare": ({"source_type": "URL", "source_url": None}, "url", "URL", "URL without an address is url"),
        "TextCase": ({"source_type": "Text"}, "text", "Text", "only the case differs, whatever the address says"),
        "Other": ({"source_type": "pdf"}, "url", "pdf", "neither: url, since there is an address"),
        "OtherBare": ({"source_type": "pdf", "source_url": None}, "text", "pdf", "neither: text, without an address"),
        "Padded": ({"source_type": " url", "source_url": None}, "text", " url", "not trimmed: neither"),
        "Long": ({"source_type": "x" * 500, "source_url": None}, "text", "x" * 500, "longer than the column"),
    }
    for slug, (change, stored, original, note) in table.items():
        cells: dict = {"source_type": stored, "metadata": {"source_type": original}}
        if "source_url" in change:
            cells["source_url"] = None
        yield THREAD.accept(f"Source{slug}", note, _metadata(**change), cells)
    yield THREAD.accept("SourceNull", "null: the column's default, address or not", _metadata(source_type=None),
                        {"source_type": "text"})  # fmt: skip
    plain = _metadata(source_type="text", source_url=None)
    yield THREAD.accept("SourceText", "text", plain, {"source_type": "text", "source_url": None})


def _models_and_tags() -> Iterator[Case]:
    models = {"Fifty": "m" * 50, "FiftyEmoji": _MOON * 50, "Empty": ""}
    for slug, model in models.items():
        yield THREAD.accept(f"Model{slug}", "fits", _metadata(ai_model=model), {"ai_model": model})
    for slug, model in {"FiftyOne": "m" * 50 + "n", "FiftyOneEmoji": _MOON * 51, "Long": "m" * 3000}.items():
        yield THREAD.accept(f"Model{slug}", "over 50 characters: cut, the original kept", _metadata(ai_model=model),
                            {"ai_model": model[:50], "metadata": {"ai_model": model}})  # fmt: skip
    both = "GPT-4 " * 20
    yield THREAD.accept("ModelAndSource", "both changed", _metadata(ai_model=both, source_type="URL"),
                        {"ai_model": both[:50], "metadata": {"ai_model": both, "source_type": "URL"}})  # fmt: skip
    tags: dict[str, list] = {
        "None": [],
        "Traps": ["", "NULL", "null", "{a,b}", 'say "hi"', "back\\slash", "a, b", _MOON, " ", "\n", "\\N"],
        "Twice": ["sea", "sea"],
        "Long": [noise(4000)],
        "Many": [f"tag {number}" for number in range(2000)],
    }
    for slug, tag in tags.items():
        yield THREAD.accept(f"Tags{slug}", "tags in their order, verbatim", _metadata(tags=tag), {"tags": tag})
    zero = swap(b'"tags": ["sea"]', b'"tags": ["s\\u0000ea", "\\ud800"]')
    yield THREAD.accept("TagsZero", "U+0000 and a lone surrogate in tags", None, {"tags": ["sea", "\ufffd"]}, raw=zero)


def _defaults() -> Iterator[Case]:
    empty: dict = {"source_url": None, "source_type": "text", "generation_time_ms": None, "ai_model": "gpt-3.5-turbo",
             "content_length": None, "tags": []}  # fmt: skip
    # A missing updated_at becomes created_at: the time of the migration would change with every run.
    own = {
        "view_count": 0,
        "copy_count": 0,
        "is_favorite": False,
        "is_archived": False,
        "updated_at": "2025-08-03T07:44:02.991200+00:00",
    }
    yield THREAD.accept("NoMetadata", "without metadata: defaults", None, empty, drop=("metadata",))
    yield THREAD.accept("NullMetadata", "metadata null: defaults", {"metadata": None}, empty)
    yield THREAD.accept("EmptyMetadata", "metadata without fields: defaults", {"metadata": {}}, empty)
    yield THREAD.accept("NullsMetadata", "metadata of nulls: defaults", {"metadata": dict.fromkeys(METADATA)}, empty)
    yield THREAD.accept("Missing", "missing fields take the column's default", None, own, drop=tuple(own))
    yield THREAD.accept("Null", "null fields take the column's default", dict.fromkeys(own), own)
    yield THREAD.accept(
        "Local",
        "an empty address of the source stays empty",
        _metadata(source_url="", source_type="text"),
        {"source_url": "", "source_type": "text"},
    )


def _numbers() -> Iterator[Case]:
    yield THREAD.accept("NumberText", "numbers as text", {"view_count": "17", "copy_count": "007"} |
                        _metadata(content_length="1840", generation_time_ms="12"),
                        {"view_count": 17, "copy_count": 7, "generation_time_ms": 12})  # fmt: skip
    yield THREAD.accept(
        "NumberFloat",
        "floats with an integral value",
        {"view_count": 4.0, "copy_count": 1.0} | _metadata(content_length=1840.0, generation_time_ms=1e4),
        {"generation_time_ms": 10000},
    )
    largest = 2**63 - 1
    yield THREAD.accept("NumberLargest", "the largest bigint", {"view_count": largest} |
                        _metadata(content_length=largest, generation_time_ms=str(largest)),
                        {"view_count": largest, "content_length": largest, "generation_time_ms": largest})  # fmt: skip
    yield THREAD.accept("BoolText", "booleans as text", {"is_favorite": "false", "is_archived": "true"},
                        {"is_favorite": False, "is_archived": True})  # fmt: skip


def _extra() -> Iterator[Case]:
    top = {"share_count": 3, "team": None, "notes": ["\u00e9", {}]}
    yield THREAD.accept("Extra", "unknown fields go to metadata", top, {"metadata": {"redis_extra": top}})
    yield THREAD.accept("ExtraInside", "so do unknown fields of its metadata", _metadata(language="de"),
                        {"metadata": {"redis_extra": {"metadata": {"language": "de"}}}})  # fmt: skip
    yield THREAD.accept(
        "ExtraBoth",
        "both, and a changed one",
        {"share_count": 3} | _metadata(language="de", source_type="URL"),
        {"metadata": {"source_type": "URL", "redis_extra": {"share_count": 3, "metadata": {"language": "de"}}}},
    )
    yield THREAD.accept("ExtraClash", "two fields of one name", {"language": "fr"} | _metadata(language="de"),
                        {"metadata": {"redis_extra": {"language": "fr", "metadata": {"language": "de"}}}})  # fmt: skip


def _json() -> Iterator[Case]:
    yield THREAD.accept("Duplicate", "of duplicate keys the last counts", None, {"title": "last", "tags": ["b"]},
                        raw=lambda encoded: b'{"title": 5, ' + encoded[1:-1] + b', "title": "last", '
                        b'"metadata": {"source_url": "https://example.com/tides?x=1", "source_type": "url", '
                        b'"content_length": 1840, "tags": ["a"], "tags": ["b"]}}')  # fmt: skip
    yield THREAD.accept("Zero", "emoji and U+0000", None, {"title": f"{_MOON}ab", "original_content": "\ufffdx"},
                        drop=("title", "original_content"),
                        raw=insert(b'"title": "\\ud83c\\udf19a\\u0000b", "original_content": "\\ud83cx"'))  # fmt: skip
    yield THREAD.accept("RawUnicode", "non-ASCII kept as is", None, {"title": f"caf\u00e9 {_MOON}"}, drop=("title",),
                        raw=insert(f'"title": "caf\u00e9 {_MOON}"'.encode()))  # fmt: skip
    yield THREAD.accept("Blank", "white space around it", raw=lambda encoded: b"\n" + encoded + b"\r\n")
    yield THREAD.accept("Slash", "an escaped slash is a slash", raw=swap(b"https://example", b"https:\\/\\/example"))


def _identities() -> Iterator[Case]:
    upper = "A1B2C3D4-E5F6-4A1B-8C2D-3E4F5A6B7C8D"
    for slug, identity, note in (
        ("IdUpper", upper, "an upper-case UUID is stored in canonical form"),
        ("IdNil", "00000000-0000-0000-0000-000000000000", "the nil UUID is one"),
        ("IdSeven", "0197f3c1-7b7e-7c3a-9b1e-2d3c4b5a6978", "any version will do"),
    ):
        yield THREAD.accept(slug, note, {"id": identity}, {"id": identity.lower()})
    uuid = "2f6a3e90-5c77-4b1d-9d42-7c0b5f1e8b1d"
    yield USER.accept("OwnerUuid", "an owner whose id is a UUID", {"user_id": uuid}, {"id": uuid, "legacy_id": uuid})
    yield THREAD.accept("OfUuid", "and its thread", {"user_id": uuid}, {"user_id": uuid})
    odd = "user_hOwner:odd id"
    yield USER.accept(
        "OwnerOdd", "an owner with a colon in its id", {"user_id": odd}, {"id": user_uuid(odd), "legacy_id": odd}
    )
    yield THREAD.accept("OfOdd", "and its thread", {"user_id": odd}, {"user_id": user_uuid(odd)})
    yield THREAD.accept("NoTtl", "a key that does not expire", ttl_ms=None)
    yield THREAD.accept("OneSecond", "a TTL of one second", transient=True, ttl_ms=1000)
    yield THREAD.accept("Vanishing", "expires about now", transient=True, ttl_ms=1)


def _lists() -> Iterator[Case]:
    yield THREAD.accept("Unlisted", "not in its owner's list")
    listed = b'["%s", "%s"]' % (thread_id("ListedGone").encode(), thread_id("TitleEmpty").encode())
    key = f"threadr:user_threads:{OWNER}".encode()
    yield case.skipped(
        Entry(key, "string", listed, THREAD.ttl_ms), "lists one that is gone, misses most", "user_threads"
    )
