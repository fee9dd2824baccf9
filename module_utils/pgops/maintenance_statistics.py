"""What the server has counted begins at nothing again: only when somebody asks for it."""

from __future__ import annotations

from functools import partial

from .connection import sql
from .maintenance_pace import Outcome, Pace
from .maintenance_plan import Planned, Step

TASK = "reset_statistics"
SINCE = "SELECT datname, to_char(stats_reset, 'YYYY-MM-DD HH24:MI') FROM pg_stat_database WHERE datname = current_database()"
EXTENSION = """
    SELECT n.nspname FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pg_stat_statements'
"""
RESET = "SELECT pg_stat_reset()"
# Those of this database; the server counts statements of all of them in one place.
RESET_STATEMENTS = """
    SELECT {}.pg_stat_statements_reset(0, (SELECT oid FROM pg_database WHERE datname = current_database()), 0)
"""


def plan(pace: Pace) -> Planned:
    [(database, since)] = pace.question(SINCE)
    counted = f"it was asked for; they count since {since or 'the database was made'}"
    steps = [Step("reset", f"statistics of {database}", counted, partial(reset, sql.SQL(RESET)))]
    for (schema,) in pace.question(EXTENSION):
        statements = partial(reset, sql.SQL(RESET_STATEMENTS).format(sql.Identifier(schema)))
        steps.append(Step("reset", f"statistics of statements in {database}", "it was asked for", statements))
    return Planned(TASK, len(steps), tuple(steps))


def reset(statement, pace: Pace) -> Outcome:
    pace.execute(statement)
    return Outcome(changed=True)
