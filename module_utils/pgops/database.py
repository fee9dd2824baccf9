"""What one database should have: its owner, schemas, extensions, and who may do what in it."""

from __future__ import annotations

from dataclasses import dataclass

from .connection import connect, transaction
from .errors import PgopsError
from .privileges import PUBLIC, Access, Grants, Object, every_object, read_privileges
from .privileges import access as to_access
from .privileges import plan as plan_privileges
from .statement import Statement

READ_DATABASE = """
    SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding) FROM pg_database WHERE datname = %s
"""
READ_SCHEMAS = "SELECT nspname, pg_get_userbyid(nspowner) FROM pg_namespace WHERE nspname = ANY(%s)"
READ_EXTENSIONS = "SELECT extname FROM pg_extension"
READ_AVAILABLE = "SELECT name FROM pg_available_extensions WHERE name = ANY(%s)"

CREATE_DATABASE = "CREATE DATABASE {} OWNER {} TEMPLATE template0 ENCODING 'UTF8'"
OWN_DATABASE = "ALTER DATABASE {} OWNER TO {}"
CREATE_SCHEMA = "CREATE SCHEMA {} AUTHORIZATION {}"
OWN_SCHEMA = "ALTER SCHEMA {} OWNER TO {}"
CREATE_EXTENSION = "CREATE EXTENSION {}"

# The schema that every database comes with; since PostgreSQL 15 it is whoever owns the database who owns it.
PUBLIC_SCHEMA, PUBLIC_OWNER = "public", "pg_database_owner"


@dataclass(frozen=True)
class Declared:
    name: str
    owner: str
    schemas: tuple[tuple[str, str], ...]  # name, owner
    extensions: tuple[str, ...]
    access: tuple[Access, ...]
    kept_elsewhere: frozenset[Object] = frozenset()

    @property
    def schema_names(self) -> list[str]:
        return [name for name, _ in self.schemas]


@dataclass(frozen=True)
class Present:
    owner: str
    schemas: dict[str, str]  # name: owner
    extensions: frozenset[str]
    found: tuple[Object, ...]
    held: Grants


def declared(params: dict) -> Declared:
    owner = params["owner"]
    schemas = tuple(
        (
            given["name"],
            given["owner"] or (PUBLIC_OWNER if given["name"] == PUBLIC_SCHEMA else owner),
        )
        for given in params["schemas"]
    )
    wanted = Declared(
        params["name"],
        owner,
        schemas,
        tuple(params["extensions"]),
        tuple(map(to_access, params["access"])),
        frozenset(
            Object("table", given["name"], table) for given in params["schemas"] for table in given["except_tables"]
        ),
    )
    refuse_contradictions(wanted)
    return wanted


def refuse_contradictions(wanted: Declared) -> None:
    for one in wanted.access:
        strange = sorted(one.schemas.keys() - set(wanted.schema_names))
        if strange:
            raise PgopsError(
                f"Access of {one.role} to database {wanted.name} names the schema {strange[0]}, which is not declared. "
                "Add it to the schemas of the database, or correct the name."
            )
        if one.role == wanted.owner:
            raise PgopsError(
                f"{one.role} owns database {wanted.name} and may do everything in it. Take it out of the access list."
            )


def newborn(wanted: Declared) -> Present:
    """The database as CREATE DATABASE makes it, which a dry run cannot ask."""
    held = {
        (Object("database", "", wanted.name), PUBLIC): frozenset({"CONNECT", "TEMPORARY"}),
        (Object("schema", "", PUBLIC_SCHEMA), PUBLIC): frozenset({"USAGE"}),
    }
    return Present(wanted.owner, {PUBLIC_SCHEMA: PUBLIC_OWNER}, frozenset({"plpgsql"}), (), held)


def plan_creation(wanted: Declared) -> list[Statement]:
    return [Statement(CREATE_DATABASE, (wanted.name, wanted.owner))]


def plan(wanted: Declared, now: Present) -> list[Statement]:
    steps = [] if now.owner == wanted.owner else [Statement(OWN_DATABASE, (wanted.name, wanted.owner))]
    for name, owner in wanted.schemas:
        if name not in now.schemas:
            steps.append(Statement(CREATE_SCHEMA, (name, owner)))
        elif now.schemas[name] != owner:
            steps.append(Statement(OWN_SCHEMA, (name, owner)))
    steps += [Statement(CREATE_EXTENSION, (name,)) for name in wanted.extensions if name not in now.extensions]
    found = [one for one in now.found if one not in wanted.kept_elsewhere]
    objects = every_object(wanted.name, wanted.schema_names, found)
    return steps + plan_privileges(list(wanted.access), objects, now.held, wanted.owner)


def database_exists(conn, name: str) -> bool:
    """Whether it is there; one of another encoding is refused."""
    with conn.cursor() as cursor:
        cursor.execute(READ_DATABASE, (name,))
        row = cursor.fetchone()
    if row is not None and row[1] != "UTF8":
        raise PgopsError(
            f"Database {name} is encoded in {row[1]}, which cannot be changed. Restore its dump into a UTF8 database."
        )
    return row is not None


def require_available(conn, extensions: tuple[str, ...]) -> None:
    with conn.cursor() as cursor:
        cursor.execute(READ_AVAILABLE, (list(extensions),))
        missing = sorted(set(extensions) - {name for (name,) in cursor})
    if missing:
        raise PgopsError(
            f"PostgreSQL has no extension {', '.join(missing)} to offer on this host. Correct the name, or install its package."
        )


def read_database(conn, wanted: Declared) -> Present:
    with conn.cursor() as cursor:
        cursor.execute(READ_DATABASE, (wanted.name,))
        owner = cursor.fetchone()[0]
        cursor.execute(READ_SCHEMAS, (wanted.schema_names,))
        schemas = dict(cursor.fetchall())
        cursor.execute(READ_EXTENSIONS)
        extensions = frozenset(name for (name,) in cursor)
    found, held = read_privileges(conn, wanted.schema_names, wanted.owner)
    return Present(owner, schemas, extensions, tuple(found), held)


def bring_about(params: dict, wanted: Declared, check_mode: bool) -> list[Statement]:
    """What was done, or would be: the database first, on a connection of its own, the rest in one transaction."""
    with connect({**params, "login_db": "postgres"}, "pg_database") as conn:
        require_available(conn, wanted.extensions)
        created = [] if database_exists(conn, wanted.name) else plan_creation(wanted)
        if created and check_mode:
            return created + plan(wanted, newborn(wanted))
        for statement in created:
            with conn.cursor() as cursor:
                statement.execute(cursor)
    with connect({**params, "login_db": wanted.name}, "pg_database") as conn:
        steps = plan(wanted, read_database(conn, wanted))
        if steps and not check_mode:
            with transaction(conn) as cursor:
                for statement in steps:
                    statement.execute(cursor)
    return created + steps
