-- What the migration needs of tables that it writes.

-- One column that names the row, for the record of what runs have written.
ALTER TABLE app_counters
    ADD COLUMN id uuid NOT NULL DEFAULT gen_random_uuid(),
    ADD CONSTRAINT app_counters_id_key UNIQUE (id);

-- Null: the source does not say since when it counts.
ALTER TABLE user_thread_stats ALTER COLUMN as_of DROP NOT NULL;
