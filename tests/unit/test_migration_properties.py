"""Whatever lies under a known key is accounted for, and whatever becomes a cell can be read back and compared."""

import json
import uuid
from collections import Counter
from decimal import Decimal

from ansible.module_utils.pgops.accounting import UNKNOWN
from ansible.module_utils.pgops.canonical import NULL as NO_TEXT
from ansible.module_utils.pgops.canonical import text_of, texts_of
from ansible.module_utils.pgops.copytext import NULL, binary_row, encoder
from ansible.module_utils.pgops.lossless import kept
from ansible.module_utils.pgops.profile import Entry, Settings
from ansible.module_utils.pgops.reading import Reader
from ansible.module_utils.pgops.staging import ENTRY
from ansible.module_utils.pgops.strict_json import clean, needs_cleaning
from ansible.module_utils.pgops.threadr.profile import PATTERNS, PROFILE
from ansible.module_utils.pgops.threadr.users import USER_NAMESPACE, named_uuid
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg2.extensions import UNICODEARRAY

ESCAPES = {"\\\\": "\\", "\\n": "\n", "\\r": "\r", "\\t": "\t"}
# What PostgreSQL's text and jsonb hold.
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**25), 10**25) | DOUBLES | TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXT, inner, max_size=4),
)
# Escapes that need cleaning, those that look so, and what breaks JSON.
ESCAPED = st.lists(
    st.sampled_from(
        ["\\u0000", "\\ud83d", "\\ude00", "\\\\", "\\u", "x", "\\n", "\\uD83D\\uDE00", "\\\\ud83d", '"', "é"]
    ),
    max_size=8,
).map("".join)
VALUES = st.binary() | JSON.map(lambda value: json.dumps(value).encode())
# Records that can be rows, and the keys that they belong to; what is changed in them decides.
TIMES = {"created_at": "2025-08-02T09:15:30"}
RECORDS = {
    b"threadr:user:user_x": {"user_id": "user_x", "email": "a@example.com", "password_hash": "?", **TIMES},
    b"threadr:thread:7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77": {
        "id": "7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77", "user_id": "user_x", "title": "?", "original_content": "?",
        "tweets": ["?"], "metadata": {"?": "?", "source_type": "?"}, **TIMES,
    },
    b"threadr:email:a@example.com": {"email": "a@example.com", "user_agent": "?", "client_ip": "?"},
    b"threadr:premium:ip:192.0.2.1": {
        "granted_at": "2025-08-02T09:15:30", "expires_at": "2025-09-02T09:15:30", "email": "?", "client_ip": "?",
        "payment_info": {"payment_reference": "?", "amount": 499, "currency": "usd"},
    },
    b"threadr:subscription:user:user_x": {
        "status": "active", "plan_name": "?", "subscription_id": "?", "features": ["?"],
        "current_period_start": "2025-08-02 09:15:30", "current_period_end": "2025-09-02 09:15:30",
    },
    b"threadr:thread_stats:user_x": {"created": 1, "viewed": 2, "updated": 3, "deleted": 4, "copied": 5},
    b"analytics:user_x:thread:7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77": {
        "user_id": "user_x", "thread_id": "7c0b5f1e-9d42-4c1a-8b1d-2f6a3e905c77", "content_type": "?", "total_likes": 3,
        "engagement_rate": 12.5, "peak_engagement_hour": 7, "peak_engagement_day": "?", "tweet_metrics": ["?"], **TIMES,
    },
}  # fmt: skip
# Collections, and members that can be rows.
POINTS = st.fixed_dictionaries(
    {"value": DOUBLES | JSON}, optional={"timestamp": TEXT | st.just(TIMES["created_at"]), "x": JSON}
)
NUMBERS = (st.integers() | DOUBLES).map(lambda number: repr(number).encode())
MEMBERS = {
    b"threadr:emails:list": st.binary() | TEXT.map(lambda name: f"{name}@x".encode()),
    b"threadr:usage:stats": st.tuples(
        st.binary() | st.sampled_from([b"created", b"total_generations", b"daily:2025-08-02"]), st.binary() | NUMBERS
    ),
    b"analytics:user_x:timeseries:engagement_rate:day": st.tuples(
        VALUES | POINTS.map(lambda point: json.dumps(point).encode()), st.binary() | NUMBERS
    ),
}


@st.composite
def records(draw) -> tuple[bytes, bytes]:
    """A key, and its record with some fields replaced by any JSON, and with any escapes in its texts."""
    key = draw(st.sampled_from(list(RECORDS)))
    changes = draw(
        st.dictionaries(st.sampled_from([*RECORDS[key], "login_count", "tags", "monthly_price", "x"]), JSON, max_size=2)
    )
    return key, json.dumps({**RECORDS[key], **changes}).replace("?", draw(ESCAPED)).encode()


KEYS = st.tuples(st.tuples(st.sampled_from([p.prefix for p in PATTERNS]), st.binary()).map(b"".join), VALUES)


def unescaped(field: str) -> str:
    """What COPY makes of one field."""
    text, place = "", 0
    while place < len(field):
        pair = field[place : place + 2]
        text, place = (text + ESCAPES[pair], place + 2) if pair in ESCAPES else (text + field[place], place + 1)
    return text


def fields_of(encoded: bytes) -> list[str | None]:
    line = encoded.decode("utf-8")
    assert line.endswith("\n")
    return [None if field == NULL else unescaped(field) for field in line[:-1].split("\t")]


@settings(max_examples=1000, deadline=None)
@given(pair=KEYS | records())
def test_any_bytes_under_any_known_key_are_a_row_or_a_reject_with_a_reason(pair):
    key, value = pair
    reader = Reader(None, PROFILE, Settings())
    found = PROFILE.classify(key)
    reader.take(found, Entry(key, "string", None, value)) if found and not found.skip else reader.take_keys([key])
    lines = reader.lines.lines
    (line,) = lines["entry"]
    entry = dict(zip(ENTRY, fields_of(line), strict=True))
    rows = [row for table in PROFILE.tables for row in lines[table.name]]
    assert bytes.fromhex(entry["key"].removeprefix("\\x")) == key
    if entry["outcome"] is None:
        assert len(rows) == 1
        rows[0].decode("utf-8")
        assert lines["original"] == [binary_row(int(entry["entry_id"]), value)]
    else:
        assert rows == []
        assert entry["outcome"] in ("quarantined", "skipped", UNKNOWN)
    if entry["outcome"] == "quarantined":
        assert entry["code"] and entry["reason"]
        assert bytes.fromhex(entry["raw"].removeprefix("\\x")) == value


@settings(max_examples=1000, deadline=None)
@given(pair=st.sampled_from(list(MEMBERS)).flatmap(lambda key: st.tuples(st.just(key), MEMBERS[key])))
def test_any_member_of_a_collection_is_a_row_or_a_reject_with_a_reason(pair):
    key, member = pair
    reader, pattern = Reader(None, PROFILE, Settings()), PROFILE.classify(key)
    context = pattern.context(key)
    reader.convert(
        pattern.name, Entry(key, pattern.redis_type, None, None), member,
        lambda: pattern.member(context, member, Settings()),
    )  # fmt: skip
    lines = reader.lines.lines
    (line,) = lines["entry"]
    entry = dict(zip(ENTRY, fields_of(line), strict=True))
    rows = [row for table in PROFILE.tables for row in lines[table.name]]
    assert bytes.fromhex(entry["member"].removeprefix("\\x")) == (member if isinstance(member, bytes) else member[0])
    if entry["outcome"] is None:
        assert len(rows) == 1
        rows[0].decode("utf-8")
    else:
        assert (rows, entry["outcome"]) == ([], "quarantined")
        assert entry["code"] and entry["reason"]
        assert bytes.fromhex(entry["raw"].removeprefix("\\x")) == kept(member)


def as_postgresql_writes(value) -> str:
    """JSON as jsonb gives it out: numbers without an exponent, with all their digits."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(n)}: {as_postgresql_writes(v)}" for n, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(as_postgresql_writes, value)) + "]"
    if isinstance(value, float):
        return format(Decimal(repr(value)), "f")
    return json.dumps(value)


@settings(max_examples=1000, deadline=None)
@given(text=ESCAPED)
def test_what_needs_no_cleaning_is_clean(text):
    value = f'"{text}"'.encode()
    try:
        parsed = json.loads(value)
    except ValueError:
        return
    assert needs_cleaning(value) or clean(parsed, []) == parsed


@given(name=TEXT)
def test_names_get_the_version_5_that_everyone_computes(name):
    assert named_uuid(name) == str(uuid.uuid5(USER_NAMESPACE, name))


@given(value=JSON)
def test_json_is_the_same_after_a_stay_in_the_database(value):
    (field,) = fields_of(encoder(["jsonb"])(([value],)))
    assert json.loads(field) == [value]
    assert text_of("jsonb", json.loads(as_postgresql_writes(value))) == text_of("jsonb", value)


@given(value=JSON)
def test_the_canonical_form_of_json_is_its_own(value):
    text = text_of("jsonb", value)
    assert text_of("jsonb", json.loads(text)) == text


@given(one=JSON, other=JSON)
def test_json_that_differs_has_another_canonical_form(one, other):
    assert (text_of("jsonb", one) == text_of("jsonb", other)) is (exactly(one) == exactly(other))


CELLS = {
    "text": TEXT, "jsonb": JSON, "bigint": st.integers(-(2**63), 2**63 - 1), "boolean": st.booleans(), "double": DOUBLES,
    "date": st.dates(), "inet": st.ip_addresses(), "text[]": st.lists(TEXT, max_size=3), "uuid": st.uuids().map(str),
}  # fmt: skip


@given(rows=st.lists(st.tuples(*(st.none() | cells for cells in CELLS.values())), max_size=5))
def test_a_row_has_the_texts_of_its_cells_however_often_they_come(rows):
    of_row, of_sent = texts_of(list(CELLS)), texts_of(list(CELLS), as_sent=True)
    for cells in [*rows, *rows]:
        expected = [NO_TEXT if cell is None else text_of(kind, cell) for kind, cell in zip(CELLS, cells, strict=True)]
        assert of_row(cells) == expected
        sent = [
            None if c is None else as_postgresql_writes(c) if k == "jsonb" else c
            for k, c in zip(CELLS, cells, strict=True)
        ]
        assert of_sent(sent) == expected


def exactly(value):
    """Truth and 1 are equal in Python only; 1 and 1.0 are in PostgreSQL too."""
    if isinstance(value, dict):
        return {name: exactly(element) for name, element in value.items()}
    if isinstance(value, list):
        return [exactly(element) for element in value]
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return ("number", Decimal(repr(value)))
    return (type(value).__name__, value)


@given(cells=st.tuples(TEXT, st.lists(TEXT, max_size=3), st.integers(), DOUBLES, st.booleans(), st.binary(), st.none()))
def test_a_line_of_copy_holds_what_was_put_into_it(cells):
    line = encoder(["text", "text[]", "bigint", "double", "boolean", "bytea", "text"])(cells)
    text, array, whole, double, truth, raw, nothing = fields_of(line)
    assert (text, int(whole), float(double), truth == "t", nothing) == (*cells[:1], *cells[2:5], None)
    assert bytes.fromhex(raw.removeprefix("\\x")) == cells[5]
    assert UNICODEARRAY(array, None) == cells[1]
    assert Counter(line.decode())["\t"] == len(cells) - 1
