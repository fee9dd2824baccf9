"""Manifests: what is written is read again, and whatever else is there is refused in a sentence."""

import json
from dataclasses import asdict

import pytest
from ansible.module_utils.pgops.manifest import (
    ARCHIVES,
    CUSTOM,
    MANIFEST,
    DamagedBackupError,
    Manifest,
    archive_fault,
    read,
    sha256_of,
    write,
)

# As sha256sum says of the five bytes "pages".
PAGES_SHA256 = "bfa062de040f55a15ce910800757061ec3d2fc31d6b7c72d9fa02b75a9ad1133"


def made(**changes) -> Manifest:
    """A proper manifest; also for other tests."""
    fields = {
        "name": "shop_full_20261124T030000Z",
        "type": "full",
        "database": "shop",
        "created_at": "2026-11-24T03:00:00.000+00:00",
        "server_version": "15.18",
        "lsn": "0/1A2B3C4",
        "schema_revision": None,
        "owner": "shop_owner",
        "encoding": "UTF8",
        "locale": {"provider": "c", "collate": "C.UTF-8", "ctype": "C.UTF-8", "icu_locale": None},
        "database_size_bytes": 8388608,
        "rows": {"public.orders": 7},
        "access": [["shop_app", "CONNECT", False], ["PUBLIC", "TEMPORARY", True]],
        "settings": [["", "work_mem", "12MB"]],
        "format": "custom, zstd",
        "size_bytes": 5,
        "sha256": PAGES_SHA256,
        "duration_s": 1.5,
        "tools": {"zstd": "1.5"},
        "unpacked_bytes": None,
    }
    return Manifest(**{**fields, **changes})


def test_what_is_written_is_read_again_and_is_its_owners_alone(tmp_path):
    manifest = made(name=tmp_path.name)
    write(tmp_path, manifest)
    assert read(tmp_path) == manifest
    assert (tmp_path / MANIFEST).stat().st_mode & 0o777 == 0o600


def test_a_manifest_is_never_overwritten(tmp_path):
    write(tmp_path, made())
    with pytest.raises(FileExistsError):
        write(tmp_path, made())


@pytest.mark.parametrize("field", [*asdict(made())])
def test_a_field_that_is_missing_is_named(tmp_path, field):
    found = {name: value for name, value in asdict(made(name=tmp_path.name)).items() if name != field}
    (tmp_path / MANIFEST).write_text(json.dumps(found))
    if field in (
        "schema_revision",
        "unpacked_bytes",
    ):  # a database without a schema of ours, and a single archive, have none
        assert getattr(read(tmp_path), field) is None
        return
    with pytest.raises(DamagedBackupError) as refusal:
        read(tmp_path)
    assert str(refusal.value) == f"The manifest of backup {tmp_path.name} has no proper {field}."


@pytest.mark.parametrize(
    ("field", "value"),
    [
        pytest.param("database", 5, id="number-for-text"),
        pytest.param("size_bytes", "5", id="text-for-number"),
        pytest.param("size_bytes", True, id="truth-for-number"),
        pytest.param("created_at", "yesterday", id="no-time"),
        pytest.param("type", "incremental", id="unknown-type"),
        pytest.param("format", "../etc", id="unknown-format"),
        pytest.param("locale", {}, id="a-database-without-locale"),
        pytest.param("created_at", "2026-11-24T03:00:00", id="no-time-zone"),
        pytest.param("rows", {"public.orders": "7"}, id="rows-text"),
        pytest.param("rows", {"public.orders": True}, id="rows-truth"),
        pytest.param("rows", {"public.orders": -1}, id="rows-negative"),
        pytest.param("rows", [], id="rows-list"),
        pytest.param("access", [["shop_app", "CONNECT"]], id="access-too-short"),
        pytest.param("access", [["shop_app", "CONNECT", "yes"]], id="access-no-truth"),
        pytest.param("access", [[["shop_app"], "CONNECT", True]], id="access-list-for-role"),
        pytest.param("access", [["a", "CONNECT ON DATABASE b TO c; --", True]], id="access-no-privilege"),
        pytest.param("access", ["abc"], id="access-text-of-three"),
        pytest.param("settings", [["", "work_mem", 12]], id="settings-number"),
        pytest.param("locale", {"provider": "c", "collate": "C"}, id="locale-incomplete"),
        pytest.param("locale", {"provider": "x", "collate": "C", "ctype": "C", "icu_locale": None}, id="provider"),
        pytest.param("locale", {"provider": "c", "collate": None, "ctype": "C", "icu_locale": None}, id="collate"),
        pytest.param("locale", {"provider": "i", "collate": "C", "ctype": "C", "icu_locale": None}, id="icu-locale"),
    ],
)
def test_a_field_that_could_not_be_restored_from_is_refused(tmp_path, field, value):
    write(tmp_path, made(name=tmp_path.name, **{field: value}))
    with pytest.raises(DamagedBackupError) as refusal:
        read(tmp_path)
    assert str(refusal.value) == f"The manifest of backup {tmp_path.name} has no proper {field}."


def test_globals_are_of_no_database(tmp_path):
    manifest = made(
        name=tmp_path.name, type="globals", format="sql, zstd", database="", owner="", encoding="", locale={}
    )
    write(tmp_path, manifest)
    assert read(tmp_path) == manifest
    assert read(tmp_path).archive == "archive.sql.zst"


def test_every_privilege_and_both_providers_are_read(tmp_path):
    manifest = made(
        name=tmp_path.name,
        access=[["a", privilege, False] for privilege in ("CREATE", "CONNECT", "TEMPORARY")],
        locale={"provider": "i", "collate": "C", "ctype": "C", "icu_locale": "und"},
    )
    write(tmp_path, manifest)
    assert read(tmp_path) == manifest


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(None, "Backup {} has no manifest.", id="none"),
        pytest.param(b"", "The manifest of backup {} is no JSON: ", id="empty"),
        pytest.param(b"\xff\xfe", "The manifest of backup {} is no JSON: ", id="binary"),
        pytest.param(b"[" * 100_000, "The manifest of backup {} is no JSON: ", id="deep"),
        pytest.param(b"null", "The manifest of backup {} is no JSON object.", id="null"),
    ],
)
def test_what_is_no_manifest_is_a_sentence(tmp_path, content, words):
    if content is not None:
        (tmp_path / MANIFEST).write_bytes(content)
    with pytest.raises(DamagedBackupError) as refusal:
        read(tmp_path)
    assert str(refusal.value).startswith(words.format(tmp_path.name))
    assert str(refusal.value).endswith(".")
    assert "\n" not in str(refusal.value)


def test_a_folder_with_another_backups_manifest_is_refused(tmp_path):
    write(tmp_path, made())
    with pytest.raises(DamagedBackupError) as refusal:
        read(tmp_path)
    assert "holds the manifest of another backup, shop_full_20261124T030000Z." in str(refusal.value)


@pytest.mark.parametrize(
    ("archive", "checksum", "fault"),
    [
        pytest.param(b"pages", True, None, id="sound"),
        pytest.param(b"page", False, "has 4 bytes instead of 5.", id="shorter"),
        pytest.param(b"pages!", False, "has 6 bytes instead of 5.", id="longer"),
        pytest.param(b"Pages", False, None, id="another-byte-unseen-by-size"),
        pytest.param(b"Pages", True, "does not have the SHA-256 of its manifest.", id="another-byte"),
        pytest.param(None, True, "cannot be read: No such file or directory.", id="missing"),
    ],
)
def test_the_fault_of_an_archive_is_named(tmp_path, archive, checksum, fault):
    if archive is not None:
        (tmp_path / ARCHIVES[CUSTOM]).write_bytes(archive)
    found = archive_fault(tmp_path, made(), checksum)
    assert found == (fault and f"The archive of backup shop_full_20261124T030000Z {fault}")


def test_the_checksum_is_that_of_sha256sum(tmp_path):
    (tmp_path / "pages").write_bytes(b"pages")
    assert sha256_of(tmp_path / "pages") == PAGES_SHA256
