"""A server and its host on which every item of the security audit passes, and how to change one thing about them."""

from __future__ import annotations

from dataclasses import replace

from ansible.module_utils.pgops.health_server import Answer
from ansible.module_utils.pgops.security import Facts, Judgement, Wanted, judge
from ansible.module_utils.pgops.security_host import FileFacts, Scan
from ansible.module_utils.pgops.security_items import ITEMS
from ansible.module_utils.pgops.security_packages import Source, Versions

DATA = "/var/lib/postgresql/15/main"
SETTINGS = {
    "archive_command": "pgbackrest --stanza=main archive-push %p", "archive_library": "", "archive_mode": "on",
    "authentication_timeout": "60", "data_checksums": "on", "data_directory": DATA, "debug_pretty_print": "on",
    "debug_print_parse": "off", "debug_print_plan": "off", "debug_print_rewritten": "off", "fsync": "on",
    "jit_debugging_support": "off", "listen_addresses": "localhost, 10.0.0.5", "log_connections": "on",
    "log_destination": "stderr,syslog", "log_directory": "/var/log/postgresql", "log_disconnections": "on",
    "log_error_verbosity": "verbose", "log_file_mode": "0640", "log_filename": "postgresql-%Y-%m-%d_%H%M%S.log",
    "log_hostname": "off", "log_line_prefix": "%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h ",
    "log_min_error_statement": "error", "log_min_messages": "warning", "log_replication_commands": "on",
    "log_rotation_age": "1440", "log_rotation_size": "102400", "log_statement": "ddl", "log_timezone": "UTC",
    "log_truncate_on_rotation": "on", "logging_collector": "on", "max_slot_wal_keep_size": "1024",
    "password_encryption": "scram-sha-256", "pgaudit.log": "ddl, role", "primary_conninfo": "", "row_security": "on",
    "data_sync_retry": "off", "shared_preload_libraries": "pg_stat_statements, pgaudit, passwordcheck", "ssl": "on",
    "ssl_cert_file": "/etc/postgresql/tls/server.crt", "ssl_ciphers": "ECDHE+AESGCM", "ssl_min_protocol_version": "TLSv1.2",
    "syslog_facility": "local0", "syslog_ident": "postgres", "syslog_sequence_numbers": "on", "syslog_split_messages": "on",
    "zero_damaged_pages": "off",
}  # fmt: skip


def role(name: str, **changes) -> dict:
    return {
        "role": name, "bootstrap": False, "superuser": False, "createrole": False, "createdb": False, "bypassrls": False,
        "replication": False, "login": True, "connection_limit": 50, "becomes_superuser": False, "predefined": [], **changes,
    }  # fmt: skip


def rule(line: int, **changes) -> dict:
    return {
        "line_number": line, "type": "hostssl", "databases": ["threadr"], "users": ["threadr_app"], "address": "10.0.0.0",
        "netmask": "255.255.255.0", "method": "scram-sha-256", "error": None, **changes,
    }  # fmt: skip


def verifier(name: str, kind: str, superuser: bool = False) -> dict:
    return {"role": name, "superuser": superuser, "login": True, "kind": kind}


SUPERUSER = role(
    "postgres", bootstrap=True, superuser=True, createrole=True, createdb=True, bypassrls=True, replication=True
)
ROLES = [SUPERUSER, role("threadr_app"), role("replicator", replication=True)]
RULES = [
    rule(1, type="local", databases=["all"], users=["postgres"], address=None, netmask=None, method="peer"),
    rule(2, type="host", users=["all"], address="127.0.0.1", netmask="255.255.255.255"),
    rule(3),
    rule(4, databases=["replication"], users=["replicator"]),
]
ANSWERS: dict[str, list[dict]] = {
    "server": [{"version": "15.20", "database": "threadr", "standby": False, "data_directory": DATA}],
    "roles": ROLES,
    "verifiers": [verifier("postgres", "none", superuser=True), verifier("threadr_app", "scram-sha-256")],
    "rules": RULES,
    "definers": [{"function": "public.f()", "pinned": True, "public": False}],
    "grants": [],
    "policies": [{"table": "public.threads", "enabled": True}],
    "extensions": [{"name": "pgcrypto", "installed": False}],
    "overrides": [{"owner": "ROLE threadr_app", "name": "statement_timeout", "value": "30s"}],
    "tablespaces": [{"name": "fast", "path": "/srv/fast"}],
    "replication": [
        {"slots": 1, "streaming": ["replicator"], "archived_count": 7, "failed_count": 0, "failing": False}
    ],
}
CLEAN = Scan((), 12, 3)
HOST = {
    "sources": [Source("http://packages.example/debian", False)],
    "packages": ["postgresql-15", "postgresql-client-15", "postgresql-common"],
    "versions": Versions("15.20-0+deb12u1", "15.20-0+deb12u1"),
    "backup_tools": ["pgbackrest"],
    "backed_up_clusters": [DATA],
    "base_backup_age_days": 0.5,
    "environments": CLEAN,
    "command_lines": CLEAN,
    "profiles": CLEAN,
    "service_files": CLEAN,
    "data_directory": FileFacts(DATA, "postgres", 0o700),
    "version_file": FileFacts(f"{DATA}/PG_VERSION", "postgres", 0o600),
    "umask": 0o077,
    "unit": "postgresql@15-main.service",
    "unit_starts": ["multi-user.target"],
    "history": "absent",
    "account_groups": ["postgres", "ssl-cert"],
    "account_keys": [],
    "account_state": "L",
    "hba_file": FileFacts("/etc/postgresql/15/main/pg_hba.conf", "postgres", 0o640),
    "ident_file": FileFacts("/etc/postgresql/15/main/pg_ident.conf", "postgres", 0o640),
    "key_file": FileFacts("/etc/postgresql/tls/server.key", "postgres", 0o600),
    "config_files": [FileFacts("/etc/postgresql/15/main/postgresql.conf", "postgres", 0o644)],
    "extension_directories": [FileFacts("/usr/share/postgresql/15/extension", "root", 0o755)],
    "log_files": [FileFacts("/var/log/postgresql/postgresql.log", "postgres", 0o640)],
    "fips": True,
    "weak_ciphers": [],
}


def setting_rows(settings: dict[str, str | None]) -> list[dict]:
    return [
        {"name": name, "setting": value, "sourcefile": "/etc/postgresql/15/main/conf.d/90-managed.conf", "pending_restart": False}
        for name, value in settings.items()
        if value is not None
    ]  # fmt: skip


def facts(settings: dict | None = None, host: dict | None = None, wanted: dict | None = None, **answers) -> Facts:
    """The good server with other SETTINGS, facts of the HOST, wishes, or rows as the answer to a question."""
    rows = {**ANSWERS, "settings": setting_rows({**SETTINGS, **(settings or {})}), **answers}
    given = {name: each if isinstance(each, Answer) else Answer(each) for name, each in rows.items()}
    wishes = Wanted(("threadr_app", "replicator"), package_sources=("packages.example",))
    return Facts(given, {**HOST, **(host or {})}, replace(wishes, **(wanted or {})))


def verdict_of(item_id: str, seen: Facts) -> Judgement:
    return judge(next(item for item in ITEMS if item.id == item_id), seen)


def first_row(question: str, **changes) -> list[dict]:
    return [{**ANSWERS[question][0], **changes}]
