"""Bringing a lost cluster back, from the repositories alone, on a host that has none: beside the place where it is to be,
proven there, and only then in that place.

As in recovery.py, what is on the disk tells how far it is. Nothing that was there before is removed or overwritten.
"""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from . import commands
from .base_backup import first_configuration, write_files
from .cluster_server import Server
from .errors import PgopsError
from .pgbackrest import GOOD, Stanza, ask, fault_of
from .recovery import DONE, LEFTOVERS, RESTORING, VERIFIED, discard, exchange, require_space
from .recovery_lost_plan import (
    choose_lost,
    lost_steps,
    read_lost_target,
    require_lost_confirmation,
    wal_end,
)
from .recovery_lost_server import configuration, forget_configuration, wait_until_end
from .recovery_plan import END, Places
from .recovery_server import (
    ASIDE_ONLY,
    WHERE,
    Recovery,
    archive_get,
    read_all,
    restore,
    start,
    stop,
    wait_until_promoted,
    wait_until_reached,
)
from .replication import (
    ACCOUNT,
    SIGNAL,
    read_control,
    read_files,
    runs,
)
from .replication import ask as query

IDENTIFIER = "Database system identifier"


def bring_back(params: dict, check_mode: bool, run_command, wait: Callable[[], None]) -> dict:
    """The result of pg_recover_lost."""
    server = Server(run_command, params["version"], params["name"], params["port"])
    places = Places(server.data_directory, "")
    target = read_lost_target(params, time.time())
    one = Recovery(
        server, places, target, params["stanza"], params["side_port"], params["timeout_s"], wait, params["repository"]
    )
    note = one.note()
    if note.get("state") == DONE and is_ours(note, one):
        return result(False, [], note)
    proven = is_proven(note, one)
    if not proven or Path(places.work).exists():
        require_emptiness(one)
    if not is_installed():
        if check_mode:
            return result(True, lost_steps(None, target, places, one.port, params["repository"]), {})
        raise PgopsError("The program pgbackrest is missing on this host. Install the package pgbackrest.")
    stanza = read_repositories(params["stanza"], params["repository"])
    backup = choose_lost(stanza, target, note["backup"] if proven else params["backup"], params["repository"])
    planned = lost_steps(backup, target, places, one.port, params["repository"])
    if not proven:
        require_space(existing(Path(places.data)), backup.database_size_bytes)
    if check_mode:
        return result(True, planned, {"backup": backup.label})
    require_lost_confirmation(params["lost"], params["confirm"])
    if not proven:
        prove(one, stanza, backup)
    put_in_place(one)
    return result(True, planned, one.note())


def is_proven(note: dict, one: Recovery) -> bool:
    """Whether an interrupted run to this target has left only the end of its work."""
    if note.get("state") != VERIFIED or note["target"] != one.request:
        return False
    return Path(one.places.work).exists() or is_ours(note, one)


def is_ours(note: dict, one: Recovery) -> bool:
    """Whether what is in its place was brought there by this. A note of recovery.py lies in the same place, and names no cluster."""
    if "cluster" not in note or not Path(one.places.data, "PG_VERSION").exists():
        return False
    return read_control(one.server.run_command, one.places.data)[IDENTIFIER] == note["cluster"]


def require_emptiness(one: Recovery) -> None:
    data = Path(one.places.data)
    if read_files(one.server.run_command, one.places.data).state != "absent":
        raise PgopsError(
            f"This host has a cluster in {data}, so it is not lost. Nothing was changed. recover_postgresql.yml takes it back in "
            "time; a cluster that can be given up is removed with pg_dropcluster."
        )
    if data.exists() and any(data.iterdir()):
        raise PgopsError(f"{data} is no cluster, and not empty. Nothing was changed. Look what it is, and remove it.")


def is_installed() -> bool:
    try:
        commands.program("pgbackrest")
    except PgopsError:
        return False
    return True


def read_repositories(name: str, key: int) -> Stanza:
    """The stanza, of which repository KEY has a backup; 0 is any."""
    stanza = ask(name, ACCOUNT)
    wanted = [one for one in stanza.repositories if key in (0, one.key)]
    if key:
        stanza.repository(key)
    if not any(one.code == GOOD for one in wanted):
        said = " ".join(fault for one in wanted if (fault := fault_of(stanza, one)))
        raise PgopsError(
            f"{said or f'pgBackRest knows no repository for stanza {name}.'} Nothing can be brought back from there."
        )
    return stanza


def existing(path: Path) -> Path:
    """Something in the nearest directory that is there."""
    while not path.parent.exists():
        path = path.parent
    return path


def prove(one: Recovery, stanza: Stanza, backup) -> None:
    """Restore and replay it beside the place where it is to be, and read all of it."""
    folder = Path(one.places.data).parent
    if not folder.exists():
        folder.mkdir(parents=True, mode=0o755)
        shutil.chown(folder, ACCOUNT, ACCOUNT)
    discard(one)
    one.write_note(RESTORING, backup=backup.label)
    began = time.monotonic()
    restore(one, backup, {})
    restored = time.monotonic()
    # A standby replays what the archive has, and does not end where the archive does.
    aside = Path(one.places.work, SIGNAL)
    if one.target.kind == END:
        aside.touch(mode=0o600)
        shutil.chown(aside, ACCOUNT, ACCOUNT)
    start(
        one, one.places.work, {**configuration(one), **ASIDE_ONLY, "restore_command": archive_get(one, one.places.work)}
    )
    if one.target.kind == END:
        wait_until_end(one, wal_end(stanza, backup))
    else:
        wait_until_reached(one)
    replayed = time.monotonic()
    found = json.loads(query(one.server.run_command, one.port, WHERE))
    read_all(one, found["databases"])
    stop(one, one.places.work)
    aside.unlink(missing_ok=True)
    write_files(Path(one.places.work), first_configuration(one.server.version))
    phases = {"restore": restored - began, "replay": replayed - restored, "verify": time.monotonic() - replayed}
    one.write_note(
        VERIFIED,
        backup=backup.label,
        cluster=read_control(one.server.run_command, one.places.work)[IDENTIFIER],
        lsn=found["lsn"],
        at=found["last_transaction_at"],
        durations_s={name: round(seconds, 1) for name, seconds in phases.items()},
    )


def put_in_place(one: Recovery) -> None:
    """Give it its name, and begin a timeline of its own. What it writes waits for its archive: that is not set up yet."""
    facts = {name: value for name, value in one.note().items() if name not in ("state", "target")}
    data = Path(one.places.data)
    if not runs(data):
        if data.exists() and not any(data.iterdir()):
            data.rmdir()
        exchange(data, Path(one.places.work), data)
        start(one, str(data), {**configuration(one), "archive_mode": "on", "archive_command": ""})
    wait_until_promoted(one)
    for name in LEFTOVERS:
        query(one.server.run_command, one.port, f"ALTER SYSTEM RESET {name}")
    stop(one, str(data))
    one.write_note(DONE, **facts)
    forget_configuration(one)
    Path(one.places.log).unlink(missing_ok=True)


def result(changed: bool, planned: list[str], facts: dict) -> dict:
    return {
        "changed": changed,
        "plan": planned,
        "backup": facts.get("backup"),
        "lsn": facts.get("lsn"),
        "last_transaction_at": facts.get("at"),
        "durations_s": facts.get("durations_s", {}),
        "diff": {"before": "", "after": "".join(f"{step}\n" for step in planned)},
    }
