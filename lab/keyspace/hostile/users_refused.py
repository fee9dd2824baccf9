"""Users that are quarantined, each for one reason."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace.hostile.base import USER, address, user_id
from lab.keyspace.hostile.case import Case
from lab.keyspace.hostile.kind import insert, nested, noise

_LONG = "hostile." + "l" * 235 + "@example.com"


def cases() -> Iterator[Case]:
    yield from _required()
    yield from _wrong_fields()
    yield from _numbers()
    yield from _sizes()
    yield from _identities()
    yield from _addresses()
    for slug, field, text in (("Role", "role", "root"), ("RoleCase", "role", "Admin"), ("RoleEmpty", "role", ""),
                              ("Status", "status", "deleted"), ("StatusCase", "status", "ACTIVE")):  # fmt: skip
        yield USER.refuse(f"Enum{slug}", "bad_enumeration", f"a {field} that no mapping knows", {field: text})


def _required() -> Iterator[Case]:
    for field in ("user_id", "email", "password_hash", "created_at"):
        slug = f"Without{field}"
        yield USER.refuse(slug, "missing_field", f"{field} is missing", drop=(field,))
        yield USER.refuse(
            f"Null{field}", "missing_field", f"{field} is null", {field: None}, key=user_id(f"Null{field}")
        )


def _wrong_fields() -> Iterator[Case]:
    wrong = {
        "CountTrue": ("login_count", True, "a boolean is no number"),
        "CountHalf": ("login_count", 1.5, "not a whole number"),
        "CountText": ("login_count", "abc", "no number"),
        "CountPlus": ("login_count", "+5", "a plus sign"),
        "CountBlank": ("login_count", " 5", "a blank"),
        "CountEmpty": ("login_count", "", "an empty text is no number"),
        "CountFloatText": ("login_count", "3.0", "a float as text"),
        "CountDigits": ("login_count", "\u0665", "digits that are not ASCII"),
        "CountUnder": ("login_count", "1_000", "an underscore, which Python would take"),
        "CountArray": ("failed_login_attempts", [3], "an array"),
        "BoolOne": ("is_email_verified", 1, "1 is no boolean"),
        "BoolCase": ("is_email_verified", "True", "True is not true"),
        "BoolYes": ("is_email_verified", "yes", "yes is no boolean"),
        "MetaArray": ("metadata", [], "metadata is no object"),
        "MetaText": ("metadata", "{}", "metadata is text"),
        "MailNumber": ("email", 5, "an address that is a number"),
        "HashObject": ("password_hash", {}, "a password hash that is an object"),
        "RoleNumber": ("role", 1, "a role that is a number"),
        "StatusBool": ("status", True, "a status that is a boolean"),
        "TimeNumber": ("created_at", 1754126130, "a time that is a number"),
        "TimeObject": ("last_login_at", {}, "a time that is an object"),
        "TokenNumber": ("password_reset_token", 7, "a token that is a number"),
    }
    for slug, (field, content, note) in wrong.items():
        yield USER.refuse(f"Wrong{slug}", "wrong_field", f"{field}: {note}", {field: content})


def _numbers() -> Iterator[Case]:
    beyond = {"Number": 2**63, "Text": str(2**63), "Float": 1e300, "Long": "9" * 400}
    for slug, content in beyond.items():
        yield USER.refuse(f"Beyond{slug}", "out_of_range", "beyond bigint", {"login_count": content})
    for slug, content in (("Number", -1), ("Text", "-1"), ("Float", -3.0), ("Least", -(2**63))):
        change = {"failed_login_attempts": content}
        yield USER.refuse(f"Negative{slug}", "negative", "a counter below zero", change)


def _sizes() -> Iterator[Case]:
    for length in (1001, 4006):
        identity = noise(length)
        yield USER.refuse(f"LongId{length}", "out_of_range", "an id longer than an index takes", {"user_id": identity})
    for levels in (201, 600):
        for slug, extra in (("", b""), ("Escaped", b', "\\u00e9": 1')):
            yield USER.refuse(f"Nested{levels}{slug}", "malformed_json", "nested too deeply", drop=("metadata",),
                              raw=insert(nested(levels, extra)))  # fmt: skip


def _identities() -> Iterator[Case]:
    other = {
        "Other": "user_hSomeoneElse",
        "Case": user_id("MismatchCase").lower(),
        "Blank": user_id("MismatchBlank") + " ",
        "Empty": "",
    }
    for slug, identity in other.items():
        key = user_id(f"Mismatch{slug}")
        yield USER.refuse(
            f"Mismatch{slug}", "identity_mismatch", "another id in the value", {"user_id": identity}, key=key
        )
    yield USER.refuse("MismatchZero", "identity_mismatch", "U+0000 in key and value: only the value loses it",
                      {"user_id": "user_hMismatch\x00Zero"})  # fmt: skip
    lower, upper = "5e9a7d1c-3f5b-4e9a-8c77-0b5f1e9d4211", "5E9A7D1C-3F5B-4E9A-8C77-0B5F1E9D4211"
    yield USER.accept("TwinLower", "two spellings of one UUID: the lower-case one stays", {"user_id": lower},
                      {"id": lower, "legacy_id": lower})  # fmt: skip
    yield USER.refuse(
        "TwinUpper", "duplicate_uuid", "two spellings of one UUID: the other is refused", {"user_id": upper}
    )


def _addresses() -> Iterator[Case]:
    bad = {
        "Empty": ("", "empty"),
        "Blank": (" \t ", "blank"),
        "NoAt": ("hostile.example.com", "without @"),
        "Long": (_LONG, "255 characters"),
        "LongUpper": (f"  {_LONG.upper()} ", "255 characters once it is trimmed"),
    }
    for slug, (text, note) in bad.items():
        yield USER.refuse(f"BadMail{slug}", "bad_email", f"the address is {note}", {"email": text})
    yield USER.refuse("BadMailZero", "bad_email", "empty once U+0000 is stripped", {"email": "\x00"})
    # Refused for itself, so it does not take part in the contest for its address.
    yield USER.refuse(
        "RefusedFirst",
        "wrong_field",
        "a refused user does not hold its address",
        {"email": address("contested"), "login_count": "abc", "last_login_at": "2025-08-05T00:00:00"},
    )
    yield USER.accept(
        "RefusedSecond", "so another may", {"email": address("contested")}, {"email": address("contested")}
    )
