DROP INDEX migration.migration_rows_source_key_idx;

ALTER TABLE migration.migration_rows
    DROP COLUMN digest,
    DROP COLUMN preference,
    DROP COLUMN notes;
