"""The checks of replication: how far standbys are behind, and what slots keep from being removed."""

from __future__ import annotations

from .health import Check, Limit, duration, size
from .health_declared import Declared, Limits, unknown_all
from .health_server import Answer
from .health_sessions import GRANT_MONITOR

SEE_STANDBY = "See whether the standby is up, reachable and fast enough, and whether a query on it holds replay back."
LAG = Declared(
    name="replication_lag",
    subject="replication",
    unit="s",
    measures="Time by which the last of the standbys is behind; on a standby, by which it is behind itself",
    advice=SEE_STANDBY,
    limit=Limit(60.0, 300.0),
)
DISTANCE = Declared(
    name="replication_distance",
    unit="bytes",
    measures="WAL that the last of the standbys has yet to replay; on a standby, of what it has received",
    advice=SEE_STANDBY,
    limit=Limit(256.0 * 1024**2, 1024.0**3),
)
SLOTS = Declared(
    name="slots",
    unit="bytes",
    measures="WAL that a replication slot keeps from being removed; one that lost WAL is critical",
    advice="Bring back who reads {slot}, or drop it with SELECT pg_drop_replication_slot('{slot}') if nobody ever will.",
    limit=Limit(1024.0**3, 5 * 1024.0**3),
)
INACTIVE = Declared(
    name="inactive_slots",
    unit="count",
    measures="Replication slots of a primary that nobody reads",
    advice="Start the standby that reads {slot}, or drop it with SELECT pg_drop_replication_slot('{slot}') if it is gone for good.",
    limit=Limit(1.0, None),
)
DECLARED = (LAG, DISTANCE, SLOTS, INACTIVE)


def replication_checks(server: dict, standbys: Answer, slots: Answer, limits: Limits) -> list[Check]:
    behind = _own_lag(server, limits) if server["state"] == "standby" else _lag_of_others(server, standbys, limits)
    return [*behind, *slot_checks(server, slots, limits)]


def _own_lag(server: dict, limits: Limits) -> list[Check]:
    """One that has replayed no transaction yet knows no time, and one that takes its WAL from the archive no bytes."""
    delay_s, to_replay = server["replay_delay_s"], server["to_replay_bytes"]
    return [
        LAG.unknown(limits, "This standby has replayed no transaction yet.", SEE_STANDBY)
        if delay_s is None
        else LAG.found(limits, delay_s, f"This standby is {duration(delay_s)} behind its primary."),
        DISTANCE.unknown(limits, "This standby has received nothing by streaming yet.", SEE_STANDBY)
        if to_replay is None
        else DISTANCE.found(limits, to_replay, f"{size(to_replay)} were received and are not replayed yet."),
    ]


def _lag_of_others(server: dict, standbys: Answer, limits: Limits) -> list[Check]:
    if standbys.failure is not None:
        return unknown_all((LAG, DISTANCE), limits, standbys.failure, GRANT_MONITOR.format(role=server["role"]))
    if not standbys.rows:
        return [one.found(limits, zero, "No standby is attached.") for one, zero in ((LAG, 0.0), (DISTANCE, 0))]
    slowest = max(standbys.rows, key=lambda row: (row["lag_s"], row["lag_bytes"] or 0))
    furthest = max(standbys.rows, key=lambda row: row["lag_bytes"] or 0)
    attached = f"{len(standbys.rows)} attached;"
    distance = furthest["lag_bytes"] or 0
    return [
        LAG.found(
            limits,
            slowest["lag_s"],
            f"{attached} {slowest['standby']} is furthest behind: {duration(slowest['lag_s'])}.",
        ),
        DISTANCE.found(limits, distance, f"{attached} {furthest['standby']} has {size(distance)} to replay."),
    ]


def slot_checks(server: dict, slots: Answer, limits: Limits) -> list[Check]:
    """A standby keeps slots for the time when it is the primary; that nobody reads them yet is as it should be."""
    declared = (SLOTS, INACTIVE) if server["state"] == "primary" else (SLOTS,)
    if slots.failure is not None:
        return unknown_all(declared, limits, slots.failure, GRANT_MONITOR.format(role=server["role"]))
    idle = [row["slot"] for row in slots.rows if not row["active"]]
    checks = [_kept(slots.rows, limits)]
    if server["state"] == "primary":
        listed = f"Nobody reads {', '.join(idle)}." if idle else f"Each of {len(slots.rows)} slots is read."
        checks.append(INACTIVE.found(limits, len(idle), listed, slot=idle[0] if idle else ""))
    return checks


def _kept(slots: list[dict], limits: Limits) -> Check:
    if not slots:
        return SLOTS.found(limits, 0, "There is no replication slot.", slot="")
    lost = [row["slot"] for row in slots if row["wal_status"] == "lost"]
    if lost:
        advice = f"Make the standby that reads it anew with rebuild_standby.yml, then drop what is left of {lost[0]}."
        return SLOTS.stated("lost", "critical", f"{', '.join(lost)} lost WAL that it had yet to read.", advice)
    worst = max(slots, key=lambda row: row["kept_bytes"] or 0)
    kept = worst["kept_bytes"] or 0
    return SLOTS.found(limits, kept, f"{worst['slot']} keeps {size(kept)} of WAL.", slot=worst["slot"])
