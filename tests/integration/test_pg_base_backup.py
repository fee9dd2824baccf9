"""pg_standby_slots and pg_base_backup against a primary that runs: four runs, copies that are killed, and what is refused."""

import pytest

from backups import wait_until
from replicas import FOLDER, Node, made_primary, refusal

UNIT = "postgresql-base-backup-15-second.service"
SLOTS = "SELECT string_agg(slot_name || ' ' || (restart_lsn IS NOT NULL), ', ' ORDER BY slot_name) FROM pg_replication_slots;"
REWINDS = (
    "SELECT has_function_privilege('replication', 'pg_read_binary_file(text, bigint, bigint, boolean)', 'EXECUTE');"
)
ADDED = ("standby.signal", "postgresql.conf", "pg_hba.conf", "pg_ident.conf")


@pytest.fixture(scope="module")
def primary(host):
    with made_primary(host) as first:
        first.query("SELECT pg_create_physical_replication_slot('second', true);")
        first.add("common")
        yield first


@pytest.fixture
def copy(host, primary):
    """Where 15/second is to be; nothing is there before or after."""
    second = Node(host, "second")
    second.write_passfile()
    yield second
    second.remove()


def test_four_runs_make_the_slot_drop_the_leftover_one_and_let_rewind(host, primary):
    primary.query("SELECT pg_create_physical_replication_slot('leftover');")
    params = {"login_port": primary.port, "slots": ["third"], "leftover": ["leftover"], "rewind_role": "replication"}
    runs = host.four_runs("pg_standby_slots", params, lambda: (primary.query(SLOTS), primary.query(REWINDS)))
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    made = ("second true, third true", "t")
    assert [seen for _, seen in runs] == [("leftover false, second true", "f"), made, made, made]
    assert runs[0][0]["statements"] == runs[1][0]["statements"]
    primary.query("SELECT pg_drop_replication_slot('third');")


def test_a_name_that_no_slot_can_have_is_refused_in_a_dry_run_too(host, primary):
    before = primary.query(SLOTS)
    for check_mode in (True, False):
        answer = host.module("pg_standby_slots", {"login_port": primary.port, "slots": ["ok", "Pg-2"]}, check_mode)
        assert refusal(answer).startswith('A slot cannot be called "Pg-2".')
    assert primary.query(SLOTS) == before


def test_four_runs_copy_the_primary_once(host, primary, copy):
    wanted = {"name": "second", "conninfo": primary.source("second"), "slot": "second"}
    runs = host.four_runs("pg_base_backup", wanted, copy.beside, user="root")
    assert [(run.get("changed"), run.get("finished")) for run, _ in runs] == [
        (True, True), (True, True), (False, True), (False, True)
    ], runs  # fmt: skip
    assert [seen for _, seen in runs] == [[], ["second"], ["second"], ["second"]]
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    # PostgreSQL's own judgement: every file is there, and is what the primary has sent.
    ignored = [f"--ignore={name}" for name in ADDED]
    host.run("/usr/lib/postgresql/15/bin/pg_verifybackup", *ignored, copy.directory, user="postgres")
    owned = host.run("find", copy.directory, "(", "!", "-user", "postgres", "-o", "-perm", "/077", ")")
    assert owned.stdout == ""
    copy.take_over(primary)
    copy.write_settings(primary)
    copy.start()
    primary.wait_for_follower("second")
    assert copy.rows() == "common"


def test_a_copy_goes_on_between_calls_and_begins_anew_when_it_was_killed(host, primary, copy):
    def pid() -> str:
        return host.run("systemctl", "show", "--property=MainPID", "--value", UNIT).stdout.strip()

    slow = {"max_rate": "32k", "slice_s": 1}
    answers, pids = zip(*((copy.copy(primary, **slow), pid()) for _ in range(2)), strict=True)
    assert [(answer.get("changed"), answer.get("finished")) for answer in answers] == [(True, False)] * 2, answers
    assert pids[0] == pids[1] != "0"
    assert copy.beside() == ["second.base_backup", "second.base_backup.log"]
    # It holds the slot, and is what the primary sends to.
    assert primary.query("SELECT active FROM pg_replication_slots WHERE slot_name = 'second';") == "t"
    host.run("touch", f"{FOLDER}/second.base_backup/of-the-killed-one")
    copy.kill_copy()
    wait_until(lambda: primary.query("SELECT active FROM pg_replication_slots WHERE slot_name = 'second';") == "f")
    assert not copy.file("PG_VERSION")
    again = copy.copy(primary)
    assert (again.get("changed"), again.get("finished"), again.get("progress")) == (True, True, "complete"), again
    assert copy.beside() == ["second"]
    assert copy.is_marked() and not copy.file("of-the-killed-one")


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        pytest.param({"slot": "nobody"}, 'replication slot "nobody" does not exist', id="no-such-slot"),
        pytest.param({"max_rate": "fast"}, 'transfer rate "fast" is not a valid value', id="no-rate"),
        pytest.param({"conninfo": "host=127.0.0.1 port=5479 user=replication"}, "Connection refused", id="nobody-listens"),
        pytest.param({"conninfo": "hots=127.0.0.1"}, 'invalid connection option "hots"', id="no-conninfo"),
    ],
)  # fmt: skip
def test_what_pg_basebackup_refuses_is_one_sentence(primary, copy, params, sentence):
    said = refusal(copy.copy(primary, **params))
    assert said.startswith("The base backup failed: ") and sentence in said
    assert not copy.file("PG_VERSION")


def test_a_wrong_password_is_said_and_not_shown(primary, copy):
    copy.write_passfile("hunter2")
    said = refusal(copy.copy(primary))
    assert 'password authentication failed for user "replication"' in said and "hunter2" not in said


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        ("second/photos", "second is not empty and holds no cluster: photos."),
        ("second/PG_VERSION", "second holds a cluster that is no standby."),
        ("second.base_backup/photos", "second.base_backup is not empty and holds no cluster: photos."),
    ],
)
def test_what_is_there_and_is_not_ours_is_left_alone(host, primary, copy, found, sentence):
    host.run("install", "-D", "/dev/null", f"{FOLDER}/{found}")
    before = copy.beside()
    assert sentence in refusal(copy.copy(primary))
    assert copy.beside() == before and host.run("test", "-f", f"{FOLDER}/{found}")
