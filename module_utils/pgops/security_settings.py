"""Section 6 of the benchmark: settings that would weaken the server, and encryption."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .security import Facts, Item, Judgement, counted, failed, inapplicable, none_of, passed, set_to

# Name and the values that are safe, by who may change the setting.
BACKEND = {
    "ignore_system_indexes": ("off",), "jit_debugging_support": ("off",), "jit_profiling_support": ("off",),
    "log_connections": ("on",), "log_disconnections": ("on",), "post_auth_delay": ("0",),
}  # fmt: skip
POSTMASTER = {
    "bonjour": ("off",),
    "data_sync_retry": ("off",),
    "recovery_target_action": ("pause", "promote", "shutdown"),
}
SIGHUP = {
    "db_user_namespace": ("off",), "fsync": ("on",), "full_page_writes": ("on",), "pre_auth_delay": ("0",),
    "remove_temp_files_after_crash": ("on",), "restart_after_crash": ("on",), "trace_recovery_messages": ("log",),
}  # fmt: skip
SUPERUSER = {
    "allow_in_place_tablespaces": ("off",), "allow_system_table_mods": ("off",), "backtrace_functions": ("",),
    "dynamic_library_path": ("$libdir",), "ignore_checksum_failure": ("off",), "ignore_invalid_pages": ("off",),
    "jit_dump_bitcode": ("off",), "lo_compat_privileges": ("off",), "log_executor_stats": ("off",),
    "log_parser_stats": ("off",), "log_planner_stats": ("off",), "log_statement_stats": ("off",),
    "session_preload_libraries": ("",), "session_replication_role": ("origin",), "zero_damaged_pages": ("off",),
}  # fmt: skip
USER = {
    "backslash_quote": ("safe_encoding", "off"), "check_function_bodies": ("on",), "local_preload_libraries": ("",),
    "password_encryption": ("scram-sha-256",), "row_security": ("on",), "standard_conforming_strings": ("on",),
    "synchronous_commit": ("on", "remote_apply", "remote_write", "local"), "transform_null_equals": ("off",),
}  # fmt: skip
# What a role or a database may not set for its sessions, because the audit trail or the data would suffer.
GUARDED = {
    **BACKEND, **SUPERUSER, **USER, "debug_print_parse": ("off",), "debug_print_plan": ("off",), "debug_print_rewritten": ("off",),
    "log_error_verbosity": ("verbose",), "log_min_error_statement": ("error", "warning", "notice", "info"),
    "log_min_messages": ("warning", "notice", "info"), "log_statement": ("ddl", "mod", "all"),
}  # fmt: skip
TLS_VERSIONS = ("TLSv1.2", "TLSv1.3")
SNAKEOIL = "snakeoil"


def all_of(safe: Mapping[str, tuple[str, ...]]) -> Callable[[Facts], Judgement]:
    def rule(facts: Facts) -> Judgement:
        # Developers' settings come and go with minor versions and build options: a missing one cannot be set either.
        found = {name: facts.setting(name) for name in safe if facts.has_setting(name)}
        bad = [name for name, value in found.items() if value not in safe[name]]
        remedy = " ".join(set_to(name, safe[name][0] or "nothing") for name in bad)
        return none_of([f"{name} = {found[name] or 'empty'}" for name in bad], remedy, counted(len(found), "setting"))

    return rule


def overrides_rule(facts: Facts) -> Judgement:
    rows = facts.rows("overrides")
    bad = [row for row in rows if row["name"] in GUARDED and row["value"] not in GUARDED[row["name"]]]
    bad += [row for row in rows if row["name"].startswith("pgaudit.")]
    remedy = " ".join(f"Run ALTER {row['owner']} RESET {row['name']}." for row in bad)
    return none_of(
        [f"{row['owner']}: {row['name']} = {row['value']}" for row in bad],
        remedy,
        f"{counted(len(rows), 'setting')}, all harmless",
    )


def fips_rule(facts: Facts) -> Judgement:
    enabled = facts.host("fips")
    if enabled:
        return passed("on")
    if not facts.wanted.fips:
        return inapplicable("off", "Nobody asked for FIPS 140: set threadr_security_fips where the law does.")
    return failed("off", "Switch the host's kernel and OpenSSL to FIPS mode and restart it.")


def tls_rule(facts: Facts) -> Judgement:
    found = facts.setting("ssl")
    return passed(found) if found == "on" else failed(found, set_to("ssl", "on"))


def version_rule(facts: Facts) -> Judgement:
    if facts.setting("ssl") != "on":
        return inapplicable("TLS is off", "See CIS 6.8.")
    found = facts.setting("ssl_min_protocol_version")
    return (
        passed(found)
        if found in TLS_VERSIONS
        else failed(found or "any", set_to("ssl_min_protocol_version", TLS_VERSIONS[0]))
    )


def ciphers_rule(facts: Facts) -> Judgement:
    if facts.setting("ssl") != "on":
        return inapplicable("TLS is off", "See CIS 6.8.")
    weak = facts.host("weak_ciphers")
    return none_of(weak, set_to("ssl_ciphers", "'ECDHE+AESGCM:ECDHE+CHACHA20'"), facts.setting("ssl_ciphers"))


def key_rule(facts: Facts) -> Judgement:
    if facts.setting("ssl") != "on":
        return inapplicable("TLS is off", "See CIS 6.8.")
    state = facts.host("key_file")
    closed = not state.mode & (0o137 if state.owner == "root" else 0o177)
    remedy = f"Run chmod 0600 {state.path}, make a new key if others could read it: role postgresql_tls."
    return passed(state.shown) if closed else failed(state.shown, remedy)


def certificate_rule(facts: Facts) -> Judgement:
    if facts.setting("ssl") != "on" or not listens_beyond_loopback(facts):
        return inapplicable(facts.setting("ssl_cert_file") or "none", "Nobody connects from another host.")
    found = facts.setting("ssl_cert_file")
    remedy = (
        "Give the host a certificate that clients can verify: postgresql_tls_certificate, and ssl_cert_file with it."
    )
    return failed(found, remedy) if SNAKEOIL in found else passed(found)


def listens_beyond_loopback(facts: Facts) -> bool:
    return any(
        word not in ("localhost", "::1") and not word.startswith("127.") for word in facts.words("listen_addresses")
    )


def cryptography_rule(facts: Facts) -> Judgement:
    found = {row["name"]: row["installed"] for row in facts.rows("extensions")}
    if "pgcrypto" not in found:
        return failed("pgcrypto is missing", "Install the package postgresql-15, which brings the contrib modules.")
    return passed("installed" if found["pgcrypto"] else "at hand, not needed by this database")


ITEMS = (
    Item("CIS 6.2", "Settings fixed at login are safe", all_of(BACKEND)),
    Item("CIS 6.3", "Settings fixed at the start are safe", all_of(POSTMASTER)),
    Item("CIS 6.4", "Settings changed by a reload are safe", all_of(SIGHUP)),
    Item("CIS 6.5", "Settings of superusers are safe", all_of(SUPERUSER)),
    Item("CIS 6.6", "Settings of everybody are safe", all_of(USER)),
    Item("CIS 6.7", "OpenSSL runs in FIPS mode", fips_rule),
    Item("CIS 6.8", "TLS is on", tls_rule),
    Item("CIS 6.9", "A cryptographic extension is at hand", cryptography_rule),
    Item("CIS 6.10", "No weak cipher is offered", ciphers_rule),
    Item("HOUSE 6.1", "No role or database weakens its settings", overrides_rule),
    Item("HOUSE 6.2", "No version of TLS before 1.2 is spoken", version_rule),
    Item("HOUSE 6.3", "The private key is the server's alone", key_rule),
    Item("HOUSE 6.4", "Clients can verify the certificate", certificate_rule),
)
