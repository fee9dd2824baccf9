"""migration_cutover: refuses while anybody writes or anything is open, and never leaves writers waiting."""

from __future__ import annotations

import signal
import subprocess
import time

import pytest

from disturbed import disturbed
from faults import Running, wait_until
from lab.keyspace.entry import string
from lab.keyspace.hostile.base import SUBSCRIBER, THREAD, USER, address, user_id
from migration import EMPTY, add, contents, load, params, target

DATABASE = "test_cutover"
WELL = (USER.entry("Ann"), USER.entry("Ben"), THREAD.entry("One", {"user_id": user_id("Ann")}), SUBSCRIBER.entry("Sue"))
GRANT = string("threadr:premium:email:ann@example.com", "{}")
ORPHAN = THREAD.entry("Lost", {"user_id": user_id("Nobody")})


@pytest.fixture(scope="module")
def schema(host):
    host.execute(f"CREATE DATABASE {DATABASE};")
    yield target(host, DATABASE)
    host.execute(f"DROP DATABASE {DATABASE} WITH (FORCE);")


@pytest.fixture
def ready(host, schema):
    host.execute(EMPTY, db=schema)
    load(host, WELL)
    return schema


def options(**changes) -> dict:
    return params(DATABASE, **{"window_s": 1, "operator": "mira", **changes})


def cut_over(host, check_mode: bool = False, **changes) -> dict:
    result = host.module("migration_cutover", options(**changes), check_mode)
    assert not result.get("failed"), result["msg"]
    return result


def writes_pass(host) -> bool:
    """Whether a writer is served at once."""
    done = host.run("timeout", "0.3", "redis-cli", "SET", "threadr:session:x", "x", check=False)
    return done.stdout.strip() == "OK"


@pytest.mark.parametrize("pause", [False, True])
def test_four_runs(host, ready, pause):
    runs = host.four_runs("migration_cutover", options(pause=pause), lambda: contents(host, ready))
    assert [result["changed"] for result, _ in runs] == [True, True, False, False], runs[0][0]
    assert [result["ready"] for result, _ in runs] == [True] * 4, [result["open"] for result, _ in runs]
    dry, done, *again = (state for _, state in runs)
    assert dry != done
    assert again == [done, done]
    assert [result["document"] is None for result, _ in runs] == [True, False, True, False]
    assert runs[0][0]["migration"] == {**runs[1][0]["migration"]}
    document = runs[1][0]["document"]
    assert document["accounting"]["written"] == 4
    assert document["tables"]["users"]["equal"] == 2
    assert (document["operator"], document["open"], document["waivers"]) == ("mira", {}, [])
    assert document["writers"]["held_by"] == ("pause" if pause else "operator")
    assert (document["writers"]["pause_s"] > 0) is pause
    assert runs[3][0]["document"]["digest"] == document["digest"]
    assert writes_pass(host)


class Writer:
    """Somebody who writes to the Redis of HOST, again and again, until the block is left."""

    def __init__(self, host, key: str = "threadr:session:x") -> None:
        script = f"while :; do echo SET {key} x; done | redis-cli > /dev/null"
        self.host, self.command = host, ["podman", "exec", host.name, "sh", "-c", f"echo $$ > /tmp/writer; {script}"]

    def __enter__(self):
        before = self.calls()
        self.process = subprocess.Popen(self.command)
        wait_until(lambda: self.calls() > before)
        return self

    def calls(self) -> int:
        found = [
            line for line in self.host.redis("INFO", "commandstats").splitlines() if line.startswith("cmdstat_set:")
        ]
        return int(found[0].split("calls=")[1].split(",")[0]) if found else 0

    def __exit__(self, *_) -> None:
        self.host.run("sh", "-c", "pkill -P $(cat /tmp/writer); kill $(cat /tmp/writer)", check=False)
        self.process.wait(timeout=20)
        self.host.run("redis-cli", "DEL", "threadr:session:x")


def test_while_somebody_writes_there_is_no_pass(host, ready):
    with Writer(host) as writer:
        dry = cut_over(host, check_mode=True)
        done = cut_over(host)
        held = cut_over(host, pause=True)
        after = writer.calls()
        wait_until(lambda: writer.calls() > after)
    for result in (dry, done):
        assert result["ready"] is False
        assert result["open"][0].startswith("The source carried out ")
        assert " write commands in 1 s before the last pass: set " in result["open"][0]
    assert (done["changed"], done["migration"], done["document"]) == (False, None, None)
    # Held back, the same writer is no obstacle; afterwards he goes on.
    assert (held["ready"], held["open"], held["document"]["accounting"]["written"]) == (True, [], 4)


def test_a_write_during_the_pass_forbids_to_sign(host, ready):
    """After the window a writer comes, and the pass is slow enough for him to be noticed."""
    add(host, [USER.entry(f"More{number}") for number in range(300)])
    patch = "cutover.watch = lambda *_: {}; original = cutover.validate\n"
    patch += "def late(conn, source, *rest):\n    result = original(conn, source, *rest)\n"
    patch += "    command(source, 'SET', 'threadr:session:x', 'x')\n    return result\ncutover.validate = late"
    prelude = "from ansible.module_utils.pgops import cutover\n"
    result = disturbed(host, "migration_cutover", DATABASE, prelude + patch, window_s=1)
    assert result["open"] == ["The source carried out 1 write commands during the last pass: set 1."]
    assert result["ready"] is False


def test_what_is_open_is_named_and_waived_by_number(host, ready):
    add(host, [ORPHAN, string("threadr:user:broken", "{"), GRANT, string("team:data:1", "x")])
    expected = [
        "1 keys are open as malformed_json, not waived.",
        "1 keys are open as missing_field, not waived.",
        "1 keys are open as orphan, not waived.",
        "1 keys are open as unknown_keys, not waived.",
    ]
    assert cut_over(host, check_mode=True)["open"] == expected
    result = cut_over(host)
    assert (result["ready"], result["open"]) == (False, expected)
    reasons = ("malformed_json", "missing_field", "orphan", "unknown_keys")
    waivers = [{"reason": reason, "keys": 1, "because": "Looked at."} for reason in reasons]
    result = cut_over(host, waivers=[*waivers, {"reason": "bad_email", "keys": 9, "because": "None."}])
    assert (result["ready"], result["document"]["waivers"]) == (True, waivers)
    assert result["document"]["open"] == dict.fromkeys(reasons, 1)
    add(host, [THREAD.entry("Lost2", {"user_id": user_id("Nobody")})])
    assert cut_over(host, waivers=waivers)["open"] == ["2 keys are open as orphan, 1 are waived."]


def test_rows_that_differ_and_conflicts_are_open(host, ready):
    cut_over(host)
    host.execute(f"UPDATE users SET role = 'admin' WHERE email = '{address('Ann')}'", db=ready)
    answer = host.module("migration_cutover", options(pause=True))
    assert "not as the migration left them" in answer["msg"]
    assert answer["conflicts"]["kept"] == {"users": {"changed": 1}}
    assert writes_pass(host)
    kept = cut_over(host, conflicts="target_wins")
    assert kept["open"] == ["1 keys are open as changed_in_target, not waived."]
    # Corrupted behind the migration's back: nothing excuses that.
    patch = "migrate = cutover.migrate\ndef corrupt(conn, *rest):\n    result = migrate(conn, *rest)\n"
    patch += "    conn.cursor().execute(\"UPDATE threads SET title = 'other'\")\n    return result\ncutover.migrate = corrupt"
    waiver = [{"reason": "changed_in_target", "keys": 1, "because": "Promoted."}]
    result = disturbed(
        host, "migration_cutover", DATABASE, f"from ansible.module_utils.pgops import cutover\n{patch}",
        window_s=1, conflicts="target_wins", waivers=waiver,
    )  # fmt: skip
    assert [sentence.split(" differs in ")[1] for sentence in result["open"]] == ["title, updated_at."]


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_writers_go_on_whatever_becomes_of_the_module(host, ready, ending):
    add(host, [USER.entry(f"More{number}") for number in range(4000)])
    slow = options(pause=True, pause_timeout_s=20, batch_keys=1)
    run = Running(host, DATABASE, module="migration_cutover", options=slow)
    wait_until(lambda: not writes_pass(host))
    started = time.monotonic()
    host.run("pkill", f"-{ending.name[3:]}", "-f", "module_runner.py migration_cutover")
    answer = run.answer()
    wait_until(lambda: writes_pass(host), seconds=30)
    if ending is signal.SIGTERM:
        assert answer["msg"].startswith("Ended by SIGTERM. The pause of writers is over")
        assert time.monotonic() - started < 10
    assert host.query("SELECT count(*) FROM users", db=ready) in ([[0]], [[4002]])


@pytest.mark.parametrize(("seconds", "told"), [(0, "0; it must be 1 to 3600"), (3601, "3601; it must be 1 to 3600")])
def test_a_pause_is_bounded(host, ready, seconds, told):
    assert host.module("migration_cutover", options(pause=True, pause_timeout_s=seconds))["msg"] == (
        f"pause_timeout_s is {told}."
    )


def test_a_user_who_may_not_pause_is_told_what_is_missing(host, ready):
    host.redis(
        "ACL",
        "SETUSER",
        "reader",
        "on",
        ">pw",
        "~*",
        "+@read",
        "+scan",
        "+info",
        "+dbsize",
        "+command",
        "+ping",
        "+client|setname",
    )
    redis = {"login_user": "reader", "login_password": "pw"}
    try:
        answer = host.module("migration_cutover", options(pause=True, redis=redis))
        assert "+client|pause +client|unpause to pause writers" in answer["msg"]
        assert cut_over(host, redis=redis)["ready"] is True
    finally:
        host.redis("ACL", "DELUSER", "reader")
