"""pg_activity_info and pg_end_sessions: what a real server's sessions do, who waits for whom, and which are ended."""

import pytest

from faults import wait_until
from sessions import clients


def inspect(host, database: str, **changes) -> dict:
    result = host.module("pg_activity_info", {"login_db": database, **changes})
    assert not result.get("failed"), result["msg"]
    return result


def session(host, database: str, name: str) -> dict:
    return next(one for one in inspect(host, database)["sessions"] if one["application"] == name)


def end(host, check_mode: bool = False, **changes) -> dict:
    params = {"host": "pg1", "confirm": "pg1", "cancel_wait_s": 1, **changes}
    result = host.module("pg_end_sessions", params, check_mode)
    assert not result.get("failed"), result["msg"]
    return result


def refusal(host, check_mode: bool = False, **changes) -> str:
    result = host.module("pg_end_sessions", {"host": "pg1", "confirm": "pg1", **changes}, check_mode)
    assert result.get("failed"), result
    assert "\n" not in result["msg"] and "Nothing was done." in result["msg"]
    return result["msg"]


def test_who_waits_for_whom_and_what_takes_room(host, database):
    host.execute(
        "CREATE EXTENSION pg_stat_statements; CREATE TABLE t AS SELECT 1 AS id; CREATE INDEX t_id ON t (id);", database
    )
    with clients(host, database, "holds", "waits") as (holds, waits):
        holds.say("BEGIN; LOCK TABLE t;", "idle in transaction")
        waits.say("SELECT * FROM t WHERE 'a secret' <> ''; -- a secret", "active")
        waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        wait_until(lambda: host.query(waiting, database) == [[1]])
        found = inspect(host, database)
    one = next(one for one in found["sessions"] if one["application"] == "waits")
    other = next(one for one in found["sessions"] if one["application"] == "holds")
    assert (one["blocked_by"], one["waits_for"], one["state"]) == ([other["pid"]], "Lock: relation", "active")
    assert [(line["depth"], line["session"]) for line in found["blocking"]] == [
        (0, other["session"]),
        (1, one["session"]),
    ]
    assert "secret" not in str(found)
    # The table that is held is left out: asking for its size would wait for its holder.
    assert found["state"] == "primary" and "public.t" not in {table["name"] for table in found["tables"]}
    assert found["counts"]["application"]["waits"] == 1
    assert found["places"]["WAL"] >= 16 << 20
    after = inspect(host, database, largest=1000)
    sizes = {one["name"]: one["size_bytes"] for one in [*after["tables"], *after["indexes"], *after["databases"]]}
    [[table, index, whole]] = host.query(
        "SELECT pg_table_size('t'), pg_relation_size('t_id'), pg_database_size(current_database())", database
    )
    assert (sizes["public.t"], sizes["public.t_id"], sizes[database]) == (table, index, whole)


def test_what_a_monitor_may_not_see_is_said_and_the_rest_is_told(host, database):
    host.execute("CREATE ROLE onlooker;")
    try:
        found = inspect(host, database, login_role="onlooker")
        assert [line.split(":")[0] for line in found["unknown"]] == [
            "statements", "WAL", "WAL that waits for the archive", "server logs", "temporary files",
        ]  # fmt: skip
        assert [found["max_connections"]] in host.query(
            "SELECT setting::int FROM pg_settings WHERE name = 'max_connections'"
        )
    finally:
        host.execute("DROP ROLE onlooker;")


def test_idle_sessions_in_four_runs(host, database):
    with clients(host, database, "old", "other", "pg_mine") as (old, _, _):
        old.say("BEGIN; SELECT 1;", "idle in transaction")
        since = "SELECT min(extract(epoch FROM clock_timestamp() - state_change)) > 1.2 FROM pg_stat_activity WHERE datname = '{}'"
        wait_until(lambda: host.query(since.format(database)) == [[True]])
        params = {"host": "pg1", "confirm": "pg1", "idle_longer_than_s": 1, "database": database}

        def witness() -> list[str]:
            asked = f"SELECT application_name FROM pg_stat_activity WHERE datname = '{database}' ORDER BY 1"
            return [name for (name,) in host.query(asked)]

        runs = host.four_runs("pg_end_sessions", params, witness)
        assert [run["changed"] for run, _ in runs] == [True, True, False, False]
        assert [step.split()[0] for step in runs[0][0]["plan"]] == ["terminate", "terminate"]
        assert [found for _, found in runs] == [["old", "other", "pg_mine"], *[["pg_mine"]] * 3]
        assert set(runs[1][0]["outcomes"].values()) == {"terminated"}
        assert ["is spared" in line for line in runs[1][0]["spared"]] == [True]


def test_a_statement_is_cancelled_and_its_session_stays(host, database):
    with clients(host, database, "busy") as (busy,):
        busy.say("SELECT pg_sleep(60);", "active")
        mark = session(host, database, "busy")["session"]
        assert [step.split(f" {mark}")[0] for step in end(host, True, sessions=[mark])["plan"]] == [
            "cancel, or else terminate"
        ]
        assert busy.states() == ["active"]
        assert end(host, sessions=[mark])["outcomes"] == {mark: "cancelled"}
        assert busy.states() == ["idle"]
        assert "canceling statement due to user request" in busy.close()


def test_one_that_goes_on_is_terminated_only_when_that_was_asked_for(host, database):
    # It catches what cancels it, and goes on.
    stubborn = (
        "DO $$ BEGIN LOOP BEGIN PERFORM pg_sleep(60); EXCEPTION WHEN query_canceled THEN NULL; END; END LOOP; END $$;"
    )
    with clients(host, database, "stubborn") as (one,):
        one.say(stubborn, "active")
        mark = session(host, database, "stubborn")["session"]
        assert end(host, sessions=[mark], action="cancel")["outcomes"] == {mark: "remains"}
        assert one.states() == ["active"]
        done = end(host, sessions=[mark])
        assert (done["outcomes"], done["changed"], one.states()) == ({mark: "terminated"}, True, [])


def test_what_cannot_be_meant_is_refused_and_nobody_is_ended(host, database):
    with clients(host, database, "first", "second") as (first, second):
        first.say("SELECT pg_sleep(60);", "active")
        marks = [session(host, database, name)["session"] for name in ("first", "second")]
        second.say("SELECT 1;", "idle")
        assert "has begun another statement since it was listed" in refusal(host, sessions=marks)
        assert "is a number without its mark" in refusal(host, sessions=[marks[0].split("-")[0]])
        assert "has no session of a client with the number" in refusal(host, True, sessions=[marks[0], "999999"])
        assert "add confirm=pg1" in refusal(host, sessions=marks[:1], confirm="")
        assert "the confirmation says pg2" in refusal(host, sessions=marks[:1], confirm="pg2")
        checkpointer = host.query("SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'")[0][0]
        assert "has no session of a client with the number" in refusal(host, True, sessions=[str(checkpointer)])
        assert (first.states(), second.states()) == (["active"], ["idle"])
        # A run on a host where nothing is to be ended needs no confirmation.
        assert end(host, confirm="", idle_longer_than_s=86400)["changed"] is False


@pytest.mark.parametrize("largest", [0, 1001])
def test_a_number_out_of_range_is_refused(host, database, largest):
    result = host.module("pg_activity_info", {"login_db": database, "largest": largest})
    assert result["msg"] == f"largest is {largest}, and has to be 1 to 1000."
