"""Users that look odd and are accepted: each becomes a row."""

from __future__ import annotations

from collections.abc import Iterator
from hashlib import sha256

from lab.keyspace.hostile import case
from lab.keyspace.hostile.base import OWNER, USER, address, user_id
from lab.keyspace.hostile.case import Case, user_uuid
from lab.keyspace.hostile.kind import insert, nest, nested, swap

_DEFAULTED = ("role", "status", "login_count", "failed_login_attempts", "is_email_verified", "metadata", "updated_at")
_NULLABLE = (
    "last_login_at", "last_failed_login", "email_verification_token", "password_reset_token", "password_reset_expires",
)  # fmt: skip
_DEFAULTS = {
    "role": "user", "status": "active", "login_count": 0, "failed_login_attempts": 0, "is_email_verified": False,
    "metadata": {}, "updated_at": "2025-08-02T09:15:30.120045+00:00",  # as created_at
}  # fmt: skip
_UUID = "9b2f64a1-0d4c-4b7e-8a51-6c1d2e3f4a5b"


def cases() -> Iterator[Case]:
    yield from _identities()
    yield from _addresses()
    yield from _fields()
    yield from _json()
    yield from _index()


def _named(identity: str, uuid: str | None = None) -> dict:
    return {"id": uuid or user_uuid(identity), "legacy_id": identity}


def _identities() -> Iterator[Case]:
    upper = "3C0E5C5E-9A7D-4C3F-8B7E-9A11AABBCCDD"
    odd = {
        "IdSigns": ("user_-_k3Qw9ZrT1xYb-7uVn_0-", None, "an id with - and _"),
        "IdUuid": (_UUID, _UUID, "an id that is a UUID stays it"),
        "IdUpper": (upper, upper.lower(), "an upper-case UUID is stored in canonical form"),
        "IdBare": ("9b2f64a10d4c4b7e8a516c1d2e3f4a5c", None, "32 bare hex digits are no UUID here: version 5"),
        "IdBraced": ("{9b2f64a1-0d4c-4b7e-8a51-6c1d2e3f4a5d}", None, "a braced UUID is none here: version 5"),
        "IdUrn": ("urn:uuid:9b2f64a1-0d4c-4b7e-8a51-6c1d2e3f4a5e", None, "a URN is no UUID here; colons in the id"),
        "IdOld": ("legacy-42", None, "an id without the usual prefix"),
        "IdColon": ("user_hId:with:colons", None, "colons belong to the id"),
        "IdComposed": ("user_hZo\u00eb", None, "not ASCII, composed"),
        "IdDecomposed": ("user_hZoe\u0308", None, "not ASCII, decomposed: another id"),
        "IdSpace": ("user_h a\tb\\N", None, "white space and a backslash in the id"),
    }
    for slug, (identity, uuid, note) in odd.items():
        yield USER.accept(slug, note, {"user_id": identity}, _named(identity, uuid))
    yield USER.accept("Owner", "the owner of the hostile threads", None, _named(OWNER))


def _addresses() -> Iterator[Case]:
    long = "hostile." + "l" * (254 - len("hostile.@example.com")) + "@example.com"
    odd = {
        "MailTrim": ("  Hostile.MailTrim@Example.COM \n", "hostile.mailtrim@example.com", "trimmed and lower-cased"),
        "MailAccent": ("HOSTILE.\u00c9MILE@EXAMPLE.COM", "hostile.\u00e9mile@example.com", "not ASCII, lower-cased"),
        "MailNfc": ("hostile.zo\u00eb@example.com", "hostile.zo\u00eb@example.com", "composed"),
        "MailNfd": ("hostile.zoe\u0308@example.com", "hostile.zoe\u0308@example.com", "decomposed: another address"),
        "MailLong": (long, long, "254 characters, the longest address"),
        "MailOdd": ('hostile:"odd name"@host:25', 'hostile:"odd name"@host:25', "only an @ is asked for"),
    }
    odd["MailLongTrim"] = (f" {'m' + long[1:]} ", "m" + long[1:], "254 characters once it is trimmed")
    for slug, (typed, stored, note) in odd.items():
        yield USER.accept(slug, note, {"email": typed}, {"email": stored})


def _fields() -> Iterator[Case]:
    yield USER.accept("Numbers", "numbers as text", {"login_count": "17", "failed_login_attempts": "-0"},
                      {"login_count": 17, "failed_login_attempts": 0})  # fmt: skip
    yield USER.accept("Floats", "floats with an integral value", {"login_count": 3.0, "failed_login_attempts": -0.0})
    yield USER.accept("Exponent", "1e3 is a whole number", {}, {"login_count": 1000},
                      raw=swap(b'"login_count":3', b'"login_count":1e3'))  # fmt: skip
    yield USER.accept("Bigint", "the largest bigint, as number and as text",
                      {"login_count": 9223372036854775807, "failed_login_attempts": "9223372036854775807"},
                      {"login_count": 9223372036854775807, "failed_login_attempts": 9223372036854775807})  # fmt: skip
    yield USER.accept("BoolText", "a boolean as text", {"is_email_verified": "true"}, {"is_email_verified": True})
    yield USER.accept("BoolTextFalse", "a boolean as text", {"is_email_verified": "false"})
    yield USER.accept("Missing", "missing fields take the column's default", None, _DEFAULTS, drop=_DEFAULTED)
    yield USER.accept("Null", "null fields take the column's default", dict.fromkeys(_DEFAULTED), _DEFAULTS)
    yield USER.accept("NoOptional", "missing nullable fields are null", None, {"last_login_at": None}, drop=_NULLABLE)
    yield USER.accept("NeverLoggedIn", "never logged in", {"last_login_at": None, "login_count": 0},
                      {"last_login_at": None, "login_count": 0})  # fmt: skip
    yield USER.accept(
        "Tokens", "tokens are stored as digests only",
        {"email_verification_token": "verify-\u00e9-1", "password_reset_token": "reset-2",
         "password_reset_expires": "2025-08-05T00:00:00"},
        {"email_verification_token": sha256("verify-\u00e9-1".encode()).hexdigest(),
         "password_reset_token": sha256(b"reset-2").hexdigest(),
         "password_reset_expires": "2025-08-05T00:00:00+00:00"},
    )  # fmt: skip
    for role, status in (("admin", "inactive"), ("premium", "suspended")):
        change = {"role": role, "status": status}
        yield USER.accept(f"Role{role}", "every role and status that the columns know", change, change)
    hash_ = "\\N\t{not,bcrypt}\\.\n"
    yield USER.accept("Copy", "what COPY could take for its own", {"password_hash": hash_}, {"password_hash": hash_})
    mixed = {"updated_at": "2025-08-05T04:02:11.004210+10:00", "last_login_at": "2025-08-04T18:02:11.004188Z"}
    yield USER.accept("Mixed", "naive and aware times in one record", mixed)
    yield USER.accept("NoTtl", "a key that does not expire", ttl_ms=None)
    extra = {"plan": "pro", "flags": [1, {"deep": None}], "id": "other"}
    kept = {**USER.row("Extra")["metadata"], "redis_extra": extra}
    yield USER.accept("Extra", "unknown fields go to metadata", extra, {"metadata": kept})
    yield USER.accept("ExtraOnly", "unknown fields without metadata", {"metadata": None, "plan": "pro"},
                      {"metadata": {"redis_extra": {"plan": "pro"}}})  # fmt: skip
    own = {"redis_extra": {"old": 1}, "a": 2}
    yield USER.accept("ExtraOwn", "metadata with our own name in it: verbatim", {"metadata": own}, {"metadata": own})
    yield USER.accept("ExtraClash", "the same beside unknown fields: nothing is lost", {"metadata": own, "plan": "pro"},
                      {"metadata": {"a": 2, "redis_extra": {"plan": "pro", "metadata": {"redis_extra": {"old": 1}}}}})  # fmt: skip
    longest = "user_h" + "\u00e9" * 497
    yield USER.accept("LongestId", "an id of a thousand bytes", {"user_id": longest},
                      {"id": user_uuid(longest), "legacy_id": longest})  # fmt: skip
    tokens = ("email_verification_token", "password_reset_token")
    yield USER.accept("EmptyTokens", "an empty token is no token", dict.fromkeys(tokens, ""), dict.fromkeys(tokens))


def _json() -> Iterator[Case]:
    rich = {"n": 1.5, "big": 10**29, "tiny": 1e-7, "nested": {"a": [[], {}, None, True]}, "": "\U0001f319 \u2028"}
    yield USER.accept("Metadata", "metadata verbatim", {"metadata": rich}, {"metadata": rich})
    yield USER.accept("Duplicate", "of duplicate keys the last counts", None,
                      {"role": "admin", "email": address("duplicate"), "metadata": {"a": 2}},
                      raw=lambda encoded: b'{"role":"root","email":"x",' + encoded[1:-1]
                      + b',"role":"admin","metadata":{"a":1,"a":2}}')  # fmt: skip
    dirty = (
        b'"metadata": {"k\\u0000ey": "a\\u0000b", "lone": "\\ud83c!", "pair": "\\ud83c\\udf19", '
        b'"turned": "\\udf19\\ud83c", "split": "\\ud83c\\u0000\\udf19", "\\udc00": 1}'
    )
    clean = {
        "key": "ab",
        "lone": "\ufffd!",
        "pair": "\U0001f319",
        "turned": "\ufffd\ufffd",
        "split": "\ufffd\ufffd",
        "\ufffd": 1,
    }
    yield USER.accept("Surrogates", "surrogates paired, lone ones replaced, then U+0000 stripped", None,
                      {"metadata": clean}, drop=("metadata",), raw=insert(dirty))  # fmt: skip
    yield USER.accept("Zero", "U+0000 in a text column", None, {"password_hash": "ab"},
                      drop=("password_hash",), raw=insert(b'"password_hash": "a\\u0000b"'))  # fmt: skip
    yield USER.accept("Blank", "white space around and inside", raw=lambda encoded: b" \r\n\t" + encoded + b"\n ")
    yield USER.accept("Escaped", "every character escaped is the same text", None,
                      raw=swap(b'"role":"user"', b'"\\u0072ole":"\\u0075ser"'))  # fmt: skip
    for levels in (50, 199, 200):
        for slug, extra, cells in (("", b"", {}), ("Escaped", b', "\\u00e9": 1', {"\u00e9": 1})):
            yield USER.accept(f"Nested{levels}{slug}", f"{levels} levels are not too deep", None,
                              {"metadata": {"deep": nest(levels - 2), **cells}}, drop=("metadata",),
                              raw=insert(nested(levels, extra)))  # fmt: skip
    yield USER.accept("NestedText", "brackets in a string do not nest", {"metadata": {"[": "[{\"\\" * 300}},
                      {"metadata": {"[": "[{\"\\" * 300}})  # fmt: skip
    digits = {"p": 0.12345678901234568, "tiny": 0, "same": 0.1, "whole": 123456789012345678901234567890}
    yield USER.accept("Rounded", "fractions beyond double precision are rounded, whole numbers are not", None,
                      {"metadata": digits}, drop=("metadata",),
                      raw=insert(b'"metadata": {"p": 0.12345678901234567891, "tiny": 1e-400, "same": 0.10,'
                                 b' "whole": 123456789012345678901234567890}'))  # fmt: skip


def _index() -> Iterator[Case]:
    yield USER.accept("NoIndex", "a user without index")
    yield case.skipped(_indexed("gone", "Gone"), "an index without user", "user_email_index")
    yield USER.accept("Indexed", "a user with index")
    yield case.skipped(_indexed("indexed", "Indexed"), "its index", "user_email_index")
    yield USER.accept("Vanishing", "expires about now", transient=True, ttl_ms=1)
    yield USER.accept("OneSecond", "a TTL of one second", transient=True, ttl_ms=1000)


def _indexed(slug: str, target: str):
    return USER.entry("x", key=f"email:{address(slug)}", raw=user_id(target).encode())
