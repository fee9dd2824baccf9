"""What a server keeps that was set aside: databases and schemas of restores, and slots that nobody streams by."""

from __future__ import annotations

import re
from functools import partial

from . import restore_plan, tables_plan
from .connection import extras, psycopg2, sentence, sql, transaction
from .errors import PgopsError
from .free_space_plan import DATABASE, SCHEMA, SLOT, Found, Step

KEPT_DATABASE = re.compile(rf".+{restore_plan.KEPT}[0-9]+")
KEPT_SCHEMA = re.compile(rf"{tables_plan.KEPT}[0-9]+")
SERVER = """
    SELECT pg_is_in_recovery() AS is_standby, current_setting('data_directory') AS data_directory,
           current_setting('log_directory') AS log_directory, coalesce(pg_current_logfile(), '') AS current_log, current_database() AS database
"""
SCHEMAS = """
    SELECT n.nspname AS schema, coalesce(obj_description(n.oid, 'pg_namespace'), '') AS comment,
           coalesce(sum(pg_total_relation_size(c.oid)) FILTER (WHERE c.relkind IN ('r', 'm')), 0)::bigint AS size_bytes
    FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid
    WHERE n.nspname LIKE 'before\\_restore\\_%' GROUP BY n.oid, n.nspname ORDER BY n.nspname
"""
# Views and foreign keys of others, which would go with it.
BUILT_ON = """
    SELECT v.oid::regclass::text AS name FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
        JOIN pg_class v ON v.oid = r.ev_class JOIN pg_class t ON d.refclassid = 'pg_class'::regclass AND t.oid = d.refobjid
        JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = %(schema)s AND v.relnamespace <> t.relnamespace
    UNION SELECT k.conrelid::regclass::text FROM pg_constraint k JOIN pg_class t ON t.oid = k.confrelid JOIN pg_class c ON c.oid = k.conrelid
        JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE n.nspname = %(schema)s AND c.relnamespace <> t.relnamespace
    ORDER BY 1
"""
TABLES = """
    SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = %(schema)s AND c.relkind IN ('r', 'p') ORDER BY c.relname
"""
# Behind what is written, on a standby behind what is received.
SLOTS = """
    SELECT slot_name AS slot, slot_type AS kind, active, coalesce(wal_status, 'unknown') AS wal_status, coalesce(active_pid, 0) AS pid,
           greatest(coalesce(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
                                             ELSE pg_current_wal_lsn() END, restart_lsn), 0), 0)::bigint AS held_bytes
    FROM pg_replication_slots WHERE NOT temporary ORDER BY held_bytes DESC, slot_name
"""
DROP_DATABASE = "DROP DATABASE {}"
DROP_SLOT = (
    "SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE slot_name = %(slot)s AND NOT active"
)
# What a slot held goes with the next one.
CHECKPOINT = "CHECKPOINT"


def ask(conn, query: str, values: dict | None = None) -> list[dict]:
    with conn.cursor(cursor_factory=extras.RealDictCursor) as cursor:
        cursor.execute(query, values)
        return [dict(row) for row in cursor.fetchall()]


def kept_databases(conn) -> Found:
    """Those that a restore has replaced, and what one that was interrupted has left."""
    databases, found = restore_plan.read_databases(conn), Found()
    for name, one in sorted(databases.items()):
        kept = KEPT_DATABASE.fullmatch(name) is not None
        left = name.endswith(restore_plan.BESIDE) and restore_plan.is_leftover(one, databases.get(restore_plan.EMPTY))
        if not kept and not left:
            continue
        step = f"{DATABASE}:{name}"
        if one.sessions:
            found.refused[step] = f"{one.sessions} sessions are in it: see whose with inspect_activity.yml."
            continue
        what = "what a restore has replaced" if kept else "what an interrupted restore has left"
        loss = "the database as it was before the restore" if kept else "nothing that was ever in use"
        found.steps.append(Step(step, one.size_bytes, what, loss, partial(drop_database, conn, name)))
    return found


def drop_database(conn, name: str) -> None:
    with conn.cursor() as cursor:
        cursor.execute(sql.SQL(DROP_DATABASE).format(sql.Identifier(name)))


def kept_schemas(conn, database: str) -> Found:
    found = Found()
    for one in ask(conn, SCHEMAS):
        if not KEPT_SCHEMA.fullmatch(one["schema"]):
            continue
        name = f"{SCHEMA}:{one['schema']}"
        built = [row["name"] for row in ask(conn, BUILT_ON, {"schema": one["schema"]})]
        if built:
            found.refused[name] = f"{', '.join(built)} is built on it."
        else:
            what = f"in {database}: {one['comment'].split('. ')[0] or 'tables that a restore has replaced'}"
            apply = partial(drop_schema, conn, one["schema"])
            found.steps.append(Step(name, one["size_bytes"], what, "the tables as they were before", apply))
    return found


def drop_schema(conn, schema: str) -> None:
    """With its tables, and nothing that somebody has built on them since."""
    tables = [row["relname"] for row in ask(conn, TABLES, {"schema": schema})]
    with transaction(conn) as cursor:
        if tables:
            names = sql.SQL(", ").join(sql.Identifier(schema, table) for table in tables)
            cursor.execute(sql.SQL("DROP TABLE {} RESTRICT").format(names))
        cursor.execute(sql.SQL("DROP SCHEMA {} RESTRICT").format(sql.Identifier(schema)))


def slots(conn) -> Found:
    """What they hold goes with the checkpoint after them, as far as no other one holds it too."""
    found = Found()
    for one in ask(conn, SLOTS):
        name = f"{SLOT}:{one['slot']}"
        if one["active"]:
            found.refused[name] = f"process {one['pid']} streams by it."
            continue
        what = f"a {one['kind']} slot that nobody streams by ({one['wal_status']}); what it holds another one may hold as well"
        loss = "whoever was to stream by it has to be rebuilt (rebuild_standby.yml)"
        found.steps.append(Step(name, one["held_bytes"], what, loss, partial(drop_slot, conn, one["slot"])))
    return found


def drop_slot(conn, slot: str) -> None:
    """The server looks once more in the moment of the end."""
    with conn.cursor() as cursor:
        cursor.execute(DROP_SLOT, {"slot": slot})
        if cursor.fetchone() is None:
            raise PgopsError("somebody streams by it again, or it is gone")
        cursor.execute(CHECKPOINT)


def attempt(apply) -> str:
    """What kept it from being done; empty where it was done."""
    try:
        apply()
    except psycopg2.Error as error:
        return sentence(error)
    except PgopsError as error:
        return str(error).rstrip(".")
    except OSError as error:
        return f"{error.filename or 'a file'}: {error.strerror or error}"
    return ""
