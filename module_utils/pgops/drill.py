"""A restore drill: the newest backup of a kind becomes a server beside the live one, is asked whether it serves, and is removed.

The live cluster is not connected to, and none of its files is opened for writing.
"""

from __future__ import annotations

import errno
import time
from contextlib import ExitStack, nullcontext
from functools import partial
from pathlib import Path
from types import ModuleType

from . import backup, commands, drill_logical, drill_physical
from .drill_checks import (
    ask,
    check_heartbeat,
    check_pages,
    check_query,
    check_schema,
    check_structure,
)
from .drill_plan import LOGICAL, PHYSICAL, VERIFY, Course, DrillFailedError, report
from .drill_server import Side, discard, prepare, require_directory, require_ours
from .errors import PgopsError
from .schema_comparison import require_declaration
from .side_room import require_room, watcher

SOURCES: dict[str, ModuleType] = {LOGICAL: drill_logical, PHYSICAL: drill_physical}


def drill(params: dict, check_mode: bool) -> dict:
    """The result of pg_drill. Killed at any instant, it has harmed nothing, and the next one removes what it left."""
    side, source = Side(Path(params["work_directory"])), SOURCES[params["kind"]]
    require_inputs(params, source)
    if not check_mode:
        side.work_directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    with nullcontext() if check_mode else backup.lock(side.work_directory, "drill"):
        leftover = require_ours(side)
        course = Course(time.time())
        try:
            chosen = source.find(params, course)
        except DrillFailedError as error:
            if check_mode:
                raise
            discard(side)
            course.failure = str(error)
            return result(leftover, [], report(course, params["kind"], params["host"], time.time()))
        planned = plan(params, source, chosen, side, leftover)
        require_room(side, chosen.name, chosen.needed_bytes, params["keep_free_ratio"])
        if check_mode:
            return result(leftover, planned, None)
        discard(side)
        try:
            carry_out(params, source, chosen, side, course)
        finally:
            discard(side)
        return result(leftover, planned, report(course, params["kind"], params["host"], time.time()))


def require_inputs(params: dict, source: ModuleType) -> None:
    require_directory(Path(params["work_directory"]))
    if params["timeout_s"] < 1 or not 0 <= params["keep_free_ratio"] < 1:
        raise PgopsError("timeout_s has to be 1 or more, and keep_free_ratio at least 0 and less than 1.")
    if params["kind"] == LOGICAL and not params["directory"]:
        raise PgopsError("directory is missing: say where the dumps are.")
    if params["declared"] is not None:
        require_declaration(params["declared"])
    for name in source.TOOLS:
        commands.program(name)


def plan(params: dict, source: ModuleType, chosen, side: Side, leftover: bool) -> list[str]:
    names = ["rows" if params["kind"] == LOGICAL else "read", "heartbeat"]
    names += [*(["schema"] if params["declared"] is not None else []), *(query["name"] for query in params["queries"])]
    return [
        *([f"remove {side.folder}, which an interrupted drill left"] if leftover else []),
        *source.steps(chosen, side),
        f"verify: {', '.join([*names, 'amcheck', 'checksums'])}",
        f"remove {side.folder}",
    ]


def carry_out(params: dict, source: ModuleType, chosen, side: Side, course: Course) -> None:
    """Whatever goes wrong from here on is what the drill has found out."""
    try:
        prepare(side)
        with ExitStack() as stack:
            source.restore(side, chosen, params, course, stack, watcher(side, params["keep_free_ratio"]))
            with course.phase(VERIFY):
                verify(params, source, chosen, side, course)
                stack.close()
                ask(course, "checksums", lambda: check_pages(side))
    except PgopsError as error:
        course.failure = str(error)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        course.failure = f"{side.work_directory} became full. Make room there, or choose another work_directory."


def verify(params: dict, source: ModuleType, chosen, side: Side, course: Course) -> None:
    database, kind = params["database"], params["kind"]
    then = chosen.backup.manifest.schema_revision if kind == LOGICAL else None
    for name, question in source.own_checks(side, chosen, params).items():
        ask(course, name, question)
    ask(course, "heartbeat", lambda: check_heartbeat(side, database, course))
    if params["declared"] is not None:
        ask(course, "schema", lambda: check_schema(side, database, params["declared"], then))
    for query in params["queries"]:
        ask(course, query["name"], partial(check_query, side, database, query, params["timeout_s"]))
    ask(course, "amcheck", lambda: check_structure(side, database if kind == LOGICAL else None))


def result(leftover: bool, planned: list[str], drilled: dict | None) -> dict:
    """What is different afterwards is that the remains of an interrupted drill are gone."""
    return {
        "changed": leftover,
        "plan": planned,
        "drill": drilled,
        "diff": {"before": "", "after": "".join(f"{step}\n" for step in planned)},
    }
