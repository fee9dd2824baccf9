"""What of a host's disks can be made free without harm, in order, and how much each step gives; then what was confirmed."""

from __future__ import annotations

import time
from contextlib import ExitStack
from datetime import datetime, timezone
from difflib import get_close_matches
from pathlib import Path

from . import free_space_files, free_space_server
from .connection import connect
from .errors import PgopsError
from .free_space_physical import expired_physical
from .free_space_plan import DIRECTORY, GENERAL, KINDS, Found, Step
from .health_host import is_local
from .server_host import read_clusters

APPLICATION = "pg_free_space"
SETTINGS = {"lock_timeout": "5s"}


def require_names(names: list[str]) -> None:
    """Of a form that there is; whether such a thing is there is told later."""
    for name in names:
        kind, colon, victim = name.partition(":")
        if name in GENERAL or (colon and kind in KINDS and victim):
            continue
        near = get_close_matches(name, GENERAL, n=1)
        offered = (
            f"did you mean {near[0]}?"
            if near
            else f"there are {', '.join([*GENERAL, *(f'{one}:NAME' for one in KINDS)])}."
        )
        raise PgopsError(f"There is no step {name}; {offered} Nothing was done.")


def run(params: dict, check_mode: bool) -> dict:
    """The result of pg_free_space."""
    require_names(params["steps"])
    if not is_local(params["login_host"]):
        raise PgopsError(
            f"login_host is {params['login_host']}: this looks at the disks of the host that it runs on. Nothing was done."
        )
    for name in ("keep_days", "keep_count", "log_keep_days"):
        if params[name] is not None and params[name] < 1:
            raise PgopsError(f"{name} is {params[name]}, and has to be 1 or more. Nothing was done.")
    with ExitStack() as stack:
        try:
            conn = stack.enter_context(connect(params, APPLICATION, SETTINGS))
        except PgopsError as error:
            conn, found = None, Found(unknown=[f"databases, schemas, slots: {error}"])
        else:
            found = Found()
        server = free_space_server.ask(conn, free_space_server.SERVER)[0] if conn else {}
        found = look(conn, server, params, found)
        refuse(found, params["steps"])
        chosen = [step for step in found.steps if step.name in params["steps"]]
        done, failed = ([], {}) if check_mode else carry_out(chosen)
    state = "unknown" if not server else "standby" if server["is_standby"] else "primary"
    return {"state": state} | report(found, params["steps"], chosen if check_mode else done, failed, check_mode)


def look(conn, server: dict, params: dict, found: Found) -> Found:
    """Everything that could go: first what nobody misses, then what was set aside, slots last."""
    data = Path(server.get("data_directory") or data_directory_of(params))
    logs = [data / server.get("log_directory", "log"), Path(params["log_directory"])]
    now = datetime.now(timezone.utc)
    found.add(free_space_files.old_logs(logs, params["log_keep_days"], server.get("current_log", ""), time.time()))
    found.add(free_space_files.temporary_files(data))
    found.add(free_space_files.dumps(Path(params["directory"]), params["keep_days"], params["keep_count"], now))
    if params["stanza"]:
        found.add(expired_physical(params["stanza"]))
    if conn and not server["is_standby"]:
        found.add(free_space_server.kept_schemas(conn, server["database"]))
        found.add(free_space_server.kept_databases(conn))
    found.add(free_space_files.kept_directories(data))
    if conn:
        found.add(free_space_server.slots(conn))
    return found


def data_directory_of(params: dict) -> str:
    """Of a server that is down, as its configuration says."""
    clusters = {one.port: one.data_directory for one in read_clusters()}
    if params["login_port"] not in clusters:
        raise PgopsError(
            f"No server answers at port {params['login_port']}, and no cluster of this host has it. Nothing was done. Give the login_port "
            "of one that there is."
        )
    return clusters[params["login_port"]]


def refuse(found: Found, names: list[str]) -> None:
    for name in names:
        if name in found.refused:
            raise PgopsError(f"{name} must not go: {found.refused[name]} Nothing was done.")
        if (
            name.partition(":")[0] == DIRECTORY
            and name not in {step.name for step in found.steps}
            and Path(name.partition(":")[2]).exists()
        ):
            raise PgopsError(f"{name} is none that a recovery or a rebuild has set aside. Nothing was done.")


def carry_out(chosen: list[Step]) -> tuple[list[Step], dict[str, str]]:
    """One that fails does not keep the others from being done."""
    done, failed = [], {}
    for step in chosen:
        reason = free_space_server.attempt(step.apply)
        if reason:
            failed[step.name] = reason
        else:
            done.append(step)
    return done, failed


def report(found: Found, names: list[str], done: list[Step], failed: dict[str, str], check_mode: bool) -> dict:
    there = {step.name for step in found.steps}
    lines = "".join(f"{step.name}: {step.what}\n" for step in done)
    return {
        "changed": bool(done),
        "plan": [step.described(step.name in names) for step in found.steps],
        "total_bytes": sum(step.size_bytes for step in found.steps),
        "done": [] if check_mode else [step.name for step in done],
        "freed_bytes": sum(step.size_bytes for step in done),
        "absent": [name for name in names if name not in there],
        "refused": found.refused,
        "unknown": found.unknown,
        "failures": [f"{name}: {reason}." for name, reason in failed.items()],
        "diff": {"before": lines, "after": ""},
    }
