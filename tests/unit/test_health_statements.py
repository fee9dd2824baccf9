"""No secret leaves in the text of a statement, however it was written or cut off."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.health_statements import SHOWN_CHARACTERS, masked, presentable, shortened
from hypothesis import given
from hypothesis import strategies as st

SECRET = "hunter2"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("SELECT * FROM users WHERE email = 'a@b.c'", "SELECT * FROM users WHERE email = ?"),
        ("SELECT 'it''s', 1, -2.5e-3, .5, t1.c2 FROM t1", "SELECT ?, ?, -?, ?, t1.c2 FROM t1"),
        ('SELECT $1, "Odd \'name" FROM t', 'SELECT $1, "Odd \'name" FROM t'),
        ("ALTER ROLE a PASSWORD 'x'", "ALTER ROLE a PASSWORD ?"),
        (r"SELECT E'a\'b', U&'\0041', b'01', X'ff'", "SELECT ?, ?, ?, ?"),
        ("DO $$ BEGIN PERFORM 'x'; END $$; SELECT 1", "DO ?; SELECT ?"),
        ("DO $a$ x $b$ y $a$ LANGUAGE plpgsql", "DO ? LANGUAGE plpgsql"),
        ("SELECT a /* why */ , b -- who\nFROM t", "SELECT a , b FROM t"),
        ("SELECT 'a\nb'\n\n  FROM\tt", "SELECT ? FROM t"),
        ("SELECT a$b$c FROM t", "SELECT a$b$c FROM t"),
        ("UPDATE t SET a = b, c = 3", "UPDATE t SET a = b, c = ?"),
        ("BEGIN; SET LOCAL app.token TO abc; SELECT 1", "BEGIN; SET LOCAL app.token = ?; SELECT ?"),
        ("SET statement_timeout=5", "SET statement_timeout = ?"),
        ("ALTER ROLE a SET app.token = abc", "ALTER ROLE a SET app.token = ?"),
        ("SET ROLE threadr_monitor", "SET ROLE threadr_monitor"),
        ("", ""),
    ],
)
def test_literals_are_masked_and_names_are_kept(text, shown):
    assert masked(text) == shown


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("SELECT '{}", id="literal-cut-off"),
        pytest.param("SELECT E'x\\'{}", id="escaped-quote-cut-off"),
        pytest.param("SELECT E'{}\\", id="cut-off-after-a-backslash"),
        pytest.param("SELECT $tag$ {}", id="dollar-quote-cut-off"),
        pytest.param("SELECT 1 /* {}", id="comment-cut-off"),
        pytest.param("SELECT 1 -- {}", id="line-comment-cut-off"),
        pytest.param("SELECT 1 /* a /* b */ {} */ FROM t", id="nested-comment"),
        pytest.param(r"SELECT 'a\'{} '", id="standard-conforming-strings-off"),
        pytest.param("SELECT dblink('password={}', $q$ SELECT '{}' $q$)", id="connection-string"),
        pytest.param("SELECT '' '{}'", id="adjacent-literals"),
        pytest.param("SELECT '''{}'''", id="quotes-in-literal"),
        pytest.param("SELECT $$ ' $$, '{}'", id="quote-in-dollar-quote"),
        pytest.param('SELECT "a""\'b", \'{}\'', id="quote-in-identifier"),
        pytest.param("SELECT U&'{}' UESCAPE '!'", id="unicode-escape"),
        pytest.param("CREATE USER MAPPING FOR a SERVER s OPTIONS (password '{}')", id="user-mapping"),
        pytest.param("set session my.secret = {}", id="bare-word-setting"),
    ],
)
def test_no_secret_is_shown(text):
    assert SECRET not in masked(text.replace("{}", SECRET))


@given(st.text(alphabet=st.characters(exclude_characters="\\"), max_size=40), st.text(max_size=10), st.booleans())
def test_any_quoted_secret_is_masked_wherever_the_text_is_cut(secret, tail, cut):
    quoted = "'" + (secret + SECRET).replace("'", "''")
    assert SECRET not in masked(f"SELECT a, {quoted}" + ("" if cut else f"', b {tail}"))


@given(st.text())
def test_any_text_is_taken(text):
    assert "\n" not in masked(text)


def test_long_texts_are_shortened_after_masking():
    raw = b"SELECT " + b"a, " * 1000 + b"'hunter2'"
    assert len(presentable(raw)) == SHOWN_CHARACTERS
    assert presentable(raw).endswith("…")
    assert shortened("x" * SHOWN_CHARACTERS) == "x" * SHOWN_CHARACTERS


def test_texts_in_other_encodings_and_no_text_are_taken():
    assert presentable("SELECT é".encode("latin-1")) == "SELECT \N{REPLACEMENT CHARACTER}"
    assert presentable(memoryview(b"SELECT 1")) == "SELECT ?"
    assert presentable(None) == ""


@pytest.mark.parametrize(
    "text", ["'" * 16_384, "/*" * 8_192, "$" * 16_384, "e'\\" * 5_000, "set " * 4_000, "alter " * 2_700]
)
def test_hostile_texts_take_no_long_time(text):
    assert len(masked(text)) <= len(text) + 4
