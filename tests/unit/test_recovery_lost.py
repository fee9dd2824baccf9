"""A cluster that is lost comes back on another host: whether it is lost, whose data are given up, and from where it comes."""

import pytest
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.pgbackrest import parse
from ansible.module_utils.pgops.recovery_lost_plan import (
    choose_lost,
    lost_steps,
    read_lost_target,
    require_lost_confirmation,
    segment_start,
    wal_end,
)
from ansible.module_utils.pgops.recovery_plan import END, KINDS, Places, Target
from ansible.module_utils.pgops.replication import lsn_bytes

from plugins.filter.loss import loss
from test_pgbackrest import FIRST, archive, backup, report

NOTHING = {f"target_{kind}": "" for kind in KINDS}
PLACES = Places("/d/main", "")


def answer(state: str, standby: bool = False) -> dict:
    return {"state": state, "standby_when_started": standby}


PRIMARY, STANDBY, STOPPED, ABSENT, HUNG = map(answer, ("primary", "standby", "stopped", "absent", "unanswering"))


@pytest.mark.parametrize(
    ("seen", "host", "sentence"),
    [
        ({"pg1": PRIMARY, "pg2": ABSENT}, "pg2", "pg1 lives and is the primary, so nothing is lost."),
        ({"pg1": ABSENT, "pg2": PRIMARY}, "pg2", "pg2 lives and is the primary, so nothing is lost."),
        (
            {"pg1": {}, "pg2": ABSENT, "pg3": STANDBY},
            "pg2",
            "pg3 lives and is a standby, which has more than the archive.",
        ),
        ({"pg1": HUNG, "pg2": ABSENT}, "pg2", "pg1 runs as a primary and does not answer."),
        ({"pg1": answer("unanswering", True), "pg2": ABSENT}, "pg2", "pg1 lives and is a standby"),
        ({"pg1": {}}, "", "pg1 did not say what is there."),
        (
            {"pg1": ABSENT, "pg2": ABSENT},
            "",
            "Name the host that is to have the data: -e new_host=NAME. Hosts are: pg1, pg2.",
        ),
        ({"pg1": ABSENT}, "pg9", "Name the host that is to have the data"),
    ],
)
def test_what_is_not_lost_is_not_brought_back(seen, host, sentence):
    assert loss(seen, host)["problem"].startswith(sentence)


@pytest.mark.parametrize(
    ("seen", "host", "expected"),
    [
        pytest.param({"pg1": ABSENT}, "", ("pg1", "pg1"), id="the-only-one"),
        pytest.param({"pg1": {}, "pg2": ABSENT}, "pg2", ("pg2", "pg1"), id="not-reached"),
        pytest.param({"pg1": STOPPED, "pg2": ABSENT}, "pg2", ("pg2", "pg1"), id="stopped"),
        pytest.param({"pg1": ABSENT, "pg2": ABSENT}, "pg2", ("pg2", "pg2"), id="all-are-new"),
        pytest.param({"pg1": {}, "pg2": ABSENT, "pg3": STOPPED}, "pg2", ("pg2", "pg1,pg3"), id="two"),
        pytest.param({"pg1": STOPPED}, "pg1", ("pg1", "pg1"), id="of-what-is-there-the-module-judges"),
    ],
)
def test_whose_data_are_given_up(seen, host, expected):
    found = loss(seen, host)
    assert (found["host"], found["lost"], found["problem"]) == (*expected, "")


def test_without_a_target_everything_counts_that_was_archived():
    assert read_lost_target(NOTHING, 0) == Target(END, "")
    assert read_lost_target({**NOTHING, "target_lsn": "0/1"}, 0) == Target("lsn", "0/1")


def test_only_the_named_repository_is_asked():
    found = parse(report([backup("1F", 10), backup("2F", 5, 2)], (0, 0), ((1, 1, FIRST), (2, 1, FIRST))), "main")
    assert choose_lost(found, Target(END, ""), "", 0).label == "1F"
    assert choose_lost(found, Target(END, ""), "", 2).label == "2F"
    with pytest.raises(PgopsError, match="There is no sound backup 1F"):
        choose_lost(found, Target(END, ""), "1F", 2)


def test_the_wal_ends_where_the_repository_says():
    segments = [archive("000000010000000000000002", "000000010000000A000000FF")]
    found = parse(report([backup("1F", 10)], archives=segments), "main")
    end = wal_end(found, found.backups[0])
    assert segment_start(end) == lsn_bytes("A/FF000000")


def test_the_plan_says_what_is_not_known_yet():
    made = parse(report([backup("1F", 10)]), "main").backups[0]
    known, unknown = (lost_steps(one, Target(END, ""), PLACES, 5499, 2) for one in (made, None))
    assert known[0].startswith("restore full backup 1F of repository 1, ")
    assert "the newest sound backup of repository 2" in unknown[0] and "when pgBackRest is installed" in unknown[0]
    assert known[2:] == unknown[2:]


def test_what_is_given_up_has_to_be_named():
    require_lost_confirmation("pg1", "pg1")
    with pytest.raises(PgopsError, match=r"the confirmation says nothing. Nothing was changed. .* confirm=pg1"):
        require_lost_confirmation("pg1", "")
