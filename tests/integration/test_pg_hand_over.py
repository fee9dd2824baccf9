"""pg_cluster_info, pg_hand_over and pg_promote with a primary and its standby: four runs, and what must not happen."""

import re

import pytest

from backups import wait_until
from replicas import made_pair, refusal

# What a primary is at the moment, as itself and its files say; a refused module leaves it so.
AT_WORK = "SELECT pg_is_in_recovery(), timeline_id FROM pg_control_checkpoint();"
BEHIND = "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn) FROM pg_stat_replication;"


@pytest.fixture(scope="module")
def made(host):
    with made_pair(host) as pair:
        yield pair


@pytest.fixture
def pair(made):
    made.begin()
    return made


@pytest.fixture(scope="module")
def steady(made):
    """For tests that leave both as they were; they come first."""
    made.begin()
    return made


def test_each_says_what_it_is_and_nothing_changes(steady):
    first, second = steady.first, steady.second
    answers, seen = first.four_runs("pg_cluster_info", first.condition, peers=["localhost", "nowhere.invalid"])
    assert [answer["changed"] for answer in answers] == [False] * 4 and set(seen) == {(True, False)}
    primary, standby = answers[-1], second.module("pg_cluster_info")
    identifier = first.query("SELECT system_identifier FROM pg_control_system();")
    for answer, state in ((primary, "primary"), (standby, "standby")):
        assert (answer["state"], answer["timeline"], answer["system_identifier"]) == (state, 1, identifier)
        assert answer["settings"]["max_connections"] == 100
    assert [(one["name"], one["state"]) for one in primary["standbys"]] == [("second", "streaming")]
    assert (primary["slots"], primary["upstream"]) == (["second"], "")
    assert (standby["slots"], standby["upstream"], standby["standbys"]) == (["first"], "127.0.0.1", [])
    assert "127.0.0.1/32" in primary["peers"]["localhost"] and primary["peers"]["nowhere.invalid"] == []
    absent = steady.host.module("pg_cluster_info", {"name": "nobody"}, user="root")
    assert (absent["state"], absent["data_directory"]) == ("absent", "/var/lib/postgresql/15/nobody")


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"port": 5479}, "PostgreSQL runs at port 5479 of this host and does not answer: "),
        ({"wait_for_upstream_s": -1}, "wait_for_upstream_s is -1."),
    ],
)
def test_what_cannot_be_asked_is_one_sentence(steady, params, sentence):
    assert steady.first.refusals("pg_cluster_info", **params).startswith(sentence)


def test_maintenance_is_refused_on_a_standby(steady):
    for check_mode in (True, False):
        said = refusal(steady.host.module("pg_maintenance", {"login_port": steady.second.port}, check_mode))
        assert said.endswith(
            "is a standby, and gets all that is done to its primary. Nothing was done. Run this on the primary."
        )


def test_a_slot_that_is_in_use_stays(steady):
    for check_mode in (True, False):
        params = {"login_port": steady.first.port, "leftover": ["second"]}
        assert steady.host.module("pg_standby_slots", params, check_mode)["changed"] is False
    assert steady.first.query("SELECT active FROM pg_replication_slots;") == "t"


def test_a_host_that_does_not_stream_gets_nothing(steady):
    said = steady.first.refusals("pg_hand_over", standby="third")
    assert said.startswith("third does not stream from this primary. Nothing was changed.")
    assert steady.first.condition() == (True, False)


def test_a_standby_that_is_too_far_behind_gets_nothing(steady):
    first, second = steady.first, steady.second
    second.query("SELECT pg_wal_replay_pause();")
    try:
        first.add("behind")
        wait_until(lambda: int(first.query(BEHIND)) > 0)
        # The server writes WAL of its own between the two.
        answers = [first.module("pg_hand_over", check, standby="second", max_lag_bytes=0) for check in (True, False)]
        (said,) = {re.sub(r"\d+ bytes", "some bytes", refusal(answer)) for answer in answers}
    finally:
        second.query("SELECT pg_wal_replay_resume();")
    assert "bytes of WAL behind, more than the 0 of switch_over_max_lag_bytes. Nothing was changed." in said
    assert first.condition() == (True, False)


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        pytest.param({"wait_lsn": "nonsense"}, "wait_lsn is nonsense, ", id="no-position"),
        pytest.param({"wait_lsn": "0/XYZ"}, "wait_lsn is 0/XYZ, ", id="no-number"),
        pytest.param({"timeout_s": 0}, "timeout_s is 0, ", id="no-time"),
    ],
)
def test_what_makes_no_sense_promotes_nobody(steady, params, sentence):
    assert sentence in steady.second.refusals("pg_promote", **params)
    assert steady.second.query(AT_WORK) == "t|1"


def test_a_standby_that_lacks_something_is_not_promoted(steady):
    answer = steady.second.module("pg_promote", wait_lsn="7F/0", timeout_s=1)
    assert "bytes have not arrived, and the rest is still to be replayed. It was not promoted." in refusal(answer)
    assert answer["promoted"] is False
    assert steady.second.query(AT_WORK) == "t|1" and steady.second.module("pg_cluster_info")["upstream"] == "127.0.0.1"


def test_four_runs_hand_over_and_promote_and_nothing_is_lost(pair):
    first, second = pair.first, pair.second
    for number in range(3):
        first.add(f"last-{number}")
    answers, seen = first.four_runs("pg_hand_over", first.condition, standby="second")
    assert [answer["changed"] for answer in answers] == [True, True, False, False], answers
    assert seen == [(True, False), (False, True), (False, True), (False, True)]
    assert answers[0]["diff"] == answers[1]["diff"] and answers[0]["lsn"] == ""
    lsn = answers[1]["lsn"]
    assert [answer["lsn"] for answer in answers[2:]] == [lsn, lsn]
    stopped = first.module("pg_cluster_info")
    assert (stopped["state"], stopped["shut_down"], stopped["standby_when_started"]) == ("stopped", True, True)
    assert stopped["lsn"] == lsn

    def writes() -> bool:
        return second.query("SELECT pg_is_in_recovery();") == "f"

    answers, seen = second.four_runs("pg_promote", writes, wait_lsn=lsn)
    assert [answer["changed"] for answer in answers] == [True, True, False, False], answers
    assert [answer["timeline"] for answer in answers] == [2, 2, 2, 2]
    assert seen == [False, True, True, True]
    assert answers[0]["diff"] == answers[1]["diff"] and answers[1]["promoted_at"] > 0
    second.add("new")
    assert second.rows() == "common last-0 last-1 last-2 new"
    # Whoever starts the old one: it follows, without pg_rewind.
    first.start()
    second.wait_for_follower("first")
    wait_until(lambda: first.rows() == second.rows())
    followed = first.module("pg_cluster_info")
    assert (followed["state"], followed["upstream"], followed["timeline"]) == ("standby", "127.0.0.1", 2)


def test_a_primary_that_was_stopped_in_order_is_only_marked(pair):
    first = pair.first
    first.stop()
    answers, seen = first.four_runs("pg_hand_over", first.condition, standby="second")
    assert [answer["changed"] for answer in answers] == [True, True, False, False], answers
    assert seen == [(False, False), (False, True), (False, True), (False, True)]
    assert len({answer["lsn"] for answer in answers}) == 1 and "stopped_at" not in answers[1]


def test_a_primary_that_was_killed_hands_nothing_over(pair):
    first = pair.first
    first.kill()
    said = first.refusals("pg_hand_over", standby="second")
    assert said.startswith("The primary was not shut down in order (it is stopped)")
    assert not first.is_marked()
    crashed = first.module("pg_cluster_info")
    assert (crashed["state"], crashed["shut_down"], crashed["standby_when_started"]) == ("stopped", False, False)
    # It is the primary still, once somebody starts it.
    first.start()
    assert first.query("SELECT pg_is_in_recovery();") == "f"
    assert first.module("pg_promote")["changed"] is False


def test_what_is_down_cannot_be_promoted(pair):
    pair.second.stop()
    assert pair.second.refusals("pg_promote").startswith("The cluster of this host is stopped, and no standby")
