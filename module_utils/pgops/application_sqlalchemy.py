"""How an application reaches its database through SQLAlchemy and psycopg2: the only import of SQLAlchemy."""

from __future__ import annotations

from typing import Any

from .application import FACTS, NO_WAITING, Found, Settings, work_fault
from .application_doors import try_doors
from .connection import psycopg2, sentence
from .threadr.application import FORBIDDEN, LEFT, READ, WRITES

try:
    import sqlalchemy
except ImportError:  # reported by missing()
    sqlalchemy = None


def missing() -> list[str]:
    return [name for name, module in (("SQLAlchemy", sqlalchemy), ("psycopg2", psycopg2)) if module is None]


def ask(wanted: Settings, timeout_s: int) -> Found:
    driver = f"SQLAlchemy {sqlalchemy.__version__} with psycopg2 {psycopg2.__version__.split()[0]}"
    engine = sqlalchemy.create_engine(
        wanted.url,
        future=True,  # 1.4 then behaves as 2.0
        pool_size=wanted.pool_size,
        max_overflow=wanted.max_overflow,
        pool_timeout=wanted.pool_timeout_s,
        pool_recycle=wanted.pool_recycle_s,
        connect_args={"connect_timeout": timeout_s},
    )
    try:
        with engine.connect() as conn:
            facts = facts_of(conn, engine)
            fault, revision = work(conn)
            refusals = {name: attempt(conn, statement) for name, statement in FORBIDDEN.items()}
    except sqlalchemy.exc.SQLAlchemyError as error:  # also what it says of a connection that is lost on the way
        return Found(driver, error=sentence(getattr(error, "orig", error)))
    finally:
        engine.dispose()
    refusals |= try_doors(wanted.url, facts["host"], facts["port"], timeout_s)
    return Found(driver, facts={**facts, "revision": revision}, fault=fault, refusals=refusals)


def facts_of(conn, engine) -> dict[str, Any]:
    with conn.begin():
        facts = dict(conn.exec_driver_sql(FACTS).mappings().one())
    session = conn.connection.driver_connection.info
    pool = {"checked_out": engine.pool.checkedout(), "idle": engine.pool.checkedin()}
    tls = session.ssl_attribute("protocol") if session.ssl_in_use else None
    # A pooler hands out process numbers of its own.
    pooled = session.backend_pid != facts.pop("pid")
    return {**facts, "host": session.host, "port": session.port, "tls": tls, "pooled": pooled, "pool": pool}


def work(conn) -> tuple[str | None, str | None]:
    """Why reading or writing failed, if it did; and the revision of the schema. What was written is taken back."""
    try:
        with conn.begin():
            revision = conn.exec_driver_sql(READ).scalar_one()
        with conn.begin() as transaction:
            values = [conn.exec_driver_sql(statement).scalar_one() for statement, _ in WRITES]
            transaction.rollback()
        with conn.begin():
            left = conn.exec_driver_sql(LEFT).scalar_one()
    except sqlalchemy.exc.DBAPIError as error:
        return sentence(error.orig), None
    return work_fault(values, left), revision


def attempt(conn, statement: str) -> str | None:
    """How the server refused it; nothing when it was done, which is taken back."""
    try:
        with conn.begin() as transaction:
            conn.exec_driver_sql(NO_WAITING)
            conn.exec_driver_sql(statement)
            transaction.rollback()
    except sqlalchemy.exc.DBAPIError as error:
        return error.orig.pgcode or sentence(error.orig)
    return None
