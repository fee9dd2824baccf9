"""Single tables of a backup go back into the live database: their missing rows, all their rows, or the tables themselves.

A dry run does all but the change: rows that would refer to nothing are known only with the backup's rows at hand.
"""

from __future__ import annotations

import time
from contextlib import suppress
from difflib import unified_diff
from itertools import chain
from pathlib import Path

from . import (
    backup_catalog,
    commands,
    database_contents,
    manifest,
    restore_copy,
    restore_plan,
    tables_plan,
    tables_scratch,
)
from .connection import PATIENT, connect, psycopg2
from .errors import PgopsError
from .restore import TOOLS, take_lock, workspace
from .restore_copy import APPLICATION
from .restore_plan import Plan
from .tables_catalog import Name, Table, find, read_dependents, read_views
from .tables_exchange import Exchange, carry_out, kept_name, largest, relevant_keys, told
from .tables_keys import Dangling
from .tables_plan import MISSING, WHOLE, Change
from .tables_scratch import QUALIFIED, Made
from .tables_stage import Stage, require_free_values, rows_and_hash

# A statement that waits or works ends soon after the module was killed, and its transaction with it.
LIVE = {
    **QUALIFIED,
    "client_connection_check_interval": "1s",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
}


def restore_tables(params: dict, check_mode: bool) -> dict:
    """The result of pg_restore_tables. Killed at any instant, the live tables are as they were, or wholly restored."""
    started = time.monotonic()
    for tool in TOOLS:
        commands.version_of(tool)
    if params["lock_timeout_s"] < 1:
        raise PgopsError("lock_timeout_s has to be 1 or more. Nothing was changed.")
    database = params["database"]
    backup = backup_catalog.choose(backup_catalog.read(Path(params["directory"])), params["backup"], database)
    names = tables_plan.read_names(params["tables"], backup.manifest)
    fault = manifest.archive_fault(backup.folder, backup.manifest, checksum=True)
    if fault:
        raise manifest.DamagedBackupError(f"{fault} Nothing was restored. Choose another one with list_backups.yml.")
    settings = {**LIVE, "lock_timeout": f"{params['lock_timeout_s']}s"}
    with connect(params, APPLICATION, PATIENT) as conn:
        take_lock(conn)
        plan = make_plan(conn, database, backup)
        restore_plan.require_roles(conn, backup.manifest)
        with connect({**params, "login_db": database}, APPLICATION, settings) as live:
            present = read_present(live, names, database)
            tables_plan.require_present(names, present, params["mode"], database)
            tables_plan.require_confirmation(names, present, params["confirm"], check_mode)
            needed = tables_plan.needed_bytes(names, present, backup.manifest)
            restore_plan.require_room(conn, params, plan, needed)
            try:
                with told(names, params["lock_timeout_s"]):
                    result = restore_into(live, params, plan, names, present, check_mode, conn)
            except (PgopsError, psycopg2.Error):
                # Where the server is gone, that is the reason to tell; the next restore removes the database.
                with suppress(psycopg2.Error):
                    restore_copy.drop(conn, plan.beside)
                raise
        restore_copy.drop(conn, plan.beside)
    return {**result, "duration_s": round(time.monotonic() - started, 3)}


def make_plan(conn, database: str, backup) -> Plan:
    databases = restore_plan.read_databases(conn)
    if database not in databases:
        raise PgopsError(
            f"There is no database {database} to restore tables into. Nothing was changed. Restore all of it: restore_postgresql.yml."
        )
    leftover = restore_plan.find_leftover(database, databases)
    return Plan(backup, database, None, leftover.size_bytes if leftover else None, ())


def read_present(live, names: list[Name], database: str) -> dict[Name, Table]:
    with live.cursor() as cursor:
        found = {name: find(cursor, name, f"database {database}") for name in names}
    return {name: table for name, table in found.items() if table}


def restore_into(
    live, params: dict, plan: Plan, names: list[Name], present: dict[Name, Table], dry: bool, conn
) -> dict:
    mode, found = params["mode"], plan.backup.manifest
    with workspace(plan.backup) as room:
        made = tables_scratch.make(conn, params, plan, names, mode == WHOLE, room)
    if mode != WHOLE:
        for name in names:
            tables_plan.require_same_columns(present[name], made.tables[name], mode)
    stages = stage(live, params, plan, made)
    with live.cursor() as cursor:
        definitions = compare_definitions(params, made, present)
        changes = [
            find_change(cursor, mode, made.tables[name], stages[name], present.get(name), bool(definitions.get(name)))
            for name in names
        ]
        acting = {one.name: stages[one.name] for one in changes if one.replaces}
        there = {name: table for name, table in present.items() if name in acting}
        counted = {one.name: stages[one.name] for one in changes if one.replaces or one.raised}
        keys = relevant_keys(cursor, mode, made, set(acting), there)
        one = Exchange(mode, found.name, made, acting, counted, there, keys, params["dangling"])
        dangling, views = one.dangling(cursor), []
        if mode == WHOLE and there:
            tables_plan.require_free(read_dependents(cursor, list(there.values())), list(there))
            views = read_views(cursor, list(there.values()))
        kept = kept_name(cursor) if mode != MISSING and there else None
    steps = tables_plan.steps(plan.beside, found.name, mode, changes, kept, dangling, views) if counted else []
    if counted and not dry:
        carry_out(live, one, kept)
    return report(params, plan, changes, steps, kept, dangling, definitions, dry)


def stage(live, params: dict, plan: Plan, made: Made) -> dict[Name, Stage]:
    """The rows beside the live tables, where they can be compared; read there as they were in the backup."""
    stages = {}
    login = tables_scratch.login(params, plan)
    with connect(login, APPLICATION, QUALIFIED) as scratch, scratch.cursor() as source, live.cursor() as cursor:
        for number, (name, table) in enumerate(made.tables.items()):
            one = stages[name] = Stage(name, table.columns, number)
            one.fill(source, name.identifier, cursor)
            sent = rows_and_hash(source, name.identifier, one.written)
            if rows_and_hash(cursor, one.identifier, one.written) != sent:
                raise PgopsError(f"Not all rows of {name} arrived beside the live table. Nothing was changed.")
    return stages


def compare_definitions(params: dict, made: Made, present: dict[Name, Table]) -> dict[Name, list[str]]:
    """In which lines the present tables are made differently: what goes, what comes."""
    found = {}
    for name, wanted in made.definitions.items():
        now = database_contents.dump_schema(params, params["database"], [name.pattern]) if name in present else []
        changed = unified_diff(now, wanted, n=0, lineterm="")
        found[name] = [line for line in changed if line.startswith(("+", "-")) and line.strip("+- ")]
    return found


def find_change(cursor, mode: str, backup: Table, staged: Stage, live: Table | None, redefined: bool) -> Change:
    after, _ = rows_and_hash(cursor, staged.identifier, staged.written)
    used = largest(cursor, staged, backup)
    if live is None:
        return Change(backup.name, None, after, after, 0, tuple(tables_plan.raised(used, None, backup, True)))
    before, _ = rows_and_hash(cursor, live.name.identifier, live.written)
    if mode == MISSING:
        staged.leave_missing(cursor, live)
        require_free_values(cursor, staged, live)
        added, _ = rows_and_hash(cursor, staged.identifier, staged.written)
        used = largest(cursor, staged, backup)
        return Change(
            backup.name, before, before + added, added, 0, tuple(tables_plan.raised(used, live, backup, False))
        )
    same = {column.name for column in live.columns} >= set(staged.written)
    added, removed = staged.more(cursor, live.name.identifier) if same else (after, before)
    raised = tables_plan.raised(used, live, backup, False)
    anew = mode == WHOLE and bool(added or removed or redefined or raised)
    if anew:
        raised = tables_plan.raised(used, live, backup, True)
    return Change(backup.name, before, after, added, removed, tuple(raised), anew)


def report(
    params: dict,
    plan: Plan,
    changes: list[Change],
    steps: list[str],
    kept: str | None,
    dangling: list[Dangling],
    definitions: dict[Name, list[str]],
    dry: bool,
) -> dict:
    found = plan.backup.manifest
    lines = {"-": "", "+": ""}
    for one in changes if steps else []:
        lines["-"] += "" if one.before is None else f"{one.name}: {one.before} rows\n"
        lines["+"] += f"{one.name}: {one.after} rows, of which {one.added} come; {one.removed} go\n"
    for line in chain.from_iterable(definitions.values()):
        lines[line[0]] += f"{line[1:]}\n"
    return {
        "changed": bool(steps),
        "database": params["database"],
        "backup": {"name": found.name, "created_at": found.created_at, "sha256": found.sha256},
        "mode": params["mode"],
        "tables": [one.described for one in changes],
        "plan": steps,
        "kept": kept,
        "dangling": [one.described for one in dangling],
        "verified": not dry,
        "diff": {"before": lines["-"], "after": lines["+"]},
    }
