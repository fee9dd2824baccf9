"""The function that answers a pooler's question for a role's SCRAM secret, and who may ask it."""

from __future__ import annotations

from dataclasses import dataclass

from .connection import transaction
from .statement import Statement

SCHEMA, FUNCTION = "pgbouncer", "pgbouncer.get_auth(text)"
COLUMNS = ("rolcanlogin", "rolname", "rolpassword", "rolreplication", "rolsuper", "rolvaliduntil")

READ_OWNER = """
    SELECT rolcanlogin OR rolsuper OR rolcreaterole OR rolcreatedb OR rolbypassrls OR rolreplication,
           ARRAY(SELECT c FROM unnest(%(columns)s::text[]) c
                 WHERE NOT has_column_privilege(oid, 'pg_catalog.pg_authid'::regclass, c, 'SELECT') ORDER BY 1)
    FROM pg_roles WHERE rolname = %(owner)s
"""
READ_SCHEMA = """
    SELECT pg_get_userbyid(n.nspowner),
           ARRAY(SELECT (coalesce(g.rolname, 'PUBLIC') || ' ' || x.privilege_type)::text
                 FROM aclexplode(n.nspacl) x LEFT JOIN pg_roles g ON g.oid = x.grantee
                 WHERE x.grantee <> n.nspowner ORDER BY 1)
    FROM pg_namespace n WHERE n.nspname = 'pgbouncer'
"""
READ_FUNCTION = """
    SELECT p.prosrc, pg_get_userbyid(p.proowner),
           concat_ws(' ', l.lanname, p.provolatile, p.prosecdef, pg_get_function_result(p.oid), p.proconfig::text),
           ARRAY(SELECT (coalesce(g.rolname, 'PUBLIC') || ' ' || x.privilege_type)::text
                 FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x LEFT JOIN pg_roles g ON g.oid = x.grantee
                 WHERE x.grantee <> p.proowner ORDER BY 1)
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.oid = to_regprocedure('pgbouncer.get_auth(text)')
"""
# READ_FUNCTION's third column for a function as CREATE_FUNCTION makes it.
NATURE = 'sql s t TABLE(usename text, passwd text) {"search_path=pg_catalog, pg_temp"}'

CREATE_ROLE = "CREATE ROLE {} NOLOGIN"
POWERLESS = "ALTER ROLE {} NOLOGIN NOSUPERUSER NOCREATEROLE NOCREATEDB NOBYPASSRLS NOREPLICATION"
READ_COLUMNS = "GRANT SELECT ({keywords}) ON pg_catalog.pg_authid TO {}"
CREATE_SCHEMA = "CREATE SCHEMA pgbouncer AUTHORIZATION {}"
OWN_SCHEMA = "ALTER SCHEMA pgbouncer OWNER TO {}"
DROP_FUNCTION = "DROP FUNCTION pgbouncer.get_auth(text)"
CREATE_FUNCTION = (
    "CREATE FUNCTION pgbouncer.get_auth(role_name text) RETURNS TABLE (usename text, passwd text) "
    "LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS %s"
)
OWN_FUNCTION = "ALTER FUNCTION pgbouncer.get_auth(text) OWNER TO {}"
TARGETS = {"SCHEMA": "SCHEMA pgbouncer", "FUNCTION": "FUNCTION pgbouncer.get_auth(text)"}


@dataclass(frozen=True)
class Declared:
    owner: str
    reader: str
    body: str


@dataclass(frozen=True)
class Present:
    """Nothing of it, unless told otherwise. Grants are C(role PRIVILEGE)."""

    owner_exists: bool = False
    owner_powerful: bool = False
    unreadable: tuple[str, ...] = COLUMNS
    schema_owner: str | None = None
    schema_grants: tuple[str, ...] = ()
    body: str | None = None
    function_owner: str | None = None
    nature: str | None = None
    function_grants: tuple[str, ...] = ()


def plan(wanted: Declared, now: Present) -> list[Statement]:
    steps = []
    if not now.owner_exists:
        steps.append(Statement(CREATE_ROLE, (wanted.owner,)))
    if now.owner_powerful:
        steps.append(Statement(POWERLESS, (wanted.owner,)))
    if now.unreadable:
        steps.append(Statement(READ_COLUMNS, (wanted.owner,), keywords=now.unreadable))
    if now.schema_owner is None:
        steps.append(Statement(CREATE_SCHEMA, (wanted.owner,)))
    elif now.schema_owner != wanted.owner:
        steps.append(Statement(OWN_SCHEMA, (wanted.owner,)))
    steps += plan_grants("SCHEMA", "USAGE", wanted.reader, now.schema_grants)
    return steps + plan_function(wanted, now)


def plan_function(wanted: Declared, now: Present) -> list[Statement]:
    if (now.body, now.nature) == (wanted.body, NATURE):
        owned = [] if now.function_owner == wanted.owner else [Statement(OWN_FUNCTION, (wanted.owner,))]
        return owned + plan_grants("FUNCTION", "EXECUTE", wanted.reader, now.function_grants)
    dropped = [] if now.body is None else [Statement(DROP_FUNCTION)]
    made = [Statement(CREATE_FUNCTION, values=(wanted.body,)), Statement(OWN_FUNCTION, (wanted.owner,))]
    # A new function is everybody's to execute until that is taken away, in the same transaction.
    return dropped + made + plan_grants("FUNCTION", "EXECUTE", wanted.reader, ("PUBLIC EXECUTE",))


def plan_grants(target: str, privilege: str, reader: str, held: tuple[str, ...]) -> list[Statement]:
    wanted = f"{reader} {privilege}"
    closed = grantees(held, wanted)
    excess = [Statement(f"REVOKE ALL ON {TARGETS[target]} FROM {{}}", (name,)) for name in closed]
    kept = wanted in held and reader not in closed
    return excess if kept else [*excess, Statement(f"GRANT {privilege} ON {TARGETS[target]} TO {{}}", (reader,))]


def grantees(held: tuple[str, ...], wanted: str) -> list[str]:
    return list(dict.fromkeys(one.rsplit(" ", 1)[0] for one in held if one != wanted))


def read(conn, owner: str) -> Present:
    found: dict = {}
    with conn.cursor() as cursor:
        cursor.execute(READ_OWNER, {"owner": owner, "columns": list(COLUMNS)})
        if row := cursor.fetchone():
            found.update(owner_exists=True, owner_powerful=row[0], unreadable=tuple(row[1]))
        cursor.execute(READ_SCHEMA)
        if row := cursor.fetchone():
            found.update(schema_owner=row[0], schema_grants=tuple(row[1]))
        cursor.execute(READ_FUNCTION)
        if row := cursor.fetchone():
            found.update(body=row[0], function_owner=row[1], nature=row[2], function_grants=tuple(row[3]))
    return Present(**found)


def apply(conn, steps: list[Statement]) -> None:
    with transaction(conn) as cursor:
        for statement in steps:
            statement.execute(cursor)
