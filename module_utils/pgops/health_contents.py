"""What a health check asks of one database: its tables, indexes and sequences."""

from __future__ import annotations

# The size of a table costs a look at each of its files (75 us): measured are the 500 with most pages by the last VACUUM.
# Asking about a table that VACUUM FULL or ALTER TABLE holds would wait for them.
TABLES = """
    WITH candidates AS MATERIALIZED (
        SELECT c.oid, n.nspname, c.relname, c.reltuples
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class toast ON toast.oid = c.reltoastrelid
        WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
          AND NOT EXISTS (SELECT FROM pg_locks l
                          WHERE l.relation = c.oid AND l.mode = 'AccessExclusiveLock' AND l.pid <> pg_backend_pid()
                            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database()))
        ORDER BY c.relpages + coalesce(toast.relpages, 0) DESC, c.oid DESC
        LIMIT 500
    )
    SELECT nspname AS schema, relname AS table, pg_total_relation_size(oid) AS size_bytes,
           pg_indexes_size(oid) AS index_bytes, greatest(reltuples, 0)::bigint AS estimated_rows
    FROM candidates
    ORDER BY size_bytes DESC, nspname, relname
    LIMIT %(largest)s
"""
# Due for VACUUM or ANALYZE is what autovacuum itself would call so; temporary tables are their session's own business.
STATISTICS = """
    SELECT s.schemaname AS schema, s.relname AS table, s.n_live_tup AS live_rows, s.n_dead_tup AS dead_rows,
           coalesce(s.last_vacuum, s.last_autovacuum) IS NULL AND (
               s.n_dead_tup > current_setting('autovacuum_vacuum_threshold')::int
                   + current_setting('autovacuum_vacuum_scale_factor')::float8 * greatest(c.reltuples, 0)
               OR s.n_ins_since_vacuum > current_setting('autovacuum_vacuum_insert_threshold')::int
                   + current_setting('autovacuum_vacuum_insert_scale_factor')::float8 * greatest(c.reltuples, 0)
           ) AS vacuum_missing,
           coalesce(s.last_analyze, s.last_autoanalyze) IS NULL
               AND s.n_mod_since_analyze > current_setting('autovacuum_analyze_threshold')::int
                   + current_setting('autovacuum_analyze_scale_factor')::float8 * greatest(c.reltuples, 0) AS analyze_missing
    FROM pg_stat_user_tables s JOIN pg_class c ON c.oid = s.relid
    WHERE s.n_live_tup + s.n_dead_tup >= 10000 AND c.relpersistence <> 't'
    ORDER BY s.n_live_tup + s.n_dead_tup DESC, s.schemaname, s.relname
    LIMIT 1000
"""
# Pages as VACUUM last saw them: to measure an index is to wait for whoever locks it. Where an expression was written in
# its statement is no part of it.
INDEXES = """
    SELECT n.nspname AS schema, t.relname AS table, c.relname AS index, c.oid::bigint AS number,
           c.relpages * current_setting('block_size')::bigint AS size_bytes,
           i.indisvalid AS valid, i.indisunique AS unique,
           EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = c.oid) OR i.indisreplident AS constrained,
           EXISTS (SELECT FROM pg_stat_progress_create_index p WHERE p.index_relid = c.oid) AS building,
           coalesce(s.idx_scan, 0) AS scans,
           md5(concat_ws('|', c.relam, i.indkey, i.indnkeyatts, i.indclass, i.indcollation, i.indoption,
                         regexp_replace(i.indexprs::text, ':location -?[0-9]+', '', 'g'),
                         '#', regexp_replace(i.indpred::text, ':location -?[0-9]+', '', 'g'))) AS definition
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
        JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_stat_user_indexes s ON s.indexrelid = c.oid
    WHERE c.relkind = 'i' AND i.indislive AND c.relpersistence <> 't'
      AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')
    ORDER BY n.nspname, c.relname
"""
# A sequence ends at its own end, or before it where the column that owns it holds no larger number.
SEQUENCES = """
    SELECT n.nspname AS schema, c.relname AS sequence, s.seqcycle AS cycles, s.seqstart AS first,
           CASE WHEN s.seqincrement > 0 THEN least(s.seqmax, b.most) ELSE greatest(s.seqmin, -b.most - 1) END AS last,
           has_sequence_privilege(c.oid, 'SELECT, USAGE') AS readable,
           CASE WHEN has_sequence_privilege(c.oid, 'SELECT, USAGE') THEN pg_sequence_last_value(c.oid) END AS value
    FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN pg_depend d ON d.classid = 'pg_class'::regclass AND d.objid = c.oid
            AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i') AND d.refobjsubid > 0
        LEFT JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
        CROSS JOIN LATERAL (SELECT CASE a.atttypid WHEN 'int2'::regtype THEN 32767 WHEN 'int4'::regtype THEN 2147483647
                                   ELSE 9223372036854775807 END AS most) b
    WHERE c.relpersistence <> 't'
    ORDER BY n.nspname, c.relname
"""
# For the estimate of bloat. pg_stats shows a role the columns that it may read.
WIDTHS = """
    WITH candidates AS MATERIALIZED (
        SELECT c.oid, n.nspname, c.relname, c.reltuples, c.relpages, c.reloptions,
               coalesce(t.relpages, 0) AS toast_pages, coalesce(t.reltuples, 0) AS toast_rows,
               current_setting('block_size')::int AS page_bytes
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace LEFT JOIN pg_class t ON t.oid = c.reltoastrelid
        WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND c.relpersistence <> 't'
          AND (c.relpages + coalesce(t.relpages, 0)) * current_setting('block_size')::bigint >= 10 * 1024 * 1024
        ORDER BY c.relpages + coalesce(t.relpages, 0) DESC, c.oid
        LIMIT 500
    )
    SELECT c.nspname AS schema, c.relname AS table, c.reltuples AS rows, c.relpages AS pages, c.toast_pages, c.toast_rows,
           c.page_bytes, count(*) AS columns, count(s.attname) = count(*) AS all_columns,
           coalesce(bool_or(s.null_frac > 0), false) AS has_nulls,
           coalesce(sum((1 - s.null_frac) * s.avg_width), 0)::float8 AS data_bytes,
           coalesce((SELECT option_value::int FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100)
               AS fillfactor
    FROM candidates c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_stats s ON s.schemaname = c.nspname AND s.tablename = c.relname AND s.attname = a.attname AND NOT s.inherited
    GROUP BY c.nspname, c.relname, c.reltuples, c.relpages, c.toast_pages, c.toast_rows, c.page_bytes, c.reloptions
    ORDER BY c.nspname, c.relname
"""
