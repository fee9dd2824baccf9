"""A shop whose tables refer to each other in both directions, and what the server says of it: the product is never its witness."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

from backups import opened

# Customers have orders, orders have lines; a view, triggers, an identity and a serial column, a generated one, grants, an enum.
# A trigger that acts on a restore would be seen in the journal.
TABLES = """
    SET ROLE {0}_owner;
    CREATE TYPE public.mood AS ENUM ('good', 'bad');
    CREATE TABLE public.journal (line text);
    CREATE FUNCTION public.write_journal() RETURNS trigger LANGUAGE plpgsql AS
        $$BEGIN INSERT INTO public.journal VALUES (TG_TABLE_NAME || TG_OP); RETURN NULL; END$$;
    CREATE TABLE public.customers (
        id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, mail text COLLATE "C" UNIQUE, mood public.mood DEFAULT 'good',
        referred_by int REFERENCES public.customers, facts json, shout text GENERATED ALWAYS AS (upper(mail)) STORED);
    CREATE TABLE public.sales (
        id serial PRIMARY KEY, customer_id int NOT NULL REFERENCES public.customers ON DELETE CASCADE, total numeric(9, 2));
    CREATE TABLE stock.lines (
        sale_id int REFERENCES public.sales ON DELETE CASCADE, number int, text text DEFAULT 'a' || E'\\n--\\n' || 'b',
        PRIMARY KEY (sale_id, number));
    CREATE INDEX sales_total ON public.sales (total) WHERE total > 10;
    CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON public.customers FOR EACH ROW EXECUTE FUNCTION public.write_journal();
    CREATE TRIGGER noted AFTER INSERT OR UPDATE OR DELETE ON public.sales FOR EACH ROW EXECUTE FUNCTION public.write_journal();
    CREATE VIEW public.turnover WITH (security_barrier = true) AS
        SELECT c.mail, sum(s.total) AS total FROM public.customers c JOIN public.sales s ON s.customer_id = c.id GROUP BY 1;
    GRANT SELECT, UPDATE (total) ON public.sales TO {0}_app;
    COMMENT ON TABLE public.sales IS E'one\\n\\n--two';
    ALTER TABLE public.sales ENABLE ROW LEVEL SECURITY;
    CREATE POLICY all_of_them ON public.sales TO {0}_app USING (true);
    INSERT INTO public.customers (mail, referred_by, facts)
        SELECT 'c' || n, nullif(n - 1, 0), '{{"a" : 1}}' FROM generate_series(1, 20) n;
    INSERT INTO public.sales (customer_id, total) SELECT 1 + n % 20, n FROM generate_series(1, 100) n;
    INSERT INTO stock.lines (sale_id, number) SELECT n, 1 FROM generate_series(1, 100) n;
    DELETE FROM public.journal;
"""
THERE = """
    SELECT schemaname || '.' || tablename FROM pg_tables
    WHERE schemaname IN ('public', 'stock') AND tablename IN ('customers', 'sales', 'lines', 'orders', 'items', 'journal') ORDER BY 1
"""
DIGEST = (
    "(SELECT json_build_array(count(*), md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), ''))) FROM {0} t)"
)
# Constraints, indexes, triggers, policies, grants and owners of all that is in the two schemas, by the server's own words.
STRUCTURE = """
    SELECT json_build_array(
        (SELECT json_agg(x ORDER BY x) FROM (
            SELECT conrelid::regclass::text || ' ' || conname || ' ' || pg_get_constraintdef(oid) AS x FROM pg_constraint
            WHERE connamespace IN ('public'::regnamespace, 'stock'::regnamespace)) q),
        (SELECT json_agg(indexdef ORDER BY indexdef) FROM pg_indexes WHERE schemaname IN ('public', 'stock')),
        (SELECT json_agg(x ORDER BY x) FROM (
            SELECT pg_get_triggerdef(t.oid) AS x FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
            WHERE NOT tgisinternal AND c.relnamespace IN ('public'::regnamespace, 'stock'::regnamespace)) q),
        (SELECT json_agg(x ORDER BY x) FROM (
            SELECT concat_ws(' ', c.oid::regclass, c.relkind, pg_get_userbyid(c.relowner), c.relacl, c.reloptions, c.relrowsecurity,
                             obj_description(c.oid, 'pg_class'), (SELECT string_agg(polname, ',') FROM pg_policy WHERE polrelid = c.oid),
                             (SELECT string_agg(concat_ws(' ', a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, a.attidentity,
                                                          a.attacl, pg_get_expr(d.adbin, d.adrelid)), ', ' ORDER BY a.attnum)
                              FROM pg_attribute a LEFT JOIN pg_attrdef d ON (d.adrelid, d.adnum) = (a.attrelid, a.attnum)
                              WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped)) AS x
            FROM pg_class c WHERE c.relkind IN ('r', 'v', 'S') AND c.relnamespace IN ('public'::regnamespace, 'stock'::regnamespace)) q),
        (SELECT json_agg(pg_get_viewdef('public.turnover'::regclass))))
"""
SCHEMAS = "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%restor%' ORDER BY 1"


class Tables:
    """The tables of a shop with one backup."""

    def __init__(self, shop) -> None:
        self.shop, self.host, self.name = shop, shop.host, shop.name

    def params(self, tables: str, **changes) -> dict:
        return {
            "directory": self.shop.directory, "database": self.name, "tables": tables.split(","), "confirm": tables, **changes,
        }  # fmt: skip

    def restore(self, tables: str, **changes) -> dict:
        return self.shop.succeed("pg_restore_tables", self.params(tables, **changes))

    def refusal(self, tables: str, check_mode: bool = False, **changes) -> str:
        return self.shop.refusal("pg_restore_tables", self.params(tables, **changes), check_mode)

    def query(self, query: str) -> list[list]:
        return self.host.query(query, db=self.name)

    def rows(self) -> dict[str, list]:
        """Number and digest of the rows of each table that is there."""
        there = [name for (name,) in self.query(THERE)]
        found = self.query(f"SELECT json_build_array({', '.join(map(DIGEST.format, there))})")[0][0]
        return dict(zip(there, found, strict=True))

    def structure(self) -> str:
        return json.dumps(self.query(STRUCTURE.strip())[0][0], indent=1)

    def state(self) -> tuple:
        """All that must not differ where nothing was changed, beside the database, too."""
        return self.rows(), self.structure(), self.query(SCHEMAS), self.shop.databases()

    def reset(self) -> None:
        """As it was when it was backed up: by PostgreSQL's own means."""
        self.host.execute(
            f"DROP DATABASE {self.name} WITH (FORCE); CREATE DATABASE {self.name} TEMPLATE {self.name}_kept;"
        )


@contextmanager
def opened_tables(host) -> Iterator[Tables]:
    with opened(host) as shop:
        shop.execute(TABLES.format(shop.name))
        shop.back_up()
        host.execute(f"CREATE DATABASE {shop.name}_kept TEMPLATE {shop.name};")
        yield Tables(shop)
