"""The pure parts of the engine: sums, COPY's text, canonical values, previews, audits."""

from collections import Counter

import pytest
from ansible.module_utils.pgops.accounting import require_balance, settle, total
from ansible.module_utils.pgops.canonical import differing, fingerprints, number, row_digest, text_of, texts_of
from ansible.module_utils.pgops.copytext import encoder
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.keyspace import Audit, prefix_of, shown
from ansible.module_utils.pgops.preview import row_lines
from ansible.module_utils.pgops.profile import Column, Table
from ansible.module_utils.pgops.redis_source import Measured
from ansible.module_utils.pgops.threadr.profile import PROFILE


def test_a_balance_that_holds_passes_and_sums_up():
    patterns = settle(
        Counter(user=3, unknown=1), [("user", "written", 2), ("user", "vanished", 1), ("unknown", "unknown", 1)]
    )
    require_balance(patterns)
    assert total(patterns)["scanned"] == 4
    assert total(patterns)["written"] == 2


@pytest.mark.parametrize(
    ("scanned", "outcomes", "wrong"),
    [
        ({"user": 3}, [("user", "written", 2)], "user: 3 scanned, but 2 written"),
        ({"user": 1}, [("user", "written", 1), ("user", "merged", 1)], "1 written \\+ 1 merged"),
        ({}, [("user", "written", 1)], "user: 0 scanned"),
        ({"user": 1}, [("user", "undecided", 1)], "1 undecided"),
        ({"user": 1}, [], "none accounted for"),
    ],
)
def test_an_imbalance_fails_with_its_arithmetic(scanned, outcomes, wrong):
    with pytest.raises(PgopsError, match=wrong):
        require_balance(settle(Counter(scanned), outcomes))


def test_copy_lines_escape_what_copy_would_misread():
    line = encoder(["text", "text", "text[]", "jsonb", "bytea", "boolean", "bigint"])
    cells = ("a\tb\nc\\d\r", None, ['x"y', "z\\", ""], {"k": "é\\"}, b"\x00\xff", True, -5)
    written = line(cells).decode()
    assert written == 'a\\tb\\nc\\\\d\\r\t\\N\t{"x\\\\"y","z\\\\\\\\",""}\t{"k":"é\\\\\\\\"}\t\\\\x00ff\tt\t-5\n'


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (10, 10.0, True), (1e22, 10**22, True), (1e23, 10**23, True), (0, -0.0, True), (0.1, 0.10000000000000001, True),
        (10, 100, False), (1, -1, False), (10**30, 10**30 + 1, False), (1.5, 15, False), (0.05, 0.5, False),
    ],
)  # fmt: skip
def test_numbers_have_one_canonical_form(one, other, same):
    assert (number(one) == number(other)) is same


def test_canonical_json_tells_numbers_from_text_and_ignores_the_order_of_keys():
    assert text_of("jsonb", {"b": 1, "a": [True, None]}) == text_of("jsonb", {"a": [True, None], "b": 1.0})
    assert text_of("jsonb", {"a": 1}) != text_of("jsonb", {"a": "1"})
    assert text_of("jsonb", {"a": True}) != text_of("jsonb", {"a": "true"})


def test_differing_columns_are_named():
    texts = texts_of(["text"] * 4)
    prints = [fingerprints(texts(cells)) for cells in (("a", "b", None, None), ("a", "c", "", None))]
    assert differing(["one", "two", "three", "four"], *prints) == ["two", "three"]


def test_characters_of_one_byte_and_of_two_are_not_taken_for_each_other():
    assert fingerprints(["hi"]) != fingerprints([b"hi".decode("utf-16-le")])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b"), ("ab", "")), (("", None), (None, "")), (("a", None), ("a", "")), (("N", None), (None, "N")),
        (("None", ""), (None, "")), (("a", "b"), ("b", "a")),
    ],
)  # fmt: skip
def test_rows_that_differ_have_other_digests(one, other):
    texts = texts_of(["text", "text"])
    assert row_digest(texts(one)) != row_digest(texts(other))


def test_a_digest_is_the_same_everywhere():
    texts = texts_of(["text", "bigint", "jsonb"])(("é", 7, {"a": 1.0}))
    assert row_digest(texts).hex() == "525ca31f6ab13311550fdfeba1308a69"


TABLE = Table(
    "users", (Column("id", "uuid"), Column("email", "text"), Column("password_hash", "text", secret=True)), "id"
)


def test_the_preview_masks_secrets_even_when_they_change():
    before, after = row_lines(TABLE, "1", ("1", "new@x", "hash2"), ("1", "old@x", "hash1"), "updated")
    assert before == "users 1: email=old@x, password_hash=********\n"
    assert after == "users 1: email=new@x, password_hash=********\n"


def test_the_preview_of_a_new_row_has_no_before():
    assert row_lines(TABLE, "1", ("1", "a" * 80, None), (None,) * 3, "inserted") == (
        "",
        f"users 1: id=1, email={'a' * 59}…, password_hash=null\n",
    )


@pytest.mark.parametrize(
    ("key", "prefix"),
    [
        (b"team:data:1", "team:data:"),
        (b"a:b", "a:"),
        (b"dummy", "dummy"),
        (b"a:b:c:d", "a:b:"),
        (b"\xff:x", "\\xff:"),
        (b"", ""),
    ],
)
def test_unknown_keys_are_grouped_by_prefix(key, prefix):
    assert prefix_of(key) == prefix


def test_shown_keys_are_printable_and_short():
    assert shown(b"a\n\xff" + b"x" * 300) == "a\\n\\xff" + "x" * 113


def test_the_audit_stays_small_whatever_the_keyspace_holds():
    seen = Audit(PROFILE)
    for place in range(500):
        seen.add(Measured(f"p{place}:x".encode(), "string", None, 10))
    seen.add(Measured(b"threadr:user:x", "hash", 1500, 10))
    seen.add(Measured(b"threadr:user:y", "string", 2500, 10))
    assert len(seen.prefixes) == 101
    assert len(seen.samples) == 20
    assert seen.unknown.keys == 500
    (line,) = seen.patterns()
    assert (line["keys"], line["wrong_types"], line["min_ttl_s"], line["max_ttl_s"]) == (2, 1, 1, 2)
