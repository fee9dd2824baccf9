"""What the files and the answers of a cluster say of it."""

import pytest
from ansible.module_utils.pgops import replication
from ansible.module_utils.pgops.base_backup import Copy, command, install, is_present, progress
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.slots import plan

CONTROL = """pg_control version number:            1300
Database system identifier:           7311
Database cluster state:               {state}
Latest checkpoint location:           0/3000060
Latest checkpoint's TimeLineID:       2
max_connections setting:              100
max_worker_processes setting:         8
max_wal_senders setting:              10
max_prepared_xacts setting:           0
max_locks_per_xact setting:           64
"""


def server(state: str = "in production"):
    """Answers as pg_controldata would, and as psql where nobody listens."""

    def run_command(argv):
        if argv[-2] == "-D":
            return 0, CONTROL.format(state=state), ""
        return 2, "", "psql: error: connection to server failed: FATAL:  the database system is starting up\n"

    return run_command


@pytest.mark.parametrize(("wanted", "present", "bytes_missing"), [("0/10", "0/F", 1), ("1/0", "0/FFFFFFFF", 1), ("0/1", "0/2", 0), ("0/5", "", 5)])  # fmt: skip
def test_positions_are_compared_as_numbers(wanted, present, bytes_missing):
    assert replication.missing_bytes(wanted, present) == bytes_missing


def test_a_folder_without_a_cluster_is_absent(tmp_path):
    assert replication.read_cluster(server(), str(tmp_path), 5432, lambda: None).state == "absent"


@pytest.mark.parametrize(
    ("state", "signal", "standby"),
    [
        ("in production", False, False),
        ("in production", True, False),
        ("in archive recovery", True, True),
        ("in archive recovery", False, False),
    ],
)
def test_a_server_that_does_not_answer_is_told_by_its_files(tmp_path, monkeypatch, state, signal, standby):
    monkeypatch.setattr(replication, "runs", lambda folder: True)
    (tmp_path / "PG_VERSION").write_text("15\n")
    if signal:
        (tmp_path / "standby.signal").touch()
    found = replication.read_files(server(state), str(tmp_path))
    assert (found.state, found.standby_when_started, found.shut_down) == ("unanswering", standby, False)


def test_a_server_that_hangs_is_not_waited_for_again(tmp_path, monkeypatch):
    monkeypatch.setattr(replication, "runs", lambda folder: True)
    control = server()
    with pytest.raises(replication.NoAnswerError, match="does not answer: it was waited for 30 s"):
        replication.read_cluster(
            lambda argv: control(argv) if argv[-2] == "-D" else (replication.TIMED_OUT, "", ""),
            str(tmp_path),
            5432,
            pytest.fail,
        )


@pytest.mark.parametrize(("state", "signal", "shut_down"), [("shut down", True, True), ("in production", False, False)])
def test_a_cluster_that_is_down_is_told_by_its_files(tmp_path, state, signal, shut_down):
    (tmp_path / "PG_VERSION").write_text("15\n")
    if signal:
        (tmp_path / "standby.signal").touch()
    found = replication.read_cluster(server(state), str(tmp_path), 5432, lambda: None)
    assert (found.state, found.timeline, found.lsn, found.system_identifier) == ("stopped", 2, "0/3000060", "7311")
    assert (found.standby_when_started, found.shut_down) == (signal, shut_down)
    assert found.has_replayed({"max_connections": 100, "max_locks_per_transaction": 64})
    assert not found.has_replayed({"max_connections": 90})


def test_a_server_that_starts_is_waited_for_and_not_for_ever(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(replication, "runs", lambda folder: True)
    (tmp_path / "PG_VERSION").write_text("15\n")
    with pytest.raises(PgopsError, match=r"runs at port 5433 of this host and does not answer: .*starting up"):
        replication.read_cluster(server(), str(tmp_path), 5433, lambda: waits.append(1))
    assert len(waits) == replication.PATIENCE


def test_a_number_of_another_process_is_no_server(tmp_path):
    (tmp_path / "postmaster.pid").write_text("7\n")
    processes = tmp_path / "proc"
    (processes / "7").mkdir(parents=True)
    postgres = b"/usr/lib/postgresql/15/bin/postgres\0-D"
    for cmdline, folder, running in (
        (b"/usr/bin/vi", tmp_path, False),
        (postgres, tmp_path, True),
        (postgres, tmp_path.parent, False),
        (postgres, tmp_path / "gone", False),
    ):
        (processes / "7" / "cmdline").write_bytes(cmdline)
        (processes / "7" / "cwd").unlink(missing_ok=True)
        (processes / "7" / "cwd").symlink_to(folder)
        assert replication.runs(tmp_path, processes) is running


def copy(folder) -> Copy:
    return Copy("15", "main", folder / "main", "host=pg1 passfile=/x", "pg2", "5M")


@pytest.mark.parametrize(
    ("name", "files", "sentence"),
    [
        ("main", ["photos"], "main is not empty and holds no cluster: photos. Nothing"),
        ("main", ["PG_VERSION"], "main holds a cluster that is no standby"),
        ("main.base_backup", ["diary"], "main.base_backup is not empty and holds no cluster: diary"),
    ],
)
def test_what_is_not_ours_is_refused_by_name(tmp_path, name, files, sentence):
    (tmp_path / name).mkdir()
    for file in files:
        (tmp_path / name / file).touch()
    with pytest.raises(PgopsError, match=sentence):
        is_present(copy(tmp_path))


def test_a_killed_copy_begins_anew_and_a_standby_is_left_alone(tmp_path):
    (tmp_path / "main.base_backup").mkdir()
    (tmp_path / "main.base_backup" / "backup_label").touch()
    assert is_present(copy(tmp_path)) is False
    (tmp_path / "main").mkdir()
    for file in ("PG_VERSION", "standby.signal"):
        (tmp_path / "main" / file).touch()
    assert is_present(copy(tmp_path)) is True


def test_the_copy_gets_its_name_only_after_it_ended_well(tmp_path):
    line = command(copy(tmp_path))
    assert line.startswith("rm -rf -- ") and line.endswith(
        f" && mv -T -- {tmp_path}/main.base_backup {tmp_path}/main.base_backup_done"
    )
    assert "--slot=pg2" in line and "--max-rate=5M" in line


def test_progress_is_the_last_figure(tmp_path):
    assert progress(copy(tmp_path)) == "waiting for the primary's checkpoint"
    copy(tmp_path).log.write_text("1024/40960 kB (2%), 0/1 tablespace\r20480/40960 kB (50%), 0/1 tablespace\r")
    assert progress(copy(tmp_path)) == "50 % of 40 MB"


def test_a_whole_copy_becomes_a_standby_that_debian_can_take_over(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.chown", lambda *names: None)
    wanted = copy(tmp_path)
    wanted.done.mkdir()
    wanted.data_directory.mkdir()
    install(wanted, configured=False, samples=tmp_path)
    assert sorted(path.name for path in wanted.data_directory.iterdir()) == [
        "pg_hba.conf", "pg_ident.conf", "postgresql.conf", "standby.signal"
    ]  # fmt: skip
    assert not wanted.done.exists()


def test_slots_in_use_are_never_dropped():
    steps = plan({"pg1": True, "pg3": False}, ["pg2"], ["pg1", "pg3"], ["pg_stat_file(text, boolean)"], "repl")
    assert [step.shown() for step in steps] == [
        "SELECT pg_create_physical_replication_slot('pg2', true);",
        "SELECT pg_drop_replication_slot('pg3');",
        "GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_file(text, boolean) TO repl;",
    ]


@pytest.mark.parametrize("name", ["Pg2", "pg-2", "x" * 64, ""])
def test_a_name_that_no_slot_can_have_is_refused_before_anything_is_made(name):
    with pytest.raises(PgopsError, match=f'A slot cannot be called "{name}"'):
        plan({}, ["pg2", name], [], [], None)
