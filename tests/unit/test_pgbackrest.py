"""What is made of pgBackRest's words: its report, its errors, its verification."""

import json

import pytest
from ansible.module_utils.pgops import pgbackrest, pgbackrest_verify
from ansible.module_utils.pgops.commands import Finished
from ansible.module_utils.pgops.errors import PgopsError

FIRST, SECOND = 7439012345678901234, 7439012345678905678


def backup(label: str, stop: int, repository: int = 1, cluster: int = 1, error: bool = False, prior=None) -> dict:
    return {
        "archive": {"start": "000000010000000000000003", "stop": "000000010000000000000004"},
        "backrest": {"format": 5, "version": "2.45"},
        "database": {"id": cluster, "repo-key": repository},
        "error": error,
        "info": {"delta": 30, "repository": {"delta": 3, "size": 4}, "size": 40},
        "label": label,
        "lsn": {"start": "0/3000028", "stop": "0/4000100"},
        "prior": prior,
        "reference": None,
        "timestamp": {"start": stop - 5, "stop": stop},
        "type": {"F": "full", "D": "diff", "I": "incr"}[label[-1]],
    }  # fmt: skip


def report(backups=(), codes=(0,), clusters=((1, 1, FIRST),), archives=(), held: bool = False) -> str:
    """What C(info --output=json) prints; CLUSTERS are (repository, id, system identifier)."""
    repos = [
        {"cipher": "aes-256-cbc", "key": key, "status": {"code": code, "message": f"message {code}"}}
        for key, code in enumerate(codes, 1)
    ]
    stanza = {
        "archive": list(archives),
        "backup": list(backups),
        "cipher": "aes-256-cbc",
        "db": [{"id": id_, "repo-key": key, "system-id": system, "version": "15"} for key, id_, system in clusters],
        "name": "main",
        "repo": repos,
        "status": {"code": 0, "lock": {"backup": {"held": held}}, "message": "ok"},
    }
    return json.dumps([stanza])


def archive(low: str, high: str, repository: int = 1, cluster: int = 1) -> dict:
    return {"database": {"id": cluster, "repo-key": repository}, "id": f"15-{cluster}", "max": high, "min": low}


def test_backups_are_told_newest_first_with_sizes_and_wal():
    text = report(
        [backup("20261124-030000F", 100), backup("20261124-030000F_20261125-030000I", 200, prior="20261124-030000F")]
    )
    found = pgbackrest.parse(text, "main")
    assert [one.label for one in found.backups] == ["20261124-030000F_20261125-030000I", "20261124-030000F"]
    told = found.backups[0].described(now_s=260)
    assert (told["age_s"], told["duration_s"]) == (60, 5)
    assert (told["database_size_bytes"], told["read_bytes"]) == (40, 30)
    assert (told["repository_size_bytes"], told["written_bytes"]) == (4, 3)
    assert (told["wal_start"], told["wal_stop"]) == ("000000010000000000000003", "000000010000000000000004")
    assert told["started_at"] == "1970-01-01T00:03:15+00:00"
    assert told["prior"] == "20261124-030000F"


def test_backups_of_a_cluster_that_was_replaced_are_not_of_this_one():
    clusters = ((1, 1, FIRST), (1, 2, SECOND))
    found = pgbackrest.parse(report([backup("1F", 1), backup("2F", 2, cluster=2)], clusters=clusters), "main")
    assert [one.label for one in found.backups] == ["2F"]
    assert found.repositories[0].system_identifier == str(SECOND)


def test_each_repository_has_its_own_wal():
    found = pgbackrest.parse(
        report(
            codes=(0, 0),
            clusters=((1, 1, FIRST), (2, 1, FIRST)),
            archives=[archive("A1", "A9"), archive("A4", "A7", repository=2), archive("00", "ZZ", cluster=7)],
        ),
        "main",
    )
    assert [(one.wal_min, one.wal_max) for one in found.repositories] == [("A1", "A9"), ("A4", "A7")]


def test_a_report_without_the_stanza_knows_nothing():
    assert pgbackrest.parse("[]", "main").repositories == ()
    assert pgbackrest.faults(pgbackrest.parse("[]", "main")) == ["pgBackRest knows no repository for stanza main."]


def test_an_unknown_repository_is_refused_with_those_that_there_are():
    with pytest.raises(PgopsError, match="no repository 3 for stanza main; it has 1, 2"):
        pgbackrest.parse(report(codes=(0, 0)), "main").repository(3)


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        pytest.param(0, [], id="good"),
        pytest.param(1, ["has no stanza yet. Run site.yml"], id="no-stanza"),
        pytest.param(3, ["has no stanza yet. Run site.yml"], id="no-stanza-data"),
        pytest.param(2, ["has no backup yet. Run backup_postgresql.yml"], id="no-backup"),
        pytest.param(99, ["cannot be read: message 99."], id="error"),
    ],
)
def test_what_is_wrong_with_a_repository_is_a_sentence(code, expected):
    found = pgbackrest.faults(pgbackrest.parse(report(codes=(code,)), "main"))
    assert len(found) == len(expected)
    for sentence, part in zip(found, expected, strict=True):
        assert part in sentence and sentence.endswith(".")


def test_a_backup_with_broken_pages_is_a_problem_and_not_sound():
    found = pgbackrest.parse(report([backup("1F", 1), backup("2F", 2, error=True)]), "main")
    assert [one.label for one in found.sound(1)] == ["1F"]
    assert "Backup 2F in repository 1 has pages that failed their checksum" in pgbackrest.faults(found)[0]


@pytest.mark.parametrize(
    ("code", "log", "expected"),
    [
        pytest.param(
            50,
            "ERROR: [050]: unable to acquire lock on file '/x/main-backup.lock': Resource temporarily unavailable\n"
            "       HINT: is another pgBackRest process running?\n",
            "It failed: unable to acquire lock on file '/x/main-backup.lock': Resource temporarily unavailable. Another backup",
            id="lock",
        ),
        pytest.param(
            82,
            "P00  ERROR: [082]: WAL segment 000000010000000000000004 was not archived before the 3000ms timeout\n"
            "            HINT: check the archive_command to ensure that all options are correct (especially --stanza).\n"
            "            HINT: check the PostgreSQL server log for errors.\n",
            "It failed: WAL segment 000000010000000000000004 was not archived before the 3000ms timeout. WAL does not arrive",
            id="archive",
        ),
        pytest.param(
            104, "ERROR: [104]: raised from local-1 shim protocol: unable to write '/x': [28] No space left on device\n",
            "No space left on device. The file system is full: make room", id="space",
        ),
        pytest.param(
            95, "ERROR: [095]: unable to flush\n       HINT: is or was the repo encrypted?\n",
            "It failed: unable to flush. The passphrase is not the one", id="passphrase",
        ),
        pytest.param(
            29, "ERROR: [029]: unable to load info file '/r/archive.info' or '/r/archive.info.copy':\n"
            "       FormatError: key/value found outside of section at line 1: \ufffd\x03\n",
            "It failed: unable to load info file '/r/archive.info' or '/r/archive.info.copy'. The passphrase is not the one",
            id="another-passphrase",
        ),
        pytest.param(
            95, "ERROR: [095]: unable to verify certificate presented by 's3:443': [20] unable to get local issuer certificate",
            "unable to get local issuer certificate. Its authority is not trusted here", id="authority",
        ),
        pytest.param(
            99, "[CryptoError] unable to find hostname 's3' in certificate common name or subject alternative names",
            "subject alternative names. Its certificate is another host's", id="name-of-certificate",
        ),
        pytest.param(
            39, "ERROR: [039]: HTTP request failed with 403 (Forbidden):\n       *** Response Content ***:\n"
            '       <?xml version="1.0" encoding="UTF-8"?><Error><Code>SignatureDoesNotMatch</Code></Error>\n',
            "HTTP request failed with 403 (Forbidden). The secret is not that of the key. Correct", id="secret",
        ),
        pytest.param(39, "ERROR: [039]: HTTP request failed with 403 (Forbidden):\n", "refuses this key what it asked for", id="rights"),
        pytest.param(
            99, "[ProtocolError] HTTP request failed with 404 (NOT FOUND):\n<Error><Code>NoSuchBucket</Code></Error>",
            "HTTP request failed with 404 (NOT FOUND). There is no such bucket", id="bucket",
        ),
        pytest.param(
            99, "[HostConnectError] unable to connect to 's3:443': [111] Connection refused",
            "Connection refused. The store cannot be reached", id="down",
        ),
        pytest.param(9, "", "It failed: it ended with 9 and gave no reason.", id="silent"),
    ],
)  # fmt: skip
def test_an_error_is_one_sentence_with_what_to_do(code, log, expected):
    found = pgbackrest.explained(Finished("pgbackrest", code, log), "It failed")
    assert expected in found
    assert "HINT" not in found and "\n" not in found and found.endswith(".")


VERIFIED = """\
stanza: main
status: {status}
  archiveId: 15-1, total WAL checked: 7, total valid WAL: {valid}
    missing: 0, checksum invalid: 0, size invalid: 0, other: 0
  backup: 20261124-030000F, status: {backup}, total files checked: 970, total valid files: 969
    missing: 0, checksum invalid: 1, size invalid: 0, other: 0
"""


@pytest.mark.parametrize(
    ("status", "valid", "of_backup", "expected"),
    [
        pytest.param("ok", 7, "valid", [], id="good"),
        pytest.param("error", 7, "invalid", ["Backup 20261124-030000F in repository 2 is invalid"], id="backup"),
        pytest.param("error", 5, "valid", ["2 segments of WAL of 15-1 in repository 2 are damaged"], id="wal"),
        pytest.param("error", 7, "valid", ["found the contents of repository 2 wrong"], id="unknown"),
    ],
)
def test_what_a_verification_finds(status, valid, of_backup, expected):
    found = pgbackrest_verify.read(VERIFIED.format(status=status, valid=valid, backup=of_backup), 2)
    assert len(found) == len(expected)
    assert all(part in sentence for sentence, part in zip(found, expected, strict=True))
