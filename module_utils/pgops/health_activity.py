"""The checks of what the server has counted: cache, temporary files, checkpoints, checksums, and transaction numbers."""

from __future__ import annotations

from .health import Check, Limit, percent, size
from .health_declared import Declared, Limits
from .health_server import Answer

# Numbers of transactions, and of multixacts, wrap at 2^31; the server takes no more of them three million before.
LAST_NUMBER = 2**31 - 3_000_000
# Of fewer, a share says nothing.
ENOUGH_BLOCKS = 1_000_000
ENOUGH_CHECKPOINTS = 20
HOUR_S, DAY_S = 3600, 86_400

CACHE = Declared(
    name="cache_hits",
    unit="ratio",
    measures="Blocks that were found in shared_buffers, of all that the database asked for since its counters began",
    advice="See in pg_stat_statements (shared_blks_read) who reads most, then compare shared_buffers with explain_tuning.yml.",
    limit=Limit(0.9, None, falling=True),
)
TEMPORARY = Declared(
    name="temporary_files",
    unit="bytes",
    measures="Temporary files that the database wrote in an hour, on the average since its counters began",
    advice="See in pg_stat_statements (temp_blks_written) who sorts or hashes that much, then raise work_mem for that role.",
    limit=Limit(1024.0**3, 10 * 1024.0**3),
)
CHECKPOINTS = Declared(
    name="forced_checkpoints",
    unit="ratio",
    measures="Checkpoints that WAL or a command forced, of all since the counters began",
    advice="Raise max_wal_size, unless backups or restarts ask for that many; explain_tuning.yml shows what the host bears.",
    limit=Limit(0.5, None),
)
CHECKSUMS = Declared(
    name="checksum_failures",
    unit="count",
    measures="Pages whose checksum was wrong when they were read, in all databases",
    advice="The disk or memory damages data: find the pages in the server's log, move away from the host, and restore what is damaged.",
    limit=Limit(1.0, 1.0),
)
WRAPAROUND = Declared(
    name="wraparound",
    unit="ratio",
    measures="Transaction numbers, or multixacts, in use of those that there are; at 1 the server refuses every write",
    advice="End old transactions, drop dead slots, then VACUUM (FREEZE) the oldest tables of database {database}, by age(relfrozenxid).",
    limit=Limit(0.25, 0.5),
)
DECLARED = (CACHE, TEMPORARY, CHECKPOINTS, CHECKSUMS, WRAPAROUND)


def activity_checks(server: dict, databases: Answer, limits: Limits) -> list[Check]:
    counted = server["activity"]
    checks = [cache_check(counted, limits), temporary_check(counted, limits), checksum_check(counted, limits)]
    if server["state"] == "primary":  # a standby makes restartpoints, and only when its primary made a checkpoint
        checks.append(checkpoint_check(counted, limits))
    if databases.failure is None:
        checks.append(wraparound_check(databases.rows, limits))
    else:
        checks.append(WRAPAROUND.unknown(limits, databases.failure, "Ask again; the server's log tells more."))
    return checks


def cache_check(counted: dict, limits: Limits) -> Check:
    found, read = counted["blocks_hit"], counted["blocks_read"]
    asked = found + read
    if asked < ENOUGH_BLOCKS:
        return CACHE.stated(1.0, "ok", f"{asked} blocks were asked for, which is too few to judge.")
    return CACHE.found(limits, found / asked, f"{percent(found / asked)} of {asked} blocks were in shared_buffers.")


def temporary_check(counted: dict, limits: Limits) -> Check:
    """What was counted within the first hour counts as if it had taken one."""
    hours = max(counted["counted_s"], HOUR_S) / HOUR_S
    written, files = counted["temporary_bytes"], counted["temporary_files"]
    finding = f"{files} temporary files of {size(written)} in {hours:.1f} h, {size(written / hours)} an hour."
    return TEMPORARY.found(limits, round(written / hours), finding)


def checkpoint_check(counted: dict, limits: Limits) -> Check:
    timed, forced = counted["checkpoints_timed"], counted["checkpoints_forced"]
    made = timed + forced
    if made < ENOUGH_CHECKPOINTS or counted["server_counted_s"] < DAY_S:
        # Loading data and setting a server up force checkpoints as well.
        return CHECKPOINTS.stated(0.0, "ok", f"{made} checkpoints in less than a day, or too few, are not judged.")
    return CHECKPOINTS.found(
        limits, forced / made, f"{forced} of {made} checkpoints were forced ({percent(forced / made)})."
    )


def checksum_check(counted: dict, limits: Limits) -> Check:
    failures = counted["checksum_failures"]
    if failures is None:
        return CHECKSUMS.stated(0, "ok", "Data checksums are off: damage is not noticed.")
    return CHECKSUMS.found(limits, failures, f"{failures} pages had a wrong checksum.")


def wraparound_check(databases: list[dict], limits: Limits) -> Check:
    """Of the oldest database; template0 counts like the others."""
    oldest = max(databases, key=lambda row: max(row["xid_age"], row["mxid_age"]))
    used = max(oldest["xid_age"], oldest["mxid_age"])
    left = max(LAST_NUMBER - used, 0)
    finding = f"{oldest['database']} has used {percent(used / LAST_NUMBER)}; {left} are left before the server refuses writes."
    return WRAPAROUND.found(limits, used / LAST_NUMBER, finding, database=oldest["database"])
