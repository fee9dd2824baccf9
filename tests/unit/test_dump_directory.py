"""Archives of the directory format: what comes out is what went in, and whatever else is in one is refused."""

import io
import tarfile

import pytest
from ansible.module_utils.pgops.backup import bytes_in, needed_bytes
from ansible.module_utils.pgops.dump_directory import pack, unpack
from ansible.module_utils.pgops.manifest import DamagedBackupError

from test_manifest import made

EMPTY_FRAME = bytes.fromhex("28b52ffd2400010000 99e9d851")


def test_what_is_packed_is_moved_and_its_owners_alone(tmp_path):
    folder, archive = tmp_path / "unpacked", tmp_path / "archive.tar"
    folder.mkdir()
    for name in ("toc.dat.zst", "3001.dat.zst", "blobs.toc.zst", "blob_16385.dat.zst"):
        (folder / name).write_bytes(EMPTY_FRAME)
    pack(folder, archive)
    assert [*folder.iterdir()] == []
    assert archive.stat().st_mode & 0o777 == 0o600
    folder.rmdir()
    unpack(archive, folder)
    assert {file.name for file in folder.iterdir()} == {"toc.dat", "3001.dat", "blobs.toc", "blob_16385.dat"}


@pytest.mark.parametrize("name", ["../toc.dat.zst", "/etc/toc.dat.zst", "toc.dat", "a/toc.dat.zst", "toc.dat.zst/"])
def test_what_pg_dump_does_not_make_is_not_unpacked(tmp_path, name):
    archive = tmp_path / "archive.tar"
    with tarfile.open(archive, "w") as tar:
        member = tarfile.TarInfo(name)
        member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
        member.size = 0 if name.endswith("/") else len(EMPTY_FRAME)
        tar.addfile(member, io.BytesIO(EMPTY_FRAME))
    with pytest.raises(DamagedBackupError, match="in it, which pg_dump does not make"):
        unpack(archive, tmp_path / "unpacked")
    assert not [*(tmp_path / "unpacked").iterdir()]


def test_a_link_is_not_followed(tmp_path):
    with tarfile.open(tmp_path / "archive.tar", "w") as tar:
        member = tarfile.TarInfo("toc.dat.zst")
        member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(member)
    with pytest.raises(DamagedBackupError, match=r"has toc\.dat\.zst in it, which pg_dump does not make"):
        unpack(tmp_path / "archive.tar", tmp_path / "unpacked")


def test_what_is_no_tar_is_a_sentence(tmp_path):
    (tmp_path / "archive.tar").write_bytes(b"pages" * 200)
    with pytest.raises(DamagedBackupError, match="cannot be unpacked: "):
        unpack(tmp_path / "archive.tar", tmp_path / "unpacked")


@pytest.mark.parametrize(
    ("last", "needed"),
    [
        pytest.param(None, 7, id="estimate"),
        pytest.param(made(size_bytes=1000), 1251, id="single"),
        pytest.param(made(size_bytes=1000, unpacked_bytes=4000), 7501, id="directory"),
    ],
)
def test_the_room_that_it_takes(last, needed):
    assert needed_bytes(last, 7) == needed


def test_remains_are_counted_at_any_depth_and_those_that_are_gone_are_none(tmp_path):
    (tmp_path / "unpacked").mkdir()
    (tmp_path / "unpacked/3001.dat").write_bytes(b"pages")
    (tmp_path / "archive.tar").write_bytes(b"page")
    assert (bytes_in(tmp_path), bytes_in(tmp_path / "gone")) == (9, 0)
