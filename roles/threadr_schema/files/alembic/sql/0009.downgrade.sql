DROP TABLE operations.verifications;

DROP TABLE operations.backups;
