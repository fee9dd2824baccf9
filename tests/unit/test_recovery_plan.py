"""Where a point-in-time recovery stops, what it begins with, and when it is refused."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.pgbackrest import parse
from ansible.module_utils.pgops.recovery_plan import (
    KINDS,
    Places,
    Target,
    choose,
    read_target,
    require_confirmation,
    steps,
)

from test_pgbackrest import FIRST, backup, report

NOW = 2_000_000_000
NOTHING = {f"target_{kind}": "" for kind in KINDS}
EARLY, LATE = (
    backup("20260101-000000F", 1000),
    {**backup("20260102-000000F", 2000), "lsn": {"start": "0/7000028", "stop": "0/8000100"}},
)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param(
            {"target_time": "2026-11-24T03:00:00+00:00"}, ("time", "2026-11-24 03:00:00.000000+00"), id="time"
        ),
        pytest.param(
            {"target_time": "2026-11-24 04:00:00.25+01:00"}, ("time", "2026-11-24 03:00:00.250000+00"), id="zone"
        ),
        pytest.param({"target_time": "2026-11-24T03:00:00Z"}, ("time", "2026-11-24 03:00:00.000000+00"), id="zulu"),
        pytest.param({"target_lsn": "0/3000060"}, ("lsn", "0/3000060"), id="lsn"),
        pytest.param({"target_xid": "4711"}, ("xid", "4711"), id="xid"),
        pytest.param({"target_name": "before the release"}, ("name", "before the release"), id="name"),
    ],
)
def test_a_target_is_read(given, expected):
    found = read_target({**NOTHING, **given}, NOW)
    assert (found.kind, found.value) == expected


@pytest.mark.parametrize(
    ("given", "refusal"),
    [
        pytest.param({}, "Give exactly one of target_time, target_lsn, target_xid, target_name", id="none"),
        pytest.param({"target_lsn": "0/1", "target_xid": "1"}, "Give exactly one of", id="two"),
        pytest.param({"target_time": "yesterday"}, "give date, time and zone", id="words"),
        pytest.param({"target_time": "2026-11-24T03:00:00"}, "give date, time and zone", id="no-zone"),
        pytest.param({"target_time": "2099-11-24T03:00:00Z"}, "which is still to come", id="future"),
        pytest.param({"target_lsn": "3000060"}, "not a position in the WAL", id="lsn"),
        pytest.param({"target_xid": "-1"}, "not the number of a transaction", id="xid"),
        pytest.param({"target_name": "it's"}, "not a name that was given", id="name"),
    ],
)
def test_a_target_that_is_none_is_refused(given, refusal):
    with pytest.raises(PgopsError, match=refusal) as refused:
        read_target({**NOTHING, **given}, NOW)
    assert str(refused.value).endswith("Nothing was changed.")


@pytest.mark.parametrize(
    ("target", "label", "expected"),
    [
        pytest.param(Target("time", "t", 1500.0), "", "20260101-000000F", id="between"),
        pytest.param(Target("time", "t", 2500.0), "", "20260102-000000F", id="after-both"),
        pytest.param(Target("time", "t", 2500.0), "20260101-000000F", "20260101-000000F", id="named"),
        pytest.param(Target("lsn", "0/7FFFFFF"), "", "20260101-000000F", id="lsn-within-the-later-one"),
        pytest.param(Target("lsn", "0/8000100"), "", "20260102-000000F", id="lsn"),
        pytest.param(Target("name", "n"), "", "20260102-000000F", id="name"),
    ],
)
def test_the_newest_backup_before_the_target(target, label, expected):
    assert choose(parse(report([EARLY, LATE]), "main"), target, label).label == expected


def test_of_two_repositories_with_the_same_moment_the_first_is_taken():
    both = [backup("1F", 1000, repository=2), backup("1F", 1000)]
    stanza = parse(report(both, codes=(0, 0), clusters=((1, 1, FIRST), (2, 1, FIRST))), "main")
    assert choose(stanza, Target("xid", "1"), "").repository == 1


@pytest.mark.parametrize(
    ("backups", "target", "label", "refusal"),
    [
        pytest.param(
            [EARLY],
            Target("time", "then", 1000.0),
            "",
            "ended before then: the oldest one, 20260101-000000F",
            id="same",
        ),
        pytest.param([], Target("xid", "1"), "", "there is none", id="none"),
        pytest.param([LATE], Target("lsn", "0/7000030"), "", "ended before LSN 0/7000030", id="lsn"),
        pytest.param([backup("1F", 1, error=True)], Target("xid", "1"), "", "there is none", id="broken"),
        pytest.param([EARLY], Target("xid", "1"), "x", "There is no sound backup x", id="unknown"),
        pytest.param(
            [EARLY, LATE], Target("time", "t", 1500.0), "20260102-000000F", "No sound backup ended before", id="named"
        ),
    ],
)
def test_a_target_without_a_backup_before_it_is_refused(backups, target, label, refusal):
    with pytest.raises(PgopsError, match=refusal):
        choose(parse(report(backups), "main"), target, label)


def test_the_plan_names_everything_that_is_touched():
    found = parse(report([EARLY]), "main").backups[0]
    planned = steps(
        found,
        Target("lsn", "0/9"),
        Places("/data/main", "/data/main.kept"),
        5499,
        ["pg2"],
        {"16400": "/ssd/hot.recovered_1"},
    )
    text = "\n".join(planned)
    for part in ("20260101-000000F", "/data/main.recovering", "LSN 0/9", "/data/main.kept", "port 5499", "pg2"):
        assert part in text
    assert "rebuild" not in "\n".join(steps(found, Target("lsn", "0/9"), Places("/d", "/k"), 5499, [], {}))


@pytest.mark.parametrize("confirm", ["", "pg2", "PG1"])
def test_the_host_has_to_be_named(confirm):
    with pytest.raises(PgopsError, match="Nothing was changed"):
        require_confirmation("pg1", confirm)
