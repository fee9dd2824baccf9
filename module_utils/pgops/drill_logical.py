"""A drill with a dump: into a new and empty server, by the same steps as a restore into a running one."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from . import backup_catalog, commands, database_contents, manifest, restore_copy, restore_plan
from .backup import mebibytes
from .backup_catalog import LATEST, Backup, Catalog
from .commands import Surroundings
from .connection import sql
from .drill_plan import FETCH, RESTORE, Course, DrillFailedError
from .drill_server import APPLICATION, SUPERUSER, Side, configure, running
from .errors import PgopsError
from .manifest import FULL, DamagedBackupError

TOOLS = ("postgres", "initdb", "pg_restore", "pg_dump", "pg_amcheck", "pg_checksums", "zstd")
# An empty server, and the WAL of the restore.
OWN_BYTES = 320 << 20
MAX_WAL_SIZE = "256MB"


@dataclass(frozen=True)
class Chosen:
    """The backup that is tried."""

    backup: Backup

    @property
    def name(self) -> str:
        return self.backup.manifest.name

    @property
    def needed_bytes(self) -> int:
        return self.backup.manifest.database_size_bytes + restore_plan.unpacking_bytes(self.backup.manifest) + OWN_BYTES


def newest(catalog: Catalog, database: str) -> Backup:
    """The newest full backup of DATABASE, damaged or not: an older one that is sound does not tell how the newest is."""
    own = [one for one in catalog.backups if one.series == (database, FULL)]
    known = {one.manifest.name for one in catalog.backups}
    prefix, last = f"{quote(database, safe='')}_{FULL}_", own[0].manifest.name if own else ""
    # Of one without a readable manifest the name tells whose it is, and when it was made.
    nameless = max((name for name in catalog.faults if name not in known and name.startswith(prefix)), default="")
    if nameless > last:
        raise DrillFailedError(f"{catalog.faults[nameless]} It is the newest one. Make another: backup_postgresql.yml.")
    if not own:
        raise DrillFailedError(
            f"There is no {FULL} backup of {database} in {catalog.directory}. Run backup_postgresql.yml."
        )
    return own[0]


def find(params: dict, course: Course) -> Chosen:
    directory = Path(params["directory"])
    with course.phase(FETCH):
        catalog = backup_catalog.read(directory)
        try:
            wanted, database = params["backup"], params["database"]
            found = newest(catalog, database) if wanted == LATEST else backup_catalog.choose(catalog, wanted, database)
            backup_catalog.require_readable(found.manifest)
        except DamagedBackupError as damage:
            course.backup = params["backup"]
            raise DrillFailedError(str(damage)) from damage
        course.backup = found.manifest.name
        if found.fault:
            raise DrillFailedError(f"{found.fault} Make another one: backup_postgresql.yml.")
    return Chosen(found)


def steps(chosen: Chosen, side: Side) -> list[str]:
    found = chosen.backup.manifest
    return [
        f"read the archive of {found.name}, {mebibytes(found.size_bytes)} MiB, and compare its SHA-256",
        f"make a server in {side.folder}, on a socket of its own",
        f"restore database {found.database} in it ({len(found.rows)} tables, {sum(found.rows.values())} rows)",
    ]


def restore(
    side: Side, chosen: Chosen, params: dict, course: Course, stack: ExitStack, watch: Callable[[], None]
) -> None:
    """Up to a server that has the database under its own name; it ends with STACK."""
    backup = chosen.backup
    course.saved_s = course.began_s
    with course.phase(FETCH):
        fault = manifest.archive_fault(backup.folder, backup.manifest, checksum=True)
        if fault:
            raise PgopsError(f"{fault} Make another one: backup_postgresql.yml.")
    with course.phase(RESTORE):
        make_cluster(side)
        preload = ", ".join(params["preload_libraries"])
        configure(side, {"shared_preload_libraries": preload, "max_wal_size": MAX_WAL_SIZE})
        stack.enter_context(running(side, params["timeout_s"], watch))
        plan = plan_of(chosen)
        with side.connect("template1") as conn:
            give_up_name(conn, plan.target)
            make_roles(conn, {*params["roles"], *restore_plan.required_roles(backup.manifest)})
            restore_copy.create(conn, plan)
            restore_copy.fill(side.login("postgres"), plan, side.folder / "unpacked")
            restore_copy.settle(side.login("postgres"), plan)
            restore_copy.give_name(conn, plan)


def plan_of(chosen: Chosen) -> restore_plan.Plan:
    """The name that it gets last is its own: nobody else has it here."""
    return restore_plan.Plan(chosen.backup, chosen.backup.manifest.database, None, None, ())


def make_cluster(side: Side) -> None:
    options = [f"--pgdata={side.data}", f"--username={SUPERUSER}", "--auth=peer", "--data-checksums"]
    made = commands.run_to_end(["initdb", *options, "--encoding=UTF8", "--locale=C.UTF-8"], Surroundings())
    if made.code:
        raise PgopsError(f"No server could be made for the drill: {commands.messages(made.said, 'initdb')}.")


def give_up_name(conn, name: str) -> None:
    """A new server has one database that may be called like it, and is empty."""
    if name == "postgres":
        with conn.cursor() as cursor:
            cursor.execute("DROP DATABASE postgres")


def make_roles(conn, names: set[str]) -> None:
    """Whom objects belong to, and who may use them; a dump has none of them. Nobody of them can log in here."""
    with conn.cursor() as cursor:
        for name in sorted(names - {SUPERUSER}):
            cursor.execute(sql.SQL("CREATE ROLE {}").format(sql.Identifier(name)))


def own_checks(side: Side, chosen: Chosen, params: dict) -> dict[str, Callable[[], str]]:
    return {"rows": lambda: check_rows(side, chosen)}


def check_rows(side: Side, chosen: Chosen) -> str:
    """Reads every row of every table."""
    found = chosen.backup.manifest
    contents = database_contents.read(side.login("postgres"), found.database, APPLICATION)
    wrong = restore_copy.wrong_rows(found, contents)
    if wrong:
        raise PgopsError(f"{'; '.join(wrong)}.")
    return f"{len(found.rows)} tables have the {sum(found.rows.values())} rows that the manifest names."
