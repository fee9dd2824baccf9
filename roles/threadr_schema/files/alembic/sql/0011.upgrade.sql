-- Which source value a written row came from: the same value need not be converted again.

ALTER TABLE migration.migration_rows
    -- Of the value, together with the rules that made the row of it; null where the row does not follow from one value.
    ADD COLUMN digest bytea,
    -- What the conversion said besides the row: its place among rows of one key, and what it did to the value.
    ADD COLUMN preference text COLLATE "C",
    ADD COLUMN notes text[];

CREATE INDEX migration_rows_source_key_idx ON migration.migration_rows (source_key) WHERE digest IS NOT NULL;
