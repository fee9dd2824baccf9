"""How modules read Redis: the only import of redis, and only commands that do not write."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from .errors import PgopsError
from .lossless import collect, encode
from .profile import Entry

try:
    import redis
except ImportError as missing:  # reported by open_source(), so that option errors still come first
    redis = None
    MISSING_DRIVER: ImportError | None = missing
else:
    MISSING_DRIVER = None

NO_EXPIRY, GONE = -1, -2
MEMBERS_PER_CALL = 1000
# Collections whose first members are asked for together. Each may answer with a thousand of them.
COLLECTIONS_PER_CALL = 20
COLLECTIONS = ("set", "hash", "zset", "list")


class TypeChanged(Exception):
    """The key got another type between two questions about it: look at it anew."""


def redis_spec() -> dict:
    """Keys of the option C(redis) of every module that reads a Redis; documented in the fragment C(pgops_redis)."""
    return {
        "login_host": {"type": "str", "default": "127.0.0.1"},
        "login_port": {"type": "int", "default": 6379},
        "login_unix_socket": {"type": "path"},
        "login_db": {"type": "int", "default": 0},
        "login_user": {"type": "str"},
        "login_password": {"type": "str", "no_log": True},
        "tls": {"type": "bool", "default": False},
        "ca_cert": {"type": "path"},
        "timeout_s": {"type": "int", "default": 10},
    }


@dataclass(frozen=True)
class SourceFacts:
    """C(run_id) changes with every start of the server: a SCAN cursor of an earlier one means nothing."""

    version: str
    run_id: str
    keys: int
    used_memory_bytes: int


@dataclass(frozen=True)
class Measured:
    """What the audit asks of a key; C(bytes) is what the server says it occupies, None when it was not asked."""

    key: bytes
    redis_type: str
    ttl_ms: int | None
    bytes: int | None


class RedisSource:
    """A keyspace as batches of keys and as entries. Every answer is bytes; nothing is decoded here."""

    def __init__(self, client, where: str) -> None:
        self.client, self.where = client, where
        # The driver's own reading makes a dictionary of an entry's fields, of which one name may occur twice.
        client.set_response_callback("XRANGE", lambda answer, **_: answer)

    def facts(self) -> SourceFacts:
        info = self.client.info()
        return SourceFacts(info["redis_version"], info["run_id"], self.client.dbsize(), info["used_memory"])

    def latency_ms(self) -> float:
        """How long the server takes for the smallest question of all."""
        started = time.monotonic()
        self.client.ping()
        return (time.monotonic() - started) * 1000

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """The next cursor (0 at the end) and some keys, possibly none, possibly seen before."""
        return self.client.scan(cursor=cursor, count=count)

    def read(self, keys: Iterable[bytes], with_life: bool = True) -> list[Entry]:
        """Type, remaining life and, of strings, the value. A key that is gone has the type C(none).

        MGET answers null for what is no string, and is one command instead of two for every key. How long each one lives
        costs one more: WITH_LIFE false does not ask it of strings, whose C(ttl_ms) is None then.
        """
        keys = list(keys)
        if not keys:
            return []
        asked = [_packed(b"PTTL", key) for key in keys] if with_life else []
        values, *lives = self._ask_together([_packed(b"MGET", *keys), *asked])
        for answer in (values, *lives):
            if isinstance(answer, Exception):
                raise answer
        if not with_life:
            lives = [NO_EXPIRY] * len(keys)
        entries = [
            Entry(key, "none" if life == GONE else "string", _ttl(life), None if life == GONE else value)
            for key, value, life in zip(keys, values, lives, strict=True)
        ]
        others = [place for place, value in enumerate(values) if value is None]
        for place, entry in zip(others, self._without_value([keys[place] for place in others]), strict=True):
            entries[place] = entry
        return entries

    def _ask_together(self, commands: list[bytes]) -> list:
        """Answers to packed COMMANDS, errors among them: what a pipeline does, which takes most of its time to pack them."""
        connection = self.client.connection_pool.get_connection("MGET")

        def ask() -> list:
            connection.send_packed_command([b"".join(commands)])
            return [_answer(connection) for _ in commands]

        try:
            # As often as the driver tries anything again; it connects anew by itself. Reading twice does no harm.
            return connection.retry.call_with_retry(ask, lambda _error: connection.disconnect())
        except BaseException:
            # Answers that nobody has read would be taken for those to the next question.
            connection.disconnect()
            raise
        finally:
            self.client.connection_pool.release(connection)

    def _without_value(self, keys: list[bytes]) -> list[Entry]:
        """Of keys that held no string when they were asked for: collections, what is gone, what changes just now."""
        asked = (b"TYPE", b"PTTL", b"GET")
        answers = iter(self._ask_together([_packed(name, key) for key in keys for name in asked]))
        found = [_entry(key, next(answers), next(answers), next(answers)) for key in keys]
        return [self.read([key])[0] if entry is None else entry for key, entry in zip(keys, found, strict=True)]

    def measure(self, keys: Iterable[bytes], with_memory: bool) -> list[Measured]:
        keys = list(keys)
        pipeline = self.client.pipeline(transaction=False)
        for key in keys:
            pipeline.type(key)
            pipeline.pttl(key)
            if with_memory:
                pipeline.memory_usage(key)
        answers = iter(pipeline.execute())
        found = []
        for key in keys:
            redis_type, pttl = next(answers).decode("ascii"), next(answers)
            found.append(Measured(key, redis_type, _ttl(pttl), next(answers) if with_memory else None))
        return found

    def members(self, key: bytes, redis_type: str, first: Any = None) -> Iterator[list]:
        """Members of a set, or (name, value) pairs of a hash, or (member, score) pairs of a sorted set, or elements of a list,
        in batches. FIRST is what C(first_members) has of them.

        SCAN may return a member twice, and a list may hold one twice, or have it moved on meanwhile by a newer one in front
        of it. Scores are text, as Redis writes them.
        """
        if redis_type == "list":
            yield from self._elements(key, first)
            return
        cursor = None
        while cursor != 0:
            with _of_one_type():
                cursor, found = first or _ask(self.client, redis_type, key, cursor or 0)
            first = None
            yield list(found.items()) if isinstance(found, dict) else list(found)

    def first_members(self, entries: Iterable[Entry]) -> Iterator[tuple[Entry, Any]]:
        """ENTRIES, each with the first of its members for C(members): one question for many small collections.

        None for what has no members, and for what has meanwhile got another type: C(members) sees to that.
        """
        asked, some = self.client.pipeline(transaction=False), []
        for entry in entries:
            some.append(entry)
            if entry.redis_type in COLLECTIONS:
                _ask(asked, entry.redis_type, entry.key, 0)
            if len(asked) == COLLECTIONS_PER_CALL:
                yield from _with_answers(some, asked)
                some = []
        yield from _with_answers(some, asked)

    def _elements(self, key: bytes, found: list | None = None) -> Iterator[list]:
        """Elements of a list, in batches; FOUND is the first one, where it is known."""
        start, over = 0, False
        while not over:
            with _of_one_type():
                found = _ask(self.client, "list", key, start) if found is None else found
            yield found
            start, over, found = start + len(found), len(found) < MEMBERS_PER_CALL, None

    def _stream(self, key: bytes) -> Iterator[list]:
        """(id, field, value, field, value, …) of a stream's entries, in batches."""
        start, found = b"-", None
        while found is None or len(found) == MEMBERS_PER_CALL:
            with _of_one_type():
                found = self.client.xrange(key, min=start, count=MEMBERS_PER_CALL)
            start = b"(" + found[-1][0] if found else start
            yield [(entry_id, *fields) for entry_id, fields in found]

    def raw(self, key: bytes, redis_type: str) -> bytes | None:
        """The whole value without loss, one text however its members happen to come; None when it is gone.

        A string as it is, other types as JSON with base64 for what is not UTF-8, types of modules as DUMP has them.
        """
        ordered = {"list": self._elements, "stream": self._stream}.get(redis_type)
        if ordered:
            found = collect(ordered(key), ordered=True)
            # A stream alone can be empty and there.
            return encode([]) if found is None and redis_type == "stream" else found
        if redis_type in ("set", "hash", "zset"):
            return collect(self.members(key, redis_type), ordered=False)
        with _of_one_type():
            return self.client.get(key) if redis_type == "string" else self.client.dump(key)


def _packed(*command: bytes) -> bytes:
    """A command as Redis reads it."""
    return b"*%d\r\n" % len(command) + b"".join([b"$%d\r\n%b\r\n" % (len(part), part) for part in command])


def _answer(connection):
    try:
        return connection.read_response()
    except redis.exceptions.ResponseError as error:
        return error


def _ask(client, redis_type: str, key: bytes, position: int):
    """Some members from POSITION on: a cursor, or the place in a list."""
    if redis_type == "list":
        return client.lrange(key, position, position + MEMBERS_PER_CALL - 1)
    if redis_type == "zset":
        return client.zscan(key, cursor=position, count=MEMBERS_PER_CALL, score_cast_func=_score)
    return {"set": client.sscan, "hash": client.hscan}[redis_type](key, cursor=position, count=MEMBERS_PER_CALL)


def _with_answers(entries: list[Entry], asked) -> Iterator[tuple[Entry, Any]]:
    answers = iter(asked.execute(raise_on_error=False))
    for entry in entries:
        answer = next(answers) if entry.redis_type in COLLECTIONS else None
        yield entry, None if isinstance(answer, Exception) else answer


@contextmanager
def _of_one_type() -> Iterator[None]:
    try:
        yield
    except redis.exceptions.ResponseError as error:
        if str(error).startswith("WRONGTYPE"):
            raise TypeChanged from error
        raise


def _score(answer) -> bytes:
    return answer if isinstance(answer, bytes) else repr(answer).encode("ascii")


def _entry(key: bytes, redis_type, pttl, value) -> Entry | None:
    """None when it was no string any more when its value was asked for."""
    for answer in (redis_type, pttl):
        if isinstance(answer, Exception):
            raise answer
    name = redis_type.decode("ascii")
    if name == "string" and isinstance(value, Exception):
        if str(value).startswith("WRONGTYPE"):
            return None
        raise value
    if (name == "string" and value is None) or pttl == GONE:
        name = "none"
    return Entry(key, name, _ttl(pttl), value if name == "string" else None)


def _ttl(pttl: int) -> int | None:
    return None if pttl in (NO_EXPIRY, GONE) else pttl


def source_address(params: dict) -> str:
    user = f"{params['login_user']}@" if params["login_user"] else ""
    server = params["login_unix_socket"] or f"{params['login_host']}:{params['login_port']}"
    return f"{user}{server}/{params['login_db']}"


@contextmanager
def open_source(params: dict) -> Iterator[RedisSource]:
    """A source that answers; every C(redis.RedisError) becomes one sentence that says what to check."""
    if MISSING_DRIVER is not None:
        raise PgopsError(f"The Python driver redis is missing on this host: {MISSING_DRIVER}. Install python3-redis.")
    where = source_address(params)
    socket = params["login_unix_socket"]
    if socket and params["tls"]:
        raise PgopsError("login_unix_socket and tls are both given. A socket is not encrypted: leave one of them out.")
    client = redis.Redis(
        host=params["login_host"],
        port=params["login_port"],
        unix_socket_path=socket,
        db=params["login_db"],
        username=params["login_user"],
        password=params["login_password"],
        socket_timeout=params["timeout_s"],
        socket_connect_timeout=params["timeout_s"],
        client_name="pgops",
        **(tls_options(params["ca_cert"]) if params["tls"] else {}),
    )
    try:
        client.ping()
        yield RedisSource(client, where)
    except redis.exceptions.RedisError as error:
        raise PgopsError(sentence(error, where)) from error
    finally:
        client.close()


def tls_options(ca_cert: str | None) -> dict:
    """Drivers before version 6 do not compare the host's name unless they are told to."""
    return {"ssl": True, "ssl_ca_certs": ca_cert, "ssl_cert_reqs": "required", "ssl_check_hostname": True}


def sentence(error: BaseException, where: str) -> str | None:
    """What an operator is told of the driver's exception; None of any other one."""
    if redis is None or not isinstance(error, redis.exceptions.RedisError):
        return None
    return f"Redis {where}: {_advice(str(error))}"


def _advice(answer: str) -> str:
    text = answer.splitlines()[0].rstrip(".") if answer else "the connection was lost"
    if "NOAUTH" in answer or "Authentication required" in answer or "HELLO must be called" in answer:
        return "the server asks for a password. Set login_password (and login_user where it has ACL users)."
    if "WRONGPASS" in answer or "invalid username-password" in answer or "invalid password" in answer:
        return "the server refuses this password. Check login_user and login_password."
    # The driver leaves the first word out.
    if "NOPERM" in answer or "has no permissions" in answer:
        more = "a cutover +command as well, and +client|pause +client|unpause to pause writers"
        return f"{text}. The migration needs +@read +scan +info +dbsize on all keys, {more}."
    if "LOADING" in answer:
        return "the server is still loading its data. Try again when it is ready."
    return f"{text}. Check that it runs and that login_host and login_port, or login_unix_socket, are right."
