"""What a security audit asks the server: one question each, over one connection; any of them may be refused alone."""

from __future__ import annotations

from .connection import connect
from .health_interview import ask
from .health_server import Answer

# An audit that waits for somebody's lock would be a problem of its own.
PATIENCE = {"statement_timeout": "10s", "lock_timeout": "500ms"}

SERVER = """
    SELECT split_part(current_setting('server_version'), ' ', 1) AS version, current_database() AS database,
           pg_is_in_recovery() AS standby, current_setting('port')::int AS port,
           extract(epoch FROM pg_postmaster_start_time())::float8 AS started_epoch_s,
           (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory
"""
# The file that a value comes from is shown to superusers and pg_read_all_settings only.
SETTINGS = "SELECT name, setting, sourcefile, pending_restart FROM pg_settings ORDER BY name"
BUILD = "SELECT name, setting FROM pg_config WHERE name IN ('SHAREDIR', 'PKGLIBDIR') ORDER BY name"
ROLES = """
    SELECT r.rolname AS role, r.oid = 10 AS bootstrap, r.rolsuper AS superuser, r.rolcreaterole AS createrole,
           r.rolcreatedb AS createdb, r.rolbypassrls AS bypassrls, r.rolreplication AS replication,
           r.rolcanlogin AS login, r.rolconnlimit AS connection_limit,
           NOT r.rolsuper AND EXISTS (SELECT FROM pg_roles s WHERE s.rolsuper AND pg_has_role(r.oid, s.oid, 'MEMBER'))
               AS becomes_superuser,
           ARRAY(SELECT p.rolname::text FROM pg_roles p
                 WHERE NOT r.rolsuper AND p.oid BETWEEN 11 AND 16383 AND pg_has_role(r.oid, p.oid, 'MEMBER')
                 ORDER BY 1) AS predefined
    FROM pg_roles r
    WHERE r.oid = 10 OR r.oid >= 16384
    ORDER BY r.rolname
"""
# The kind of a verifier, never the verifier.
VERIFIERS = """
    SELECT rolname AS role, rolsuper AS superuser, rolcanlogin AS login,
           CASE WHEN rolpassword IS NULL THEN 'none'
                WHEN starts_with(rolpassword, 'SCRAM-SHA-256$') THEN 'scram-sha-256'
                WHEN starts_with(rolpassword, 'md5') THEN 'md5' ELSE 'unknown' END AS kind
    FROM pg_authid
    WHERE oid = 10 OR oid >= 16384
    ORDER BY rolname
"""
RULES = """
    SELECT line_number, type, database AS databases, user_name AS users, address, netmask, auth_method AS method, error
    FROM pg_hba_file_rules
    ORDER BY line_number
"""
DEFINERS = """
    SELECT format('%I.%I(%s)', n.nspname, p.proname, pg_get_function_identity_arguments(p.oid)) AS function,
           EXISTS (SELECT FROM unnest(p.proconfig) s WHERE starts_with(s, 'search_path=')) AS pinned,
           EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a WHERE a.grantee = 0) AS public
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    WHERE p.prosecdef AND n.nspname NOT IN ('pg_catalog', 'information_schema')
      AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e')
    ORDER BY 1
"""
# What an extension grants on its own objects is its author's decision, and comes back with each update.
GRANTS = """
    WITH relations AS (
        SELECT c.oid, format('%I.%I', n.nspname, c.relname) AS object, c.relowner, c.relacl
        FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
          AND NOT EXISTS (SELECT FROM pg_depend d
                          WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
    ), given AS (
        SELECT 'relation' AS kind, r.object, a.grantee, a.privilege_type, a.is_grantable
        FROM relations r, aclexplode(r.relacl) a WHERE a.grantee <> r.relowner
        UNION ALL
        SELECT 'relation', format('%s (%I)', r.object, t.attname), a.grantee, a.privilege_type, a.is_grantable
        FROM relations r JOIN pg_attribute t ON t.attrelid = r.oid, aclexplode(t.attacl) a WHERE a.grantee <> r.relowner
        UNION ALL
        SELECT 'relation', format('new tables of %I', pg_get_userbyid(d.defaclrole)), a.grantee, a.privilege_type, a.is_grantable
        FROM pg_default_acl d, aclexplode(d.defaclacl) a WHERE d.defaclobjtype IN ('r', 'S') AND a.grantee <> d.defaclrole
        UNION ALL
        SELECT 'schema', format('schema %I', n.nspname), a.grantee, a.privilege_type, a.is_grantable
        FROM pg_namespace n, aclexplode(n.nspacl) a
        WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND a.privilege_type = 'CREATE' AND a.grantee = 0
        UNION ALL
        SELECT 'database', format('database %I', d.datname), a.grantee, a.privilege_type, a.is_grantable
        FROM pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
        WHERE d.datname = current_database() AND a.grantee = 0
    )
    SELECT kind, object, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_get_userbyid(grantee) END AS grantee,
           privilege_type AS privilege, is_grantable AS grantable
    FROM given
    WHERE grantee = 0 OR is_grantable OR privilege_type = 'TRUNCATE'
    ORDER BY kind, object, grantee, privilege
"""
POLICIES = """
    SELECT format('%I.%I', n.nspname, c.relname) AS table, c.relrowsecurity AS enabled
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relrowsecurity OR EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
    ORDER BY 1
"""
EXTENSIONS = """
    SELECT name, installed_version IS NOT NULL AS installed
    FROM pg_available_extensions
    WHERE name IN ('pgcrypto', 'pgaudit', 'set_user')
    ORDER BY name
"""
OVERRIDES = """
    SELECT concat_ws(' IN ', 'ROLE ' || quote_ident(r.rolname), 'DATABASE ' || quote_ident(d.datname)) AS owner,
           split_part(setting, '=', 1) AS name, substring(setting FROM position('=' IN setting) + 1) AS value
    FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase,
         unnest(s.setconfig) setting
    ORDER BY 1, 2
"""
TABLESPACES = """
    SELECT spcname AS name, pg_tablespace_location(oid) AS path
    FROM pg_tablespace
    WHERE pg_tablespace_location(oid) <> ''
    ORDER BY spcname
"""
REPLICATION = """
    SELECT (SELECT count(*) FROM pg_replication_slots WHERE slot_type = 'physical') AS slots,
           ARRAY(SELECT DISTINCT usename::text FROM pg_stat_replication WHERE usename IS NOT NULL ORDER BY 1) AS streaming,
           archived_count, failed_count,
           coalesce(last_failed_time > coalesce(last_archived_time, '-infinity'), false) AS failing
    FROM pg_stat_archiver
"""
QUESTIONS = {
    "server": SERVER, "settings": SETTINGS, "build": BUILD, "roles": ROLES, "verifiers": VERIFIERS, "rules": RULES,
    "definers": DEFINERS, "grants": GRANTS, "policies": POLICIES, "extensions": EXTENSIONS, "overrides": OVERRIDES,
    "tablespaces": TABLESPACES, "replication": REPLICATION,
}  # fmt: skip


def ask_server(params: dict) -> dict[str, Answer]:
    with connect(params, application_name="pg_security_info", settings=PATIENCE) as conn:
        return {question: ask(conn, statement) for question, statement in QUESTIONS.items()}
