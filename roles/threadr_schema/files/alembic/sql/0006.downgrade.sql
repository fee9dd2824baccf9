DROP TABLE migration.migration_rows;

-- What older releases take for a migration would be none.
DELETE FROM migration.migration_runs r WHERE kind <> 'migration'
    AND NOT EXISTS (SELECT FROM migration.migration_rejects j WHERE r.run_id IN (j.run_id, j.resolved_run_id));

ALTER TABLE migration.migration_runs
    DROP CONSTRAINT migration_runs_kind_check,
    DROP COLUMN kind,
    DROP COLUMN conflicts,
    DROP COLUMN gone;
