"""One audit from the options to the result: ask the server, read the host, judge every item, report."""

from __future__ import annotations

import pwd
from pathlib import Path
from typing import Any

from . import packages
from . import security_host as host
from . import security_packages as sources
from . import security_repository as repository
from .connection import SUPPORTED_MAJOR
from .errors import PgopsError
from .health_host import elsewhere
from .health_server import Answer
from .security import Facts, Unread, Wanted, check_waivers, report
from .security_items import ITEMS
from .security_server import ask_server

PACKAGE = f"postgresql-{SUPPORTED_MAJOR}"
DEBIAN_LOGS = "/var/log/postgresql"
NO_DIRECTORY = Unread(
    "The server does not show its data directory to this role. Ask as a member of pg_read_all_settings."
)


def audit(params: dict) -> dict:
    wanted = read_wanted(params)
    check_waivers(params["waivers"], (item.id for item in ITEMS))
    answers = ask_server(params)
    if answers["server"].failure is not None:
        raise PgopsError(f"The server does not say what it is: {answers['server'].failure}")
    server = answers["server"].row
    where = elsewhere(params["login_host"], server)
    facts = Facts(answers, {} if where else read_host(answers), wanted, where)
    shown = {name: server[name] for name in ("version", "database", "standby", "data_directory")}
    return {**report(ITEMS, facts, params["waivers"]), "server": shown}


def read_wanted(params: dict) -> Wanted:
    if params["base_backup_days"] < 1:
        raise PgopsError(f"base_backup_days is {params['base_backup_days']}: give 1 or more.")
    roles = params["login_roles"]
    return Wanted(
        login_roles=None if roles is None else tuple(roles),
        superusers=tuple(params["superusers"]),
        package_sources=tuple(params["package_sources"]),
        fips=params["fips"],
        base_backup_days=params["base_backup_days"],
    )


def read_host(answers: dict[str, Answer], root: Path = Path("/")) -> dict[str, Any]:
    settings = {row["name"]: row["setting"] for row in answers["settings"].rows}
    build = {row["name"]: row["setting"] for row in answers["build"].rows}
    return {
        **_of_packages(root),
        **_of_processes(root),
        **_of_cluster(settings, root),
        **_of_files(settings, build, root),
        "fips": host.attempt(host.fips_of, root),
        "weak_ciphers": host.attempt(host.weak_ciphers, settings.get("ssl_ciphers", "")),
    }


def _of_packages(root: Path) -> dict[str, Any]:
    return {
        "sources": host.attempt(sources.read_sources, root),
        "packages": host.attempt(packages.installed_packages, root),
        "versions": host.attempt(sources.versions_of, PACKAGE),
        "backup_tools": repository.installed_tools(),
        "backed_up_clusters": host.attempt(repository.configured_clusters, root),
        "base_backup_age_days": host.attempt(repository.base_backup_age_days),
    }


def _of_processes(root: Path) -> dict[str, Any]:
    homes = sorted({Path(account.pw_dir) for account in pwd.getpwall()})
    return {
        "environments": host.attempt(host.scan_environments, root),
        "command_lines": host.attempt(host.scan_command_lines, root),
        "profiles": host.attempt(host.scan_profiles, homes, root),
    }


def _of_cluster(settings: dict, root: Path) -> dict[str, Any]:
    """The server's process, and the account that it runs as: the owner of its data directory."""
    names = (
        "umask",
        "unit",
        "unit_starts",
        "history",
        "service_files",
        "account_groups",
        "account_keys",
        "account_state",
    )
    directory = settings.get("data_directory")
    state = host.attempt(host.file_facts, Path(directory)) if directory else NO_DIRECTORY
    if isinstance(state, Unread):
        return {"data_directory": state, **dict.fromkeys(names, state)}
    home, process = host.home_of(state.owner), host.attempt(host.postmaster, Path(directory or ""), root)
    running = not isinstance(process, Unread)
    unit = host.attempt(host.unit_of, process) if running else process
    return {
        "data_directory": state,
        "umask": host.attempt(host.umask_of, process) if running else process,
        "unit": unit,
        "unit_starts": host.attempt(host.unit_starts, unit, root) if isinstance(unit, str) else unit,
        "history": host.attempt(host.history_of, home),
        "service_files": host.attempt(host.scan_service_files, home, root),
        "account_groups": host.attempt(host.groups_of, state.owner),
        "account_keys": host.attempt(host.keys_of, home),
        "account_state": host.attempt(sources.account_state, state.owner),
    }


def _of_files(settings: dict, build: dict, root: Path) -> dict[str, Any]:
    data = Path(settings.get("data_directory") or "/")
    shared = Path(build.get("SHAREDIR", f"/usr/share/postgresql/{SUPPORTED_MAJOR}"))
    library = Path(build.get("PKGLIBDIR", f"/usr/lib/postgresql/{SUPPORTED_MAJOR}/lib"))
    collected = settings.get("logging_collector") == "on"
    logs = data / settings.get("log_directory", "log") if collected else root / DEBIAN_LOGS.lstrip("/")

    def of(name: str) -> Any:
        value = settings.get(name)
        return host.attempt(host.file_facts, data / value) if value else NO_DIRECTORY

    return {
        "version_file": host.attempt(host.file_facts, data / "PG_VERSION"),
        "hba_file": of("hba_file"),
        "ident_file": of("ident_file"),
        "key_file": of("ssl_key_file"),
        "config_files": host.attempt(_config_files, settings),
        "extension_directories": host.attempt(host.several_files, [shared / "extension", library]),
        "log_files": host.attempt(_files_in, logs),
    }


def _config_files(settings: dict) -> list[host.FileFacts]:
    main = Path(settings["config_file"])
    return host.several_files([main, *sorted(main.parent.glob("conf.d/*.conf"))])


def _files_in(folder: Path) -> list[host.FileFacts]:
    return host.several_files(path for path in sorted(folder.iterdir()) if path.is_file())
