"""The checks of the pooler: whether it answers, and how many clients wait for a connection, and how long."""

from __future__ import annotations

from .commands import Surroundings, messages, program, run_to_end
from .connection import SOCKET_DIRECTORY
from .errors import PgopsError
from .health import Check, Limit, duration
from .health_declared import Declared, Limits
from .pooler import SECTION, table

PATIENCE_S = 3
SHOW = "SHOW POOLS"

ANSWERS = Declared(
    name="pooler",
    unit="",
    measures="Whether PgBouncer answers on its console",
    advice="See systemctl status pgbouncer and its log; run the check as the OS user postgres, whom its console lets in.",
)
WAITING = Declared(
    name="pooler_waiting",
    unit="count",
    measures="Clients that wait for a connection to the server",
    advice="See which clients of pool {pool} hold their connections (SHOW CLIENTS), before pgbouncer_pool_size is raised.",
    limit=Limit(5.0, 50.0),
)
WAIT = Declared(
    name="pooler_wait",
    unit="s",
    measures="How long the first of the waiting clients has waited",
    advice="Look for long statements and idle transactions in pool {pool}: in session mode each client keeps its connection.",
    limit=Limit(5.0, 30.0),
)
DECLARED = (ANSWERS, WAITING, WAIT)


def pooler_checks(port: int | None, limits: Limits) -> list[Check]:
    """No check where no pooler is expected."""
    if port is None:
        return []
    try:
        pools = read_pools(port)
    except PgopsError as error:
        return [ANSWERS.stated("no", "critical", str(error))]
    return [ANSWERS.stated("yes", "ok", f"PgBouncer answers at port {port}."), *judge_pools(pools, limits)]


def read_pools(port: int) -> list[dict[str, str]]:
    """The console lets the account of the pooler in over the socket, as pgbouncer and without a password."""
    where = f"host={SOCKET_DIRECTORY} port={port} dbname=pgbouncer user=pgbouncer connect_timeout={PATIENCE_S}"
    psql = [program("psql"), "--no-psqlrc", "--no-password", "--csv", where, "--command", SHOW]
    done = run_to_end(["timeout", "--signal=KILL", str(2 * PATIENCE_S), *psql], Surroundings())
    if done.code:
        # libpq's hint is a question of its own, whether the server is running.
        said = messages(done.said, "psql").replace("psql: error: ", "").partition(" Is the server running")[0]
        said = said or f"it said nothing for {2 * PATIENCE_S} s"
        raise PgopsError(f"PgBouncer at port {port} does not answer: {said}.")
    return table(done.said)


def judge_pools(pools: list[dict[str, str]], limits: Limits) -> list[Check]:
    """Those of the console itself do not count."""
    rows = [row for row in pools if row["database"] != SECTION]
    waiting = sum(int(row["cl_waiting"]) for row in rows)
    if not waiting:
        finding = "No client waits for a connection."
        return [WAITING.found(limits, 0, finding, pool=""), WAIT.found(limits, 0.0, finding, pool="")]
    most, longest = max(rows, key=lambda row: int(row["cl_waiting"])), max(rows, key=wait_s)
    told = f"Clients that wait for a connection: {waiting}, {most['cl_waiting']} of them in {pool(most)}."
    lasts = f"A client of {pool(longest)} has waited {duration(wait_s(longest))}."
    return [
        WAITING.found(limits, waiting, told, pool=pool(most)),
        WAIT.found(limits, wait_s(longest), lasts, pool=pool(longest)),
    ]


def pool(row: dict[str, str]) -> str:
    return f"{row['user']}@{row['database']}"


def wait_s(row: dict[str, str]) -> float:
    return int(row["maxwait"]) + int(row["maxwait_us"]) / 1e6
