"""How modules read Redis: the only import of redis, and only commands that do not write."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from .errors import PgopsError
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


def redis_spec() -> dict:
    """Keys of the option C(redis) of every module that reads a Redis; documented in the fragment C(pgops_redis)."""
    return {
        "login_host": {"type": "str", "default": "127.0.0.1"},
        "login_port": {"type": "int", "default": 6379},
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

    def facts(self) -> SourceFacts:
        info = self.client.info()
        return SourceFacts(info["redis_version"], info["run_id"], self.client.dbsize(), info["used_memory"])

    def scan(self, cursor: int, count: int) -> tuple[int, list[bytes]]:
        """The next cursor (0 at the end) and some keys, possibly none, possibly seen before."""
        return self.client.scan(cursor=cursor, count=count)

    def read(self, keys: Iterable[bytes]) -> list[Entry]:
        """Type, remaining life and, of strings, the value. A key that is gone has the type C(none)."""
        keys = list(keys)
        pipeline = self.client.pipeline(transaction=False)
        for key in keys:
            pipeline.type(key)
            pipeline.pttl(key)
            pipeline.get(key)
        answers = iter(pipeline.execute(raise_on_error=False))
        return [_entry(key, next(answers), next(answers), next(answers)) for key in keys]

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

    def members(self, key: bytes, redis_type: str) -> Iterator[list]:
        """Members of a set, or (name, value) pairs of a hash, or (member, score) pairs of a sorted set, in batches."""
        scans = {"set": self.client.sscan, "hash": self.client.hscan, "zset": self.client.zscan}
        cursor = None
        while cursor != 0:
            cursor, found = scans[redis_type](key, cursor=cursor or 0, count=MEMBERS_PER_CALL)
            yield list(found.items()) if isinstance(found, dict) else list(found)

    def raw(self, key: bytes, redis_type: str) -> bytes | None:
        """The whole value without loss: a string as it is, other types as JSON with base64 for what is not UTF-8."""
        if redis_type == "string":
            return self.client.get(key)
        if redis_type == "list":
            return _lossless(self.client.lrange(key, 0, -1))
        if redis_type in ("set", "hash", "zset"):
            return _lossless([member for batch in self.members(key, redis_type) for member in batch])
        return self.client.dump(key)


def _entry(key: bytes, redis_type, pttl, value) -> Entry:
    for answer in (redis_type, pttl):
        if isinstance(answer, Exception):
            raise answer
    name = redis_type.decode("ascii")
    if name == "string" and isinstance(value, Exception):
        raise value
    if (name == "string" and value is None) or pttl == GONE:
        name = "none"
    return Entry(key, name, _ttl(pttl), value if name == "string" else None)


def _ttl(pttl: int) -> int | None:
    return None if pttl in (NO_EXPIRY, GONE) else pttl


def _lossless(members: Iterable) -> bytes:
    def shown(value):
        if isinstance(value, bytes):
            try:
                return value.decode("utf-8")
            except UnicodeDecodeError:
                return {"base64": base64.b64encode(value).decode("ascii")}
        return [shown(part) for part in value] if isinstance(value, tuple) else value

    return json.dumps([shown(member) for member in members], ensure_ascii=False).encode("utf-8")


def source_address(params: dict) -> str:
    user = f"{params['login_user']}@" if params["login_user"] else ""
    return f"{user}{params['login_host']}:{params['login_port']}/{params['login_db']}"


@contextmanager
def open_source(params: dict) -> Iterator[RedisSource]:
    """A source that answers; every C(redis.RedisError) becomes one sentence that says what to check."""
    if MISSING_DRIVER is not None:
        raise PgopsError(f"The Python driver redis is missing on this host: {MISSING_DRIVER}. Install python3-redis.")
    where = source_address(params)
    tls = {"ssl": True, "ssl_ca_certs": params["ca_cert"], "ssl_cert_reqs": "required"} if params["tls"] else {}
    client = redis.Redis(
        host=params["login_host"],
        port=params["login_port"],
        db=params["login_db"],
        username=params["login_user"],
        password=params["login_password"],
        socket_timeout=params["timeout_s"],
        socket_connect_timeout=params["timeout_s"],
        client_name="pgops",
        **tls,
    )
    try:
        client.ping()
        yield RedisSource(client, where)
    except redis.exceptions.RedisError as error:
        raise PgopsError(f"Redis {where}: {_advice(str(error))}") from error
    finally:
        client.close()


def _advice(answer: str) -> str:
    text = answer.splitlines()[0].rstrip(".") if answer else "the connection was lost"
    if "NOAUTH" in answer or "Authentication required" in answer or "HELLO must be called" in answer:
        return "the server asks for a password. Set login_password (and login_user where it has ACL users)."
    if "WRONGPASS" in answer or "invalid username-password" in answer or "invalid password" in answer:
        return "the server refuses this password. Check login_user and login_password."
    if "NOPERM" in answer:
        return f"{text}. The migration needs +@read +scan +info +dbsize on all keys."
    if "LOADING" in answer:
        return "the server is still loading its data. Try again when it is ready."
    return f"{text}. Check that it runs and that login_host and login_port are right."
