"""Drills: which backup is tried, what is said in the end, and what Prometheus is told."""

from dataclasses import replace
from pathlib import Path

import pytest
from ansible.module_utils.pgops import drill_logical, drill_physical
from ansible.module_utils.pgops.backup_catalog import Backup, Catalog
from ansible.module_utils.pgops.drill_metrics import exposition
from ansible.module_utils.pgops.drill_plan import FAILED, PASSED, SKIPPED, Check, Course, DrillFailedError, report
from ansible.module_utils.pgops.drill_server import (
    LONGEST_PATH,
    MARK,
    Side,
    last_words,
    quoted,
    require_directory,
    require_ours,
    workers,
)
from ansible.module_utils.pgops.errors import PgopsError
from ansible.module_utils.pgops.manifest import Manifest
from ansible.module_utils.pgops.metrics_file import require_exposition
from ansible.module_utils.pgops.pgbackrest import parse

from test_pgbackrest import backup
from test_pgbackrest import report as told

MANIFEST = Manifest(
    name="shop_full_20261124T030000Z", type="full", database="shop", created_at="2026-11-24T03:00:00+00:00", server_version="15.14",
    lsn="0/1", schema_revision=None, owner="shop_owner", encoding="UTF8", locale={}, database_size_bytes=8 << 20, rows={}, access=[],
    settings=[], format="custom, zstd", size_bytes=9, sha256="", duration_s=1.0, tools={},
)  # fmt: skip
OLDER = replace(MANIFEST, name="shop_full_20261123T030000Z", created_at="2026-11-23T03:00:00+00:00")
OTHER = replace(MANIFEST, name="other_full_20261125T030000Z", database="other", created_at="2026-11-25T03:00:00+00:00")

DATA = replace(MANIFEST, name="shop_data_20261126T030000Z", type="data")


def catalog(*backups: tuple[Manifest, str | None], faults: dict[str, str] | None = None) -> Catalog:
    found = tuple(Backup(Path("/b", one.name), one, fault) for one, fault in backups)
    return Catalog(Path("/b"), found, faults or {}, ())


@pytest.mark.parametrize(
    ("found", "name"),
    [
        pytest.param(catalog((MANIFEST, None), (OLDER, None)), MANIFEST.name, id="the-newest"),
        pytest.param(catalog((OTHER, None), (OLDER, None)), OLDER.name, id="of-this-database"),
        pytest.param(catalog((DATA, None), (OLDER, None)), OLDER.name, id="a-full-one"),
        pytest.param(catalog((MANIFEST, "It is torn."), (OLDER, None)), MANIFEST.name, id="damaged-or-not"),
        pytest.param(
            catalog((MANIFEST, None), faults={"shop_full_20261120T030000Z": "No manifest."}),
            MANIFEST.name,
            id="an-older-has-no-manifest",
        ),
    ],
)
def test_the_newest_dump_is_tried(found, name):
    assert drill_logical.newest(found, "shop").manifest.name == name


@pytest.mark.parametrize(
    ("found", "sentence"),
    [
        pytest.param(catalog((OTHER, None)), "There is no full backup of shop in /b", id="none"),
        pytest.param(
            catalog((MANIFEST, None), faults={"shop_full_20261129T030000Z": "No manifest."}),
            "No manifest. It is the newest",
            id="unreadable",
        ),
    ],
)
def test_without_a_newest_dump_the_drill_fails(found, sentence):
    with pytest.raises(DrillFailedError, match=sentence):
        drill_logical.newest(found, "shop")


BOTH = {"codes": (0, 0), "clusters": ((1, 1, "1"), (2, 1, "1"))}
TWO = [backup("20260101-000000F", 100, repository=1), backup("20260102-000000F", 200, repository=2)]


@pytest.mark.parametrize(
    ("key", "label", "repository"),
    [
        pytest.param(0, "latest", 2, id="the-newest-of-any"),
        pytest.param(1, "latest", 1, id="of-one-repository"),
        pytest.param(0, "20260101-000000F", 1, id="by-its-label"),
    ],
)
def test_which_physical_backup_is_tried(key, label, repository):
    assert drill_physical.choose(parse(told(TWO, **BOTH), "main"), key, label).repository == repository


@pytest.mark.parametrize(
    ("backups", "label", "error", "sentence"),
    [
        pytest.param(
            TWO, "20250101-000000F", PgopsError, "There is no backup 20250101-000000F of stanza main", id="no-such"
        ),
        pytest.param([], "latest", DrillFailedError, "There is nothing to restore", id="none"),
    ],
)
def test_a_physical_backup_that_there_is_not(backups, label, error, sentence):
    with pytest.raises(PgopsError, match=sentence) as raised:
        drill_physical.choose(parse(told(backups, **BOTH), "main"), 0, label)
    assert type(raised.value) is error


def test_a_physical_backup_with_broken_pages_is_no_sound_one():
    [one] = parse(told([backup("20260101-000000F", 100, error=True)], **BOTH), "main").backups
    with pytest.raises(DrillFailedError, match="has pages that failed their checksum"):
        drill_physical.require_sound(one)


def course(*checks: Check, **changes) -> Course:
    durations = {"fetch": 0.5, "restore": 2.0, "replay": None, "verify": 1.5}
    return Course(**{"began_s": 1000.0, "backup": "b", "durations_s": durations, "checks": list(checks), **changes})


RIGHT, NONE, WRONG = (
    Check("rows", PASSED, "All.", 0.1),
    Check("heartbeat", SKIPPED, "None.", 0.1),
    Check("amcheck", FAILED, "Torn.", 0.1),
)


@pytest.mark.parametrize(
    ("found", "passed", "rto_s", "problems"),
    [
        pytest.param(course(RIGHT, NONE), True, 4.0, [], id="passed"),
        pytest.param(course(RIGHT, WRONG), False, None, ["amcheck: Torn."], id="a-check-failed"),
        pytest.param(course(failure="No disk."), False, None, ["No disk."], id="not-restored"),
    ],
)
def test_what_is_said_in_the_end(found, passed, rto_s, problems):
    said = report(found, "logical", "pg1", 1004.0)
    assert (said["passed"], said["rto_s"], said["problems"]) == (passed, rto_s, problems)
    assert (said["began_at"], said["finished_at"]) == ("1970-01-01T00:16:40.000+00:00", "1970-01-01T00:16:44.000+00:00")


@pytest.mark.parametrize(
    ("saved_s", "heartbeat_s", "rpo_s"),
    [
        pytest.param(1000.0, 938.76, 61.2, id="what-came-after-the-heartbeat"),
        pytest.param(1000.0, 1001.0, 0.0, id="never-less-than-nothing"),
        pytest.param(None, 938.0, None, id="not-restored"),
        pytest.param(1000.0, None, None, id="no-heartbeat"),
    ],
)
def test_what_would_have_been_lost(saved_s, heartbeat_s, rpo_s):
    assert report(course(saved_s=saved_s, heartbeat_s=heartbeat_s), "physical", "pg1", 1004.0)["rpo_s"] == rpo_s


def test_the_clock_of_the_host_may_be_set_back():
    assert report(course(), "logical", "pg1", 900.0)["finished_at"] == "1970-01-01T00:16:40.000+00:00"


ROW = {
    "kind": "logical", "finished_s": 1796000000.5, "passed": False, "passed_s": 1795000000.0, "rto_s": 4.25, "rpo_s": None,
    "fetch_s": 0.5, "restore_s": 2.0, "replay_s": None, "verify_s": 1.75,
}  # fmt: skip


def test_prometheus_is_told_of_what_is_known():
    text = exposition([ROW])
    samples = [line for line in text.splitlines() if not line.startswith("#")]
    assert samples == [
        'pgops_drill_last_run_timestamp_seconds{kind="logical"} 1796000000.5',
        'pgops_drill_last_run_passed{kind="logical"} 0',
        'pgops_drill_last_success_timestamp_seconds{kind="logical"} 1795000000',
        'pgops_drill_rto_seconds{kind="logical"} 4.25',
        'pgops_drill_phase_duration_seconds{kind="logical",phase="fetch"} 0.5',
        'pgops_drill_phase_duration_seconds{kind="logical",phase="restore"} 2',
        'pgops_drill_phase_duration_seconds{kind="logical",phase="verify"} 1.75',
    ]
    require_exposition(text)


@pytest.mark.parametrize("text", ["up\n", "up 1", 'up{a="b} 1\n', "# nothing\n", "up one\n", "1up 1\n", "up  1\n"])
def test_what_prometheus_cannot_read_is_refused(text):
    with pytest.raises(PgopsError):
        require_exposition(text)


@pytest.mark.parametrize(
    "text", ["", "up 1\n", 'up{a="b",c="d"} -1.5e+09\n', "up NaN\n", "# TYPE up gauge\n# HELP up Is it?\nup +Inf\n"]
)
def test_what_prometheus_can_read_is_taken(text):
    require_exposition(text)


@pytest.mark.parametrize(("value", "text"), [("", "''"), ("it's", "'it''s'"), ("a\\b", "'a\\\\b'"), ("a, b", "'a, b'")])
def test_values_of_its_configuration_are_quoted(value, text):
    assert quoted(value) == text


@pytest.mark.parametrize("directory", ["drill", "/" + "d" * LONGEST_PATH])
def test_a_directory_whose_socket_nobody_could_find_is_refused(directory):
    with pytest.raises(PgopsError, match="work_directory is"):
        require_directory(Path(directory))


@pytest.mark.parametrize(
    ("log", "words"),
    [
        ("LOG:  starting\nFATAL:  could not load library.\n", "could not load library"),
        ("FATAL:  no space\nFATAL:  the database system is shutting down\n", "no space"),
        ("LOG:  it went away\n", "LOG:  it went away"),
        ("", "it gave no reason"),
    ],
)
def test_why_its_server_ended(tmp_path, log, words):
    side = Side(tmp_path)
    side.folder.mkdir()
    side.log.write_text(log)
    assert last_words(side) == words


def test_only_what_is_of_a_drill_may_be_removed(tmp_path):
    side = Side(tmp_path)
    assert require_ours(side) is False
    side.folder.mkdir()
    assert require_ours(side) is True  # killed before it could be marked
    (side.folder / "theirs").touch()
    with pytest.raises(PgopsError, match="is not of a drill"):
        require_ours(side)
    (side.folder / MARK).touch()
    assert require_ours(side) is True


def test_who_still_works_for_a_drill(tmp_path):
    folder, processes = tmp_path / "drill/side", tmp_path / "proc"
    (folder / "data").mkdir(parents=True)
    started = {
        1: (b"postgres\0--config-file=%s/postgresql.conf\0" % str(folder).encode(), "/"),
        2: (b"postgres\0--boot\0", str(folder / "data")),
        3: (b"postgres: checkpointer\0", "/var/lib/postgresql/15/main"),
        4: (b"pg_restore\0%s_of_another\0" % str(folder).encode(), "/"),
    }
    for number, (arguments, place) in started.items():
        process = processes / str(number)
        process.mkdir(parents=True)
        (process / "cmdline").write_bytes(arguments)
        (process / "cwd").symlink_to(place)
    assert workers(folder, processes) == [1, 2]
