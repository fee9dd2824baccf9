"""Sections 1 and 2 of the benchmark: what is installed, how it starts, and who may touch its files."""

from __future__ import annotations

import re

from .connection import SUPPORTED_MAJOR
from .security import Facts, Item, Judgement, counted, failed, listed, none_of, passed

PACKAGE = f"postgresql-{SUPPORTED_MAJOR}"
# Other servers, tools for building, and languages whose functions may do on the host whatever the server may.
UNNEEDED = re.compile(
    rf"postgresql-(?!{SUPPORTED_MAJOR}$)\d+(\.\d+)?|postgresql-server-dev-.*|postgresql-(plpython3|plperl|pltcl)-.*"
    r"|phppgadmin|pgadmin4.*"
)
TAKE_IT_OUT = "Take the password out and keep it in ~/.pgpass with mode 0600, or use peer authentication."


def sources_rule(facts: Facts) -> Judgement:
    sources = facts.host("sources")
    unsigned = sorted({source.address for source in sources if source.unsigned})
    known = set(facts.wanted.package_sources)
    strange = sorted({source.host or source.address for source in sources} - known) if known else []
    if unsigned:
        return failed(
            f"unsigned: {listed(unsigned)}", "Remove trusted=yes and allow-insecure=yes from /etc/apt/sources.list.d."
        )
    if strange:
        return failed(listed(strange), "Remove them from /etc/apt, or name them in threadr_security_package_sources.")
    return passed(listed(sorted({source.host for source in sources}), "no source"))


def unneeded_rule(facts: Facts) -> Judgement:
    found = [name for name in facts.host("packages") if UNNEEDED.fullmatch(name)]
    return none_of(found, f"Remove what nothing here needs: apt-get purge {' '.join(found)}.")


def enabled_rule(facts: Facts) -> Judgement:
    unit, starts = facts.host("unit"), facts.host("unit_starts")
    if not unit:
        return failed("started by hand", "Stop it, and start its systemd unit: run playbooks/site.yml.")
    if not starts:
        return failed(f"{unit} disabled", f"Run systemctl enable {unit}, or playbooks/site.yml.")
    return passed(f"{unit} by {listed(starts)}")


def initialised_rule(facts: Facts) -> Judgement:
    state = facts.host("data_directory")
    if "root" in (state.owner, facts.host("version_file").owner):
        return failed(
            state.shown, "Make the cluster with pg_createcluster, as the account of PostgreSQL: playbooks/site.yml."
        )
    return passed(f"{state.path} of {state.owner}")


def checksums_rule(facts: Facts) -> Judgement:
    value = facts.setting("data_checksums")
    remedy = "Stop the server in a maintenance window and run pg_checksums --enable -D on its data directory."
    return passed(value) if value == "on" else failed(value, remedy)


def newest_rule(facts: Facts) -> Judgement:
    running, versions = facts.row("server")["version"], facts.host("versions")
    installed = versions.installed.split("-")[0]
    if versions.candidate != versions.installed:
        remedy = f"Run apt-get install --only-upgrade {PACKAGE} in a maintenance window; it restarts the server."
        return failed(f"{versions.installed}, {versions.candidate} is out", remedy)
    if installed != running:
        return failed(f"{running} runs, {installed} is installed", "Restart PostgreSQL in a maintenance window.")
    return passed(running)


def profiles_rule(facts: Facts) -> Judgement:
    return none_of(facts.host("profiles").found, TAKE_IT_OUT, facts.host("profiles").extent)


def environments_rule(facts: Facts) -> Judgement:
    return none_of(facts.host("environments").found, TAKE_IT_OUT, facts.host("environments").extent)


def umask_rule(facts: Facts) -> Judgement:
    umask = facts.host("umask")
    remedy = "Set UMask=0077 in a drop-in of postgresql@.service (role postgresql_host) and restart PostgreSQL."
    return passed(f"{umask:04o}") if umask & 0o077 == 0o077 else failed(f"{umask:04o}", remedy)


def extension_files_rule(facts: Facts) -> Judgement:
    states = facts.host("extension_directories")
    bad = [state.shown for state in states if state.owner != "root" or state.mode & 0o022]
    return none_of(bad, "Run chown root and chmod 0755 on them.", listed(state.shown for state in states))


def history_rule(facts: Facts) -> Judgement:
    history = facts.host("history")
    return (
        passed(history) if history in ("absent", "discarded") else failed(history, f"Run ln -sf /dev/null {history}.")
    )


def service_files_rule(facts: Facts) -> Judgement:
    return none_of(facts.host("service_files").found, TAKE_IT_OUT, facts.host("service_files").extent)


def data_directory_rule(facts: Facts) -> Judgement:
    state = facts.host("data_directory")
    return passed(state.shown) if state.mode == 0o700 else failed(state.shown, f"Run chmod 0700 {state.path}.")


def rules_files_rule(facts: Facts) -> Judgement:
    states = [facts.host("hba_file"), facts.host("ident_file")]
    bad = [state for state in states if state.mode & 0o137]
    return none_of(
        [state.shown for state in bad],
        f"Run chmod 0640 {' '.join(state.path for state in bad)}.",
        listed(state.shown for state in states),
    )


def config_files_rule(facts: Facts) -> Judgement:
    states = facts.host("config_files")
    bad = [state for state in states if state.mode & 0o022]
    return none_of(
        [state.shown for state in bad],
        f"Run chmod 0644 {' '.join(state.path for state in bad)}.",
        f"{counted(len(states), 'file')}, written by the owner only",
    )


def log_files_rule(facts: Facts) -> Judgement:
    states = facts.host("log_files")
    bad = [state for state in states if state.mode & 0o027]
    return none_of(
        [state.shown for state in bad],
        f"Run chmod 0640 on {listed(state.path for state in bad)}.",
        f"{counted(len(states), 'file')}, closed to others",
    )


ITEMS = (
    Item("CIS 1.1", "Packages come from known, signed sources", sources_rule),
    Item("CIS 1.2", "Nothing is installed that the server does not need", unneeded_rule),
    Item("CIS 1.3", "The service starts with the host", enabled_rule),
    Item("CIS 1.4", "The cluster is initialised and not root's", initialised_rule),
    Item("CIS 1.5", "The newest minor version runs", newest_rule),
    Item("CIS 1.6", "No profile sets PGPASSWORD", profiles_rule),
    Item("CIS 1.7", "No process has PGPASSWORD", environments_rule),
    Item("HOUSE 1.1", "Data pages carry checksums", checksums_rule),
    Item("CIS 2.1", "New files of the server are its own", umask_rule),
    Item("CIS 2.2", "Only root changes extensions", extension_files_rule),
    Item("CIS 2.3", "psql keeps no history", history_rule),
    Item("CIS 2.4", "Service files hold no password", service_files_rule),
    Item("HOUSE 2.1", "The data directory is the server's alone", data_directory_rule),
    Item("HOUSE 2.2", "pg_hba.conf and pg_ident.conf are closed to others", rules_files_rule),
    Item("HOUSE 2.3", "Only their owners write configuration files", config_files_rule),
    Item("HOUSE 2.4", "Log files are closed to others", log_files_rule),
)
