"""Point-in-time recovery on the host of the primary: beside what there is, proven, and only then in its place.

What is on the disk tells how far it is. DATA.recovery.json names the target and the state; DATA.recovering is what is being
recovered. The old data directory is renamed, never written to and never removed.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from .cluster_server import Server
from .errors import PgopsError
from .pgbackrest import Backup, ask
from .recovery_plan import Places, choose, read_target, require_confirmation, steps
from .recovery_server import (
    ASIDE_ONLY,
    WHERE,
    Recovery,
    archive_all,
    archive_get,
    read_all,
    restore,
    start,
    stop,
    stop_hidden,
    wait_until_promoted,
    wait_until_reached,
)
from .recovery_tablespaces import make, places_beside, present_tablespaces, remove, require_known, saved_tablespaces
from .replication import ACCOUNT, runs, sync_folder
from .replication import ask as query

ASIDE = ".before_recovery_"
HELPERS_LIMIT_S = 60
RESTORING, VERIFIED, PROMOTED, DONE = "restoring", "verified", "promoted", "done"
# What pgBackRest writes for the recovery; a later standby would stop where this one did.
LEFTOVERS = (
    "restore_command", "recovery_target", "recovery_target_time", "recovery_target_lsn", "recovery_target_xid",
    "recovery_target_name", "recovery_target_action", "recovery_target_timeline", "recovery_target_inclusive",
)  # fmt: skip


def recover(params: dict, check_mode: bool, run_command, wait: Callable[[], None]) -> dict:
    """The result of pg_recover."""
    server = Server(run_command, params["version"], params["name"], params["port"])
    data = server.data_directory
    places = Places(data, free_name(Path(data)))
    target = read_target(params, time.time())
    one = Recovery(server, places, target, params["stanza"], params["side_port"], params["timeout_s"], wait)
    note = one.note()
    begun = is_begun(note, one)
    refuse_another(note, one)
    if note.get("state") == DONE and note["target"] == one.request and not params["again"]:
        return result(False, [], note["backup"], note["kept"], note)
    stop_hidden(one, check_mode)
    cluster = server.read()
    if cluster.state == "standby" and not begun:
        raise PgopsError("This host is a standby. Nothing was changed. Recover the primary, then rebuild its standbys.")
    stanza = ask(params["stanza"], ACCOUNT)
    backup = choose(stanza, target, note["backup"] if begun else params["backup"])
    spaces = note.get("tablespaces", {}) if begun else find_spaces(one, backup)
    planned = steps(backup, target, places, one.port, [found["name"] for found in cluster.standbys], spaces)
    if not begun:
        require_space(Path(data), backup.database_size_bytes)
    if check_mode:
        return result(True, planned, backup.label, places.kept, {})
    require_confirmation(params["host"], params["confirm"])
    if not begun:
        prove(one, backup, spaces, cluster.state == "primary")
    return take_over(one, planned, one.note())


def is_begun(note: dict, one: Recovery) -> bool:
    """Whether what is left of a recovery to this target is only the exchange, or the rest of it."""
    if note.get("state") not in (VERIFIED, PROMOTED) or note["target"] != one.request:
        return False
    return Path(one.places.work).exists() or Path(note["kept"]).exists()


def find_spaces(one: Recovery, backup: Backup) -> dict[str, str]:
    """Where the tablespaces of the backup are going to be, by their numbers."""
    saved = saved_tablespaces(one.stanza, backup, ACCOUNT)
    require_known(
        present_tablespaces(Path(one.places.data)),
        saved,
        backup.label,
        "Recover it on a host without this cluster, with recover_from_loss.yml.",
    )
    return places_beside(saved, abandoned(one))


def abandoned(one: Recovery) -> dict[str, str]:
    """Tablespaces of a recovery that has never come into its place: the next one removes them."""
    note = one.note()
    left = note.get("state") == RESTORING or (note.get("state") == VERIFIED and Path(one.places.work).exists())
    return note.get("tablespaces", {}) if left else {}


def refuse_another(note: dict, one: Recovery) -> None:
    """An interrupted exchange of directories is ended before anything else begins."""
    if note.get("state") == VERIFIED and note["target"] != one.request and not Path(one.places.data).exists():
        raise PgopsError(
            f"A recovery to {note['target']['kind']} {note['target']['value']} was interrupted between two renames. Nothing was "
            "changed. Run it again with that target, which ends it."
        )


def free_name(data: Path) -> str:
    number = 1
    while data.with_name(f"{data.name}{ASIDE}{number}").exists():
        number += 1
    return str(data.with_name(f"{data.name}{ASIDE}{number}"))


def require_space(data: Path, size: int) -> None:
    free = shutil.disk_usage(data.parent).free
    if free < size * 1.1:
        raise PgopsError(
            f"The recovery needs about {int(size * 1.1) >> 20} MiB in {data.parent}, where {free >> 20} MiB are free. Nothing was "
            "changed. Make room there."
        )


def prove(one: Recovery, backup: Backup, spaces: dict[str, str], running: bool) -> None:
    """Recover beside the data directory, up to the point where only the exchange is left."""
    discard(one)
    one.write_note(RESTORING, backup=backup.label, tablespaces=spaces)
    if running:
        archive_all(one)
    make(spaces)
    restore(one, backup, spaces)
    start(one, one.places.work, {**ASIDE_ONLY, "restore_command": archive_get(one, one.places.work)})
    wait_until_reached(one)
    found = json.loads(query(one.server.run_command, one.port, WHERE))
    read_all(one, found["databases"])
    stop(one, one.places.work)
    one.write_note(
        VERIFIED,
        backup=backup.label,
        kept=one.places.kept,
        lsn=found["lsn"],
        at=found["last_transaction_at"],
        tablespaces=spaces,
    )


def discard(one: Recovery) -> None:
    """What an interrupted recovery has left: its server, and its directories."""
    work = Path(one.places.work)
    if runs(work):
        stop(one, one.places.work, "immediate")
    wait_for_helpers(one)
    remove(abandoned(one))
    if work.exists():
        shutil.rmtree(work)
    Path(one.places.log).unlink(missing_ok=True)


def wait_for_helpers(one: Recovery) -> None:
    """Those of a restore that was killed end by themselves a moment after it, and write until then."""
    mark = f"--pg1-path={one.places.work}".encode()
    for _ in range(HELPERS_LIMIT_S):
        if not any(mark in arguments for arguments in command_lines()):
            return
        one.wait()
    raise PgopsError(
        f"A pgbackrest that was started before still writes to {one.places.work} after {HELPERS_LIMIT_S} s. Nothing was changed. "
        "Stop it, and run this again."
    )


def command_lines() -> Iterator[list[bytes]]:
    """What all processes of this host were started with."""
    for process in Path("/proc").glob("[0-9]*/cmdline"):
        # One may have ended since.
        with suppress(OSError):
            yield process.read_bytes().split(b"\0")


def take_over(one: Recovery, planned: list[str], note: dict) -> dict:
    """Exchange the directories by two renames, and promote; a run after an interruption goes on where this one ended."""
    facts = {name: note[name] for name in ("backup", "kept", "lsn", "at", "tablespaces") if name in note}
    if note["state"] == VERIFIED:
        one.server.stop()
        exchange(Path(one.places.data), Path(one.places.work), Path(note["kept"]))
        promote(one)
        one.write_note(PROMOTED, **facts)
    code, _, err = one.server.run_command(["systemctl", "start", one.server.unit])
    if code:
        raise PgopsError(
            f"{one.server.unit} does not start with what was recovered: {' '.join(err.split()).rstrip('.')}. The former data "
            f"directory is {note['kept']}: rename it back to {one.places.data} to have what there was."
        )
    one.write_note(DONE, **facts)
    Path(one.places.log).unlink(missing_ok=True)
    return result(True, planned, note["backup"], note["kept"], facts)


def exchange(data: Path, work: Path, kept: Path) -> None:
    if not work.exists():
        return
    if data.exists():
        os.rename(data, kept)
    os.rename(work, data)
    sync_folder(data.parent)


def promote(one: Recovery) -> None:
    """Begin the new timeline, in its place and with its archive, before anybody can connect.

    Settings of the recovery go with the end of this server: a later standby would stop where this one did.
    """
    start(one, one.places.data, {})
    wait_until_promoted(one)
    for name in LEFTOVERS:
        query(one.server.run_command, one.port, f"ALTER SYSTEM RESET {name}")
    stop(one, one.places.data)


def result(changed: bool, planned: list[str], backup: str, kept: str, facts: dict) -> dict:
    return {
        "changed": changed,
        "plan": planned,
        "backup": backup,
        "kept": kept,
        "lsn": facts.get("lsn"),
        "last_transaction_at": facts.get("at"),
        "diff": {"before": "", "after": "".join(f"{step}\n" for step in planned)},
    }
