"""What is kept of a collection, and what an operator is told of an error, without a server."""

import pytest
from ansible.module_utils.pgops import failure, lossless
from ansible.module_utils.pgops.connection import copy_in, psycopg2, sentence
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.lossless import TooLarge, collect
from ansible.module_utils.pgops.redis_source import redis, tls_options
from ansible.module_utils.pgops.rivals import as_pointer


@pytest.mark.parametrize(
    ("batches", "ordered", "kept"),
    [
        ([[b"b", b"a"], [b"a"]], False, b'["a", "b"]'),
        ([[b"b", b"a"], [b"a"]], True, b'["b", "a", "a"]'),
        ([[(b"two", b"-inf")], [(b"one", b"1")]], False, b'[["one", "1"], ["two", "-inf"]]'),
        ([[b"\xff\x00", "é".encode()]], False, '["é", {"base64": "/wA="}]'.encode()),
        ([[]], False, None),
    ],
)
def test_a_collection_has_one_text_whatever_the_order(batches, ordered, kept):
    assert collect(batches, ordered) == kept


def test_a_collection_is_given_up_before_it_fills_the_memory(monkeypatch):
    monkeypatch.setattr(lossless, "KEPT_BYTES", 10)
    taken = []

    def batches():
        for number in range(100):
            taken.append(number)
            yield [b"12345"]

    with pytest.raises(TooLarge):
        collect(batches(), ordered=True)
    assert len(taken) == 3


class Diagnostics:
    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate
        self.message_primary = "new row violates check constraint"
        self.message_detail = "Failing row contains (1, secret)."
        self.message_hint = "Look\n at it."


class Failed(psycopg2.Error):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("x")
        self.state = sqlstate

    pgcode = property(lambda self: self.state)
    diag = property(lambda self: Diagnostics(self.state))


@pytest.mark.parametrize(
    ("sqlstate", "told"),
    [
        ("23514", "new row violates check constraint. Look at it"),
        ("40P01", "new row violates check constraint. Failing row contains (1, secret). Look at it"),
    ],
)
def test_a_violated_constraint_does_not_show_its_row(sqlstate, told):
    assert sentence(Failed(sqlstate)) == told


@pytest.mark.parametrize(
    ("error", "lasting"),
    [
        (Failed("23505"), True), (Failed("54000"), True), (Failed("22P02"), True), (PgopsError("a bug"), True),
        (RecursionError(), True), (Failed("55P03"), False), (Failed("57P01"), False), (Failed("40001"), False),
        (Failed("53100"), False), (Failed("08006"), False), (Failed(None), False), (KeyboardInterrupt(), False),
        (redis.exceptions.ConnectionError("x"), False),
    ],
)  # fmt: skip
def test_staged_values_are_given_up_only_when_they_are_to_blame(error, lasting):
    assert failure.is_in_the_data(error) is lasting


class EndedInCopy:
    """A cursor of the driver whose session is ended by the server in the middle of COPY."""

    def __init__(self, cause: Exception) -> None:
        self.cause = cause

    def copy_expert(self, *_arguments):
        raise SystemError("decode returned a result with an exception set") from self.cause


@pytest.mark.parametrize(("cause", "raised"), [(Failed("57P01"), Failed), (KeyError("bug"), SystemError)])
def test_an_end_in_the_middle_of_copy_is_the_error_of_the_server(cause, raised):
    with pytest.raises(raised):
        copy_in(EndedInCopy(cause), "COPY", b"line")


def test_a_verified_connection_compares_the_name():
    assert tls_options("ca.crt")["ssl_check_hostname"] is True


@pytest.mark.parametrize(("value", "text"), [(None, None), (b"user_x", "user_x"), (b"a\0", None), (b"\xff", "\ufffd")])
def test_a_pointer_is_text_that_may_name_a_row(value, text):
    assert as_pointer(value) == text
