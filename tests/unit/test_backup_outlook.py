"""What a person is told of the history of backups, and what of it is alarming."""

from datetime import datetime, timezone

import pytest
from ansible.module_utils.pgops.backup_history import Made, iso, of_dump, of_physical, read_present, united
from ansible.module_utils.pgops.backup_outlook import Limits, growth, outlook
from ansible.module_utils.pgops.errors import PgopsError

DAY_S = 86_400
NOW = 1_764_000_000 // DAY_S * DAY_S
LIMITS = Limits(14400, 3600)


def day(days_ago: float) -> str:
    return iso(datetime.fromtimestamp(NOW - days_ago * DAY_S, timezone.utc))


def made(days_ago: float = 1, size_bytes: int = 1024, **changes) -> dict:
    return {
        "kind": "logical",
        "type": "full",
        "name": f"b{days_ago}",
        "repository": None,
        "database": "shop",
        "finished_at": day(days_ago),
        "duration_s": 4.0,
        "size_bytes": size_bytes,
        "database_size_bytes": 8192,
        "present": True,
        **changes,
    }


def drilled(days_ago: float = 1, **changes) -> dict:
    return {"kind": "logical", "backup": "b", "finished_at": day(days_ago), "passed": True, "rto_s": 60.0, "rpo_s": 90.0,
            "problems": [], **changes}  # fmt: skip


def read(days_ago: float = 1, **changes) -> dict:
    return {"kind": "physical", "finished_at": day(days_ago), "passed": True, "backups": 3, "problems": [], **changes}


def told(**changes) -> dict:
    return {"unknown": None, "backups": [], "drills": [], "verifications": [], **changes}


@pytest.mark.parametrize(
    ("found", "verdicts", "part"),
    [
        pytest.param(told(), [], "", id="nothing-at-all"),
        pytest.param(told(drills=[drilled()]), ["good", "good"], "restored b in 1 min, of the 4 h that a restore may take", id="fine"),
        pytest.param(told(drills=[drilled(rto_s=14400.0)]), ["bad", "good"], "in 4 h, more than the 4 h that a", id="too-slow"),
        pytest.param(told(drills=[drilled(rpo_s=7200.0)]), ["good", "bad"], "in the last 2 h, more than the 1 h", id="too-much-lost"),
        pytest.param(told(drills=[drilled(rpo_s=None)]), ["good"], "", id="no-heartbeat"),
        pytest.param(told(drills=[drilled(9, passed=False, problems=["Torn."]), drilled()]), ["good", "good"], "", id="mended"),
        pytest.param(told(drills=[drilled(9), drilled(passed=False, backup=None, problems=["Torn."])]), ["bad"],
                     "The last logical drill, 1 d ago with no backup, failed. Torn.", id="failed"),
        pytest.param(told(backups=[made()]), ["bad", "good"], "No dump was ever restored in a drill.", id="never-tried"),
        pytest.param(told(backups=[made()], unknown="Refused."), ["open", "good"], "cannot be told: Refused.", id="nobody-knows"),
        pytest.param(told(backups=[made(present=False)], drills=[drilled()]), ["good", "good", "open"], "It is not there any more.", id="gone"),
        pytest.param(told(verifications=[read(passed=False, problems=["One is torn."])]), ["bad"], "1 d ago. One is torn.", id="read-and-torn"),
        pytest.param(told(verifications=[read(9, passed=False), read()]), ["good"], "1 d ago: 3, all good.", id="read-and-good"),
    ],
)  # fmt: skip
def test_how_it_stands(found, verdicts, part):
    seen = outlook(found, LIMITS, NOW)
    assert [one["verdict"] for one in seen["sentences"]] == verdicts
    assert part in " ".join(one["text"] for one in seen["sentences"])
    assert seen["healthy"] is ("bad" not in verdicts)


def test_each_series_has_its_newest():
    backups = [made(3), made(2, type="schema"), made(1, 2048), made(1, kind="physical", repository=2, database=None),
               made(1, type="globals", database="")]  # fmt: skip
    texts = [one["text"] for one in outlook(told(backups=backups, drills=[drilled()]), LIMITS, NOW)["sentences"]]
    assert texts[3:6] == [
        "The newest dump of roles and tablespaces is from 1 d ago: 1 KiB in 4 s.",
        "The newest full dump of shop is from 1 d ago: 2 KiB in 4 s, +100 % since 2025-11-21.",
        "The newest schema dump of shop is from 2 d ago: 1 KiB in 4 s.",
    ]
    assert texts[-1].startswith("The newest full physical backup in repository 2 is from")


@pytest.mark.parametrize(
    ("series", "text"),
    [
        pytest.param([made()], "", id="alone"),
        pytest.param([made(9, 0), made()], "", id="nothing-to-compare-with"),
        pytest.param([made(9, 2048), made()], ", -50 % since 2025-11-15", id="the-oldest"),
        pytest.param([made(99, 9), made(40, 512), made(3, 9), made()], ", +100 % since 2025-10-15", id="a-month-ago"),
    ],
)
def test_how_a_series_has_grown(series, text):
    assert growth(series) == text


@pytest.mark.parametrize("limits", [(0, 1), (1, 0), (-1, 1)])
def test_limits_are_more_than_nothing(limits):
    with pytest.raises(PgopsError, match="give more than 0"):
        Limits(*limits)


DUMP = {"name": "a", "type": "full", "database": "shop", "created_at": "2026-11-24T03:00:00.500+00:00", "duration_s": 4.5,
        "size_bytes": 10, "database_size_bytes": 80}  # fmt: skip
PHYSICAL = {"label": "F", "type": "incr", "repository": 2, "stopped_at": "2026-11-23T03:00:30+00:00", "duration_s": 30,
            "written_bytes": 5, "database_size_bytes": 80}  # fmt: skip


def test_what_is_there_is_read_as_the_history_keeps_it():
    first, second = read_present([DUMP], [PHYSICAL])
    assert (first.kind, first.repository, first.size_bytes, first.duration_s) == ("physical", 2, 5, 30)
    assert (second.kind, second.database, iso(second.finished_at)) == ("logical", "shop", "2026-11-24T03:00:05+00:00")


def test_a_backup_is_told_of_once_and_what_is_gone_is_marked():
    dump, physical = of_dump(DUMP), of_physical(PHYSICAL)
    old = Made(**{**vars(dump), "name": "old", "finished_at": physical.finished_at})
    found = united([old, dump, physical], [dump, physical])
    assert [(one.name, one.present) for one in found] == [("old", False), ("F", True), ("a", True)]


@pytest.mark.parametrize("wrong", [{}, {**DUMP, "created_at": "today"}, {**DUMP, "duration_s": None}])
def test_what_is_no_backup_is_told_in_a_sentence(wrong):
    with pytest.raises(PgopsError, match="A backup is not as pg_backup_info and pgbackrest_info tell of it"):
        read_present([wrong], [])
