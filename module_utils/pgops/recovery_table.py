"""One table as it was: a server beside the live cluster recovers to the moment, and its rows go to a new table of the live one.

The live table is neither asked nor touched; there may be none any more.
"""

from __future__ import annotations

import re
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path

from . import backup, commands
from .backup import mebibytes
from .connection import connect
from .drill_physical import OWN_BYTES, fetch, replay_settings, require_known_tablespaces
from .drill_server import Side, configure, discard, last_words, prepare, require_directory, require_ours, running
from .errors import PgopsError
from .pgbackrest import Backup, ask
from .recovery_plan import Target, choose, read_target
from .recovery_server import ARRIVED, MARK, OUT_OF_WAL, REACHED
from .recovery_table_rows import APPLICATION, is_made, take_over
from .replication import runs
from .restore_plan import NAME_BYTES
from .side_room import require_room, watcher
from .tables import LIVE
from .tables_catalog import Name

PURPOSE = "recovery of a table"
TOOLS = ("pgbackrest", "postgres", "pg_controldata")
TICK_S = 0.2
WHERE = """
    SELECT pg_last_wal_replay_lsn()::text,
           to_char(pg_last_xact_replay_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')
"""


def recover_table(params: dict, check_mode: bool) -> dict:
    """The result of pg_recover_table. Killed at any instant, the new table is not there, or is whole."""
    side = Side(Path(params["work_directory"]), PURPOSE)
    require_inputs(params)
    target = read_target(params, time.time())
    name, new = read_name(params["table"], target, params["new_name"])
    if not check_mode:
        side.work_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    settings = {**LIVE, "lock_timeout": "30s"}
    with nullcontext() if check_mode else backup.lock(side.work_directory, PURPOSE):
        leftover = require_ours(side)
        with connect({**params, "login_db": params["database"]}, APPLICATION, settings) as live:
            if is_made(live, name, new, target):
                return result(params, new, [], None, {})
            chosen = choose(ask(params["stanza"]), target, params["backup"])
            require_known_tablespaces(params, chosen)
            require_room(
                side, chosen.label, int(chosen.database_size_bytes * 1.1) + OWN_BYTES, params["keep_free_ratio"]
            )
            planned = steps(side, leftover, chosen, target, name, new)
            if check_mode:
                return result(params, new, planned, chosen, {})
            discard(side)
            try:
                facts = carry_out(params, live, side, chosen, target, name, new)
            finally:
                discard(side)
    return result(params, new, planned, chosen, facts)


def require_inputs(params: dict) -> None:
    require_directory(Path(params["work_directory"]))
    if params["timeout_s"] < 1 or not 0 <= params["keep_free_ratio"] < 1:
        raise PgopsError("timeout_s has to be 1 or more, and keep_free_ratio at least 0 and less than 1.")
    for tool in TOOLS:
        commands.program(tool)


def read_name(table: str, target: Target, new_name: str) -> tuple[Name, Name]:
    """The table that was, and the one that is going to have its rows, in the same schema."""
    schema, _, relation = table.strip().rpartition(".")
    if not relation:
        raise PgopsError(
            "No table is named. Nothing was changed. Say which: users, or schema.users where it is not in public."
        )
    moment = re.sub(r"\W+", "_", target.value).strip("_")
    if target.kind == "time":
        moment = time.strftime("%Y%m%d_%H%M%S", time.gmtime(target.moment_s))
    new = Name(schema or "public", new_name or f"{relation}_as_of_{moment}")
    if len(new.relation.encode()) > NAME_BYTES:
        raise PgopsError(
            f"The name {new.relation} is longer than {NAME_BYTES} bytes. Nothing was changed. Give a shorter new_name."
        )
    return Name(schema or "public", relation), new


def steps(side: Side, leftover: bool, chosen: Backup, target: Target, name: Name, new: Name) -> list[str]:
    size = mebibytes(chosen.database_size_bytes)
    return [
        *([f"remove {side.folder}, which an interrupted {PURPOSE} left"] if leftover else []),
        "have the WAL archived that was written up to now",
        f"restore {chosen.type} backup {chosen.label} of repository {chosen.repository}, {size} MiB, to {side.data}",
        f"replay WAL from {chosen.wal_start} up to {target}, in a server on a socket of its own",
        f"make table {new} with the rows that {name} had then, and compare them",
        f"remove {side.folder}",
    ]


def carry_out(params: dict, live, side: Side, chosen: Backup, target: Target, name: Name, new: Name) -> dict:
    archive_all(live, params["timeout_s"])
    watch = watcher(side, params["keep_free_ratio"])
    prepare(side)
    stop_at = [f"--type={target.kind}", f"--target={target.value}", "--target-action=pause"]
    fetch(side, chosen, params["stanza"], stop_at)
    settings = replay_settings(side, chosen, params["stanza"], params["preload_libraries"])
    stops = {f"recovery_target_{target.kind}": target.value, "recovery_target_action": "pause"}
    configure(side, {**settings, **stops})
    with ExitStack() as stack:
        try:
            stack.enter_context(running(side, params["timeout_s"], watch))
            wait_until_reached(side, target, params["timeout_s"], watch)
        except PgopsError as error:
            raise explained(side, target, error) from error
        with side.connect("postgres") as conn, conn.cursor() as cursor:
            cursor.execute(WHERE)
            lsn, moment = cursor.fetchone()
        rows = take_over(live, side.login(params["database"]), chosen.label, target, name, new)
    return {"lsn": lsn, "at": moment, "rows": rows}


def archive_all(live, timeout_s: int) -> None:
    """So that what was committed up to now can be reached: a time is passed only by a transaction after it."""
    deadline = time.monotonic() + timeout_s
    with live.cursor() as cursor:
        cursor.execute(MARK)
        segment = cursor.fetchone()[0]
        while True:
            cursor.execute(ARRIVED.format(segment=segment))
            if cursor.fetchone()[0]:
                return
            if time.monotonic() > deadline:
                raise PgopsError(
                    f"The WAL up to {segment} has not arrived in the repository within {timeout_s} s. Nothing was changed. See "
                    "what archive_command says in the server's log."
                )
            time.sleep(TICK_S)


def wait_until_reached(side: Side, target: Target, timeout_s: int, watch) -> None:
    deadline = time.monotonic() + timeout_s
    while time.monotonic() < deadline:
        watch()
        try:
            with side.connect("postgres") as conn, conn.cursor() as cursor:
                cursor.execute(REACHED)
                if cursor.fetchone()[0]:
                    return
        except PgopsError:
            # It ends of itself where the WAL does.
            if not runs(side.data):
                raise
        time.sleep(TICK_S)
    raise PgopsError(
        f"{target} was not reached within {timeout_s} s. Nothing was changed. A higher timeout_s waits longer."
    )


def explained(side: Side, target: Target, error: PgopsError) -> PgopsError:
    """Why the server beside has ended, where its log tells it better."""
    log = side.log.read_text(encoding="utf-8", errors="replace") if side.log.exists() else ""
    if OUT_OF_WAL in log:
        return PgopsError(
            f"The WAL in the repository ends before {target}. Nothing was changed. Choose an earlier target, or for a name or a "
            "transaction another backup."
        )
    return (
        error
        if runs(side.data)
        else PgopsError(f"The server of the {PURPOSE} ended: {last_words(side)}. Nothing was changed.")
    )


def result(params: dict, new: Name, planned: list[str], chosen: Backup | None, facts: dict) -> dict:
    return {
        "changed": bool(planned),
        "database": params["database"],
        "table": str(new),
        "rows": facts.get("rows"),
        "plan": planned,
        "backup": chosen.label if chosen else None,
        "lsn": facts.get("lsn"),
        "last_transaction_at": facts.get("at"),
        "diff": {"before": "", "after": "".join(f"{step}\n" for step in planned)},
    }
