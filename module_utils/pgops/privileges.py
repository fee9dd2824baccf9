"""Which privileges roles should hold in one database, on what exists and on what its owner makes later."""

from __future__ import annotations

from dataclasses import dataclass, field

from .statement import Statement

PUBLIC = "PUBLIC"

# One row per object and grantee. Objects of extensions and the owner's own privileges are nobody's business here.
# A schema without rows for TABLES would look as if it did not exist, so default privileges come from pg_default_acl.
READ_PRIVILEGES = """
    WITH acl (kind, schema, name, owner, items) AS (
        SELECT 'database', '', datname::text, datdba, coalesce(datacl, acldefault('d', datdba))
        FROM pg_database WHERE datname = current_database()
        UNION ALL
        SELECT 'schema', '', nspname::text, nspowner, coalesce(nspacl, acldefault('n', nspowner))
        FROM pg_namespace WHERE nspname = ANY(%(schemas)s)
        UNION ALL
        SELECT CASE c.relkind WHEN 'S' THEN 'sequence' ELSE 'table' END, n.nspname::text, c.relname::text, c.relowner,
               coalesce(c.relacl, acldefault(CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", c.relowner))
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE n.nspname = ANY(%(schemas)s) AND c.relkind IN ('r', 'v', 'm', 'p', 'f', 'S')
          AND NOT EXISTS (SELECT FROM pg_depend d
                          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
        UNION ALL
        SELECT CASE d.defaclobjtype WHEN 'S' THEN 'default sequence' ELSE 'default table' END,
               n.nspname::text, '', d.defaclrole, d.defaclacl
        FROM pg_default_acl d JOIN pg_namespace n ON n.oid = d.defaclnamespace
        WHERE n.nspname = ANY(%(schemas)s) AND d.defaclobjtype IN ('r', 'S')
          AND d.defaclrole = (SELECT oid FROM pg_roles WHERE rolname = %(owner)s)
    )
    SELECT a.kind, a.schema, a.name, coalesce(g.rolname, 'PUBLIC'),
           array_agg(DISTINCT x.privilege_type) FILTER (WHERE x.grantee <> a.owner)
    FROM acl a
    LEFT JOIN LATERAL aclexplode(a.items) x ON x.grantee <> a.owner
    LEFT JOIN pg_roles g ON g.oid = x.grantee
    GROUP BY 1, 2, 3, 4
    ORDER BY 1, 2, 3, 4
"""

TARGETS = {
    "database": "DATABASE {}",
    "schema": "SCHEMA {}",
    "table": "TABLE {}.{}",
    "sequence": "SEQUENCE {}.{}",
    "default table": "TABLES",
    "default sequence": "SEQUENCES",
}
FOR_OWNER = "ALTER DEFAULT PRIVILEGES FOR ROLE {} IN SCHEMA {} "


@dataclass(frozen=True)
class Object:
    """KIND is a key of TARGETS; SCHEMA is empty where there is none, NAME for default privileges."""

    kind: str
    schema: str
    name: str


@dataclass(frozen=True)
class Access:
    """What one role may do. Tables and sequences stand for those that exist and those to come."""

    role: str
    database: frozenset[str] = frozenset()
    # schema: {kind: privileges}, kind being schema, table or sequence
    schemas: dict[str, dict[str, frozenset[str]]] = field(default_factory=dict)

    def wanted(self, target: Object) -> frozenset[str]:
        if target.kind == "database":
            return self.database
        kinds = self.schemas.get(target.name if target.kind == "schema" else target.schema, {})
        return kinds.get(target.kind.removeprefix("default "), frozenset())


Grants = dict[tuple[Object, str], frozenset[str]]


def access(option: dict) -> Access:
    """An entry of the module's option C(access)."""
    schemas = {
        given["name"]: {
            "schema": frozenset(given["privileges"]),
            "table": frozenset(given["tables"]),
            "sequence": frozenset(given["sequences"]),
        }
        for given in option["schemas"]
    }
    return Access(option["role"], frozenset(option["database"]), schemas)


def plan(wanted: list[Access], objects: list[Object], held: Grants, owner: str) -> list[Statement]:
    """Exact for the roles that are named: what they hold beyond their declaration is revoked."""
    steps = []
    for target in objects:
        for one in wanted:
            have, want = held.get((target, one.role), frozenset()), one.wanted(target)
            steps += [change(verb, target, one.role, some, owner) for verb, some in differences(have, want) if some]
    return steps


def differences(have: frozenset[str], want: frozenset[str]) -> list[tuple[str, frozenset[str]]]:
    return [("REVOKE", have - want), ("GRANT", want - have)]


def change(verb: str, target: Object, role: str, privileges: frozenset[str], owner: str) -> Statement:
    names = tuple(name for name in (target.schema, target.name) if name)
    prefix = ""
    if target.kind.startswith("default "):
        prefix, names = FOR_OWNER, (owner, target.schema)
    preposition = "TO" if verb == "GRANT" else "FROM"
    text = f"{prefix}{verb} {{keywords}} ON {TARGETS[target.kind]} {preposition} {{}}"
    return Statement(text, (*names, role), keywords=tuple(sorted(privileges)))


def every_object(database: str, schemas: list[str], found: list[Object]) -> list[Object]:
    """What to compare: the database, each schema with what its owner makes later, and the tables found."""
    always = [Object("database", "", database)]
    for schema in schemas:
        always += [
            Object("schema", "", schema),
            Object("default table", schema, ""),
            Object("default sequence", schema, ""),
        ]
    return always + [one for one in found if one.kind in ("table", "sequence")]


def read_privileges(conn, schemas: list[str], owner: str) -> tuple[list[Object], Grants]:
    with conn.cursor() as cursor:
        cursor.execute(READ_PRIVILEGES, {"schemas": schemas, "owner": owner})
        rows = [(Object(kind, schema, name), grantee, privileges) for kind, schema, name, grantee, privileges in cursor]
    found = sorted({one for one, _, _ in rows}, key=lambda one: (one.kind, one.schema, one.name))
    return found, {(one, grantee): frozenset(privileges) for one, grantee, privileges in rows if privileges}
