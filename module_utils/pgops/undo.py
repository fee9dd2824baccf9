"""Going back: what runs have written is taken out again, in one transaction, unless somebody has changed it since."""

from __future__ import annotations

from . import failure, ledger, planning
from .connection import sql, transaction
from .distinct import claims, value
from .errors import PgopsError
from .migration import require_schema
from .profile import Profile, Table, names
from .staging import Stage
from .undo_plan import UndoPlan

SAMPLES = 20
SOURCE = "none: what runs have written is removed"

LOCK = "LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE"
# Unique values that rows pass back step aside first, also those of rows that go.
PARK = """
    UPDATE {target} t SET {parked}
    FROM {fates} f WHERE f.key = t.{key}::text AND f.fate IN ('remove', 'restore') AND EXISTS (
        SELECT FROM {fates} w CROSS JOIN LATERAL jsonb_populate_record(NULL::{target}, w.previous) p
        WHERE w.fate = 'restore' AND {former}::text = {present}::text AND w.key <> f.key
    )
"""
RESTORE = """
    UPDATE {target} t SET ({columns}) = ROW({former})
    FROM {fates} f CROSS JOIN LATERAL jsonb_populate_record(NULL::{target}, f.previous) p
    WHERE f.fate = 'restore' AND t.{key}::text = f.key
"""
REMOVE = "DELETE FROM {target} t USING {fates} f WHERE f.fate = 'remove' AND t.{key}::text = f.key"
FORGET = """
    DELETE FROM migration.migration_rows l USING {fates} f
    WHERE l.profile = %s AND l.table_name = %s AND l.row_key = f.key AND f.fate IN ('remove', 'restore')
"""


def undo(conn, profile: Profile, confirm: str | None, operator: str, where: str, check_mode: bool) -> dict:
    """The result of migration_undo; raises PgopsError, and then everything is as it was."""
    require_schema(conn, profile, None, where)
    ledger.require_record(conn, where)
    # Nobody waits while the plan is only looked at.
    with transaction(conn) as cursor:
        plan = UndoPlan(profile, cursor)
        plan.make()
        planned = report(plan)
        cursor.execute("SELECT current_database()")
        database = cursor.fetchone()[0]
    require_confirmation(planned, database, confirm, check_mode)
    if check_mode or not planned["changed"]:
        return {**planned, "run_id": None}
    ledger.take_lock(conn)
    run_id = ledger.start_run(conn, profile.name, SOURCE, operator, "undo")
    try:
        with transaction(conn) as cursor:
            planning.prepare(cursor, profile)
            done = carry_out(UndoPlan(profile, cursor))
            ledger.end_run(cursor, run_id, "finished", {"tables": done["tables"]})
    except BaseException as error:
        failure.record(conn, Stage("migration", profile), run_id, error, failure.message(error, "", where))
        raise
    return {**done, "run_id": run_id}


def require_confirmation(planned: dict, database: str, confirm: str | None, check_mode: bool) -> None:
    """The name of the database, unless nothing is to be done; a dry run may show its plan without."""
    if confirm == database or not planned["changed"] or (check_mode and confirm is None):
        return
    given = "no confirmation was given" if confirm is None else f"the confirmation says {confirm!r}"
    raise PgopsError(
        f"The migration into database {database} is to be undone ({'; '.join(planned['plan'])}), and {given}. "
        f"Nothing was changed. Look at the plan in a dry run, then set confirm to {database}."
    )


def carry_out(plan: UndoPlan) -> dict:
    profile, cursor = plan.profile, plan.cursor
    # Also those who refer: a new row would be lost with the row that it names.
    written = {(profile.schema, table.name) for table in profile.tables}
    for name in sorted(written | {(reference.schema, reference.table) for reference in plan.references}):
        cursor.execute(sql.SQL(LOCK).format(sql.Identifier(*name)))
    plan.make()
    result = report(plan)
    for table in profile.tables:
        for claim in (one for one in claims(table) if one.parked):
            parts = {"parked": sql.SQL(claim.parked), "former": value(claim, "p"), "present": value(claim, "t")}
            plan.run(PARK, table, (), **parts)
        restored = plan.run(RESTORE, table, (), **former(plan, table))
        require_planned(table, "put back", restored, result["tables"][table.name]["restore"])
    for table in reversed(profile.tables):
        removed = plan.run(REMOVE, table, ())
        require_planned(table, "removed", removed, result["tables"][table.name]["remove"])
        plan.run(FORGET, table, (profile.name, table.name))
    return result


def former(plan: UndoPlan, table: Table) -> dict:
    """Columns and what they were; whom a row was linked with may be gone by now."""
    cells = {name: sql.Identifier("p", name) for name in names(table.stored)}
    if table.lookup:
        lookup = table.lookup
        cells[lookup.column] = sql.SQL("(SELECT o.{value} FROM {other} o WHERE o.{value} = p.{column})").format(
            value=sql.Identifier(lookup.value),
            other=plan.target(plan.profile.table(lookup.table)),
            column=sql.Identifier(lookup.column),
        )
    return {
        "columns": sql.SQL(", ").join(map(sql.Identifier, cells)),
        "former": sql.SQL(", ").join(cells.values()),
    }


def require_planned(table: Table, what: str, rows: int, planned: int) -> None:
    if rows != planned:
        raise PgopsError(
            f"{table.name}: {rows} rows {what} where {planned} were planned; nothing was changed. This is a bug."
        )


def report(plan: UndoPlan) -> dict:
    tables = plan.counts()
    lines = [line for name, fates in tables.items() for line in plan_lines(name, fates)]
    changing = any(fates["remove"] or fates["restore"] for fates in tables.values())
    return {
        "changed": changing,
        "plan": lines,
        "tables": tables,
        "kept": plan.kept(SAMPLES),
        "diff": {"before": "", "after": "".join(f"{line}\n" for line in lines) if changing else ""},
    }


def plan_lines(table: str, fates: dict[str, int]) -> list[str]:
    """What is done to the rows of TABLE, in words."""
    words = {
        "remove": "remove {} rows",
        "restore": "put {} rows back as they were before",
        "changed": "keep {} rows that were changed since",
        "referenced": "keep {} rows that others refer to",
        "taken": "keep {} rows whose former unique value another row has by now",
        "deleted": "{} rows were deleted since",
    }
    parts = [text.format(fates[fate]) for fate, text in words.items() if fates[fate]]
    return [f"{table}: {', '.join(parts)}"] if parts else []
