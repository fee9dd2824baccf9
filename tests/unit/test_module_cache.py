"""The lab's Python keeps what it compiles of an archive, and says in a traceback where the archive is now."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

LAB = Path(__file__).resolve().parents[2] / "lab"
PROGRAM = """
import sys
sys.path[:0] = [sys.argv[1], sys.argv[2]]
import module_cache
module_cache.DIRECTORY = sys.argv[3]
import sent
print(sent.words, sent.where())
"""


def imported(folder: Path, kept: Path, source: str) -> list[str]:
    folder.mkdir(exist_ok=True)
    with zipfile.ZipFile(folder / "sent.zip", "w") as archive:
        archive.writestr("sent.py", source + "\ndef where(): return where.__code__.co_filename\n")
    command = [sys.executable, "-c", PROGRAM, str(LAB), str(folder / "sent.zip"), str(kept)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()


def test_a_source_is_compiled_once_and_another_one_anew(tmp_path):
    kept = tmp_path / "kept"
    assert imported(tmp_path / "one", kept, "words = 'first'") == ["first", str(tmp_path / "one/sent.zip/sent.py")]
    [code] = kept.iterdir()
    before = code.stat().st_mtime_ns
    assert imported(tmp_path / "two", kept, "words = 'first'") == ["first", str(tmp_path / "two/sent.zip/sent.py")]
    assert [file.stat().st_mtime_ns for file in kept.iterdir()] == [before]
    assert imported(tmp_path / "two", kept, "words = 'other'")[0] == "other"
    assert len(list(kept.iterdir())) == 2


def test_what_was_kept_in_half_is_compiled_again(tmp_path):
    kept = tmp_path / "kept"
    imported(tmp_path / "one", kept, "words = 'first'")
    [code] = kept.iterdir()
    whole = code.read_bytes()
    code.write_bytes(whole[: len(whole) // 2])
    assert imported(tmp_path / "one", kept, "words = 'first'")[0] == "first"
    assert code.read_bytes() == whole


def test_where_nothing_can_be_kept_it_is_compiled_all_the_same(tmp_path):
    (tmp_path / "kept").write_text("a file")
    assert imported(tmp_path / "one", tmp_path / "kept", "words = 'first'")[0] == "first"
