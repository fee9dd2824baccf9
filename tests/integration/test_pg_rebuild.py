"""pg_fence and pg_rebuild: a primary that is given up takes no writes, and becomes a standby without anything being lost unsaid."""

import pytest

from backups import wait_until
from replicas import PASSWORD, made_pair, refusal


@pytest.fixture(scope="module")
def made(host):
    with made_pair(host) as pair:
        yield pair


@pytest.fixture
def pair(made):
    made.begin()
    return made


def diverge(pair) -> None:
    """Each has a row that the other one lacks, and both take writes."""
    pair.second.module("pg_promote")
    pair.first.add("only-first")
    # As the playbook does it: pg_rewind reads the timeline from the control file.
    pair.second.query("CHECKPOINT;")
    pair.second.add("only-second")


def source(pair) -> str:
    return f"{pair.second.source('first')} dbname=postgres"


def follows(pair) -> None:
    """First streams from second, has the same rows, and starts by itself again."""
    pair.second.wait_for_follower("first")
    wait_until(lambda: pair.first.rows() == "common only-second")
    assert pair.first.condition() == (True, True)
    assert pair.host.run("cat", f"{pair.first.configuration}/start.conf").stdout.splitlines()[-1] == "auto"


def test_a_primary_that_hangs_is_killed_and_loses_nothing(pair):
    first = pair.first
    first.add("acknowledged")
    first.stop_processes()
    said = first.refusals("pg_cluster_info")
    assert said.startswith(f"PostgreSQL runs at port {first.port} of this host and does not answer: ")
    reported = first.module("pg_cluster_info", unanswered="report")
    assert (reported["state"], reported["standby_when_started"]) == ("unanswering", False)
    answers, seen = first.four_runs("pg_fence", first.condition, host="first", confirm="first")
    assert [answer["changed"] for answer in answers] == [True, True, False, False], answers
    assert seen == [(True, False), (False, True), (False, True), (False, True)]
    assert answers[0]["steps"] == answers[1]["steps"] == [
        f"mark {first.directory} as a standby's", f"kill {first.unit}, which does not answer"
    ]  # fmt: skip
    # Whoever starts it: it has what was acknowledged, and takes no writes.
    first.start()
    assert first.query("SELECT pg_is_in_recovery();") == "t"
    assert first.rows() == "acknowledged common"


def test_a_standby_that_hangs_is_left_alone(pair):
    second = pair.second
    second.stop_processes()
    try:
        assert second.module("pg_cluster_info", unanswered="report")["standby_when_started"] is True
        assert second.module("pg_fence", host="second", confirm="second")["changed"] is False
    finally:
        second.stop_processes("CONT")


def test_a_primary_is_given_up_and_rebuilt_only_by_its_name(pair):
    first = pair.first
    said = first.refusals("pg_rebuild", host="first", confirm="first", source=source(pair))
    assert said.startswith("first is a primary that runs. Nothing of it was changed.")
    for confirm, named in (("", "nothing"), ("second", "second")):
        said = first.refusals("pg_fence", host="first", confirm=confirm)
        assert said == f"first is given up only when confirm says its name, and not {named}."
    assert first.condition() == (True, False)
    answers, seen = first.four_runs("pg_fence", first.condition, host="first", confirm="first")
    assert [answer["changed"] for answer in answers] == [True, True, False, False], answers
    assert seen == [(True, False), (False, True), (False, True), (False, True)]
    assert answers[0]["steps"] == answers[1]["steps"] == [
        f"mark {first.directory} as a standby's", f"stop {first.unit}"
    ]  # fmt: skip
    assert answers[0]["diff"] == answers[1]["diff"]
    for confirm in ("", "second"):
        said = first.refusals("pg_rebuild", host="first", confirm=confirm, source=source(pair))
        assert said.startswith("What only first has is lost when it is rebuilt. Nothing was changed.")
    assert first.beside() == ["first"]
    first.start()
    assert first.query("SELECT pg_is_in_recovery();") == "t"


def test_a_primary_that_crashed_is_given_up_too_and_a_standby_is_left_alone(pair):
    first, second = pair.first, pair.second
    first.kill()
    answers, seen = first.four_runs("pg_fence", first.condition, host="first", confirm="first")
    assert [answer["changed"] for answer in answers] == [True, True, False, False], answers
    assert [marked for _, marked in seen] == [False, True, True, True]
    assert answers[1]["steps"] == [f"mark {first.directory} as a standby's"]
    answers, seen = second.four_runs("pg_fence", second.condition, host="second", confirm="second")
    assert [answer["changed"] for answer in answers] == [False] * 4 and set(seen) == {(True, True)}


def test_a_former_primary_that_went_its_own_way_and_crashed_is_rewound(pair):
    first, second = pair.first, pair.second
    diverge(pair)
    first.kill()
    rebuild = {"host": "first", "confirm": "first", "source": source(pair)}
    planned = first.module("pg_rebuild", True, **rebuild)
    assert (planned["changed"], planned["method"], first.is_marked()) == (True, "rewind", False)
    done = first.module("pg_rebuild", **rebuild)
    assert (done.get("changed"), done.get("method"), done.get("kept")) == (True, "rewind", ""), done
    assert done["diff"] == planned["diff"] and PASSWORD not in str(done)
    assert (first.runs(), first.is_marked(), first.beside()) == (False, True, ["first"])
    first.start()
    follows(pair)
    answers = [first.module("pg_rebuild", check_mode, **rebuild) for check_mode in (True, False)]
    assert [(answer["changed"], answer["method"]) for answer in answers] == [(False, "none")] * 2
    assert second.rows() == "common only-second"


def test_what_cannot_be_rewound_is_kept_until_the_new_standby_streams(pair):
    first, second = pair.first, pair.second
    diverge(pair)
    first.kill()
    # It cannot recover without this, and so not be rewound.
    pair.host.run("sh", "-c", f"rm {first.directory}/pg_wal/0*")
    rebuild = {"host": "first", "confirm": "first", "source": source(pair)}
    before = pair.host.run("stat", "--format=%i", first.directory).stdout
    answer = first.module("pg_rebuild", **rebuild)
    assert (answer.get("changed"), answer.get("method")) == (True, "base_backup"), answer
    kept = f"{first.directory}.before_rebuild_1"
    assert answer["kept"] == kept and answer["reason"]
    assert pair.host.run("stat", "--format=%i", kept).stdout == before
    # Interrupted here, or in the middle of the copy, it says the same again.
    assert first.copy(second, max_rate="32k", slice_s=1)["finished"] is False
    first.kill_copy()
    for check_mode in (True, False):
        again = first.module("pg_rebuild", check_mode, **rebuild)
        assert (again["changed"], again["method"], again["kept"]) == (False, "base_backup", kept)
    assert first.copy(second)["finished"]
    first.start()
    follows(pair)
    # And in the end, so that whoever goes on knows what can be removed.
    for confirm, named in (("first", kept), ("", "")):
        streams = first.module("pg_rebuild", **{**rebuild, "confirm": confirm})
        assert (streams["changed"], streams["method"], streams["kept"]) == (False, "none", named)
    assert first.beside() == ["first", "first.before_rebuild_1"]


def test_four_runs_set_aside_once_where_a_base_backup_is_wanted(pair):
    first = pair.first
    diverge(pair)
    first.stop()
    rebuild = {"host": "first", "confirm": "first", "source": source(pair), "method": "base_backup"}
    answers, seen = first.four_runs("pg_rebuild", first.beside, **rebuild)
    assert [answer["changed"] for answer in answers] == [True, True, False, False], answers
    assert {answer["method"] for answer in answers} == {"base_backup"}
    assert answers[0]["diff"] == answers[1]["diff"]
    assert seen == [["first"], *[["first.before_rebuild_1"]] * 3]


def test_a_source_that_cannot_be_reached_costs_nothing(pair):
    """Of one that was stopped in order, which is rewound as soon as it can be."""
    first = pair.first
    diverge(pair)
    first.stop()
    rebuild = {"host": "first", "confirm": "first"}
    said = refusal(first.module("pg_rebuild", source="host=127.0.0.1 port=5479 dbname=postgres", **rebuild))
    assert said.startswith("pg_rewind cannot reach the new primary: ") and "Connection refused" in said
    assert first.condition() == (False, True) and first.beside() == ["first"]
    assert first.module("pg_rebuild", source=source(pair), **rebuild)["method"] == "rewind"
