"""What health makes of physical backups and of WAL that was given up."""

import pytest
from ansible.module_utils.pgops.health import Limit
from ansible.module_utils.pgops.health_physical import (
    DAY_S,
    age_check,
    arrival_checks,
    dropped_segments,
    full_checks,
    gap_check,
    physical_checks,
)
from ansible.module_utils.pgops.pgbackrest import parse

from test_pgbackrest import FIRST, archive, backup, report

NOW, LIMIT = 100 * DAY_S, Limit(2.0, 8.0)
BOTH = {"codes": (0, 0), "clusters": ((1, 1, FIRST), (2, 1, FIRST))}


def aged(days: float, **changes) -> dict:
    return backup("20260101-000000F", int(NOW - days * DAY_S), **changes)


@pytest.mark.parametrize(
    ("backups", "options", "verdict", "part"),
    [
        pytest.param([aged(1)], {}, "ok", "is 1 d old", id="young"),
        pytest.param([aged(2)], {}, "warning", "is 2 d old. Run backup", id="late"),
        pytest.param([aged(8)], {}, "critical", "is 8 d old", id="old"),
        pytest.param([aged(9), aged(1)], {}, "ok", "is 1 d old", id="the-newest-counts"),
        pytest.param([aged(1), aged(3, repository=2)], BOTH, "warning", "in repository 2", id="of-each-repository"),
        pytest.param([aged(1)], BOTH, "critical", "A repository of stanza main has no sound backup", id="one-has-none"),
        pytest.param([aged(1, error=True)], {}, "critical", "failed their checksum", id="broken"),
        pytest.param([], {"codes": (2,)}, "critical", "has no backup yet", id="none"),
        pytest.param([], {"codes": (99,), "clusters": ()}, "critical", "cannot be read: message 99", id="unreadable"),
    ],
)
def test_the_age_of_the_newest_backup(backups, options, verdict, part):
    check = age_check(parse(report(backups, **options), "main"), LIMIT, NOW)
    assert check.verdict == verdict
    assert part in f"{check.finding} {check.advice}"


def incremental(days: float, **changes) -> dict:
    return backup("20260101-000000F_20260102-000000I", int(NOW - days * DAY_S), prior="20260101-000000F", **changes)


@pytest.mark.parametrize(
    ("backups", "options", "verdicts", "part"),
    [
        pytest.param([aged(1)], {}, ["ok"], "newest full backup in repository 1, 20260101-000000F, is 1 d old", id="young"),
        pytest.param([aged(3), incremental(1)], {}, ["warning"], "-e backup_type=full", id="incremental-ones-do-not-count"),
        pytest.param([aged(1), aged(9, repository=2)], BOTH, ["critical"], "repository 2", id="of-each-repository"),
        pytest.param([incremental(1)], {}, [], "", id="none-is-told-of-elsewhere"),
        pytest.param([aged(1, error=True)], {}, [], "", id="broken-is-told-of-elsewhere"),
    ],
)  # fmt: skip
def test_the_age_of_the_newest_full_backup(backups, options, verdicts, part):
    checks = full_checks(parse(report(backups, **options), "main"), LIMIT, NOW)
    assert [check.verdict for check in checks] == verdicts
    assert part in " ".join(f"{check.finding} {check.advice}" for check in checks)


LOW, HIGH = "000000010000000000000002", "000000010000000000000009"


@pytest.mark.parametrize(
    ("archived", "archives", "options", "verdicts", "part"),
    [
        pytest.param(HIGH, [archive(LOW, HIGH)], {}, ["ok"], f"has the WAL up to {HIGH}", id="all-there"),
        pytest.param(LOW, [archive(LOW, HIGH)], {}, ["ok"], "", id="more-by-now"),
        pytest.param(HIGH, [archive(LOW, HIGH), archive(LOW, LOW, repository=2)], BOTH, ["critical"],
                     f"Repository 2 has WAL up to {LOW}.", id="one-lacks-some"),
        pytest.param(HIGH, [], {}, ["critical"], "up to none at all", id="nothing-there"),
        pytest.param(None, [], {}, [], "", id="nothing-archived-yet"),
        pytest.param("00000002.history", [archive(LOW, LOW)], {}, [], "", id="another-file"),
    ],
)  # fmt: skip
def test_wal_that_the_server_believes_to_be_there(archived, archives, options, verdicts, part):
    backups = [aged(1), aged(1, repository=2)] if options else [aged(1)]
    checks = arrival_checks(parse(report(backups, archives=archives, **options), "main"), archived)
    assert [check.verdict for check in checks] == verdicts
    assert part in " ".join(f"{check.finding} {check.advice}" for check in checks)


# A backup of the table above begins with segment 3.
@pytest.mark.parametrize(
    ("dropped", "verdict", "segments"),
    [
        pytest.param([], "ok", 0, id="none"),
        pytest.param(["000000010000000000000002"], "ok", 0, id="before-the-backup"),
        pytest.param(["000000010000000000000002", "000000010000000000000003"], "critical", 1, id="within-the-backup"),
        pytest.param(["000000010000000000000007"] * 2, "critical", 1, id="told-twice"),
        pytest.param(["000000020000000000000001"], "critical", 1, id="on-a-later-timeline"),
    ],
)
def test_wal_that_was_given_up_counts_until_a_backup_follows(dropped, verdict, segments):
    check = gap_check(parse(report([aged(1)]), "main"), dropped)
    assert (check.verdict, check.value) == (verdict, segments)


def test_what_was_given_up_is_in_the_log(tmp_path):
    log = tmp_path / "main-archive-push-async.log"
    assert dropped_segments(log) == []
    log.write_text(
        "2026-11-28 19:08:00.000 P00   WARN: dropped WAL file '00000001000000000000000A' because archive queue exceeded 48MB\n"
        "2026-11-28 19:08:01.000 P00   INFO: archive-push:async command end\n"
    )
    assert dropped_segments(log) == ["00000001000000000000000A"]


@pytest.mark.parametrize(
    ("stanza", "server"),
    [
        pytest.param(None, {"state": "primary"}, id="not-asked"),
        pytest.param("main", {"state": "standby"}, id="standby"),
        pytest.param("main", {}, id="down"),
    ],
)
def test_where_there_is_nothing_to_check(stanza, server):
    limits = {"physical_backup": LIMIT, "physical_full": LIMIT}
    assert physical_checks(stanza, server, {"last_archived_wal": None}, limits, NOW) == []
