"""Values and keys that no record can be read from, whatever kind it is."""

from __future__ import annotations

from collections.abc import Iterator

from lab.keyspace.hostile.case import Case
from lab.keyspace.hostile.kind import Kind, insert

_DEEP = 100_000
_MALFORMED = {
    "Empty": (b"", "an empty value"),
    "White": (b" \n", "white space only"),
    "Plain": (b"user_k3Qw9ZrT1xYb-7uVn_0aMg", "plain text"),
    "Cut": (lambda encoded: encoded[: len(encoded) // 2], "cut in the middle"),
    "Twice": (lambda encoded: encoded + b"{}", "two values"),
    "Trailing": (lambda encoded: encoded[:-1] + b",}", "a comma too many"),
    "Comment": (lambda encoded: encoded + b" // by hand", "a comment"),
    "Single": (b"{'email': 'x@example.com'}", "single quotes, as Python prints a dictionary"),
    "Nan": (insert(b'"rate": NaN'), "NaN is not JSON"),
    "Infinity": (insert(b'"rate": Infinity'), "nor is Infinity"),
    "MinusInfinity": (insert(b'"rate": [-Infinity]'), "nor -Infinity, however deep"),
    "Beyond": (insert(b'"rate": 1e999'), "a number beyond double"),
    "BeyondInteger": (insert(b'"rate": 1' + b"0" * 400), "a whole number beyond double"),
    "Endless": (insert(b'"rate": ' + b"9" * 5000), "more digits than Python converts"),
    "Zeros": (insert(b'"rate": 007'), "leading zeros"),
    "Mark": (lambda encoded: b"\xef\xbb\xbf" + encoded, "a byte order mark"),
    "Raw": (insert(b'"note": "line\nbreak"'), "an unescaped control character"),
    "Escape": (insert(b'"note": "\\x41"'), "an escape that JSON does not have"),
    "HalfEscape": (insert(b'"note": "\\u00g1"'), "hex digits that are none"),
    "Space": (lambda encoded: b"\xc2\xa0" + encoded, "a no-break space is not JSON's white space"),
    "Wide": (b'{"email": "x@example.com"}'.decode().encode("utf-16-le"), "UTF-16 without its mark: UTF-8, but no JSON"),
    "Deep": (insert(b'"note": ' + b"[" * _DEEP + b"]" * _DEEP), "nested too deep"),
    "DeepOpen": (b'{"a":' * _DEEP, "nested too deep, never closed"),
}
_SHAPES = {
    "Array": (lambda encoded: b"[" + encoded + b"]", "an array instead of an object"),
    "Number": (b"42", "a number"),
    "Text": (b'"text"', "a string"),
    "None": (b"null", "null"),
    "True": (b"true", "a boolean"),
}
_NOT_UTF8 = {
    "Latin": (insert(b'"note": "caf\xe9"'), "Latin-1 in a string"),
    "Marked16": (lambda encoded: b"\xff\xfe" + encoded.decode().encode("utf-16-le"), "UTF-16 with its mark"),
    "Cesu": (insert(b'"note": "\xed\xa0\xbc\xed\xbc\x99"'), "surrogates encoded one by one"),
    "Overlong": (insert(b'"note": "\xc0\x80"'), "an overlong U+0000"),
    "Binary": (b"\x80\x04\x95\x10\x00\x00\x00", "not text at all"),
}
_TYPES = {
    "hash": ((b"email", b"x@example.com"), (b"login_count", b"3"), (b"\xff", b"\xfe")),
    "set": (b"one", b"two", b"\xff\x00"),
    "list": (b"one", b"one"),
    "zset": ((b"one", b"1.5"), (b"two", b"-inf")),
    "stream": ((b"1-1", (b"field", b"value")),),
}


def cases(kind: Kind) -> Iterator[Case]:
    """Every way to be unreadable, for KIND."""
    for slug, (raw, note) in _MALFORMED.items():
        yield kind.refuse(f"Malformed{slug}", "malformed_json", note, raw=raw)
    for slug, (raw, note) in _SHAPES.items():
        yield kind.refuse(f"Shape{slug}", "wrong_shape", note, raw=raw)
    for slug, (raw, note) in _NOT_UTF8.items():
        yield kind.refuse(f"Bytes{slug}", "not_utf8", note, raw=raw)
    key = kind.value("BytesKey")[kind.identity].encode() + b"\xff\xfe"
    yield kind.refuse("BytesKey", "not_utf8", "a key that is not UTF-8", key=key)
    for type_, value in _TYPES.items():
        yield kind.typed(f"Type{type_}", type_, value)
