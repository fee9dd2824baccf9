"""Making a repository know its cluster: stanza-create, stanza-upgrade, and the check that proves it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from . import commands
from .errors import PgopsError
from .pgbackrest import GOOD, LOCK, NO_BACKUP, Stanza, ask, explained, fault_of
from .replication import RunCommand, read_control

CREATE, UPGRADE = "create", "upgrade"
WELL = """
    SELECT json_build_object('archives', current_setting('archive_mode') <> 'off' AND NOT pg_is_in_recovery(),
        'proven', coalesce(last_archived_time > coalesce(last_failed_time, '-infinity'), false)) FROM pg_stat_archiver
"""


@dataclass(frozen=True)
class Identity:
    """The cluster in a data directory; C(system_identifier) is empty where there is none yet."""

    system_identifier: str


def read_identity(run_command: RunCommand, data_directory: str) -> Identity:
    if not (Path(data_directory) / "PG_VERSION").exists():
        return Identity("")
    return Identity(read_control(run_command, data_directory)["Database system identifier"])


def action(stanza: Stanza, identity: Identity, replaces: str) -> str:
    """C(create), C(upgrade) or nothing. A repository that is another cluster's is refused unless REPLACES names that one."""
    for one in stanza.repositories:
        if not one.is_missing and one.code not in (GOOD, NO_BACKUP):
            raise PgopsError(f"{fault_of(stanza, one)} Nothing was changed.")
    others = {
        one.system_identifier
        for one in stanza.repositories
        if one.system_identifier and identity.system_identifier and one.system_identifier != identity.system_identifier
    }
    if others - {replaces}:
        raise PgopsError(
            f"The repository of stanza {stanza.name} holds backups of the cluster {', '.join(sorted(others))}, and the one here is "
            f"{identity.system_identifier}. Nothing was changed. To get that one back, restore it; to give the stanza to the "
            "cluster here, whose backups then push out the others in time, set pgbackrest_replaces to that number."
        )
    if others:
        return UPGRADE
    missing = not stanza.repositories or any(one.is_missing for one in stanza.repositories)
    return CREATE if missing else ""


def run_stanza(name: str, chosen: str, online: bool, timeout_s: int, wait: Callable[[], None]) -> None:
    """PostgreSQL archives already, in vain, and each attempt holds the lock for a moment: it is waited for."""
    online_option = [] if online else ["--no-online"]
    for _ in range(timeout_s):
        finished = commands.pgbackrest([f"--stanza={name}", *online_option, f"stanza-{chosen}"])
        if finished.code != LOCK:
            break
        wait()
    if finished.code:
        raise PgopsError(explained(finished, f"pgBackRest could not {chosen} stanza {name}"))


def check(name: str, timeout_s: int) -> None:
    """Have WAL switched, and wait until it is in every repository."""
    finished = commands.pgbackrest([f"--stanza={name}", f"--archive-timeout={timeout_s}", "check"])
    if finished.code:
        raise PgopsError(explained(finished, f"The check of stanza {name} failed"))


def keep(params: dict, check_mode: bool, run_command: RunCommand, query: Callable, wait: Callable[[], None]) -> dict:
    """The result of pgbackrest_stanza. QUERY asks the server for one value."""
    if params["archive_timeout_s"] < 1:
        raise PgopsError(f"archive_timeout_s is {params['archive_timeout_s']}; give 1 or more.")
    identity = read_identity(run_command, params["data_directory"])
    if not is_installed():
        if check_mode:
            return result(params["stanza"], CREATE, False)
        raise PgopsError("The program pgbackrest is missing on this host. Install the package pgbackrest.")
    chosen = action(ask(params["stanza"]), identity, params["replaces"])
    if chosen and not check_mode:
        run_stanza(params["stanza"], chosen, params["online"], params["archive_timeout_s"], wait)
    checked = False
    if params["online"] and not check_mode:
        state = query(WELL)
        if state["archives"] and (chosen or params["prove"] or not state["proven"]):
            check(params["stanza"], params["archive_timeout_s"])
            checked = True
    return result(params["stanza"], chosen, checked)


def is_installed() -> bool:
    try:
        commands.program("pgbackrest")
    except PgopsError:
        return False
    return True


def result(name: str, chosen: str, checked: bool) -> dict:
    after = f"{chosen} stanza {name}\n" if chosen else ""
    return {
        "changed": bool(chosen),
        "action": chosen or "none",
        "checked": checked,
        "diff": {"before": "", "after": after},
    }
