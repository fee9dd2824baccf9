
-- What PgBouncer may know of the role that wants to log in: its SCRAM verifier, while it may log in at all. Superusers and
-- replication roles do not come through a pooler.
SELECT rolname::text, rolpassword
FROM pg_catalog.pg_authid
WHERE rolname = $1
  AND rolcanlogin
  AND NOT rolsuper
  AND NOT rolreplication
  AND rolpassword LIKE 'SCRAM-SHA-256$%'
  AND (rolvaliduntil IS NULL OR rolvaliduntil > pg_catalog.clock_timestamp())
