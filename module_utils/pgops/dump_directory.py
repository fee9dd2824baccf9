"""The format that pg_dump writes and pg_restore reads with several processes: a file per table, each compressed, all in one tar."""

from __future__ import annotations

import os
import re
import shutil
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from . import commands
from .commands import Surroundings
from .errors import PgopsError
from .manifest import CHUNK_BYTES, DamagedBackupError, private

UNPACKED = "unpacked"
# What pg_dump calls its files: the table of contents, data by number, large objects and their list.
MEMBER = re.compile(r"\w+\.(dat|toc)\.zst")


def write(source: list[str], params: dict, surroundings: Surroundings, archive: Path) -> int:
    """Dump beside ARCHIVE, with the options of SOURCE, and pack that; how many bytes it was.

    Where this is killed, each process of pg_dump ends with the table that it is at.
    """
    folder = archive.with_name(UNPACKED)
    dump = [*source, "--format=directory", f"--jobs={params['jobs']}", f"--file={folder}"]
    commands.pipeline([dump], surroundings)
    size = size_of(folder)
    packer = [commands.program("zstd"), f"-{params['level']}", f"-T{params['threads']}", "--quiet", "--rm", "-r"]
    commands.pipeline([[*packer, str(folder)]], Surroundings())
    pack(folder, archive)
    folder.rmdir()
    return size


def size_of(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir())


def pack(folder: Path, archive: Path) -> None:
    """Move the files of FOLDER into ARCHIVE, one by one: there is no room for both."""
    with open(archive, "xb", opener=private) as file:
        with tarfile.TarFile(fileobj=file, mode="w", copybufsize=CHUNK_BYTES) as tar:
            for member in sorted(folder.iterdir()):
                tar.add(member, member.name)
                member.unlink()
        file.flush()
        os.fsync(file.fileno())


def unpack(archive: Path, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    try:
        with tarfile.open(archive, "r:") as tar:
            for member in tar:
                source = tar.extractfile(member) if member.isfile() and MEMBER.fullmatch(member.name) else None
                if source is None:
                    raise DamagedBackupError(f"{archive} has {member.name} in it, which pg_dump does not make.")
                with source, open(folder / member.name, "xb", opener=private) as target:
                    shutil.copyfileobj(source, target, CHUNK_BYTES)
    except tarfile.TarError as error:
        raise DamagedBackupError(f"{archive} cannot be unpacked: {error}.") from error
    commands.pipeline(
        [[commands.program("zstd"), "--decompress", "--quiet", "--rm", "-r", str(folder)]], Surroundings()
    )


@contextmanager
def unpacked(archive: Path, folder: Path) -> Iterator[Path]:
    """FOLDER with what is in ARCHIVE, as pg_restore reads it; afterwards it is gone."""
    try:
        unpack(archive, folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def read_to_end(archive: Path, size: int) -> None:
    """Take the archive apart the way a restore does, from the disk. pg_restore does not miss the end of a file; SIZE does."""
    with unpacked(archive, archive.with_name(UNPACKED)) as folder:
        if size_of(folder) != size:
            raise PgopsError(
                f"{archive} does not give back what was written to it. It is removed; look after the disk."
            )
        commands.pipeline([[commands.program("pg_restore"), "--file=/dev/null", str(folder)]], Surroundings())
