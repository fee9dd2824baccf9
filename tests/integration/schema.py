"""A deployed schema for any integration test: the roles of the cluster, and the revisions through pg_schema."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from plugins.lookup.alembic_revisions import revisions

FILES = Path(__file__).resolve().parents[2] / "roles" / "threadr_schema" / "files"
OWNER = "threadr_owner"

# The cluster's roles, as provisioning makes them; tests of one cluster share them.
ROLES = """
    DO $$
    DECLARE
        name text;
    BEGIN
        FOREACH name IN ARRAY ARRAY['threadr_owner', 'threadr_app', 'threadr_migration', 'threadr_readonly',
                                    'threadr_monitor', 'threadr_backup'] LOOP
            IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = name) THEN
                EXECUTE format('CREATE ROLE %I', name);
            END IF;
        END LOOP;
        GRANT pg_monitor TO threadr_monitor;
        GRANT pg_read_all_data TO threadr_backup;
    END
    $$;
"""

# Before any revision: what the owner makes later is granted by default privileges.
PRIVILEGES = """
    ALTER DATABASE {database} OWNER TO threadr_owner;
    REVOKE CONNECT, TEMPORARY ON DATABASE {database} FROM PUBLIC;
    GRANT CONNECT ON DATABASE {database}
        TO threadr_app, threadr_migration, threadr_readonly, threadr_monitor, threadr_backup;
    GRANT TEMPORARY ON DATABASE {database} TO threadr_migration;
    SET ROLE threadr_owner;
    CREATE SCHEMA IF NOT EXISTS migration;
    CREATE SCHEMA IF NOT EXISTS operations;
    GRANT USAGE ON SCHEMA public TO threadr_app, threadr_migration, threadr_readonly;
    GRANT USAGE ON SCHEMA migration TO threadr_migration, threadr_backup;
    GRANT CREATE ON SCHEMA migration TO threadr_migration;
    GRANT USAGE ON SCHEMA operations TO threadr_monitor, threadr_backup;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO threadr_app, threadr_migration;
    ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO threadr_readonly;
    ALTER DEFAULT PRIVILEGES IN SCHEMA operations GRANT SELECT ON TABLES TO threadr_monitor;
    ALTER DEFAULT PRIVILEGES IN SCHEMA migration GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO threadr_migration;
"""


@cache
def rendered() -> list[dict]:
    return revisions(FILES / "alembic")


def schema_params(database: str, **changes) -> dict:
    """Options of pg_schema for DATABASE."""
    return {"login_db": database, "login_role": OWNER, "revisions": rendered(), **changes}


def provision(host, database: str) -> None:
    """The roles and privileges that a database has before its first revision."""
    host.execute(ROLES + PRIVILEGES.format(database=database), db=database)


def deploy(host, database: str, **changes) -> dict:
    """Provision DATABASE and bring its schema to the newest revision, or to C(target)."""
    provision(host, database)
    result = host.module("pg_schema", schema_params(database, **changes))
    assert not result.get("failed"), result["msg"]
    return result
