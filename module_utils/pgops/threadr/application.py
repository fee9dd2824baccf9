"""What Threadr does with its database, and what it must not be able to do."""

from __future__ import annotations

READ = "SELECT (SELECT version_num FROM alembic_version), (SELECT count(*) FROM (SELECT FROM users LIMIT 1) AS seen)"

# Taken back at the end: C(LEFT) is asked for in a transaction of its own, and has to find nothing.
INSERT = (
    "INSERT INTO app_counters (metric, period_type, period_start, value) "
    "VALUES ('check_application', 'total', '1970-01-01', 1) RETURNING value"
)
UPDATE = "UPDATE app_counters SET value = value + 1 WHERE metric = 'check_application' RETURNING value"
DELETE = "DELETE FROM app_counters WHERE metric = 'check_application' RETURNING value"
LEFT = "SELECT count(*) FROM app_counters WHERE metric = 'check_application'"
WRITES = ((INSERT, 1), (UPDATE, 2), (DELETE, 2))

# Each is tried in a transaction that is rolled back and does not wait for locks. Who may not do it is told so before
# any lock is taken.
FORBIDDEN = {
    "make a table": "CREATE TABLE public.check_application (id int)",
    "make a temporary table": "CREATE TEMPORARY TABLE check_application (id int)",
    "make a schema": "CREATE SCHEMA check_application",
    "empty a table": "TRUNCATE users",
    "drop a table": "DROP TABLE users",
    "alter a table": "ALTER TABLE users ADD COLUMN check_application int",
    "write the revision of the schema": "UPDATE alembic_version SET version_num = version_num",
    "read what the migration keeps": "SELECT FROM migration.check_application",
    "become a superuser": "ALTER ROLE CURRENT_USER SUPERUSER",
    "make a role": "CREATE ROLE check_application",
    "read passwords": "SELECT rolpassword FROM pg_catalog.pg_authid",
    "read files of the server": "SELECT pg_catalog.pg_read_file('PG_VERSION')",
    "run programs on the server": "COPY (SELECT 1) TO PROGRAM 'true'",
}
