"""pgbackrest_stanza, pgbackrest_backup and pgbackrest_info: four runs, and what pgBackRest itself then says."""

import pytest

from backups import wait_until
from lab.host import started
from physical import DATA, PASSPHRASE, REPOSITORY, opened

ARRIVES = "SELECT last_archived_time > coalesce(last_failed_time, '-infinity') FROM pg_stat_archiver"


@pytest.fixture(scope="module")
def archive():
    with started("pgbackrest") as host, opened(host) as made:
        yield made


@pytest.fixture(scope="module")
def with_stanza(archive):
    archive.stanza()
    return archive


def test_the_stanza_is_made_once_and_proven(archive):
    def witness() -> str:
        files = archive.host.run("find", REPOSITORY, "-name", "archive.info", user="postgres").stdout
        if files:
            # WAL is in the repository a moment before the server knows.
            wait_until(lambda: archive.host.query(ARRIVES) == [[True]], seconds=40)
        return files

    runs = archive.host.four_runs("pgbackrest_stanza", {"data_directory": DATA}, witness)
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert [run["action"] for run, _ in runs] == ["create", "create", "none", "none"]
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    assert [bool(files) for _, files in runs] == [False, True, True, True]
    assert runs[1][0]["checked"] is True
    # The server says by now that its WAL arrives.
    assert runs[3][0]["checked"] is False
    assert archive.stanza(prove=True)["checked"] is True


def test_what_is_in_the_repository_cannot_be_read_without_the_passphrase(with_stanza):
    found = with_stanza.host.run("find", REPOSITORY, "-type", "f", user="postgres").stdout.split()
    assert found
    for path in found:
        assert with_stanza.host.run("head", "-c", "6", path, user="postgres").stdout == "Salted", path


def test_a_backup_is_made_while_one_is_due(with_stanza):
    options = {"type": "auto", "at_most_every_s": 3600, "archive_timeout_s": 20}
    runs = with_stanza.host.four_runs("pgbackrest_backup", options, with_stanza.labels)
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert [run["type"] for run, _ in runs] == ["full", "full", None, None]
    made = runs[1][0]["backup"]
    assert [labels for _, labels in runs] == [[], [made["label"]], [made["label"]], [made["label"]]]
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    assert runs[0][0]["reason"] == "there is no full backup in this repository yet"
    assert runs[3][0]["backup"]["label"] == made["label"]


def test_the_result_is_what_pgbackrest_says(with_stanza):
    made = with_stanza.back_up(type="full")["backup"]
    told = with_stanza.told()[-1]
    assert made["label"] == told["label"]
    assert (made["wal_start"], made["wal_stop"]) == (told["archive"]["start"], told["archive"]["stop"])
    assert made["database_size_bytes"] == told["info"]["size"]
    assert made["written_bytes"] == told["info"]["repository"]["delta"]
    assert made["error"] is False


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        pytest.param({"type": "diff"}, "it was asked for", id="diff"),
        pytest.param({"type": "incr"}, "it was asked for", id="incr"),
        pytest.param({"type": "auto"}, "the last full backup", id="auto-is-incremental-after-a-full-one"),
        pytest.param({"type": "auto", "full_every_days": 0.000001}, "the last full backup", id="auto-is-full-when-due"),
    ],
)
def test_each_type_is_what_pgbackrest_then_lists(with_stanza, asked, reason):
    with_stanza.back_up(at_most_every_s=3600)
    made = with_stanza.back_up(**asked)
    assert made["reason"].startswith(reason)
    assert with_stanza.told()[-1]["type"] == made["type"] == made["backup"]["type"]
    expected = {"diff": "diff", "incr": "incr"}.get(asked["type"], "full" if "full_every_days" in asked else "incr")
    assert made["type"] == expected


def test_info_lists_the_newest_first_and_finds_nothing_wrong(with_stanza):
    with_stanza.back_up(at_most_every_s=3600)
    found = with_stanza.module("pgbackrest_info")
    assert found["problems"] == []
    assert [one["label"] for one in found["backups"]] == with_stanza.labels()[::-1]
    repository = found["repositories"][0]
    assert (repository["key"], repository["cipher"], repository["version"]) == (1, "aes-256-cbc", "15")
    identifier = with_stanza.host.query("SELECT system_identifier::text FROM pg_control_system()")[0][0]
    assert repository["system_identifier"] == identifier
    assert repository["wal_min"] <= found["backups"][0]["wal_start"] <= repository["wal_max"]


def test_verify_reads_everything_and_names_what_is_damaged(with_stanza):
    made = with_stanza.back_up(type="full")["backup"]
    wait_until(lambda: not with_stanza.runs())
    sound = with_stanza.module("pgbackrest_info", verify=True)
    assert (sound["problems"], sound["verified"]) == ([], True)
    bundle = f"{REPOSITORY}/backup/main/{made['label']}/bundle/1"
    with_stanza.host.run("truncate", "--size=-100", bundle)
    damaged = with_stanza.module("pgbackrest_info", verify=True)
    assert damaged["verified"] is False
    assert [made["label"] in problem for problem in damaged["problems"]] == [True]
    with_stanza.host.run("rm", "-rf", f"{REPOSITORY}/backup/main/{made['label']}", user="postgres")


def test_a_repository_of_another_cluster_is_refused_until_that_one_is_named(with_stanza):
    host, other = with_stanza.host, "/var/tmp/disk/other"
    host.run("/usr/lib/postgresql/15/bin/initdb", "-D", other, user="postgres")
    first = host.query("SELECT system_identifier::text FROM pg_control_system()")[0][0]
    refusal = with_stanza.refusal("pgbackrest_stanza", data_directory=other, online=False)
    assert f"holds backups of the cluster {first}" in refusal
    assert "Nothing was changed" in refusal
    wrong = with_stanza.refusal("pgbackrest_stanza", data_directory=other, online=False, replaces="1")
    assert first in wrong


def test_no_secret_is_shown(with_stanza):
    for name, params in [("pgbackrest_info", {}), ("pgbackrest_backup", {"at_most_every_s": 3600})]:
        assert PASSPHRASE not in str(with_stanza.host.module(name, params))


def test_what_has_expired_gives_room_when_that_is_named(with_stanza):
    archive = with_stanza
    archive.back_up(type="full")
    newest = archive.back_up(type="full")["backup"]["label"]
    older = [label for label in archive.labels() if label != newest]
    options = {"directory": "/var/tmp/none", "stanza": "main", "steps": ["expired_physical_backups"]}
    assert archive.module("pg_free_space", True, **options)["absent"] == options["steps"]
    archive.host.run("sed", "-i", "s/retention-full=9/retention-full=1/", "/etc/pgbackrest.conf")
    try:
        runs = archive.host.four_runs("pg_free_space", options, archive.labels)
    finally:
        archive.configure()
    assert [run.get("changed") for run, _ in runs] == [True, True, False, False], runs
    assert [labels for _, labels in runs] == [[*older, newest], [newest], [newest], [newest]]
    [step] = runs[0][0]["plan"]
    assert all(label in step["what"] for label in older) and newest not in step["what"]
    assert step["bytes"] == runs[1][0]["freed_bytes"] > 1 << 20
