"""The readers of values, case by case: redis-side spellings and what they become."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.profile import Refusal
from ansible.module_utils.pgops.strict_json import MAX_DEPTH, clean, depth, parse_object
from ansible.module_utils.pgops.values import (
    as_address,
    as_boolean,
    as_count,
    as_digest,
    as_email,
    as_integer,
    as_key_text,
    as_timestamp,
    is_uuid,
    settings_for,
)


def refused(code, function, *arguments):
    with pytest.raises(Refusal) as caught:
        function(*arguments)
    assert caught.value.code == code
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2025-08-02T09:15:30.120045", "2025-08-02T09:15:30.120045+00:00"),
        ("2025-08-02 09:15:30.120045", "2025-08-02T09:15:30.120045+00:00"),
        ("2025-08-02T09:15:30.1-0030", "2025-08-02T09:45:30.100000+00:00"),
        ("2025-08-02 09:15:30", "2025-08-02T09:15:30.000000+00:00"),
        ("2025-08-02T09:15:30.12Z", "2025-08-02T09:15:30.120000+00:00"),
        ("2025-08-02T09:15:30+10:00", "2025-08-01T23:15:30.000000+00:00"),
        ("2025-08-02T09:15:30-0330", "2025-08-02T12:45:30.000000+00:00"),
        ("2025-08-02T09:15:30.1234569", "2025-08-02T09:15:30.123456+00:00"),
        ("2024-02-29T00:00:00", "2024-02-29T00:00:00.000000+00:00"),
        ("0001-01-01T00:00:00", "0001-01-01T00:00:00.000000+00:00"),
    ],
)
def test_timestamps_become_utc(text, moment):
    assert as_timestamp(text, "t") == moment


@pytest.mark.parametrize("value", [1754126130, 1.5, True, [], {}])
def test_a_timestamp_is_text(value):
    refused("wrong_field", as_timestamp, value, "t")


def test_a_naive_timestamp_is_taken_in_the_given_zone_and_an_aware_one_is_not():
    assert as_timestamp("2025-08-02T09:15:30", "t", "Europe/Berlin") == "2025-08-02T07:15:30.000000+00:00"
    assert as_timestamp("2025-08-02T09:15:30Z", "t", "Europe/Berlin") == "2025-08-02T09:15:30.000000+00:00"


@pytest.mark.parametrize(
    "value",
    [
        "2025-08-02", "2025-08-02T09:15", "2025-08-02T09:15:60", "2025-02-29T00:00:00", "2025-13-01T00:00:00",
        "0000-01-01T00:00:00", "0001-01-01T00:00:00+01:00", "9999-12-31T23:59:59-01:00", "2025-08-02T09:15:30+24:00",
        "2025-08-02T09:15:30+00:60", "2025-08-02T09:15:30z", " 2025-08-02T09:15:30", "2025-08-02T09:15:30\n",
        "2025-08-02x09:15:30.120045", "2025-08-02T09:15:30,120045", "2025-02-29 09:15:30.120045",
        "٢٠٢٥-08-02T09:15:30", "2025-08-02T09:15:30.", "",
    ],
)  # fmt: skip
def test_other_timestamps_are_refused(value):
    refused("bad_timestamp", as_timestamp, value, "t")


@pytest.mark.parametrize(
    ("value", "number"),
    [(3, 3), (3.0, 3), ("3", 3), ("-3", -3), ("007", 7), (2**63 - 1, 2**63 - 1), (-(2**63), -(2**63)), (-0.0, 0)],
)
def test_whole_numbers_in_any_spelling_are_accepted(value, number):
    assert as_integer(value, "n") == number


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (3.5, "wrong_field"), (True, "wrong_field"), ("3.0", "wrong_field"), ("+3", "wrong_field"), (" 3", "wrong_field"),
        ("٣", "wrong_field"), ("", "wrong_field"), ([], "wrong_field"), ("3\n", "wrong_field"),
        (2**63, "out_of_range"), (1e19, "out_of_range"), ("9" * 400, "out_of_range"), ("9" * 6000, "out_of_range"),
    ],
)  # fmt: skip
def test_other_numbers_are_refused(value, code):
    refused(code, as_integer, value, "n")


def test_a_count_is_not_negative():
    assert as_count(0, "n") == 0
    refused("negative", as_count, -1, "n")


@pytest.mark.parametrize(("value", "truth"), [(True, True), (False, False), ("true", True), ("false", False)])
def test_booleans(value, truth):
    assert as_boolean(value, "b") is truth


@pytest.mark.parametrize("value", [0, 1, "True", "yes", "", [], {}])
def test_other_booleans_are_refused(value):
    refused("wrong_field", as_boolean, value, "b")


@pytest.mark.parametrize(
    ("value", "address"),
    [(" Mira@Example.COM ", "mira@example.com"), ("a:b@c", "a:b@c"), ("@", "@"), ("x@" + "y" * 252, "x@" + "y" * 252)],
)
def test_addresses_are_trimmed_and_lower_cased(value, address):
    assert as_email(value) == address


@pytest.mark.parametrize("value", ["", "   ", "nobody", "x@" + "y" * 253])
def test_other_addresses_are_refused(value):
    refused("bad_email", as_email, value)


@pytest.mark.parametrize(
    ("text", "address", "raw"),
    [
        (None, None, None),
        ("", None, None),
        ("203.0.113.7", "203.0.113.7", None),
        (" 203.0.113.7 ", "203.0.113.7", None),
        ("198.51.100.9:4711", "198.51.100.9", "198.51.100.9:4711"),
        ("[2001:db8::7]", "2001:db8::7", "[2001:db8::7]"),
        ("[2001:db8::7]:443", "2001:db8::7", "[2001:db8::7]:443"),
        ("2001:DB8:0::7", "2001:db8::7", "2001:DB8:0::7"),
        ("fe80::1%eth0", None, "fe80::1%eth0"),
        ("203.0.113.9/24", None, "203.0.113.9/24"),
        ("unknown", None, "unknown"),
        ("203.0.113.07", None, "203.0.113.07"),
        ("[2001:db8::7", None, "[2001:db8::7"),
        ("198.51.100.9:", None, "198.51.100.9:"),
    ],
)
def test_ip_addresses_are_normalised_or_kept_as_text(text, address, raw):
    assert as_address(text) == (address, raw)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"{", "malformed_json"), (b'{"a": NaN}', "malformed_json"), (b'{"a": Infinity}', "malformed_json"),
        (b'{"a": 1e999}', "malformed_json"), (b'{"a": ' + b"9" * 400 + b"}", "malformed_json"),
        (b'{"a": ' + b"9" * 5000 + b"}", "malformed_json"), (b'\xef\xbb\xbf{"a": 1}', "malformed_json"),
        (b"[" * 100_000, "malformed_json"), (b'{"a": "\x01"}', "malformed_json"), (b"", "malformed_json"),
        (b"[]", "wrong_shape"), (b'"x"', "wrong_shape"), (b"1", "wrong_shape"), (b"null", "wrong_shape"),
        (b'{"a": "\xff"}', "not_utf8"), (b'{"a": "\xed\xa0\x80"}', "not_utf8"),
    ],
)  # fmt: skip
def test_what_is_no_json_object_is_refused(value, code):
    refused(code, parse_object, value)


def test_of_duplicate_keys_the_last_counts():
    assert parse_object(b'{"a": 1, "a": 2}') == {"a": 2}


@pytest.mark.parametrize("levels", [MAX_DEPTH + 1, 600, 990, 100_000])
@pytest.mark.parametrize("opening", [b"[", b'{"a":', b'{"\\u00e9\\"[": '])
def test_json_nests_two_hundred_levels_at_most(levels, opening):
    closing = b"]" if opening == b"[" else b"}"
    inner = MAX_DEPTH - 1
    parse_object(b'{"x": ' + opening * inner + b"1" + closing * inner + b"}")
    refused("malformed_json", parse_object, b'{"x": ' + opening * (levels - 1) + b"1" + closing * (levels - 1) + b"}")
    refused("malformed_json", parse_object, b'{"x": ' + opening * (levels - 1))


@pytest.mark.parametrize(
    ("value", "levels"),
    [(b"1", 0), (b"[]", 1), (b'["[[["]', 1), (b'["\\"[[", {}]', 2), (b"[[], {}]", 2), (b'["[[', 1), (b"]]][", 0), (b'"\\', 0)],
)  # fmt: skip
def test_brackets_in_strings_do_not_nest(value, levels):
    assert depth(value) == levels


@pytest.mark.parametrize(
    ("text", "rounded"),
    [
        (b"0.1", False), (b"0.10", False), (b"1e22", False), (b"0.12345678901234568", False), (b"0.0", False),
        (b"0.12345678901234567891", True), (b"1e-400", True), (b"1e-99999999999999999999", True),
        (b"123456789012345678901234567890", False), (b"123456789012345678.5", True),
    ],
)  # fmt: skip
def test_fractions_that_a_double_cannot_hold_are_counted(text, rounded):
    notes = []
    parse_object(b'{"a": ' + text + b"}", notes)
    assert notes == (["rounded numbers"] if rounded else [])


def test_cleaning_pairs_replaces_and_strips_in_that_order_and_counts():
    notes = []
    parsed = parse_object(rb'{"a\u0000": ["\ud83c\udf19", "\ud83c", "\ud83c\u0000\udf19"], "b": {"c": "\u0000"}}')
    assert clean(parsed, notes) == {"a": ["\U0001f319", "\ufffd", "\ufffd\ufffd"], "b": {"c": ""}}
    assert sorted(set(notes)) == ["replaced lone surrogates", "stripped U+0000"]


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77", True), ("7C0B5F1E-9D42-4C1A-8B1D-2F6A3E905C77", True),
        ("7c0b5f1e9d424c1a8b1d2f6a3e905c77", False), ("{7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77}", False),
        ("7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77\n", False), ("user_x", False),
    ],
)  # fmt: skip
def test_only_the_canonical_form_is_a_uuid(text, answer):
    assert is_uuid(text) is answer


def test_a_secret_becomes_its_digest():
    assert as_digest("abc", "token") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def test_an_empty_secret_is_none():
    assert as_digest("", "token") is None


def test_text_for_an_index_has_at_most_a_thousand_bytes():
    assert as_key_text("é" * 500, "id") == "é" * 500
    refused("out_of_range", as_key_text, "é" * 500 + "x", "id")


@pytest.mark.parametrize("name", ["Mars/Olympus", "../etc/passwd", ""])
def test_an_unknown_zone_is_refused_by_name(name):
    with pytest.raises(PgopsError, match="zone database"):
        settings_for(name)
