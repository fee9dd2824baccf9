"""Section 3 of the benchmark: whether the log says who did what, and survives."""

from __future__ import annotations

import os
import re
from collections.abc import Callable

from .security import (
    SETTINGS_FILE,
    Facts,
    Item,
    Judgement,
    failed,
    inapplicable,
    listed,
    one_of,
    passed,
    rule_of,
    set_to,
)

FILE_DESTINATIONS = {"stderr", "csvlog", "jsonlog"}
LEVELS = (
    "debug5",
    "debug4",
    "debug3",
    "debug2",
    "debug1",
    "info",
    "notice",
    "warning",
    "error",
    "log",
    "fatal",
    "panic",
)
# Time, process, line of the session, role, database, application and client.
PREFIX_PARTS = ("%m|%t|%n", "%p", "%l", "%u", "%d", "%a", "%h|%r")
MINUTES_A_DAY = 1440
LARGEST_FILE_KB = 1024 * 1024
UTC_NAMES = ("UTC", "GMT", "Etc/UTC", "Etc/GMT", "Universal", "Zulu")
AUDITED = {"ddl", "role"}


def for_syslog(rule: Callable[[Facts], Judgement]) -> Callable[[Facts], Judgement]:
    def only_for_syslog(facts: Facts) -> Judgement:
        if "syslog" in facts.words("log_destination"):
            return rule(facts)
        return inapplicable(rule(facts).measured, "log_destination does not name syslog.")

    return only_for_syslog


def for_files(rule: Callable[[Facts], Judgement]) -> Callable[[Facts], Judgement]:
    def only_for_files(facts: Facts) -> Judgement:
        if FILE_DESTINATIONS & set(facts.words("log_destination")):
            return rule(facts)
        return inapplicable(rule(facts).measured, "The server writes no log files: log_destination is syslog.")

    return only_for_files


def destination_rule(facts: Facts) -> Judgement:
    found = facts.setting("log_destination")
    known = set(facts.words("log_destination")) <= {*FILE_DESTINATIONS, "syslog"}
    return passed(found) if found and known else failed(found or "empty", set_to("log_destination", "stderr"))


def directory_rule(facts: Facts) -> Judgement:
    found, data = facts.setting("log_directory"), facts.setting("data_directory")
    path = os.path.normpath(os.path.join(data, found))
    if path == data or path.startswith(data + "/"):
        return failed(path, set_to("log_directory", "/var/log/postgresql"))
    return passed(path)


def file_mode_accepted(found: str) -> bool:
    return int(found, 8) & 0o137 == 0


def age_accepted(found: str) -> bool:
    return 0 < int(found) <= MINUTES_A_DAY


def size_accepted(found: str) -> bool:
    return 0 < int(found) <= LARGEST_FILE_KB


def file_name_accepted(found: str) -> bool:
    """Holds at least a day: files of the same name would overwrite or swell each other."""
    return bool(re.search(r"%(d|j|a|A|u|w|F|s)", found))


def prefix_accepted(found: str) -> bool:
    plain = re.sub(r"%-?\d+", "%", found)
    return all(any(part in plain for part in parts.split("|")) for parts in PREFIX_PARTS)


def at_most(level: str, least: str) -> Callable[[str], bool]:
    """At least as talkative as LEVEL, and no more than LEAST."""
    return lambda found: LEVELS.index(least) <= LEVELS.index(found) <= LEVELS.index(level)


def audit_rule(facts: Facts) -> Judgement:
    if "pgaudit" not in facts.words("shared_preload_libraries"):
        remedy = (
            "Install postgresql-15-pgaudit, add pgaudit to threadr_security_preload_libraries, and set pgaudit.log to ddl, "
            f"role in {SETTINGS_FILE}; it needs a restart."
        )
        return failed("pgaudit is not loaded", remedy)
    classes = facts.words("pgaudit.log") if facts.has_setting("pgaudit.log") else []
    logged = {word for word in classes if not word.startswith("-")} - {word[1:] for word in classes if word[0] == "-"}
    covered = logged | (AUDITED - {word[1:] for word in classes} if "all" in logged else set())
    if covered >= AUDITED:
        return passed(f"logs {listed(sorted(logged))}")
    return failed(f"logs {listed(sorted(logged), 'nothing')}", set_to("pgaudit.log", "ddl, role"))


ITEMS = (
    Item("CIS 3.1.2", "The log goes to a known place", destination_rule),
    Item("CIS 3.1.3", "The server collects its own log", for_files(one_of("logging_collector", "on"))),
    Item("CIS 3.1.4", "Log files lie outside the data directory", for_files(directory_rule)),
    Item(
        "CIS 3.1.5",
        "Names of log files carry the day",
        for_files(rule_of("log_filename", file_name_accepted, "postgresql-%Y-%m-%d_%H%M%S.log")),
    ),
    Item(
        "CIS 3.1.6",
        "New log files are closed to others",
        for_files(rule_of("log_file_mode", file_mode_accepted, "0640")),
    ),
    Item(
        "CIS 3.1.7",
        "A log file that comes round again begins empty",
        for_files(one_of("log_truncate_on_rotation", "on")),
    ),
    Item(
        "CIS 3.1.8", "A new log file begins at least daily", for_files(rule_of("log_rotation_age", age_accepted, "1d"))
    ),
    Item("CIS 3.1.9", "Log files stay below 1 GB", for_files(rule_of("log_rotation_size", size_accepted, "100MB"))),
    Item(
        "CIS 3.1.10",
        "syslog has a facility for the server",
        for_syslog(rule_of("syslog_facility", lambda found: found.lower().startswith("local"), "local0")),
    ),
    Item("CIS 3.1.11", "syslog drops no repeated message", for_syslog(one_of("syslog_sequence_numbers", "on"))),
    Item("CIS 3.1.12", "syslog cuts no long message off", for_syslog(one_of("syslog_split_messages", "on"))),
    Item(
        "CIS 3.1.13",
        "syslog names the server's program",
        for_syslog(rule_of("syslog_ident", lambda found: "postgres" in found.lower(), "postgres")),
    ),
    Item("CIS 3.1.14", "Warnings reach the log", rule_of("log_min_messages", at_most("warning", "info"), "warning")),
    Item(
        "CIS 3.1.15",
        "Statements that fail are logged",
        rule_of("log_min_error_statement", at_most("error", "info"), "error"),
    ),
    Item("CIS 3.1.16", "Parse trees stay out of the log", one_of("debug_print_parse", "off")),
    Item("CIS 3.1.17", "Rewritten queries stay out of the log", one_of("debug_print_rewritten", "off")),
    Item("CIS 3.1.18", "Plan trees stay out of the log", one_of("debug_print_plan", "off")),
    Item("CIS 3.1.19", "Debugging output would be legible", one_of("debug_pretty_print", "on")),
    Item("CIS 3.1.20", "Logins are logged", one_of("log_connections", "on")),
    Item("CIS 3.1.21", "Ends of sessions are logged", one_of("log_disconnections", "on")),
    Item("CIS 3.1.22", "Log entries carry the error code", one_of("log_error_verbosity", "verbose")),
    Item("CIS 3.1.23", "Addresses are logged, not names that DNS gives", one_of("log_hostname", "off")),
    Item(
        "CIS 3.1.24",
        "Each log line names who, where from, and what for",
        rule_of("log_line_prefix", prefix_accepted, "'%m [%p]: [%l-1] user=%u,db=%d,app=%a,client=%h '"),
    ),
    Item("CIS 3.1.25", "Changes of the schema are logged", one_of("log_statement", "ddl", "mod", "all")),
    Item("CIS 3.1.26", "The log is in UTC", one_of("log_timezone", *UTC_NAMES)),
    Item("CIS 3.2", "pgaudit logs changes of schema and of privileges", audit_rule),
)
