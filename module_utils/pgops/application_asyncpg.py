"""How an application reaches its database through asyncpg: the only import of it."""

from __future__ import annotations

import asyncio
from typing import Any

from .application import FACTS, WITHOUT_TLS, Found, Settings, refusal, urls_for_asyncpg, with_option, work_fault
from .threadr.application import LEFT, READ, WRITES

try:
    import asyncpg
except ImportError:  # reported by missing()
    asyncpg = None
    ERRORS: tuple[type[Exception], ...] = (OSError,)
else:
    ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError)
OPENING: tuple[type[Exception], ...] = (*ERRORS, ValueError)  # what it thinks of a URL

OLD = (
    "asyncpg {} knows no target_session_attrs and sends it to the server, which refuses it. With several hosts the application "
    "has to leave it out and to look for the primary itself, or to bring asyncpg 0.28."
)


def missing() -> list[str]:
    return ["asyncpg"] if asyncpg is None else []


def ask(wanted: Settings, timeout_s: int) -> Found:
    return asyncio.run(ask_each(wanted, timeout_s))


async def ask_each(wanted: Settings, timeout_s: int) -> Found:
    """The host that is the primary, or else the last answer."""
    version = tuple(int(part) for part in asyncpg.__version__.split(".")[:2])
    urls = urls_for_asyncpg(wanted.url, version)
    remarks = () if urls == [wanted.url] else (OLD.format(asyncpg.__version__),)
    for url in urls:
        found = await ask_one(url, f"asyncpg {asyncpg.__version__}", timeout_s, remarks)
        if found.error is None and not found.facts["standby"]:
            break
    return found


async def ask_one(url: str, driver: str, timeout_s: int, remarks: tuple[str, ...]) -> Found:
    conn, error = await connect(url, timeout_s)
    if conn is None:
        return Found(driver, error=error, remarks=remarks)
    try:
        facts = await facts_of(conn)
        fault, revision = await work(conn)
        await conn.close()
    except ERRORS as failed:  # a pooler lets in whom its server cannot serve
        conn.terminate()
        return Found(driver, error=said(failed), remarks=remarks)
    opened, refused = await connect(with_option(url, "sslmode", "disable"), timeout_s)
    if opened is not None:
        await opened.close()
    refusals = {WITHOUT_TLS: refusal(WITHOUT_TLS, refused)}
    return Found(driver, facts={**facts, "revision": revision}, fault=fault, refusals=refusals, remarks=remarks)


async def connect(url: str, timeout_s: int) -> tuple[Any, str | None]:
    """A connection, or why there is none. No prepared statements, for a pooler in transaction mode."""
    try:
        return await asyncpg.connect(url, timeout=timeout_s, statement_cache_size=0), None
    except asyncio.TimeoutError:
        return None, f"timed out after {timeout_s} s"
    except OPENING as error:
        return None, said(error)


def said(error: Exception) -> str:
    return str(error) or type(error).__name__


async def facts_of(conn) -> dict[str, Any]:
    facts = dict(await conn.fetchrow(FACTS))
    # Nothing public tells.
    transport = conn._transport
    tls = transport.get_extra_info("ssl_object")
    host, port = transport.get_extra_info("peername")[:2]
    pooled = conn.get_server_pid() != facts.pop("pid")
    return {**facts, "host": host, "port": port, "tls": tls and tls.version(), "pooled": pooled}


async def work(conn) -> tuple[str | None, str | None]:
    """Why reading or writing failed, if it did; and the revision of the schema. What was written is taken back."""
    try:
        revision = await conn.fetchval(READ)
        transaction = conn.transaction()
        await transaction.start()
        try:
            values = [await conn.fetchval(statement) for statement, _ in WRITES]
        finally:
            await transaction.rollback()
        left = await conn.fetchval(LEFT)
    except asyncpg.PostgresError as error:
        return said(error), None
    return work_fault(values, left), revision
