"""Sections 7 and 8 of the benchmark: copies of the data, and what is left over."""

from __future__ import annotations

import re

from .security import (
    SETTINGS_FILE,
    Facts,
    Item,
    Judgement,
    counted,
    failed,
    inapplicable,
    listed,
    none_of,
    one_of,
    passed,
)
from .security_login import ENCRYPTED, HBA, network_rules, shown

VERIFIED = re.compile(r"sslmode\s*=\s*'?(require|verify-ca|verify-full)")
PASSWORD = re.compile(r"\bpassword\s*=")
NOT_REPLICATED = "No standby, no slot and no role for replication: this server stands alone."
NO_ARCHIVE = ("", "(disabled)", "/bin/true", "true", ":")
AUTOMATIC = "postgresql.auto.conf"


def replicates(facts: Facts) -> bool:
    state = facts.row("replication")
    roles = [row for row in facts.rows("roles") if row["replication"] and not row["superuser"]]
    return bool(facts.row("server")["standby"] or state["slots"] or state["streaming"] or roles)


def user_rule(facts: Facts) -> Judgement:
    if not replicates(facts):
        return inapplicable("no replication", NOT_REPLICATED)
    powerful = {row["role"] for row in facts.rows("roles") if row["superuser"]}
    found = [role for role in facts.row("replication")["streaming"] if role in powerful]
    own = [row["role"] for row in facts.rows("roles") if row["replication"] and not row["superuser"]]
    remedy = (
        "Make a role with replication: true in postgresql_objects_roles (group_vars/postgresql/access.yml) and use it."
    )
    return none_of(found, remedy, listed(own)) if own else failed("no role of its own", remedy)


def base_backup_rule(facts: Facts) -> Judgement:
    age, limit = facts.host("base_backup_age_days"), facts.wanted.base_backup_days
    if age is None:
        return failed(
            "no base backup", "Set up pgBackRest and take a full backup; dumps cannot be recovered to a point in time."
        )
    remedy = "Look why the scheduled base backup does not run, and take one now."
    return passed(f"{age} days old") if age <= limit else failed(f"{age} days old, at most {limit} wanted", remedy)


def archiving_rule(facts: Facts) -> Judgement:
    mode, state = facts.setting("archive_mode"), facts.row("replication")
    if facts.row("server")["standby"] and mode != "always":
        return inapplicable(f"archive_mode = {mode}", "A standby leaves the archive to its primary.")
    if mode == "off":
        return failed(
            "off", f"Set archive_mode to on and archive_command to pgBackRest's in {SETTINGS_FILE}; it needs a restart."
        )
    # The command itself is not shown: it may hold a key.
    if facts.setting("archive_command").strip() in NO_ARCHIVE and not facts.setting("archive_library"):
        return failed("no command", f"Set archive_command to pgBackRest's in {SETTINGS_FILE}.")
    if state["failing"]:
        return failed(
            "the last attempt failed", "Read the server log for archive_command's message, and mend what it says."
        )
    return passed(f"{mode}, {state['archived_count']} segments archived")


def streaming_rule(facts: Facts) -> Judgement:
    if not replicates(facts):
        return inapplicable("no replication", NOT_REPLICATED)
    if facts.row("server")["standby"]:
        return _of_standby(facts.setting("primary_conninfo"))
    bad = [
        shown(row) for row in network_rules(facts) if "replication" in row["databases"] and row["type"] not in ENCRYPTED
    ]
    if bad:
        return failed(listed(bad), f"Use type hostssl in {HBA}.")
    kept = facts.setting("max_slot_wal_keep_size")
    remedy = f"Set max_slot_wal_keep_size in {SETTINGS_FILE}: a lost standby may not fill the disk."
    return failed("slots keep WAL without limit", remedy) if kept == "-1" else passed(f"slots keep up to {kept} MB")


def _of_standby(conninfo: str) -> Judgement:
    if PASSWORD.search(conninfo):
        return failed("primary_conninfo holds a password", "Take it out and name a passfile instead.")
    if not VERIFIED.search(conninfo):
        return failed("primary_conninfo allows plain text", "Add sslmode=verify-full to primary_conninfo.")
    return passed("encrypted, no password in primary_conninfo")


def locations_rule(facts: Facts) -> Judgement:
    data = facts.setting("data_directory").rstrip("/") + "/"
    inside = [f"{row['name']} {row['path']}" for row in facts.rows("tablespaces") if f"{row['path']}/".startswith(data)]
    remedy = "Move it: a tablespace in the data directory is lost with it, and copied twice by base backups."
    return none_of(inside, remedy, counted(len(facts.rows("tablespaces")), "tablespace"))


def tool_rule(facts: Facts) -> Judgement:
    tools, clusters = facts.host("backup_tools"), facts.host("backed_up_clusters")
    if not tools:
        return failed("none installed", "Install pgbackrest and make a stanza for this cluster.")
    if tools == ["barman"] or facts.setting("data_directory") in clusters:
        return passed(listed(tools))
    return failed(
        f"{listed(tools)} without this cluster", "Name this cluster's data directory as pg1-path of a stanza."
    )


def leftovers_rule(facts: Facts) -> Judgement:
    rows = facts.rows("settings")
    waiting = [f"{row['name']} waits for a restart" for row in rows if row["pending_restart"]]
    altered = [f"{row['name']} by ALTER SYSTEM" for row in rows if (row["sourcefile"] or "").endswith(AUTOMATIC)]
    remedy = (
        "Restart in a maintenance window with playbooks/site.yml -e postgresql_config_restart=true; move what ALTER SYSTEM "
        f"set to {SETTINGS_FILE} and run ALTER SYSTEM RESET."
    )
    return none_of(waiting + altered, remedy, "what runs is what the files say")


ITEMS = (
    Item("CIS 7.1", "Replication has a role of its own", user_rule),
    Item("CIS 7.2", "Replication commands are logged", one_of("log_replication_commands", "on")),
    Item("CIS 7.3", "A base backup is at hand", base_backup_rule),
    Item("CIS 7.4", "WAL is archived", archiving_rule),
    Item("CIS 7.5", "Streaming is encrypted and bounded", streaming_rule),
    Item("CIS 8.1", "Tablespaces lie outside the data directory", locations_rule),
    Item("CIS 8.2", "A backup tool knows this cluster", tool_rule),
    Item("CIS 8.3", "Nothing runs that the files do not say", leftovers_rule),
)
