-- What the migration has written, row by row: to see what others changed since, and to be able to go back.

ALTER TABLE migration.migration_runs
    ADD COLUMN kind text NOT NULL DEFAULT 'migration',
    -- Rows that others had changed, with who won; rows whose keys are gone from the source.
    ADD COLUMN conflicts jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN gone jsonb NOT NULL DEFAULT '{}',
    ADD CONSTRAINT migration_runs_kind_check CHECK (kind IN ('migration', 'undo'));

-- One line for each row that stands as a run wrote it. No reference to migration_runs: it would be checked for every
-- row of a run that writes millions, and runs are never deleted.
CREATE TABLE migration.migration_rows (
    profile text COLLATE "C" NOT NULL,
    table_name text COLLATE "C" NOT NULL,
    row_key text COLLATE "C" NOT NULL,
    -- hash_record_extended over the columns that come from the source.
    written bigint NOT NULL,
    -- The row as others had left it before a run overwrote it; null where a run made it.
    previous jsonb,
    source_key bytea NOT NULL,
    run_id bigint NOT NULL,
    CONSTRAINT migration_rows_pkey PRIMARY KEY (profile, table_name, row_key)
);
