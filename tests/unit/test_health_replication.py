"""How far standbys are behind, what slots keep, and what waits for the archive."""

from __future__ import annotations

import pytest
from ansible.module_utils.pgops.health_archiving import archiving_checks
from ansible.module_utils.pgops.health_replication import replication_checks, slot_checks
from ansible.module_utils.pgops.health_server import Answer

from health_answers import SERVER
from health_limits import LIMITS

GB, MB = 1 << 30, 1 << 20
STANDBY = {**SERVER, "state": "standby"}
REFUSED = Answer(failure="permission denied.")


def attached(lag_s: float, lag_bytes: int | None = 1, standby: str = "a") -> dict:
    return {"standby": standby, "lag_s": lag_s, "lag_bytes": lag_bytes}


@pytest.mark.parametrize(
    ("server", "standbys", "lag", "distance"),
    [
        pytest.param(SERVER, Answer(), (0.0, "ok"), (0, "ok"), id="none-attached"),
        pytest.param(SERVER, Answer([attached(59.9)]), (59.9, "ok"), (1, "ok"), id="just-under"),
        pytest.param(SERVER, Answer([attached(60.0, None)]), (60.0, "warning"), (0, "ok"), id="exactly"),
        pytest.param(SERVER, Answer([attached(0.0, 256 * MB)]), (0.0, "ok"), (256 * MB, "warning"), id="bytes"),
        pytest.param(
            SERVER, Answer([attached(300.0, 5), attached(1.0, GB, "b")]), (300.0, "critical"), (GB, "critical"), id="two"
        ),
        pytest.param(SERVER, REFUSED, (None, "unknown"), (None, "unknown"), id="not-allowed"),
        pytest.param(
            {**STANDBY, "replay_delay_s": 300.0, "to_replay_bytes": 256 * MB - 1},
            Answer(), (300.0, "critical"), (256 * MB - 1, "ok"), id="on-a-standby",
        ),
        pytest.param(
            {**STANDBY, "to_replay_bytes": 256 * MB}, Answer(), (None, "unknown"), (256 * MB, "warning"), id="paused-at-once"
        ),
        pytest.param(STANDBY, Answer(), (None, "unknown"), (None, "unknown"), id="standby-without-a-transaction"),
    ],
)  # fmt: skip
def test_lag_is_that_of_the_last_standby(server, standbys, lag, distance):
    checks = replication_checks(server, standbys, Answer(), LIMITS)
    assert [(check.value, check.verdict) for check in checks[:2]] == [lag, distance]


def slot(kept_bytes: int | None, active: bool = True, wal_status: str = "reserved", name: str = "pg2") -> dict:
    return {"slot": name, "active": active, "wal_status": wal_status, "kept_bytes": kept_bytes}


@pytest.mark.parametrize(
    ("server", "slots", "verdicts", "words"),
    [
        pytest.param(SERVER, [], ["ok", "ok"], "There is no replication slot.", id="none"),
        pytest.param(SERVER, [slot(GB - 1)], ["ok", "ok"], "pg2 keeps 1024 MB of WAL.", id="just-under"),
        pytest.param(SERVER, [slot(GB)], ["warning", "ok"], "Bring back who reads pg2", id="exactly"),
        pytest.param(SERVER, [slot(0), slot(5 * GB, name="pg3")], ["critical", "ok"], "reads pg3", id="the-worst"),
        pytest.param(SERVER, [slot(None, False)], ["ok", "warning"], "Start the standby that reads pg2", id="inactive"),
        pytest.param(SERVER, [slot(0, False, "lost")], ["critical", "warning"], "pg2 lost WAL", id="lost"),
        pytest.param(STANDBY, [slot(GB, False)], ["warning"], "pg2 keeps 1 GB", id="a-standby-keeps-them-in-reserve"),
    ],
)
def test_what_slots_keep_is_judged(server, slots, verdicts, words):
    checks = slot_checks(server, Answer(slots), LIMITS)
    assert [check.verdict for check in checks] == verdicts
    assert words in " ".join(f"{check.finding} {check.advice}" for check in checks)


def archiver(failing: bool = False, oldest_s: float | None = None) -> Answer:
    row = {"failing": failing, "waiting_segments": 4, "failed_count": 2, "last_failed_wal": "000000010000000000000003"}
    return Answer([{**row, "oldest_waits_s": oldest_s}])


@pytest.mark.parametrize(
    ("mode", "answer", "verdicts"),
    [
        ("off", archiver(failing=True, oldest_s=9999.0), ["ok", "ok"]),
        ("on", archiver(), ["ok", "ok"]),
        ("on", archiver(failing=True), ["critical", "ok"]),
        ("always", archiver(failing=True, oldest_s=299.9), ["critical", "ok"]),
        ("on", archiver(oldest_s=300.0), ["ok", "warning"]),
        ("on", archiver(oldest_s=1800.0), ["ok", "critical"]),
        ("on", REFUSED, ["unknown", "unknown"]),
    ],
)
def test_an_archive_is_judged_only_while_there_is_one(mode, answer, verdicts):
    checks = archiving_checks({**SERVER, "archive_mode": mode}, answer, LIMITS)
    assert [check.verdict for check in checks] == verdicts
    assert ("000000010000000000000003" in checks[0].finding) == (verdicts[0] == "critical")
