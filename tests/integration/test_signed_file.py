"""signed_file with a real ssh-keygen, here as on a controller; the witness verifies as an auditor would."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

RUNNER = Path(__file__).resolve().parents[1] / "module_runner.py"
DOCUMENT = {"digest": "9f86", "operator": "Mira Ö", "accounting": {"written": 7}}
NAMESPACE = "threadr-cutover"


def make_key(path: Path, *more: str) -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", *more, "-f", str(path)], check=True)
    return path


@pytest.fixture
def key(tmp_path) -> Path:
    return make_key(tmp_path / "id")


def run(tmp_path: Path, key: Path, check_mode: bool = False, **changes) -> dict:
    options = {
        "path": str(tmp_path / "out.json"),
        "document": DOCUMENT,
        "key": str(key),
        "namespace": NAMESPACE,
        **changes,
    }
    request = json.dumps({"params": options, "check_mode": check_mode})
    done = subprocess.run(
        [sys.executable, RUNNER, "signed_file"], input=request, capture_output=True, text=True, check=False
    )
    return json.loads(done.stdout)


def verified(tmp_path: Path, key: Path, identity: str = "mira", namespace: str = NAMESPACE) -> bool:
    """What an auditor does with the operator's public key alone."""
    allowed = tmp_path / "allowed_signers"
    allowed.write_text(f"mira {Path(f'{key}.pub').read_text()}")
    signature = tmp_path / "out.json.sig"
    command = ["ssh-keygen", "-Y", "verify", "-f", allowed, "-I", identity, "-n", namespace, "-s", signature]
    document = (tmp_path / "out.json").read_bytes()
    return subprocess.run(command, input=document, capture_output=True, check=False).returncode == 0


def files(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in tmp_path.iterdir() if path.name.startswith("out"))


def test_four_runs(tmp_path, key):
    runs = [(run(tmp_path, key, check), files(tmp_path)) for check in (True, False, True, False)]
    assert [result["changed"] for result, _ in runs] == [True, True, False, False], runs
    both = ["out.json", "out.json.sig"]
    assert [found for _, found in runs] == [[], both, both, both]
    assert runs[0][0]["diff"] == runs[1][0]["diff"]
    assert runs[3][0]["diff"]["before"] == runs[3][0]["diff"]["after"]
    assert json.loads((tmp_path / "out.json").read_text()) == DOCUMENT
    assert (tmp_path / "out.json").stat().st_mode & 0o777 == 0o640
    assert verified(tmp_path, key)


def test_nobody_else_can_have_signed_it_and_no_letter_can_be_changed(tmp_path, key):
    run(tmp_path, key)
    assert not verified(tmp_path, make_key(tmp_path / "other"))
    assert not verified(tmp_path, key, namespace="file")
    path = tmp_path / "out.json"
    path.write_text(path.read_text().replace("7", "8"))
    assert not verified(tmp_path, key)


def test_a_signature_by_another_key_or_none_is_made_anew(tmp_path, key):
    run(tmp_path, make_key(tmp_path / "other"))
    assert [run(tmp_path, key)["changed"] for _ in range(2)] == [True, False]
    assert verified(tmp_path, key)
    (tmp_path / "out.json.sig").unlink()
    assert run(tmp_path, key)["changed"] is True
    assert verified(tmp_path, key)


def test_another_document_is_never_overwritten(tmp_path, key):
    run(tmp_path, key)
    for check_mode in (True, False):
        answer = run(tmp_path, key, check_mode, document={**DOCUMENT, "digest": "0"})
        assert "out.json exists and is another document. Choose another path; nothing was changed." in answer["msg"]
    assert verified(tmp_path, key)


def test_without_a_document_it_is_only_proved_that_it_could_be_signed(tmp_path, key):
    assert run(tmp_path, key, document=None)["changed"] is False
    assert files(tmp_path) == []
    (tmp_path / "out.json").write_text("{}")
    assert "exists" in run(tmp_path, key, document=None)["msg"]


@pytest.mark.parametrize("case", ["missing", "passphrase", "public"])
def test_a_key_that_cannot_sign_is_refused_before_anything_is_written(tmp_path, case):
    path = tmp_path / "id"
    if case != "missing":
        make_key(path)
    if case == "passphrase":
        subprocess.run(["ssh-keygen", "-q", "-p", "-P", "", "-N", "secret", "-f", path], check=True)
    if case == "public":
        path.unlink()
        path = tmp_path / "id.pub"
    answer = run(tmp_path, path)
    assert answer["msg"].startswith(f"The key {path} cannot sign: ")
    assert "\n" not in answer["msg"]
    assert files(tmp_path) == []


def test_a_directory_that_is_not_there_is_named(tmp_path, key):
    answer = run(tmp_path, key, path=str(tmp_path / "no" / "out.json"))
    assert answer["msg"].startswith(f"There is no directory {tmp_path / 'no'} for the file out.json.")
