-- The schema stays: provisioning made it, with grants that no revision could give back.

DROP TABLE migration.migration_rejects;

DROP TABLE migration.migration_runs;
