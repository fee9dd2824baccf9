"""Single tables as the server knows them: columns, foreign keys in both directions, sequences, and what else refers to them."""

from __future__ import annotations

from dataclasses import dataclass

from .connection import sql
from .errors import PgopsError

ORDINARY, PARTITIONED = "r", "p"

TABLE = """
    SELECT c.oid, c.relkind, EXISTS (SELECT FROM pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)),
           pg_total_relation_size(c.oid), pg_get_userbyid(c.relowner)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s AND c.relname = %s
"""
COLUMNS = """
    SELECT a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attgenerated <> '',
           CASE WHEN a.attcollation <> t.typcollation
                THEN (SELECT quote_ident(n.nspname) || '.' || quote_ident(o.collname)
                      FROM pg_collation o JOIN pg_namespace n ON n.oid = o.collnamespace WHERE o.oid = a.attcollation) END,
           array_position((SELECT i.indkey::int2[] FROM pg_index i WHERE i.indrelid = a.attrelid AND i.indisprimary),
                          a.attnum) IS NOT NULL
    FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = %s AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum
"""
# A foreign key of or to a partitioned table counts once.
KEYS = """
    SELECT k.conname, cn.nspname, c.relname, pn.nspname, p.relname, pg_get_constraintdef(k.oid), k.convalidated, c.relkind,
           (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.conkey) WITH ORDINALITY u (number, place)
            JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = u.number),
           (SELECT array_agg(a.attname::text ORDER BY u.place) FROM unnest(k.confkey) WITH ORDINALITY u (number, place)
            JOIN pg_attribute a ON a.attrelid = k.confrelid AND a.attnum = u.number)
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace cn ON cn.oid = c.relnamespace
    JOIN pg_class p ON p.oid = k.confrelid JOIN pg_namespace pn ON pn.oid = p.relnamespace
    WHERE k.contype = 'f' AND k.conparentid = 0 AND (k.conrelid = ANY (%(oids)s) OR k.confrelid = ANY (%(oids)s))
    ORDER BY 2, 3, 1
"""
# Those of serial and identity columns.
SEQUENCES = """
    SELECT n.nspname, s.relname, a.attname, pg_sequence_last_value(s.oid), q.seqincrement > 0
    FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' JOIN pg_namespace n ON n.oid = s.relnamespace
    JOIN pg_sequence q ON q.seqrelid = s.oid
    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
    WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
      AND d.refobjid = %s ORDER BY 1, 2
"""
VIEWS = """
    SELECT DISTINCT n.nspname, v.relname, array_to_string(v.reloptions, ', '), pg_get_viewdef(v.oid)
    FROM pg_depend d JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
    JOIN pg_class v ON v.oid = r.ev_class AND v.relkind = 'v' JOIN pg_namespace n ON n.oid = v.relnamespace
    WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = ANY (%s) ORDER BY 1, 2
"""
# Objects that would go on to refer to a table, or to its row type, after another one has taken its name; but for foreign keys
# and views, which are made anew, and for what belongs to the table itself.
DEPENDENTS = """
    SELECT DISTINCT pg_describe_object(d.classid, d.objid, 0) FROM pg_depend d, pg_class t
    WHERE t.oid = ANY (%(oids)s)
      AND ((d.refclassid = 'pg_class'::regclass AND d.refobjid = t.oid)
           OR (d.refclassid = 'pg_type'::regclass
               AND d.refobjid IN (SELECT y.oid FROM pg_type y WHERE t.reltype IN (y.oid, y.typelem))))
      AND d.classid NOT IN ('pg_constraint'::regclass, 'pg_trigger'::regclass, 'pg_attrdef'::regclass, 'pg_type'::regclass)
      AND CASE d.classid
          WHEN 'pg_class'::regclass THEN d.objid <> t.oid
            AND EXISTS (SELECT FROM pg_class c WHERE c.oid = d.objid AND c.relkind NOT IN ('i', 'I', 'S', 't'))
          WHEN 'pg_policy'::regclass THEN EXISTS (SELECT FROM pg_policy p WHERE p.oid = d.objid AND p.polrelid <> t.oid)
          WHEN 'pg_rewrite'::regclass THEN EXISTS (
            SELECT FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class
            WHERE r.oid = d.objid AND r.ev_class <> t.oid AND (c.relkind <> 'v' OR r.rulename <> '_RETURN'))
          ELSE true END
    ORDER BY 1
"""


def quoted(part: str) -> str:
    return '"' + part.replace('"', '""') + '"'


@dataclass(frozen=True, order=True)
class Name:
    """A table or a sequence, by its schema."""

    schema: str
    relation: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.relation}"

    @property
    def identifier(self):
        return sql.Identifier(self.schema, self.relation)

    @property
    def pattern(self) -> str:
        """For the options of pg_dump: this one, whatever is in its name."""
        return f"{quoted(self.schema)}.{quoted(self.relation)}"


@dataclass(frozen=True)
class Column:
    """C(kind) and C(collation) are as the server writes them, to be part of a statement."""

    name: str
    kind: str
    required: bool
    generated: bool
    collation: str | None
    primary: bool

    @property
    def declaration(self):
        collation = f" COLLATE {self.collation}" if self.collation else ""
        return sql.SQL("{} {}").format(sql.Identifier(self.name), sql.SQL(self.kind + collation))


@dataclass(frozen=True)
class Sequence:
    """C(last) is None before its first use."""

    name: Name
    column: str
    last: int | None
    ascends: bool


@dataclass(frozen=True)
class Key:
    """A foreign key: rows of CHILD refer to rows of PARENT."""

    name: str
    child: Name
    parent: Name
    definition: str
    validated: bool
    partitioned: bool
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    name: Name
    oid: int
    size_bytes: int
    owner: str
    columns: tuple[Column, ...]
    sequences: tuple[Sequence, ...]

    @property
    def written(self) -> list[str]:
        """Columns that rows are written with."""
        return [column.name for column in self.columns if not column.generated]


def find(cursor, name: Name, where: str) -> Table | None:
    """None where there is nothing of this name; what is no ordinary table is refused. WHERE is for the sentence."""
    cursor.execute(TABLE, (name.schema, name.relation))
    row = cursor.fetchone()
    if row is None:
        return None
    oid, kind, related, size, owner = row
    if kind == PARTITIONED or related:
        raise PgopsError(
            f"{name} in {where} is partitioned, a partition, or inherits: such a table cannot be restored by itself. Nothing was "
            "changed. Restore the whole database beside the original with restore_postgresql.yml, and copy what is needed."
        )
    if kind != ORDINARY:
        raise PgopsError(f"{name} in {where} is no table. Nothing was changed. Name a table.")
    cursor.execute(COLUMNS, (oid,))
    columns = tuple(Column(*found) for found in cursor.fetchall())
    cursor.execute(SEQUENCES, (oid,))
    sequences = tuple(Sequence(Name(*found[:2]), *found[2:]) for found in cursor.fetchall())
    return Table(name, oid, size, owner, columns, sequences)


def read_keys(cursor, tables: list[Table]) -> list[Key]:
    """Foreign keys of and to TABLES."""
    cursor.execute(KEYS, {"oids": [table.oid for table in tables]})
    return [
        Key(name, Name(*child), Name(*parent), definition, validated, kind == PARTITIONED, tuple(own), tuple(others))
        for name, *child_parent, definition, validated, kind, own, others in cursor.fetchall()
        for child, parent in [(child_parent[:2], child_parent[2:])]
    ]


def read_views(cursor, tables: list[Table]) -> list:
    """Statements that make the views upon TABLES again, by name."""
    cursor.execute(VIEWS, ([table.oid for table in tables],))
    return [
        (Name(schema, view), sql.SQL("CREATE OR REPLACE VIEW {}{} AS {}").format(
            sql.Identifier(schema, view), sql.SQL(f" WITH ({options})" if options else ""), sql.SQL(text)))
        for schema, view, options, text in cursor.fetchall()
    ]  # fmt: skip


def read_dependents(cursor, tables: list[Table]) -> list[str]:
    cursor.execute(DEPENDENTS, {"oids": [table.oid for table in tables]})
    return [said for (said,) in cursor.fetchall()]
