"""What of a host's files may go, by case."""

import json
import os
import shutil
import time

import pytest
from ansible.module_utils.pgops.free_space_files import kept_directories, old_logs, temporary_files
from ansible.module_utils.pgops.free_space_physical import to_expire

import pg_free_space

NOW_S = time.time()
# No process has a number beyond the largest that the kernel gives.
GONE = 4_194_305


def log(folder, name: str, days: int) -> None:
    (folder / name).write_text("told\n")
    os.utime(folder / name, (NOW_S - days * 86_400,) * 2)


@pytest.mark.parametrize(
    ("name", "days", "goes"),
    [
        pytest.param("postgresql-2026-01-01_000000.log", 31, True, id="dated"),
        pytest.param("postgresql-15-main-2026-01-01_000000.csv", 31, True, id="dated-csv"),
        pytest.param("postgresql-15-main.log.9.gz", 31, True, id="rotated"),
        pytest.param("postgresql-2026-01-01_000000.log", 29, False, id="too-young"),
        pytest.param("postgresql-15-main.log", 400, False, id="still-written-to"),
        pytest.param("current-2026-01-01.log", 31, False, id="of-somebody-else"),
        pytest.param("postgresql-2026-01-02_000000.log", 31, False, id="the-one-that-is-written"),
        pytest.param("postgresql-2026-01-01.txt", 31, False, id="no-log"),
    ],
)
def test_which_log_files_go(tmp_path, name, days, goes):
    log(tmp_path, "postgresql-2026-02-01_000000.log", 0)
    log(tmp_path, name, days)
    found = old_logs([tmp_path, tmp_path, tmp_path / "none"], 30, "log/postgresql-2026-01-02_000000.log", NOW_S)
    assert [step.what for step in found.steps] == (
        [f"1 log files in {tmp_path} that are older than 30 days: {name}"] if goes else []
    )
    for step in found.steps:
        step.apply()
    assert (tmp_path / name).exists() is not goes


def test_the_newest_log_stays_however_old_it_is(tmp_path):
    log(tmp_path, "postgresql-2020-01-01_000000.log", 900)
    assert old_logs([tmp_path], 30, "", NOW_S).steps == []


@pytest.mark.parametrize(
    ("name", "goes"),
    [
        (f"pgsql_tmp{GONE}.0", True),
        (f"pgsql_tmp{GONE}.1.fileset", True),
        ("pgsql_tmp{own}.0", False),
        ("pgsql_tmp", False),
        ("16384", False),
    ],
    # A process has another number in each of the workers.
    ids=["gone", "gone-fileset", "alive", "no-process", "no-temporary-file"],
)
def test_temporary_files_go_with_their_process_only(tmp_path, name, goes):
    name = name.format(own=os.getpid())
    place = tmp_path / "base/pgsql_tmp"
    (place / name).mkdir(parents=True)
    (place / name / "0.0").write_bytes(b"x" * 5000)
    [step] = temporary_files(tmp_path).steps or [None]
    assert (step is not None) is goes
    if step:
        assert step.size_bytes >= 5000
        step.apply()
    assert (place / name).exists() is not goes


@pytest.mark.parametrize(
    ("name", "note", "whole", "verdict"),
    [
        pytest.param("main.before_recovery_1", None, True, "goes", id="recovered"),
        pytest.param("main.before_rebuild_12", {"state": "done"}, True, "goes", id="rebuilt"),
        pytest.param("main.before_recovery_1", {"state": "restoring"}, True, "goes", id="another-one-has-only-begun"),
        pytest.param(
            "main.before_recovery_1", {"state": "verified"}, True, "a recovery is not ended", id="between-two-renames"
        ),
        pytest.param("main.before_recovery_1", {"state": "promoted"}, True, "a recovery is not ended", id="not-ended"),
        pytest.param("main.before_recovery_1", "{", True, "a recovery is not ended", id="a-note-that-cannot-be-read"),
        pytest.param("main.before_recovery_1", None, False, "is no cluster at the moment", id="it-may-be-all-there-is"),
        pytest.param("main.before_upgrade_1", None, True, "", id="of-somebody-else"),
        pytest.param("main.before_recovery_x", None, True, "", id="no-number"),
        pytest.param(".main.before_recovery_1.removing", None, True, "goes", id="removed-in-part"),
    ],
)
def test_which_directories_that_were_set_aside_go(tmp_path, name, note, whole, verdict):
    data, aside = tmp_path / "main", tmp_path / name
    data.mkdir()
    aside.mkdir()
    (aside / "PG_VERSION").write_text("15\n")
    (aside / "away").symlink_to("/etc")
    if whole:
        (data / "PG_VERSION").write_text("15\n")
    if note is not None:
        (tmp_path / "main.recovery.json").write_text(note if isinstance(note, str) else json.dumps(note))
    found = kept_directories(data)
    if verdict == "goes":
        [step] = found.steps
        assert step.name == f"directory:{aside}"
        step.apply()
        assert sorted(path.name for path in tmp_path.iterdir() if "before" in path.name) == []
    else:
        assert found.steps == [] and aside.exists()
        assert [verdict in reason for reason in found.refused.values()] == ([True] if verdict else [])


def test_one_that_is_killed_while_a_directory_goes_leaves_it_to_be_found(tmp_path, monkeypatch):
    (tmp_path / "main.before_recovery_1").mkdir()
    (tmp_path / "main").mkdir()
    (tmp_path / "main/PG_VERSION").write_text("15\n")
    [step] = kept_directories(tmp_path / "main").steps

    def die(_path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(shutil, "rmtree", die)
    with pytest.raises(KeyboardInterrupt):
        step.apply()
    assert [one.loss for one in kept_directories(tmp_path / "main").steps] == ["nothing"]


LOG_OF_EXPIRE = """\
2026-11-29 03:00:00.000 P00   INFO: [DRY-RUN] repo1: expire full backup set 20261101-030000F, 20261101-030000F_20261102-030000D
2026-11-29 03:00:00.001 P00   INFO: [DRY-RUN] repo2: expire full backup 20261101-040000F
2026-11-29 03:00:00.002 P00   INFO: [DRY-RUN] repo1: remove expired backup 20261101-030000F
2026-11-29 03:00:00.003 P00   INFO: [DRY-RUN] repo1: 15-1 no archive to remove
"""


@pytest.mark.parametrize(
    ("told", "gone"),
    [
        (LOG_OF_EXPIRE, {(1, "20261101-030000F"), (1, "20261101-030000F_20261102-030000D"), (2, "20261101-040000F")}),
        ("2026-11-29 03:00:00.000 P00   INFO: [DRY-RUN] repo1: 15-1 no archive to remove\n", set()),
        ("", set()),
    ],
)
def test_what_pgbackrest_would_expire_is_read_from_its_dry_run(told, gone):
    assert to_expire(told) == gone


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"steps": ["old_log"]}, "There is no step old_log; did you mean old_logs? Nothing was done."),
        ({"steps": ["database:"]}, "There is no step database:; there are old_logs, "),
        ({"steps": ["pg_wal:x"]}, "There is no step pg_wal:x; there are old_logs, "),
        (
            {"login_host": "db1"},
            "login_host is db1: this looks at the disks of the host that it runs on. Nothing was done.",
        ),
        ({"keep_count": 0}, "keep_count is 0, and has to be 1 or more. Nothing was done."),
    ],
)
def test_what_cannot_be_meant_is_refused(run_module, tmp_path, changes, sentence):
    assert run_module(pg_free_space, directory=str(tmp_path), **changes)["msg"].startswith(sentence)
