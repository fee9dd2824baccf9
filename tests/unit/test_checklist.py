"""What has to be true before a migration: the copy of the source and its writers, judged by what was measured."""

import pytest
from ansible.module_utils.pgops.checklist import Asked, Snapshot, judge_backup, judge_window, parse_check

NOW, DAY = 1_764_000_000, 86400
SOUND = """[offset 0] Checking RDB file dump.rdb
[offset 27] AUX FIELD redis-ver = '7.0.15'
[offset 53] AUX FIELD ctime = '1763990000'
[offset 98] Selecting DB ID 0
[offset 2345] Checksum OK
[offset 2345] \\o/ RDB looks OK! \\o/
[info] 31 keys read
[info] 12 expires
"""
CUT_OFF = """[offset 0] Checking RDB file cut.rdb
[offset 53] AUX FIELD ctime = '1763990000'
--- RDB ERROR DETECTED ---
[offset 900] Unexpected EOF reading RDB file
[additional info] While doing: read-object-value
[info] 7 keys read
"""
FOREIGN = """[offset 0] Checking RDB file passwd
--- RDB ERROR DETECTED ---
[offset 9] Wrong signature trying to load DB from file
"""


def asked(**changes) -> Asked:
    usual = {"revision": None, "backup": "/b.rdb", "backup_max_age_s": DAY, "waived_because": None, "window": None}
    return Asked(**{**usual, "window_s": 10, **changes})


@pytest.mark.parametrize(
    ("sound", "said", "found"),
    [
        (True, SOUND, Snapshot(1_763_990_000, 31)),
        (False, CUT_OFF, Snapshot(fault="Unexpected EOF reading RDB file")),
        (False, FOREIGN, Snapshot(fault="Wrong signature trying to load DB from file")),
        (False, SOUND, Snapshot(fault="it is no snapshot")),
        (True, "", Snapshot(fault="it is no snapshot")),
    ],
)
def test_a_snapshot_is_what_redis_says_of_it(sound, said, found):
    assert parse_check(sound, said) == found


@pytest.mark.parametrize(
    ("changes", "snapshot", "verdict", "measured"),
    [
        ({}, Snapshot(NOW - 7200, 31), "ok", "/b.rdb with 31 keys, made 2.0 h ago; the source has 40 keys now"),
        ({}, Snapshot(NOW - DAY, 31), "ok", "made 24.0 h ago"),
        ({}, Snapshot(NOW - DAY - 1, 31), "critical", "made 24.0 h ago"),
        ({"backup_max_age_s": 60}, Snapshot(NOW - 61, 31), "critical", "made 0.0 h ago"),
        ({}, Snapshot(NOW, 0), "critical", "with 0 keys"),
        ({}, Snapshot(fault="it is no snapshot"), "critical", "/b.rdb: it is no snapshot"),
        ({"backup": None}, None, "critical", "none named"),
        ({"backup": None, "waived_because": "A copy."}, None, "waived", "none, because: A copy."),
    ],
)
def test_a_backup_is_recent_and_sound_or_waived(changes, snapshot, verdict, measured):
    found = judge_backup(asked(**changes), snapshot, NOW, 40)
    assert (found.verdict, measured in found.measured) == (verdict, True), found


@pytest.mark.parametrize(
    ("window", "written", "verdict", "measured"),
    [
        (None, {}, "critical", "not spoken of"),
        ("acknowledged", {}, "ok", "acknowledged; 0 write commands in 10 s"),
        (
            "acknowledged",
            {"set": 2, "expire": 1},
            "critical",
            "acknowledged; 3 write commands in 10 s (set 2, expire 1)",
        ),
        ("acknowledged", None, "critical", "restarted"),
        ("live", {"set": 2}, "ok", "live; 2 write commands in 10 s (set 2)"),
        ("live", None, "ok", "restarted"),
    ],
)
def test_an_acknowledged_window_is_measured(window, written, verdict, measured):
    found = judge_window(window, 10, written)
    assert (found.verdict, measured in found.measured) == (verdict, True), found
