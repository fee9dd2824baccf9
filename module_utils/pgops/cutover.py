"""The last pass: nobody writes any more, everything is moved and compared, and what is open is said or waived."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from datetime import datetime, timezone

from .migration import Options, migrate
from .profile import Profile
from .redis_source import RedisSource
from .validation import validate
from .writers import carried_out, count, paused, watch

FORMAT = 1
UNKNOWN_KEYS = "unknown_keys"
PASSED_ON = ("accounting", "tables", "rejects", "skipped_by", "conflicts", "gone")
OPEN_REJECTS = """
    SELECT reason_code, count(*) FROM migration.migration_rejects
    WHERE profile = %s AND resolved_run_id IS NULL GROUP BY 1 ORDER BY 1
"""


@dataclass(frozen=True)
class Waiver:
    """Up to C(keys) keys that stay open for the reason C(reason), and why somebody accepts that."""

    reason: str
    keys: int
    because: str


@dataclass(frozen=True)
class Gate:
    """C(pause_s) is 0 where writers are stopped by the operator; C(window_s) is how long that is looked at."""

    window_s: float
    pause_s: int
    waivers: tuple[Waiver, ...]


def open_sentences(found: Mapping[str, int], waivers: Iterable[Waiver]) -> list[str]:
    """What is open and not waived, or not in that number."""
    allowed = {waiver.reason: waiver.keys for waiver in waivers}
    return [
        f"{keys} keys are open as {reason}, {f'{allowed[reason]} are waived' if reason in allowed else 'not waived'}."
        for reason, keys in sorted(found.items())
        if keys > allowed.get(reason, 0)
    ]


def write_sentence(writes: Mapping[str, int] | None, when: str) -> list[str]:
    if writes is None:
        return [f"The source was restarted, or its statistics were reset, {when}: nobody knows who wrote."]
    if not writes:
        return []
    listed = ", ".join(f"{name} {calls}" for name, calls in writes.items())
    return [f"The source carried out {sum(writes.values())} write commands {when}: {listed}."]


def left_open(conn, profile: Profile, migrated: dict, check_mode: bool) -> dict[str, int]:
    """Keys by the reason for which they are in no row. A dry run knows of this run's refusals only."""
    rejects = migrated["rejects"]
    if not (check_mode and migrated["changed"]):
        with conn.cursor() as cursor:
            cursor.execute(OPEN_REJECTS, (profile.name,))
            rejects = dict(cursor.fetchall())
    unknown = migrated["accounting"]["total"]["unknown"]
    return {**rejects, **({UNKNOWN_KEYS: unknown} if unknown else {})}


def cut_over(
    conn, source: RedisSource, profile: Profile, options: Options, gate: Gate, where: str, check_mode: bool
) -> dict:
    """The result of migration_cutover; C(document) is there only where it may be signed."""
    started, problems = now(), []
    if not gate.pause_s:
        problems += write_sentence(watch(source, gate.window_s), f"in {gate.window_s:g} s before the last pass")
        if problems and not check_mode:
            nothing = {"changed": False, "migration": None, "document": None}
            return {**nothing, "ready": False, "open": problems, "pause_s": 0.0}
    pausing = gate.pause_s and not check_mode
    with paused(source, gate.pause_s) if pausing else nullcontext():
        began = time.monotonic()
        before = count(source)
        migrated = migrate(conn, source, profile, options, where, check_mode)
        compared = compare(conn, source, profile, options, migrated, check_mode)
        if not check_mode:
            problems += write_sentence(carried_out(before, count(source)), "during the last pass")
    pause_s = round(time.monotonic() - began, 3) if pausing else 0.0
    found = left_open(conn, profile, migrated, check_mode)
    problems += [*open_sentences(found, gate.waivers), *(compared["problems"] if compared else [])]
    document = None
    if compared is not None and not problems and not check_mode:
        writers = {"held_by": "pause" if gate.pause_s else "operator", "window_s": gate.window_s, "pause_s": pause_s}
        head = {
            "format": FORMAT,
            "profile": profile.name,
            "source": source.where,
            "target": where,
            "started_at": started,
        }
        names = {"schema_revision": options.schema_revision, "operator": options.operator, "writers": writers}
        document = {**head, **names, **outcome(migrated, compared, found, gate.waivers), "finished_at": now()}
    return {
        "changed": migrated["changed"],
        "ready": not problems,
        "open": problems,
        "pause_s": pause_s,
        "migration": {name: migrated[name] for name in PASSED_ON},
        "document": document,
        "diff": migrated["diff"],
    }


def outcome(migrated: dict, compared: dict, found: Mapping[str, int], waivers: Iterable[Waiver]) -> dict:
    """What the signed document says of the data."""
    return {
        "migration_run": migrated["run_id"],
        "accounting": migrated["accounting"]["total"],
        "tables": compared["tables"],
        "digest": compared["digest"],
        "open": dict(found),
        "waivers": [asdict(waiver) for waiver in waivers if waiver.reason in found],
        "conflicts": {side: migrated["conflicts"][side] for side in ("kept", "overwritten")},
        "gone": {table: line["rows"] for table, line in migrated["gone"].items()},
    }


def compare(
    conn, source: RedisSource, profile: Profile, options: Options, migrated: dict, check_mode: bool
) -> dict | None:
    """None in a dry run that would write something: there is nothing to compare yet."""
    if check_mode and migrated["changed"]:
        return None
    return validate(conn, source, profile, options.settings, options.batch_keys, options.processes)


def now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds")
